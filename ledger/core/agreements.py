"""Recognition agreements: what their parties signed starts, changes and ends by vote.

Spec: LEDGER.md, sections 4.2 and 4.3.
"""

from collections.abc import Mapping
from typing import Any, Final

from ledger import statements
from ledger.core import fields, keyring, registry
from ledger.core.state import State
from ledger.errors import Reject

SIGNED: Final = ("agreement.start", "agreement.amend")
"""The actions that carry a signature of every party."""


def check_signatures(state: State, name: str, body: Any, *, expires: int) -> None:
    """Check what parties signed: at the proposal, while the keys that they signed with are theirs.

    Raises:
        Reject: NOT_A_MEMBER, or TX_SIGNATURE: a party signed nothing or something else.
    """
    if name not in SIGNED:
        return
    _read_agreement(body)
    terms = statements.AgreementTerms(
        chain_id=state.genesis.chain_id,
        agreement_id=body["id"],
        version=body["version"],
        digest=body["digest"],
        parties=body["parties"],
        expires=expires,
    )
    for party, signature in zip(body["parties"], body["signatures"], strict=True):
        registry.member(state, party)
        key = keyring.current(state, party, statements.GOVERNANCE)
        assert key is not None  # every member has a governance key
        statements.check_agreement_signature(signature, terms, party=party, key=key)


def _read_agreement(body: Any) -> Mapping[str, Any]:
    content = fields.record(body, "id", "version", "digest", "parties", "signatures")
    fields.agreement_id(content["id"])
    fields.integer(content["version"], least=1)
    fields.digest(content["digest"])
    parties = fields.ordered(content["parties"], fields.did, least=2, most=fields.MAX_PARTIES)
    signatures = fields.array(content["signatures"], least=len(parties), most=len(parties))
    if not all(type(signature) is bytes for signature in signatures):
        raise fields.malformed("the signatures are byte strings")
    return content


def start(state: State, body: Any) -> None:
    """Put the first version of an agreement in force.

    Raises:
        Reject: The id was used, or a party is no member.
    """
    content = _read_agreement(body)
    if state.get("agreement", content["id"]) is not None:
        raise Reject("ALREADY_USED", "an agreement of this id has started before")
    for party in content["parties"]:
        registry.member(state, party)
    started = {name: content[name] for name in ("version", "digest", "parties")}
    _put_agreement(state, content["id"], {**started, "started": state.time, "ended": None})


def amend(state: State, body: Any) -> None:
    """Put the next version of an agreement in force.

    Raises:
        Reject: It is not the next one, the agreement has ended, or a party is no member.
    """
    content = _read_agreement(body)
    present = _running(state, content["id"])
    if content["version"] <= present["version"]:
        raise Reject("ALREADY_USED", "this version, or a later one, has started before")
    if content["version"] != present["version"] + 1:
        raise Reject("NOT_PERMITTED", f"the next version is {present['version'] + 1}")
    for party in content["parties"]:
        registry.member(state, party)
    # The older version's record stays as it is: its document says until when it runs, and the newer one's
    # from when. Which of them applies is for whoever evaluates; the ledger knows neither document.
    amended = {name: content[name] for name in ("version", "digest", "parties")}
    _put_agreement(state, content["id"], {**amended, "started": state.time, "ended": None})


def end(state: State, body: Any) -> None:
    """End an agreement in all its versions.

    Raises:
        Reject: UNKNOWN: none of this id is in force.
    """
    agreement = fields.agreement_id(fields.record(body, "id")["id"])
    record = _running(state, agreement)
    # Every version ends, back to the first: none may revive because a newer one's own date is still to come.
    version = record["version"] - 1
    while (older := state.get("agreement", agreement, version)) is not None:
        state.put(("agreement", agreement, version), {**older, "ended": state.time})
        version -= 1
    _put_agreement(state, agreement, {**record, "ended": state.time})


def _running(state: State, agreement: str) -> Mapping[str, Any]:
    """Return the record of the version that started last, of an agreement that has not ended.

    Raises:
        Reject: UNKNOWN: there is none, or it ended.
    """
    record: Mapping[str, Any] | None = state.get("agreement", agreement)
    if record is None or record["ended"] is not None:
        raise Reject("UNKNOWN", "no such agreement is in force")
    return record


def _put_agreement(state: State, agreement: str, record: Mapping[str, Any]) -> None:
    state.put(("agreement", agreement), record)
    state.put(("agreement", agreement, record["version"]), record)
