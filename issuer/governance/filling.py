"""What an officer filled in: fields, what there is to choose from, and reading text, dates and files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext
from werkzeug.datastructures import FileStorage

from crypto import strict_json
from crypto.errors import CryptoError
from issuer.governance.roll import Roll
from ledger import proposing
from ledger.client import LedgerClient
from ledger.errors import LedgerError
from ledger.registry import UpgradeRecord

MAX_FILE = 64 * 1024

Option = tuple[str, str]


class FieldError(ValueError):
    """What was filled into one field cannot be proposed.

    Attributes:
        field: The field's name.
        text: What to do, in the page's language.
    """

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field
        self.text = text


@dataclass(frozen=True)
class Field:
    """One field of a form.

    Attributes:
        name: Its name.
        label: What it asks for.
        kind: ``text``, ``number``, ``date``, ``datetime-local``, ``file``, ``select`` or ``checkbox``.
        hint: How to fill it in.
        required: Whether it may be left out.
        options: Of a select or of checkboxes: values with their words.
        value: What stands in it at first.
    """

    name: str
    label: str
    kind: str = "text"
    hint: str = ""
    required: bool = True
    options: tuple[Option, ...] = ()
    value: str = ""


@dataclass(frozen=True)
class Scene:
    """What a form's choices come from.

    Attributes:
        ledger: The ledger.
        roll: Members and signers, proved.
        issuers: Names of the registered issuers that are not closed, by DID, as the node lists them.
        suspended: Of those, the begin of the suspension that runs, proved.
        upgrade: The newest decided version of the rules, or None.
        height: The number of the newest block with an entry, proved.
        now: Seconds since 1970.
    """

    ledger: LedgerClient
    roll: Roll
    issuers: Mapping[str, Mapping[str, str]]
    suspended: Mapping[str, int]
    upgrade: UpgradeRecord | None
    height: int
    now: int


class Given:
    """What was filled in."""

    def __init__(
        self, form: Mapping[str, str], many: Callable[[str], list[str]], files: Mapping[str, FileStorage]
    ):
        self._form = form
        self._many = many
        self._files = files

    def text(self, name: str) -> str:
        """Return a field that has to be filled in."""
        found = self._form.get(name, "").strip()
        if not found:
            raise FieldError(name, gettext("请填写这一项。"))
        return found

    def filled(self, name: str) -> bool:
        """Return whether anything stands in a field."""
        return bool(self._form.get(name, "").strip())

    def several(self, name: str) -> list[str]:
        """Return the boxes that were ticked."""
        return self._many(name)

    def number(self, name: str) -> int:
        """Return a whole number."""
        text = self.text(name)
        if not text.isascii() or not text.isdigit() or len(text) > 15:
            raise FieldError(name, gettext("请填写整数。"))
        return int(text)

    def moment(self, name: str, *, days: int = 0) -> int | None:
        """Return a date, or a time, in seconds, or None where nothing was filled in.

        Args:
            name: The field's name.
            days: How many days later than the date.
        """
        text = self._form.get(name, "").strip()
        if not text:
            return None
        try:
            if days:
                text = (date.fromisoformat(text) + timedelta(days=days)).isoformat()
            return proposing.moment(text)
        except (ValueError, OverflowError, LedgerError) as error:
            raise FieldError(name, gettext("请填写日期。")) from error

    def document(self, name: str) -> Mapping[str, Any]:
        """Return the JSON object of a file."""
        found = self.optional_document(name)
        if found is None:
            raise FieldError(name, gettext("请选择文件。"))
        return found

    def optional_document(self, name: str) -> Mapping[str, Any] | None:
        """Return the JSON object of a file, or None where none was chosen."""
        file = self._files.get(name)
        if file is None or not file.filename:
            return None
        body = file.stream.read(MAX_FILE + 1)
        try:
            value = strict_json.parse(body) if len(body) <= MAX_FILE else None
        except CryptoError:
            value = None
        if not isinstance(value, Mapping):
            raise FieldError(name, gettext("文件不是预期的 JSON。"))
        return value
