"""One key, or one DID document, gives way to another: by the governance key, or by vote where that is lost.

The governance key always decides, so a stolen submission key cannot rotate itself. Where the old one may have
been in other hands, the issuer's record keeps the interval up to the rotation: forms anchored inside fail,
the new key's do not.

Spec: LEDGER.md, sections 4.2, 4.3 and 4.6.
"""

from collections.abc import Mapping
from typing import Any, Final

from ledger import statements
from ledger.core import fields, keyring
from ledger.core.state import State
from ledger.errors import Reject
from ledger.statements import Statement

DOCUMENT: Final = "document"
KEY_ROLES: Final = (statements.SUBMISSION, statements.GOVERNANCE)
LOOK_BACK: Final = 30 * 24 * 3600
"""Seconds by which a theft may lie before the block that tells of it, without a vote."""

MAX_INTERVALS: Final = 64
"""How many intervals an issuer writes into its record without a vote."""

_MEMBERS: Final = ("role", "value", "possession", "compromised_since")


def key_rotate(state: State, statement: Statement) -> None:
    """Replace one's own key or document digest.

    Raises:
        Reject: The new one is not the signer's, or the theft lies too far back for a rotation without a vote.
    """
    body = fields.record(statement.body, *_MEMBERS)
    since = fields.optional(body["compromised_since"], fields.time)
    if since is not None and since < state.time - LOOK_BACK:
        raise Reject("TX_TIME", "a theft more than 30 days ago is told by vote")
    record = state.get("issuer", statement.issuer)
    if since is not None and record is not None and len(record["compromised"]) >= MAX_INTERVALS:
        raise Reject("QUOTA", f"an issuer tells of at most {MAX_INTERVALS} thefts without a vote")
    _rotate(state, statement.issuer, body)


def rotate_lost_key(state: State, body: Any) -> None:
    """Replace the key or document digest of a DID whose own governance key is lost.

    Raises:
        Reject: There is no such member or issuer, or the new key did not sign for itself.
    """
    content = fields.record(body, "did", *_MEMBERS)
    _rotate(state, fields.did(content["did"]), content)


def _rotate(state: State, did: str, body: Mapping[str, Any]) -> None:
    if state.get("issuer", did) is None and state.get("member", did) is None:
        raise Reject("UNKNOWN", "there is no such member or issuer")
    if body["role"] == DOCUMENT:
        _replace_document(state, did, body)
    elif body["role"] in KEY_ROLES:
        _replace_key(state, did, body)
    else:
        raise fields.malformed("the role is submission, governance or document")
    since = fields.optional(body["compromised_since"], fields.time)
    if since is not None:
        _remember_theft(state, did, since)


def _replace_document(state: State, did: str, body: Mapping[str, Any]) -> None:
    record, digest = state.get("issuer", did), fields.digest(body["value"])
    if body["possession"] is not None:
        raise fields.malformed("a signature without a key")
    if record is None:
        raise Reject("NOT_PERMITTED", "only an issuer's record names a document")
    if record["document"] == digest:
        raise Reject("ALREADY_USED", "the record names this document already")
    state.put(("issuer", did), {**record, "document": digest})


def _replace_key(state: State, did: str, body: Mapping[str, Any]) -> None:
    role, value = body["role"], body["value"]
    present = keyring.current(state, did, role)
    if present is None:
        raise Reject("NOT_PERMITTED", f"there is no {role} key that another could replace")
    if fields.public_key(value) == present:
        raise Reject("KEY_IN_USE", f"this is the {role} key already")
    keyring.claim(state, owner=did, role=role, key=value, possession=body["possession"], replace=True)
    for key in (("issuer", did), ("member", did)):
        record = state.get(*key)
        # A DID has one key for each role; a member's record may name no submission key at all.
        if record is not None and record[role] is not None:
            state.put(key, {**record, role: value})


def _remember_theft(state: State, did: str, since: int) -> None:
    record = state.get("issuer", did)
    if record is None:
        raise Reject("NOT_PERMITTED", "only an issuer's record tells since when a key was stolen")
    if since > state.time:
        raise Reject("TX_TIME", "a theft does not lie ahead of the rotation")
    state.put(("issuer", did), {**record, "compromised": [*record["compromised"], [since, state.time]]})
