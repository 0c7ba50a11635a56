"""What the members can decide by vote, and what each decision changes.

Every action is tried when it is proposed, so that nobody votes on what could not take effect, and done
when it is due. What has become impossible by then is a ``Reject`` again, which ``ledger.core.governance``
turns into "void".

Spec: LEDGER.md, sections 4.2, 4.3 and 4.12.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ledger import statements
from ledger.core import fields, keyring, registry
from ledger.core.members import read_member
from ledger.core.state import State
from ledger.errors import Reject


@dataclass(frozen=True)
class Action:
    """One thing that can be decided.

    Attributes:
        apply: Takes effect; raises Reject where it cannot.
        delayed: Whether the effect waits, because it changes members or keys.
        changes_members: Of such effects a block has one at most.
        needs_two_thirds: Whether more than 2/3 have to agree, beside the 51 %.
    """

    apply: Callable[[State, Any], None]
    delayed: Callable[[State, Any], bool] = lambda _state, _body: False
    changes_members: bool = False
    needs_two_thirds: Callable[[State, Any], bool] = lambda _state, _body: False


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


def _admit(state: State, body: Any) -> None:
    content = fields.record(body, "member", "possession")
    record = read_member(content["member"])
    roles = (statements.GOVERNANCE, statements.SUBMISSION, statements.RECEIPT)
    possession = fields.record(content["possession"], *roles)
    did = record["did"]
    if state.get("member", did) is not None or state.get("credit-code", record["code"]) is not None:
        raise Reject("ALREADY_USED", "the organisation was admitted before")
    for role in roles:
        if record[role] is not None:
            keyring.claim(state, owner=did, role=role, key=record[role], possession=possession[role])
        elif possession[role] is not None:
            raise fields.malformed(f"a signature without a {role} key")
    enter_member(state, record)


def enter_member(state: State, record: Mapping[str, Any]) -> None:
    """Write a member's record; its keys are registered by the caller."""
    did = record["did"]
    kept = {name: value for name, value in record.items() if name != "did"}
    state.put(("member", did), {**kept, "since": state.time})
    state.put(("members",), sorted([*(state.get("members") or []), did]))
    state.put(("credit-code", record["code"]), did)


def _remove(state: State, body: Any) -> None:
    did = fields.did(fields.record(body, "member")["member"])
    registry.member(state, did)
    members = [member for member in state.get("members") if member != did]
    signers = [signer for signer in state.get("signers") if signer != did]
    if not members or not signers:
        raise Reject("NOT_PERMITTED", "the last member and the last signer are never removed")
    state.delete(("member", did))
    state.put(("members",), members)
    state.put(("signers",), signers)
    if state.get("endpoint", did) is not None:
        state.delete(("endpoint", did))
    registry.end_grants(state, did)


def _removes_signer(state: State, body: Any) -> bool:
    return body["member"] in state.get("signers")


def _issuer_put(state: State, body: Any) -> None:
    content = registry.read_issuer(body)
    if state.get("issuer", content["did"]) is None:
        registry.put_new_issuer(state, content)
    else:
        registry.replace_issuer(state, content)


def _accredit(state: State, body: Any) -> None:
    registry.put_grant(state, state.genesis.chain_id, registry.read_grant(body))


def _wallet_put(state: State, body: Any) -> None:
    content = fields.record(body, "tag", "url", "key", "possession")
    tag, url = fields.wallet_tag(content["tag"]), fields.url(content["url"])
    keyring.claim(
        state,
        owner=statements.WALLET_OWNER_PREFIX + tag,
        role=statements.WALLET,
        key=content["key"],
        possession=content["possession"],
        replace=True,
    )
    state.put(("wallet", tag), {"url": url, "key": content["key"]})


def _brings_wallet_key(state: State, body: Any) -> bool:
    wallet = state.get("wallet", body["tag"])
    return wallet is None or wallet["key"] != body["key"]


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


def _agreement_start(state: State, body: Any) -> None:
    content = _read_agreement(body)
    if state.get("agreement", content["id"]) is not None:
        raise Reject("ALREADY_USED", "an agreement of this id has started before")
    for party in content["parties"]:
        registry.member(state, party)
    started = {name: content[name] for name in ("version", "digest", "parties")}
    _put_agreement(state, content["id"], {**started, "started": state.time, "ended": None})


def _agreement_amend(state: State, body: Any) -> None:
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


def _agreement_end(state: State, body: Any) -> None:
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


ACTIONS: Final[Mapping[str, Action]] = {
    "admit": Action(_admit, delayed=lambda _state, _body: True, changes_members=True),
    "remove": Action(
        _remove,
        delayed=lambda _state, _body: True,
        changes_members=True,
        needs_two_thirds=_removes_signer,
    ),
    "issuer.put": Action(_issuer_put, delayed=registry.brings_new_key),
    "accredit": Action(_accredit),
    "wallet.put": Action(_wallet_put, delayed=_brings_wallet_key),
    "agreement.start": Action(_agreement_start),
    "agreement.amend": Action(_agreement_amend),
    "agreement.end": Action(_agreement_end),
}
"""The actions by name."""

SIGNED: Final = ("agreement.start", "agreement.amend")
"""The actions that carry a signature of every party."""
