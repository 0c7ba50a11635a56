"""A member's own keys give way to others, and schemas get their digest: signed in its own service."""

from dataclasses import replace
from hashlib import sha256

import pytest

from crypto import cbor
from issuer import audit, institution
from issuer.errors import PassphraseRefusedError
from issuer.governance import acting, keys, rotating
from issuer.governance.errors import GovernancePassphraseError
from ledger import proposing
from ledger.client import LedgerUnavailableError, StatementRefusedError
from tests.issuer.governance.alliance import CLERK, DID, OFFICER, PASSPHRASE, Alliance, governance_hex

NEXT = "another key for the college"
SCHEMA = "https://w3id.org/vocred/schemas/graduation-certificate/v2"


@pytest.fixture
def issuing(alliance: Alliance) -> Alliance:
    """Return the college as a registered issuer as well."""
    registration = alliance.json("registration")
    snapshot, _ = alliance.ledger.snapshot([("member", DID)], now=alliance.now)
    governance = snapshot.member(DID).governance_key.cose_key
    alliance.decide(proposing.put_issuer(registration, number=9, governance=governance, keys=None))
    return alliance


def record(alliance: Alliance):
    snapshot, _ = alliance.ledger.snapshot([("issuer", DID)], now=alliance.now, max_age=0)
    return snapshot.issuer(DID)


def act(alliance: Alliance, rotate, **arguments):
    done = rotate(
        alliance.db, alliance.parts, actor=OFFICER, passphrase=PASSPHRASE, now=alliance.now, **arguments
    )
    alliance.node.now += 10
    return done


def vote(alliance: Alliance, passphrase: str):
    proposal = alliance.propose(["params", {"numbers": alliance.now % 1000}])
    return acting.vote(
        alliance.db,
        alliance.parts,
        actor=OFFICER,
        passphrase=passphrase,
        proposal=proposal,
        yes=True,
        now=alliance.now,
    )


def test_a_governance_key_gives_way_to_one_with_a_passphrase_of_its_own(alliance: Alliance):
    before = governance_hex(alliance)
    act(alliance, rotating.rotate_governance, new_passphrase=NEXT)
    assert governance_hex(alliance) == keys.public_half(alliance.db)["governance"] != before
    with pytest.raises(GovernancePassphraseError):
        vote(alliance, PASSPHRASE)
    assert vote(alliance, NEXT).kind == "vote"
    assert keys.next_half(alliance.db) is None


def test_a_rotation_whose_answer_was_lost_is_finished_and_the_new_key_signs(alliance: Alliance):
    ledger = alliance.ledger

    class Mute:
        """A ledger that takes a statement and does not answer."""

        def __getattr__(self, name):
            return getattr(ledger, name)

        def submit(self, statement):
            ledger.submit(statement)
            raise LedgerUnavailableError("silence")

    mute = replace(alliance.parts, ledger=Mute())
    with pytest.raises(LedgerUnavailableError):
        rotating.rotate_governance(
            alliance.db,
            mute,
            actor=OFFICER,
            passphrase=PASSPHRASE,
            new_passphrase=NEXT,
            now=alliance.now,
        )
    assert acting.under_way(alliance.db)
    alliance.node.now += 10
    assert acting.finish(alliance.db, alliance.parts)
    assert governance_hex(alliance) == keys.public_half(alliance.db)["governance"]
    assert vote(alliance, NEXT).kind == "vote"


def test_a_short_new_passphrase_rotates_nothing(alliance: Alliance):
    before = governance_hex(alliance)
    with pytest.raises(PassphraseRefusedError):
        act(alliance, rotating.rotate_governance, new_passphrase="short")
    assert governance_hex(alliance) == before
    assert vote(alliance, PASSPHRASE).kind == "vote"


def test_a_submission_key_gives_way_and_the_new_one_signs(issuing: Alliance):
    before = institution.submission_key(issuing.db, issuing.parts.secret)
    since = issuing.now - 3600
    act(issuing, rotating.rotate_submission, compromised_since=since)
    after = institution.submission_key(issuing.db, issuing.parts.secret)
    assert after.public != before.public
    found = record(issuing)
    assert found.submission_key == after.public
    assert [span.start for span in found.compromised] == [since]


