"""Proposals, votes, and what comes of them.

N is the number of members at the moment of counting. A proposal is enacted when yes*100 > 51*N; counts
are taken at each vote and each membership change. Its effect runs at the start of a later block: at once
where that harms nobody, after the genesis' delay where it changes members or keys. An effect that has
become impossible is void and changes nothing but the proposal.

Spec: LEDGER.md, sections 4.2, 4.3, 4.4 and 4.12.
"""

from collections.abc import Mapping
from typing import Any

from ledger import statements
from ledger.core import fields, registry
from ledger.core.actions import ACTIONS, asks_two_thirds
from ledger.core.agreements import check_signatures
from ledger.core.state import State
from ledger.errors import Reject
from ledger.statements import Statement

MAX_OPEN = 16
MAX_DURATION = 30 * 24 * 3600

OPEN, ENACTED, DONE, VOID, WITHDRAWN = "open", "enacted", "done", "void", "withdrawn"


def enough(yes: int, *, members: int, two_thirds: bool = False) -> bool:
    """Return whether so many votes of so many members decide: more than 51 %, and 2/3 where that is asked.

    Spec: LEDGER.md, section 4.3.
    """
    return yes * 100 > 51 * members and (not two_thirds or yes * 3 > 2 * members)


def propose(state: State, statement: Statement, *, index: int) -> None:
    """Open a proposal; proposing is not voting.

    Args:
        state: The state.
        statement: The statement.
        index: Index of the log entry that the statement becomes: effects come in this order.

    Raises:
        Reject: The signer is no member or has 16 proposals open, the end is too far, or the action could not
            take effect as things stand.
    """
    registry.member(state, statement.issuer)
    body = fields.record(statement.body, "action", "expires")
    name, content = fields.array(body["action"], least=2, most=2)
    expires = fields.time(body["expires"])
    if not state.time < expires <= state.time + MAX_DURATION:
        raise Reject("TX_TIME", "a proposal is open for at most 30 days")
    if type(name) is not str or name not in ACTIONS:
        raise fields.malformed("an unknown action")
    still_open = _open_proposals(state)
    if sum(proposal["proposer"] == statement.issuer for proposal in still_open.values()) >= MAX_OPEN:
        raise Reject("QUOTA", f"a member has at most {MAX_OPEN} proposals open")
    _try(state, name, content, expires=expires)
    proposal = {
        "proposer": statement.issuer,
        "action": [name, content],
        "index": index,
        "opened": state.time,
        "expires": expires,
        "status": OPEN,
        "yes": [],
        "no": [],
        "decided": None,
        "due": None,
    }
    state.put(("proposal", statement.proposal_id), proposal)
    state.put(("open",), [*still_open, statement.proposal_id])


def vote(state: State, statement: Statement) -> None:
    """Count a member's vote, once.

    Raises:
        Reject: NOT_A_MEMBER, or VOTE_INVALID: not open, expired, or voted before.
    """
    registry.member(state, statement.issuer)
    body = fields.record(statement.body, "proposal", "yes")
    agrees = fields.boolean(body["yes"])
    proposal_id, proposal = _open_proposal(state, body["proposal"])
    if statement.issuer in proposal["yes"] or statement.issuer in proposal["no"]:
        raise Reject("VOTE_INVALID", "the member has voted on this proposal")
    side = "yes" if agrees else "no"
    proposal[side] = sorted([*proposal[side], statement.issuer])
    _count(state, proposal_id, proposal)


def withdraw(state: State, statement: Statement) -> None:
    """Take a proposal back, as its proposer; or stop one that would replace one's own governance key.

    Raises:
        Reject: VOTE_INVALID: not open any more; NOT_PERMITTED: another's.
    """
    body = fields.record(statement.body, "proposal")
    proposal_id = fields.digest(body["proposal"])
    proposal = state.get("proposal", proposal_id)
    if proposal is None:
        raise Reject("UNKNOWN", "there is no such proposal")
    if not _takes_key_of(state, proposal, statement.issuer):
        registry.member(state, statement.issuer)
        if proposal["proposer"] != statement.issuer:
            raise Reject("NOT_PERMITTED", "only its proposer withdraws a proposal")
        _open_proposal(state, proposal_id)
    _close(state, proposal_id, proposal, WITHDRAWN)
    state.put(("open",), [each for each in state.get("open") or [] if each != proposal_id])
    state.put(("due",), [row for row in state.get("due") or [] if row[2] != proposal_id])


