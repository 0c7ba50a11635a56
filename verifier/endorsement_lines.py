"""What the result page says of countersignatures: who, whether, and in which words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext

from verifier.endorsements import Countersignature, State
from verifier.verification import Verification

_CHIPS: Mapping[State, str] = {
    "given": "valid",
    "withdrawn": "note",
    "missing": "note",
    "unchecked": "couldNotCheck",
}


@dataclass(frozen=True)
class Endorser:
    """One body that has to countersign.

    Attributes:
        name: Its name by language, or its DID where the registry knows none.
        chip: The kind of mark.
        word: How its countersignature stands.
        comment: What it says in words; empty where that may not be shown.
        since: Since when, by its own word, or None.
    """

    name: Mapping[str, str] | str
    chip: str
    word: str
    comment: str
    since: datetime | None


def lines(verification: Verification, *, open_: bool) -> list[Endorser]:
    """Return a line for each body that has to countersign.

    Args:
        verification: What was found.
        open_: Whether what the credential says of a person may be shown: a comment may name somebody.
    """
    return [_line(found, verification, open_=open_) for found in verification.endorsements]


def word(state: State) -> str:
    """Return how a countersignature stands, in the page's language."""
    return {
        "given": gettext("已会签"),
        "withdrawn": gettext("会签已撤回"),
        "missing": gettext("企业未会签"),
        "unchecked": gettext("会签暂时无法核对"),
    }[state]


def _line(found: Countersignature, verification: Verification, *, open_: bool) -> Endorser:
    names = found.names or verification.names.get(found.endorser) or {}
    known = {language: names[key] for language, key in (("zh-CN", "zh"), ("en", "en")) if names.get(key)}
    return Endorser(
        name=known or found.endorser,
        chip=_CHIPS[found.state],
        word=word(found.state),
        comment=found.comment or "" if open_ else "",
        since=found.given,
    )
