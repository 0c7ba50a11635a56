"""Who is in the registry: members, issuers, their numbers and grants, endpoints, wallets.

An accreditor brings new issuers and grants types; it can never take an issuer over. Whoever holds an issuer's
governance key keeps its own record up to date. Everything else needs a vote and comes in by
``ledger.core.actions``.

Spec: LEDGER.md, sections 4.2 and 4.12.
"""

from collections.abc import Mapping
from typing import Any

from ledger import statements
from ledger.core import fields, keyring, versions
from ledger.core.members import ACCREDITOR
from ledger.core.state import State
from ledger.errors import Reject
from ledger.statements import Statement

KEYS = (statements.GOVERNANCE, statements.SUBMISSION)
MAX_SCHEMAS = 1000
"""How many schemas a member names."""

_ISSUER = ("did", "number", "document", "submission", "governance", "names", "urls", "possession")
_MUTABLE = ("document", "names", "urls")


def member(state: State, did: str) -> Mapping[str, Any]:
    """Return the record of a member.

    Raises:
        Reject: NOT_A_MEMBER.
    """
    record: Mapping[str, Any] | None = state.get("member", did)
    if record is None:
        raise Reject("NOT_A_MEMBER", "the signer, or whom the statement names, is no member")
    return record


def issuer_put(state: State, statement: Statement) -> None:
    """Register a new issuer as an accreditor, or bring one's own record up to date.

    Raises:
        Reject: The signer may do neither, or the record takes what is another's.
    """
    body = read_issuer(statement.body)
    if state.get("issuer", body["did"]) is None:
        _put_new_as_accreditor(state, statement.issuer, body)
    elif body["did"] == statement.issuer:
        _update_own(state, body)
    else:
        raise Reject("NOT_PERMITTED", "an issuer's record is changed by itself or by vote")


def accredit(state: State, statement: Statement) -> None:
    """Grant a type to an issuer, or change or end such a grant, as the accreditor that gave it.

    Raises:
        Reject: The signer is no accreditor, or was not admitted for this type.
    """
    record = member(state, statement.issuer)
    body = read_grant(statement.body)
    if ACCREDITOR not in record["roles"] or body["type"] not in record["types"]:
        raise Reject("NOT_PERMITTED", "the member may not grant this type")
    put_grant(state, statement.issuer, body)


def endpoint_put(state: State, statement: Statement) -> None:
    """Publish where a member's node, mirror and receipts are."""
    member(state, statement.issuer)
    body = fields.record(statement.body, "node", "mirror", "receipts")
    urls = {name: fields.optional(body[name], fields.url) for name in ("node", "mirror", "receipts")}
    state.put(("endpoint", statement.issuer), urls)


def schema_put(state: State, statement: Statement) -> None:
    """Name a schema's digest, as a member; an id keeps its digest for ever.

    Raises:
        Reject: The signer is no member, or the id was named before.
    """
    member(state, statement.issuer)
    body = fields.record(statement.body, "id", "digest")
    schema, digest = fields.url(body["id"]), fields.digest(body["digest"])
    if state.get("schema", schema) is not None:
        raise Reject("ALREADY_USED", "a schema of this id stands here, and keeps its digest")
    count = (state.get("schemas", statement.issuer) or 0) + 1
    if count > MAX_SCHEMAS:
        raise Reject("QUOTA", f"a member names at most {MAX_SCHEMAS} schemas")
    state.put(("schemas", statement.issuer), count)
    state.put(("schema", schema), {"digest": digest, "by": statement.issuer, "since": state.time})


def read_issuer(value: Any) -> Mapping[str, Any]:
    """Check the body of issuer.put, statement or action."""
    body = fields.record(value, *_ISSUER)
    fields.did(body["did"])
    fields.number(body["number"])
    fields.digest(body["document"])
    fields.names(body["names"])
    urls = fields.record(body["urls"], "claims", "store", "lists")
    for name in urls:
        fields.url(urls[name])
    possession = fields.record(body["possession"], *KEYS)
    for role in KEYS:
        fields.public_key(body[role])
        fields.optional(possession[role], fields.signature)
    return body


def read_grant(value: Any) -> Mapping[str, Any]:
    """Check the body of accredit, statement or action. A grant may lie in the past, and may be empty."""
    body = fields.record(value, "issuer", "type", "from", "until")
    fields.did(body["issuer"])
    fields.credential_type(body["type"])
    start, end = fields.time(body["from"]), fields.optional(body["until"], fields.time)
    if end is not None and end < start:
        raise fields.malformed("a grant does not end before it begins")
    return body