def run_due(state: State) -> None:
    """Let the effects that are due come about, at the start of a block, in the order of the log.

    Of those that change members the first one takes effect; the others wait for later blocks.
    """
    members_changed = False
    for due, _, proposal_id in state.get("due") or []:
        if due > state.time:
            continue
        proposal = state.get("proposal", proposal_id)
        action = ACTIONS[proposal["action"][0]]
        if action.changes_members and members_changed:
            continue
        done = _effect(state, proposal["action"])
        state.put(("due",), [row for row in state.get("due") if row[2] != proposal_id])
        _close(state, proposal_id, proposal, DONE if done else VOID)
        if done and action.changes_members:
            members_changed = True
            _recount(state)
        state.keep()


def is_due(state: State) -> bool:
    """Return whether a block at the state's time would begin with an effect."""
    return any(due <= state.time for due, _, _ in state.get("due") or [])


def _effect(state: State, action: list[Any]) -> bool:
    """Apply an action and return whether it was possible; if not, it changed nothing."""
    name, body = action
    mark = state.mark()
    try:
        ACTIONS[name].apply(state, body)
    except Reject:
        state.back_to(mark)
        return False
    return True


def _try(state: State, name: str, body: Any, *, expires: int) -> None:
    """Refuse an action that could not take effect now; change nothing."""
    mark = state.mark()
    ACTIONS[name].apply(state, body)
    state.back_to(mark)
    check_signatures(state, name, body, expires=expires)


def _count(state: State, proposal_id: bytes, proposal: dict[str, Any]) -> None:
    """Write a proposal with its votes, and enact it if they suffice."""
    name, body = proposal["action"]
    action = ACTIONS[name]
    two_thirds = asks_two_thirds(name, body, signers=state.get("signers"))
    if enough(len(proposal["yes"]), members=len(state.get("members")), two_thirds=two_thirds):
        proposal["status"], proposal["decided"] = ENACTED, state.time
        delay = state.genesis.delay if action.delayed(state, body) else 0
        proposal["due"] = state.time + delay
        waiting = [*(state.get("due") or []), [proposal["due"], proposal["index"], proposal_id]]
        state.put(("due",), sorted(waiting, key=lambda row: row[1]))
        state.put(("open",), [each for each in state.get("open") if each != proposal_id])
    state.put(("proposal", proposal_id), proposal)


def _recount(state: State) -> None:
    """Count every open proposal anew after a membership change, without the votes of those that left."""
    members = state.get("members")
    for proposal_id, proposal in _open_proposals(state).items():
        for side in ("yes", "no"):
            proposal[side] = [voter for voter in proposal[side] if voter in members]
        _count(state, proposal_id, proposal)


def _open_proposals(state: State) -> dict[bytes, dict[str, Any]]:
    """Return the proposals that may be voted on at the block's time, in the order of the log."""
    proposals = {each: state.get("proposal", each) for each in state.get("open") or []}
    return {each: proposal for each, proposal in proposals.items() if state.time < proposal["expires"]}


def _open_proposal(state: State, value: Any) -> tuple[bytes, dict[str, Any]]:
    proposal_id = fields.digest(value)
    proposal = state.get("proposal", proposal_id)
    if proposal is None:
        raise Reject("UNKNOWN", "there is no such proposal")
    if proposal["status"] != OPEN or state.time >= proposal["expires"]:
        raise Reject("VOTE_INVALID", "the proposal is not open any more")
    return proposal_id, proposal


def _takes_key_of(state: State, proposal: Mapping[str, Any], did: str) -> bool:
    """Return whether a pending proposal would replace the governance key of ``did``."""
    name, body = proposal["action"]
    if proposal["status"] not in {OPEN, ENACTED} or body.get("did") != did:
        return False
    if name == "rotate-lost-key" and body["role"] == statements.GOVERNANCE:
        new = body["value"]
    elif name == "issuer.put":
        new = body[statements.GOVERNANCE]
    else:
        return False
    keys = state.get("keys", did)
    return keys is not None and bool(keys[statements.GOVERNANCE] != new)


def _close(state: State, proposal_id: bytes, proposal: dict[str, Any], status: str) -> None:
    state.put(("proposal", proposal_id), {**proposal, "status": status, "decided": state.time})
