"""One act, one passphrase: signed, written down, submitted, noted; whatever dies in between is mended."""

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from crypto import jcs
from issuer import audit
from issuer.audit import Actor
from issuer.errors import ForbiddenError, InvalidActError
from issuer.governance import acting, keys, store
from issuer.governance.errors import (
    ActUnderWayError,
    GovernanceDelayedError,
    GovernanceKeyExistsError,
    GovernanceKeyMissingError,
    GovernancePassphraseError,
)
from ledger import governance_keys, proposing
from ledger.client import LedgerUnavailableError, StatementRefusedError
from ledger.proposing import PartySignature
from ledger.statements import check_agreement_signature, sign_statement
from tests.issuer.governance.alliance import CLERK, DID, OFFICER, PASSPHRASE, Alliance
from tests.ledger.consortium import DAY, agreement_document


def removal(alliance: Alliance, position: int = 2) -> list[Any]:
    return ["remove", {"member": alliance.members[position].did}]


def vote(alliance: Alliance, proposal: bytes, *, yes: bool = True, **changes: Any) -> acting.Done:
    given = {"actor": OFFICER, "passphrase": PASSPHRASE, **changes}
    return acting.vote(alliance.db, alliance.parts, proposal=proposal, yes=yes, now=alliance.now, **given)


def propose(alliance: Alliance, action: list[Any], **options: Any) -> acting.Done:
    return acting.propose(
        alliance.db,
        alliance.parts,
        actor=OFFICER,
        passphrase=PASSPHRASE,
        action=action,
        now=alliance.now,
        **options,
    )


def votes(alliance: Alliance, proposal: bytes) -> dict[str, bool]:
    alliance.node.now += 10
    found = alliance.ledger.proposal(proposal, now=alliance.now)
    assert found is not None
    return dict(found.votes)


def silence(alliance: Alliance, *, after: bool) -> None:
    """Let statements get no answer: before, or after, the ledger took them."""
    honest = alliance.node.transport

    def transport(method: str, url: str, **request: Any) -> Any:
        if not url.endswith("/v1/statements"):
            return honest(method, url, **request)
        if after:
            honest(method, url, **request)
        raise OSError("the connection was cut")

    alliance.ledger.nodes.http = transport


# The key.


def test_the_key_is_made_once(outsider: Alliance):
    outsider.make_key()
    before = keys.file(outsider.parts).read_bytes()
    with pytest.raises(GovernanceKeyExistsError):
        outsider.make_key()
    assert keys.file(outsider.parts).read_bytes() == before


def test_a_key_file_that_a_kill_left_behind_is_taken_up(outsider: Alliance):
    made = outsider.make_key()
    outsider.db.execute("DELETE FROM governance_key")
    with pytest.raises(GovernancePassphraseError):
        keys.make(outsider.db, outsider.parts, actor=OFFICER, passphrase="another one", now=outsider.now)
    assert outsider.make_key() == made


def test_the_file_is_one_that_the_ledgers_own_command_opens(alliance: Alliance):
    opened = governance_keys.open_file(keys.file(alliance.parts), passphrase=PASSPHRASE)
    assert opened.did == DID


def test_neither_file_nor_database_shows_the_key_without_the_passphrase(alliance: Alliance):
    secret = governance_keys.open_file(keys.file(alliance.parts), passphrase=PASSPHRASE).key.to_bytes()
    assert secret not in keys.file(alliance.parts).read_bytes()
    for path in alliance.home.iterdir():
        assert path.is_dir() or secret not in path.read_bytes()


def test_without_a_key_nobody_acts(outsider: Alliance):
    with pytest.raises(GovernanceKeyMissingError):
        vote(outsider, bytes(32))


def test_wrong_passphrases_cost_time_and_a_right_one_forgives_them(alliance: Alliance):
    def wrong() -> None:
        with pytest.raises(GovernancePassphraseError):
            keys.open(alliance.db, alliance.parts, actor=OFFICER, passphrase="wrong", now=alliance.now)

    for _ in range(5):
        wrong()
    keys.open(alliance.db, alliance.parts, actor=OFFICER, passphrase=PASSPHRASE, now=alliance.now)
    for _ in range(6):
        wrong()
    for wait in (15, 30, 60):
        with pytest.raises(GovernanceDelayedError) as caught:
            keys.open(alliance.db, alliance.parts, actor=OFFICER, passphrase=PASSPHRASE, now=alliance.now)
        assert caught.value.retry_after == wait
        alliance.node.now += wait
        wrong()
    refused = [each for each in audit.entries(alliance.db) if each.action == "governance passphrase refused"]
    assert len(refused) == 5 + 6 + 3