def put_new_issuer(state: State, body: Mapping[str, Any]) -> None:
    """Register an issuer; the caller has seen that its DID has no record, and records are never removed.

    Raises:
        Reject: ALREADY_USED: the number was given before; or a key is not its own.
    """
    if state.get("number", body["number"]) is not None:
        raise Reject("ALREADY_USED", "the number has been given to an issuer")
    _claim_keys(state, body, replace=False)
    record = {name: body[name] for name in ("number", *KEYS, *_MUTABLE)}
    new = {"since": state.time, "suspensions": [], "compromised": [], "closed": None}
    state.put(("issuer", body["did"]), {**record, **new})
    state.put(("number", body["number"]), body["did"])


def replace_issuer(state: State, body: Mapping[str, Any]) -> None:
    """Change an issuer's record by vote: anything but its DID and number.

    A new key takes the place of the old one wherever the DID stands, for a DID has one key for each role.

    Raises:
        Reject: NOT_PERMITTED: another number; or a key is not its own.
    """
    did = body["did"]
    record = state.get("issuer", did)
    if body["number"] != record["number"]:
        raise Reject("NOT_PERMITTED", "an issuer keeps its number")
    _claim_keys(state, body, replace=True)
    state.put(("issuer", did), {**record, **{name: body[name] for name in (*KEYS, *_MUTABLE)}})
    as_member = state.get("member", did)
    if as_member is not None:
        keys = {role: body[role] for role in KEYS if as_member[role] is not None}
        state.put(("member", did), {**as_member, **keys})


def brings_new_key(state: State, body: Mapping[str, Any]) -> bool:
    """Return whether a body of issuer.put names a key that does not sign for its DID yet."""
    keys = state.get("keys", body["did"]) or {}
    return any(body[role] != keys.get(role) for role in KEYS)


def put_grant(state: State, accreditor: str, body: Mapping[str, Any]) -> None:
    """Write a grant and remember that the issuer has it.

    Raises:
        Reject: UNKNOWN: there is no such issuer.
    """
    if state.get("issuer", body["issuer"]) is None:
        raise Reject("UNKNOWN", "grants are for registered issuers")
    known = state.get("grants", body["issuer"]) or []
    if [accreditor, body["type"]] not in known:
        state.put(("grants", body["issuer"]), sorted([*known, [accreditor, body["type"]]]))
    key = ("grant", accreditor, body["issuer"], body["type"])
    state.put(key, {"from": body["from"], "until": body["until"]})


def end_grants(state: State, accreditor: str) -> None:
    """End every grant of an accreditor now; those still to come never begin."""
    for key, grant in state.under("grant", accreditor, length=4):
        if grant["until"] is None or grant["until"] > state.time:
            state.put(tuple(key), {**grant, "until": max(grant["from"], state.time)})


def _put_new_as_accreditor(state: State, signer: str, body: Mapping[str, Any]) -> None:
    if ACCREDITOR not in member(state, signer)["roles"]:
        raise Reject("NOT_PERMITTED", "a new issuer is brought by an accreditor or by vote")
    if body["did"] != signer and state.get("member", body["did"]) is not None:
        raise Reject("NOT_PERMITTED", "another member becomes an issuer by vote only")
    used = (state.get("quota", signer) or 0) + 1
    most = versions.numbers(state)
    if used > most:
        raise Reject("QUOTA", f"an accreditor gives at most {most} numbers")
    put_new_issuer(state, body)
    state.put(("quota", signer), used)


def _update_own(state: State, body: Mapping[str, Any]) -> None:
    record = state.get("issuer", body["did"])
    if any(body[name] != record[name] for name in ("number", *KEYS)):
        raise Reject("NOT_PERMITTED", "number and keys change by vote or by key.rotate only")
    state.put(("issuer", body["did"]), {**record, **{name: body[name] for name in _MUTABLE}})


def _claim_keys(state: State, body: Mapping[str, Any], *, replace: bool) -> None:
    for role in KEYS:
        keyring.claim(
            state,
            owner=body["did"],
            role=role,
            key=body[role],
            possession=body["possession"][role],
            replace=replace,
        )