def test_a_refused_rotation_leaves_the_submission_key(issuing: Alliance):
    before = institution.submission_key(issuing.db, issuing.parts.secret)
    with pytest.raises(StatementRefusedError) as refusal:
        act(issuing, rotating.rotate_submission, compromised_since=issuing.now - 40 * 86400)
    assert refusal.value.code == "TX_TIME"
    assert institution.submission_key(issuing.db, issuing.parts.secret).public == before.public


def test_the_newest_document_takes_the_place_of_the_registered_one(issuing: Alliance):
    with pytest.raises(StatementRefusedError) as refusal:
        act(issuing, rotating.rotate_document)
    assert refusal.value.code == "ALREADY_USED"
    issuing.node.now += 10
    institution.replace_signing_key(
        issuing.db, issuing.parts, actor=OFFICER, compromised=True, now=issuing.now
    )
    act(issuing, rotating.rotate_document, compromised_since=issuing.now - 60)
    digest = sha256(institution.document(issuing.db)).digest()
    assert record(issuing).document_digest == digest


def test_a_schema_gets_its_digest(alliance: Alliance):
    done = act(alliance, rotating.put_schema, schema_id=SCHEMA, digest=sha256(b"{}").digest())
    assert done.proposal is None
    snapshot, _ = alliance.ledger.snapshot([("schema", SCHEMA)], now=alliance.now)
    assert snapshot.value(("schema", SCHEMA))["digest"] == sha256(b"{}").digest()
    line = next(line for line in audit.entries(alliance.db) if line.action == "schema signed")
    assert line.subject == SCHEMA


def test_a_lost_key_is_followed_by_the_one_that_the_members_decided(alliance: Alliance):
    alliance.environ["ISSUER_GOVERNANCE_PASSPHRASE"] = NEXT
    made = alliance.json("governance-key", "--next", "--as", "zhang")
    assert alliance.json("governance-key", "--next") == made
    alliance.decide(proposing.rotate_lost_key(made, role="governance"))
    assert alliance.json("governance-key", "--next")["governance"] == made["governance"]
    assert keys.public_half(alliance.db)["governance"] == made["governance"]
    assert vote(alliance, NEXT).kind == "vote"


def test_an_officer_without_the_role_rotates_nothing(alliance: Alliance):
    assert alliance.refused("rotate", "--role", "submission", "--as", CLERK.name) == "FORBIDDEN"


def test_keys_rotate_from_the_command_line(issuing: Alliance):
    issuing.environ["ISSUER_GOVERNANCE_PASSPHRASE_NEXT"] = NEXT
    said = issuing.json("rotate", "--role", "submission", "--as", "zhang")
    assert (said["role"], type(said["entry"])) == ("submission", int)
    issuing.json("rotate", "--role", "governance", "--as", "zhang")
    issuing.environ["ISSUER_GOVERNANCE_PASSPHRASE"] = NEXT
    path = issuing.home / "schema.json"
    path.write_bytes(b"{}")
    named = issuing.json("schema", str(path), "--id", SCHEMA, "--as", "zhang")
    assert named["digest"] == sha256(b"{}").hexdigest()


def test_every_action_is_proposed_from_the_command_line(issuing: Alliance):
    other = issuing.members[2].did
    for words, action in (
        (("signer.set", "--stop", issuing.members[0].did), None),
        (("suspend-issuer", DID, "--until", "2027-01-01"), "suspend-issuer"),
        (("close-issuer", DID), "close-issuer"),
        (("params", "--numbers", "9"), "params"),
        (("upgrade", "--app-version", "2", "--height", "100000"), "upgrade"),
        (("remove", other), "remove"),
        (
            ("accredit", "--issuer", DID, "--type", "GraduationCertificate", "--from", "2026-01-01"),
            "accredit",
        ),
    ):
        if action is None:
            assert issuing.refused("propose", *words, "--as", "zhang") == "NOT_PERMITTED"
            issuing.node.now += 10
        else:
            assert issuing.json("propose", *words, "--as", "zhang")["action"] == action


def test_the_registration_of_a_key_is_what_the_proposal_takes(alliance: Alliance):
    made = keys.make_next(alliance.db, alliance.parts, actor=OFFICER, passphrase=NEXT, now=alliance.now)
    body = proposing.rotate_key(made, role="governance")
    assert cbor.encode(body["value"]).hex() == made["governance"]