def test_a_restart_forgets_no_wrong_passphrase(alliance: Alliance):
    for _ in range(6):
        with pytest.raises(GovernancePassphraseError):
            keys.open(alliance.db, alliance.parts, actor=OFFICER, passphrase="wrong", now=alliance.now)
    row = store.key(alliance.db)
    assert row is not None
    assert (row["failures"], row["locked_until"]) == (6, alliance.now + 15)


@pytest.mark.parametrize("actor", [CLERK, Actor("nobody", "web")])
def test_only_an_officer_with_the_role_opens_it(alliance: Alliance, actor: Actor):
    with pytest.raises(ForbiddenError):
        keys.open(alliance.db, alliance.parts, actor=actor, passphrase=PASSPHRASE, now=alliance.now)
    row = store.key(alliance.db)
    assert row is not None
    assert row["failures"] == 0


# Voting.


def test_a_vote_that_was_cast_is_not_cast_again(alliance: Alliance):
    proposal = alliance.propose(removal(alliance))
    first = vote(alliance, proposal)
    alliance.node.now += 10
    assert vote(alliance, proposal) == first
    with pytest.raises(StatementRefusedError) as caught:
        vote(alliance, proposal, yes=False)
    assert caught.value.code == "VOTE_INVALID"
    assert votes(alliance, proposal) == {DID: True}


@pytest.mark.parametrize("after", [False, True], ids=["lost on its way", "only the answer lost"])
def test_a_vote_without_an_answer_is_sent_again_as_it_was(alliance: Alliance, after: bool):
    proposal = alliance.propose(removal(alliance))
    silence(alliance, after=after)
    with pytest.raises(LedgerUnavailableError):
        vote(alliance, proposal)
    assert acting.under_way(alliance.db)
    alliance.ledger.nodes.http = alliance.node.transport
    alliance.node.now += 10
    assert acting.finish(alliance.db, alliance.parts)
    assert not acting.under_way(alliance.db)
    assert votes(alliance, proposal) == {DID: True}
    assert not acting.finish(alliance.db, alliance.parts)


def test_repeating_the_act_after_a_lost_answer_votes_once(alliance: Alliance):
    proposal = alliance.propose(removal(alliance))
    silence(alliance, after=True)
    with pytest.raises(LedgerUnavailableError):
        vote(alliance, proposal)
    alliance.ledger.nodes.http = alliance.node.transport
    alliance.node.now += 10
    done = vote(alliance, proposal)
    assert [row["state"] for row in store.acts(alliance.db)] == ["accepted"]
    assert done.entry_index == store.acts(alliance.db)[0]["entry_index"]
    assert votes(alliance, proposal) == {DID: True}


def test_the_next_act_first_finishes_the_one_before(alliance: Alliance):
    first, second = alliance.propose(removal(alliance, 1)), alliance.propose(removal(alliance, 2))
    silence(alliance, after=False)
    with pytest.raises(LedgerUnavailableError):
        vote(alliance, first)
    with pytest.raises(LedgerUnavailableError):
        vote(alliance, second)
    assert len(store.acts(alliance.db)) == 1
    alliance.ledger.nodes.http = alliance.node.transport
    alliance.node.now += 10
    vote(alliance, second, yes=False)
    assert votes(alliance, first) == {DID: True}
    assert votes(alliance, second) == {DID: False}


def test_what_the_rules_refuse_by_now_stops_no_later_act(alliance: Alliance):
    over, open_ = alliance.propose(removal(alliance, 1)), alliance.propose(removal(alliance, 2))
    silence(alliance, after=False)
    with pytest.raises(LedgerUnavailableError):
        vote(alliance, over)
    alliance.ledger.nodes.http = alliance.node.transport
    alliance.node.now += 11 * DAY
    late = alliance.propose(removal(alliance, 1))
    vote(alliance, late)
    assert [(row["state"], row["problem"]) for row in store.acts(alliance.db)] == [
        ("accepted", None),
        ("refused", "VOTE_INVALID"),
    ]
    assert votes(alliance, over) == votes(alliance, open_) == {}


def test_the_same_keys_other_command_takes_no_number_away(
    alliance: Alliance, monkeypatch: pytest.MonkeyPatch
):
    proposal, other = alliance.propose(removal(alliance, 1)), alliance.propose(removal(alliance, 2))
    key = governance_keys.open_file(keys.file(alliance.parts), passphrase=PASSPHRASE)
    asked: list[int] = []
    original = alliance.ledger.next_seq

    def raced(did: str, role: str, *, now: int) -> int:
        seq = original(did, role, now=now)
        if not asked:
            body = {"proposal": other, "yes": False}
            statement = sign_statement(
                "vote", body, seq=seq, issuer=did, chain_id=alliance.ledger.chain_id, key=key.key
            )
            alliance.ledger.submit(statement)
        asked.append(seq)
        return seq

    monkeypatch.setattr(alliance.ledger, "next_seq", raced)
    vote(alliance, proposal)
    assert len(asked) == 2
    assert votes(alliance, proposal) == {DID: True}
    assert votes(alliance, other) == {DID: False}


