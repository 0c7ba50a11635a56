"""What an issuer's status list says of a form, checked as a verifier checks it.

The ledger's current version of the list; the list whose bytes have that digest; its proof by a current key of
the issuer; issuer, purpose and dates; the bit; and where it is set, the sealed notice that says why.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Literal

from crypto.errors import CryptoError
from issuer.bank.desk import Desk
from issuer.bank.errors import CannotCheckError
from issuer.bank.registry_keys import Resolve
from ledger.proof.verify import Snapshot
from ledger.registry import StateKey, StatusRecord, status_key
from vc import data_integrity, documents, notices, status
from vc.errors import StoreError, VcError
from vc.notices import Notice, Notices
from vc.status import StatusEntry, StatusList


@dataclass(frozen=True)
class Finding:
    """What a list says of a form.

    Attributes:
        kind: ``withdrawn`` where only this form is void and the certificate stands.
        notice: Why, where the issuer's notice could be read.
    """

    kind: Literal["none", "withdrawn", "revoked"]
    notice: Notice | None = None


def keys(issuer_id: str, list_urls: set[str]) -> list[StateKey]:
    """Return what a snapshot has to prove before ``read`` can answer."""
    return [
        status_key(issuer_id, url)
        for list_url in sorted(list_urls)
        for url in (list_url, notices_url(list_url))
    ]


def notices_url(list_url: str) -> str:
    """Return the address of the notices that go with a list."""
    return f"{list_url}/notices"


class Lists:
    """The status lists of one issuer during one look: each is fetched and verified at most once."""

    def __init__(
        self, issuer_id: str, *, resolve: Resolve, snapshot: Snapshot, desk: Desk, now: datetime
    ) -> None:
        """Keep where to look; nothing is fetched yet.

        Args:
            issuer_id: The issuer.
            resolve: Finds its current keys.
            snapshot: Proves what ``keys`` named.
            desk: The collaborators.
            now: The current time, aware.
        """
        self._issuer_id = issuer_id
        self._resolve = resolve
        self._snapshot = snapshot
        self._desk = desk
        self._now = now
        self._lists: dict[str, StatusList] = {}
        self._notices: dict[str, Notices] = {}

    def read(self, entry: StatusEntry) -> Finding:
        """Find out whether a form was revoked or withdrawn.

        Raises:
            CannotCheckError: The list that the ledger means cannot be had or does not check.
        """
        listed = self._list(entry.list_url)
        try:
            status.check_list(listed, status_entry=entry, issuer_id=self._issuer_id, now=self._now)
            if not status.is_set(listed, status_entry=entry):
                return Finding("none")
        except VcError as error:
            raise CannotCheckError("the issuer's status list does not answer for the form") from error
        notice = self._notice(entry)
        # Without a reason that can be read, a set bit is a revocation.
        kind = "withdrawn" if notice is not None and notice.kind == "withdrawn" else "revoked"
        return Finding(kind, notice)

    def _list(self, url: str) -> StatusList:
        if url not in self._lists:
            anchored = self._snapshot.status(self._issuer_id, url)
            if anchored is None:
                # Nobody anchored such a list, so its address is a stranger's: it is not asked.
                raise CannotCheckError("the ledger knows no such status list")
            self._lists[url] = self._checked(_anchored_bytes(url, anchored, desk=self._desk), anchored)
        return self._lists[url]

    def _checked(self, content: bytes, anchored: StatusRecord) -> StatusList:
        try:
            document = documents.load(content)
            data_integrity.verify(document, resolve=self._resolve, purpose="assertionMethod", now=self._now)
            listed = status.parse_list(document)
        except (VcError, CryptoError) as error:
            raise CannotCheckError("the issuer's status list does not check") from error
        # LEDGER.md 4.7: the dates inside equal the anchored ones, else old bytes could be anchored anew.
        until = None if listed.valid_until is None else int(listed.valid_until.timestamp())
        if (int(listed.valid_from.timestamp()), until) != (anchored.valid_from, anchored.valid_until):
            raise CannotCheckError("the dates of the issuer's status list are not the anchored ones")
        return listed

    def _notice(self, entry: StatusEntry) -> Notice | None:
        url = notices_url(entry.list_url)
        anchored = self._snapshot.status(self._issuer_id, url)
        if anchored is None or entry.entry_id is None:
            return None
        try:
            if url not in self._notices:
                self._notices[url] = notices.parse(_anchored_bytes(url, anchored, desk=self._desk))
            return notices.open_notice(self._notices[url], index=entry.index, entry_id=entry.entry_id)
        except (StoreError, CryptoError):
            return None


def _anchored_bytes(url: str, anchored: StatusRecord, *, desk: Desk) -> bytes:
    content = desk.get(url)
    # An issuer serves a new list a moment before the ledger has it: that is "not now", never "no".
    if content is None or sha256(content).digest() != anchored.digest:
        raise CannotCheckError("the issuer serves another list than the one on the ledger")
    return content
