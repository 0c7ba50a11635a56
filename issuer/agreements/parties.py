"""Who is who in the registry, and how far each party of a text has come.

Names and lists come from a node's listing, which proves nothing: it fills drop-downs and sentences. Where a
text is sent, and whose signature counts, is read from the proved state (``offering``, ``signing``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlite_utils import Database

from issuer.agreements import store
from issuer.agreements.texts import Text
from issuer.ledger_client import client_of
from issuer.parts import Parts
from ledger.errors import LedgerError

Names = Mapping[str, str]


@dataclass(frozen=True)
class Directory:
    """The consortium as a node lists it.

    Attributes:
        members: Names of the members by DID, ``zh-CN`` and ``en``.
        issuers: The same of the registered issuers.
        roles: What each member does in the consortium.
        silent: Whether the ledger did not answer: the lists are empty then.
    """

    members: Mapping[str, Names] = field(default_factory=dict)
    issuers: Mapping[str, Names] = field(default_factory=dict)
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    silent: bool = False

    @property
    def names(self) -> dict[str, Names]:
        """Names of everybody, by DID."""
        return {**self.issuers, **self.members}

    def name(self, did: str) -> Names:
        """Return somebody's names; a DID that is not listed stands for itself."""
        return self.names.get(did, {"zh-CN": did, "en": did})


@dataclass(frozen=True)
class Standing:
    """How far somebody who is handed a text has come.

    Attributes:
        did: Who.
        roles: Its roles in the agreement; empty for an issuer whose certificates are merely accepted.
        state: ``signed``, ``waiting`` (has it and has not signed), ``undelivered``, ``refused``,
            ``informed`` (an issuer that need not sign), or ``unknown`` (another party hands it round).
        at: When that was so, in seconds, or None.
        problem: The code of what stood in the way, or None.
        tries: How often it was tried.
    """

    did: str
    roles: tuple[str, ...]
    state: str
    at: int | None
    problem: str | None
    tries: int


def directory(parts: Parts) -> Directory:
    """Ask the ledger's node who is who; a silent one gives an empty directory that says so."""
    try:
        listed = client_of(parts).registry()
    except LedgerError:
        return Directory(silent=True)
    members = {item["did"]: item for item in listed.get("members", [])}
    issuers = {item["did"]: item for item in listed.get("issuers", []) if item.get("closed") is None}
    return Directory(
        members={did: _names(item) for did, item in members.items()},
        issuers={did: _names(item) for did, item in issuers.items()},
        roles={did: tuple(item.get("roles", ())) for did, item in members.items()},
    )


def standings(db: Database, text: Text, *, own: str) -> list[Standing]:
    """Return how far everybody concerned has come, parties first.

    Args:
        db: The connection.
        text: The text.
        own: This institution's DID.
    """
    signed = store.signatures(db, text.digest)
    sent = {each["did"]: each for each in store.errands(db, text.digest) if each["kind"] == "offer"}
    return [_standing(text, did, own, signed.get(did), sent.get(did)) for did in text.concerned]


def missing(db: Database, text: Text) -> list[str]:
    """Return the parties whose signature is not here."""
    signed = store.signatures(db, text.digest)
    return [did for did in text.parties if did not in signed]


def _standing(
    text: Text, did: str, own: str, signed: Mapping[str, Any] | None, sent: Mapping[str, Any] | None
) -> Standing:
    roles = tuple(party["role"] for party in text.document["parties"] if party["id"] == did)
    tries, problem = (0, None) if sent is None else (sent["tries"], sent["problem"])
    if signed is not None:
        return Standing(did, roles, "signed", signed["received_at"], None, tries)
    if did == own:
        return Standing(did, roles, "waiting" if roles else "informed", text.received_at, None, 0)
    if sent is None:
        return Standing(did, roles, "unknown", None, None, 0)
    if sent["state"] == "refused":
        return Standing(did, roles, "refused", sent["done_at"], problem, tries)
    if sent["state"] == "waiting":
        return Standing(did, roles, "undelivered", None, problem, tries)
    return Standing(did, roles, "waiting" if roles else "informed", sent["done_at"], None, tries)


def _names(item: Mapping[str, Any]) -> Names:
    names = item.get("names", {})
    return {"zh-CN": names.get("zh", item["did"]), "en": names.get("en", item["did"])}
