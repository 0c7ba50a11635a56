"""What the members can decide by vote, and what each decision changes.

Every action is tried when it is proposed, so that nobody votes on what could not take effect, and done
when it is due. What has become impossible by then is a ``Reject`` again, which ``ledger.core.governance``
turns into "void".

Spec: LEDGER.md, sections 4.2, 4.3 and 4.12.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ledger import statements
from ledger.core import agreements, fields, keyring, registry, rotation, signing, standing, versions
from ledger.core.members import read_member
from ledger.core.state import State
from ledger.errors import Reject


def _never(_given: Any, _body: Any) -> bool:
    return False


def _always(_given: Any, _body: Any) -> bool:
    return True


@dataclass(frozen=True)
class Action:
    """One thing that can be decided.

    Attributes:
        apply: Takes effect; raises Reject where it cannot.
        delayed: Whether the effect waits, because it changes members or keys.
        changes_members: Of such effects a block has one at most.
        needs_two_thirds: Whether more than 2/3 have to agree, beside the 51 %; told by the present signers
            and the body.
    """

    apply: Callable[[State, Any], None]
    delayed: Callable[[State, Any], bool] = _never
    changes_members: bool = False
    needs_two_thirds: Callable[[Collection[str], Any], bool] = _never


def asks_two_thirds(name: str, body: Any, *, signers: Collection[str]) -> bool:
    """Return whether an action asks for more than 2/3 of the members.

    Args:
        name: The action's name; one that this program does not know asks for nothing more.
        body: Its body.
        signers: DIDs of the signers now.
    """
    return name in ACTIONS and ACTIONS[name].needs_two_thirds(signers, body)


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
    if not members:
        raise Reject("NOT_PERMITTED", "the last member is never removed")
    if did in state.get("signers"):
        signing.leave(state, did)
    state.delete(("member", did))
    state.put(("members",), members)
    for key in (("endpoint", did), ("validator", did)):
        if state.get(*key) is not None:
            state.delete(key)
    registry.end_grants(state, did)


def _removes_signer(signers: Collection[str], body: Any) -> bool:
    return body["member"] in signers


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


ACTIONS: Final[Mapping[str, Action]] = {
    "admit": Action(_admit, delayed=_always, changes_members=True),
    "remove": Action(_remove, delayed=_always, changes_members=True, needs_two_thirds=_removes_signer),
    "signer.set": Action(signing.set_signer, delayed=_always, changes_members=True, needs_two_thirds=_always),
    "rotate-lost-key": Action(rotation.rotate_lost_key, delayed=_always),
    "issuer.put": Action(_issuer_put, delayed=registry.brings_new_key),
    "accredit": Action(_accredit),
    "wallet.put": Action(_wallet_put, delayed=_brings_wallet_key),
    "suspend-issuer": Action(standing.suspend),
    "close-issuer": Action(standing.close),
    "agreement.start": Action(agreements.start),
    "agreement.amend": Action(agreements.amend),
    "agreement.end": Action(agreements.end),
    "params": Action(versions.change_params, needs_two_thirds=_always),
    "upgrade": Action(versions.upgrade, delayed=_always, needs_two_thirds=_always),
}
"""The actions by name."""