def test_two_acts_at_once_are_one_and_a_refusal(alliance: Alliance):
    proposal = alliance.propose(removal(alliance))
    values = {
        "kind": "vote",
        "proposal": proposal,
        "answer": "yes",
        "officer": "zhang",
        "channel": "web",
        "statement": b"on its way",
        "at": alliance.now,
    }
    store.add_act(alliance.db, values)
    body = {"proposal": proposal, "yes": True}
    with pytest.raises(ActUnderWayError):
        acting._persist(
            alliance.db, b"", actor=OFFICER, kind="vote", body=body, answer="yes", now=alliance.now
        )


def test_a_member_that_left_votes_no_more(alliance: Alliance):
    proposal = alliance.propose(removal(alliance, 1))
    alliance.decide(["remove", {"member": DID}])
    alliance.node.app.extensions["ledger_engine"].tick()
    alliance.node.now += 10
    with pytest.raises(StatementRefusedError) as caught:
        vote(alliance, proposal)
    assert caught.value.code == "NOT_A_MEMBER"


# Proposing.


def test_a_proposal_leaves_its_document_with_the_node(alliance: Alliance):
    document, action, expires = alliance.agreement()
    done = propose(alliance, action, expires=expires, document=document)
    alliance.node.now += 10
    assert alliance.ledger.document(action[1]["digest"]) == document
    found = alliance.ledger.proposal(done.proposal, now=alliance.now)
    assert found is not None
    assert (found.proposer, found.index, found.expires) == (DID, done.entry_index, expires)


def test_a_vote_is_open_to_the_end_of_the_seventh_day_unless_said_otherwise(alliance: Alliance):
    done = propose(alliance, removal(alliance))
    found = alliance.ledger.proposal(done.proposal, now=alliance.now + 10)
    assert found is not None
    assert found.expires == proposing.end_of_day(alliance.now, days=7)


def test_what_the_rules_refuse_is_said_with_their_code(alliance: Alliance):
    with pytest.raises(StatementRefusedError) as caught:
        propose(alliance, proposing.end_agreement("urn:vocred:agreement:NONE-1"))
    assert caught.value.code == "UNKNOWN"
    assert store.acts(alliance.db)[0]["state"] == "refused"


# Signing an agreement.


@pytest.mark.row("S26")
def test_a_party_signs_what_the_ledger_takes(alliance: Alliance):
    other = alliance.members[1]
    document = agreement_document(other, name="YL-1")
    document["parties"].append({"id": DID})
    expires = alliance.now + DAY
    signed = acting.sign_agreement(
        alliance.db,
        alliance.parts,
        actor=OFFICER,
        passphrase=PASSPHRASE,
        document=document,
        expires=expires,
        now=alliance.now,
    )
    terms = proposing.agreement_terms(document, chain_id=alliance.ledger.chain_id, expires=expires)
    key = governance_keys.open_file(keys.file(alliance.parts), passphrase=PASSPHRASE)
    check_agreement_signature(signed.signature, terms, party=DID, key=key.key.public)
    from ledger.statements import sign_agreement

    theirs = PartySignature(
        other.did, expires, sign_agreement(terms, party=other.did, key=other.key("governance"))
    )
    propose(
        alliance,
        proposing.start_agreement(terms, [signed, theirs]),
        expires=expires,
        document=document,
    )
    line = next(each for each in audit.entries(alliance.db) if each.action == "agreement signed")
    digest = hashlib.sha256(jcs.canonicalize(document)).hexdigest()
    assert (line.subject, line.detail["digest"], line.detail["version"]) == (document["id"], digest, 1)


def test_nobody_signs_for_a_member_that_is_no_party_or_for_a_vote_that_is_over(alliance: Alliance):
    document = agreement_document(*alliance.members[:2])
    own = {**document, "parties": [*document["parties"], {"id": DID}]}
    given = {"actor": OFFICER, "passphrase": PASSPHRASE, "now": alliance.now}
    for text, expires in ((document, alliance.now + DAY), (own, alliance.now), (own, alliance.now - 1)):
        with pytest.raises(InvalidActError):
            acting.sign_agreement(alliance.db, alliance.parts, document=text, expires=expires, **given)
    wrong = replace(OFFICER, name="li")
    with pytest.raises(ForbiddenError):
        acting.sign_agreement(
            alliance.db, alliance.parts, document=own, expires=alliance.now + DAY, **{**given, "actor": wrong}
        )
