"""Signers, lost keys, suspension, closing, parameters, upgrades, schemas: proposed and done by command."""

import hashlib

import pytest

from crypto import cbor
from crypto.keys import PrivateKey
from ledger import proposal_desk
from ledger.client import StatementRefusedError
from ledger.proof.pins import Pin
from ledger.proposing import InputError
from ledger.running import ENGINE
from ledger.statements import key_possession
from ledger.watch_commands import peer_line
from tests.ledger.consortium import DAY
from tests.ledger.test_ledger_cli import ADMIT, COLLEGE, INIT, OPERATOR, Desk, registration

SCHEMA = "https://w3id.org/vocred/schemas/graduation-certificate/v2"
AGAIN = "correct horse battery staple"


@pytest.fixture(scope="module")
def founding(tmp_path_factory):
    """An operator and a college, which is an issuer as well."""
    desk = Desk(tmp_path_factory.mktemp("founding"))
    desk.run(*INIT)
    desk.serve()
    keys = desk.file("college.json", desk.ask("keygen", "--as", "college", "--did", COLLEGE))
    assert desk.decide(*ADMIT, "--keys", keys, "--as", "operator")["status"] == "done"
    path = desk.file("registration.json", registration(desk))
    found = desk.decide("propose", "issuer.put", "--registration", path, "--as", "college")
    assert found["status"] == "done"
    desk.close()
    return desk


@pytest.fixture
def desk(founding, tmp_path):
    copy = founding.copy(tmp_path)
    yield copy
    copy.close()


def state(desk, *key):
    """Return what the ledger holds now."""
    with desk.app.extensions[ENGINE].reader() as reader:
        return reader.value(*key)


def private(did, role):
    """Return the key that always belongs to a DID and role."""
    return PrivateKey.from_bytes("Ed25519", hashlib.sha256(f"{did}{role}".encode()).digest())


def node_keys(desk, did, *roles):
    """Return the registration of a node's keys, as joining prints it."""
    chain_id = Pin.from_bytes((desk.home / "pin").read_bytes()).chain_id
    made = {role: private(did, role) for role in roles}
    return {
        "did": did,
        **{role: cbor.encode(key.public.cose_key).hex() for role, key in made.items()},
        "possession": {
            role: key_possession(key, chain_id=chain_id, did=did, role=role).hex()
            for role, key in made.items()
        },
    }


def test_an_open_proposal_says_how_many_more_are_needed(desk):
    found = desk.ask("propose", "params", "--numbers", "7", "--as", "operator")
    assert (found["status"], found["needed"], found["missing"]) == ("open", 2, 2)
    line = desk.run("vote", found["id"][:12], "yes", "--as", "operator")
    assert line.endswith("params open (1 of 2 yes, 1 more needed)")


def test_a_decided_proposal_says_from_when_on_it_is_in_effect():
    found = {"id": "ab", "action": "admit", "status": "enacted", "due": 1_795_296_574}
    assert proposal_desk.line(found) == "ab admit enacted (in effect from 2026-11-21 21:29:34 UTC)"
    assert proposal_desk.line({**found, "status": "done"}) == "ab admit done"


def test_a_silent_node_is_not_said_to_agree():
    silent = {"member": "did:web:m.example", "agrees": True, "size": 7, "error": "it does not answer"}
    assert peer_line(silent) == "did:web:m.example agreed, 7 entries (it does not answer)"
    assert peer_line({**silent, "agrees": None, "size": None, "error": None}).endswith(" not compared")


def test_a_node_is_proposed_as_a_signer(desk):
    keys = desk.file("node.json", node_keys(desk, COLLEGE, "receipt", "validator"))
    for member in ("operator", "college"):
        desk.ask("endpoint", "--node", f"https://{member}.example", "--as", member)
    found = desk.ask("propose", "signer.set", "--keys", keys, "--as", "operator")
    assert (found["action"], found["about"]["member"]) == ("signer.set", COLLEGE)
    assert found["about"]["validator"] == private(COLLEGE, "validator").public.thumbprint.hex()


def test_a_signer_whose_node_nobody_can_find_is_not_proposed_by_accident(desk):
    keys = desk.file("node.json", node_keys(desk, COLLEGE, "receipt", "validator"))
    words = ("propose", "signer.set", "--keys", keys, "--as", "operator")
    desk.ask("endpoint", "--node", "https://operator.example", "--as", "operator")
    refusal = desk.refused(*words)
    assert isinstance(refusal, InputError)
    assert str(refusal).startswith(f"{COLLEGE} first says where its node is")
    assert desk.ask(*words, "--unannounced")["status"] == "open"


def test_the_last_signer_cannot_be_proposed_to_stop(desk):
    refusal = desk.refused("propose", "signer.set", "--stop", OPERATOR, "--as", "operator")
    assert isinstance(refusal, StatementRefusedError)
    assert refusal.code == "NOT_PERMITTED"


@pytest.mark.parametrize("words", [[], ["--stop", COLLEGE, "--keys", "node.json"]])
def test_a_signer_is_set_or_stopped_and_not_both(desk, words):
    desk.file("node.json", node_keys(desk, COLLEGE, "receipt", "validator"))
    given = [str(desk.home / word) if word.endswith(".json") else word for word in words]
    assert isinstance(desk.refused("propose", "signer.set", *given, "--as", "operator"), InputError)


def test_a_lost_governance_key_is_replaced_and_votes(desk):
    desk.environ["LEDGER_PASSPHRASE_AGAIN"] = AGAIN
    keys = desk.file("again.json", desk.ask("keygen", "--as", "again", "--did", COLLEGE))
    words = ("propose", "rotate-lost-key", "--role", "governance", "--keys", keys, "--as", "operator")
    assert desk.decide(*words)["status"] == "done"
    found = desk.ask("propose", "params", "--numbers", "7", "--as", "again")
    assert desk.ask("vote", found["id"], "yes", "--as", "again")["yes"] == [COLLEGE]


def test_a_key_that_is_not_lost_takes_the_proposal_back(desk):
    desk.environ["LEDGER_PASSPHRASE_AGAIN"] = AGAIN
    keys = desk.file("again.json", desk.ask("keygen", "--as", "again", "--did", COLLEGE))
    words = ("propose", "rotate-lost-key", "--role", "governance", "--keys", keys, "--as", "operator")
    found = desk.ask(*words)
    assert desk.ask("withdraw", found["id"], "--as", "college")["status"] == "withdrawn"


def test_a_lost_key_is_given_only_to_the_did_that_it_is_for(desk):
    keys = desk.file("node.json", node_keys(desk, COLLEGE, "governance"))
    words = ("propose", "rotate-lost-key", "--role", "governance", "--keys", keys, "--as", "operator")
    assert isinstance(desk.refused(*words, "--did", OPERATOR), InputError)


def test_an_issuer_is_suspended_and_the_suspension_lifted(desk):
    words = ("propose", "suspend-issuer", COLLEGE, "--as", "operator")
    assert desk.decide(*words)["status"] == "done"
    ((begin, end),) = state(desk, "issuer", COLLEGE)["suspensions"]
    assert (begin, end) == (desk.now, None)
    desk.now += DAY
    assert desk.decide(*words, "--lift")["status"] == "done"
    assert state(desk, "issuer", COLLEGE)["suspensions"] == [[begin, desk.now]]


def test_nothing_is_lifted_where_nothing_is_suspended(desk):
    words = ("propose", "suspend-issuer", COLLEGE, "--as", "operator", "--lift")
    assert isinstance(desk.refused(*words), InputError)
    assert isinstance(desk.refused(*words, "--until", "2027-01-01"), InputError)


def test_an_issuer_is_closed(desk):
    assert desk.decide("propose", "close-issuer", COLLEGE, "--as", "operator")["status"] == "done"
    assert state(desk, "issuer", COLLEGE)["closed"] == desk.now


def test_an_upgrade_is_decided_for_a_height(desk):
    words = ("propose", "upgrade", "--app-version", "2", "--height", "100000", "--as", "operator")
    assert desk.decide(*words)["status"] == "done"
    assert state(desk, "upgrade") == {"version": 2, "height": 100_000}


def test_a_member_rotates_its_own_submission_key(desk):
    since = desk.now - DAY
    made = node_keys(desk, COLLEGE, "submission")
    keys = desk.file("new.json", made)
    said = desk.ask(
        *("rotate", "--role", "submission", "--keys", keys, "--compromised-since", str(since)),
        *("--as", "college"),
    )
    record = state(desk, "issuer", COLLEGE)
    assert cbor.encode(record["submission"]).hex() == made["submission"]
    assert record["compromised"] == [[since, desk.now]]
    assert (said["role"], said["compromisedSince"]) == ("submission", since)


def test_a_member_rotates_its_governance_key_to_one_of_keygen(desk):
    desk.environ["LEDGER_PASSPHRASE_AGAIN"] = AGAIN
    keys = desk.file("again.json", desk.ask("keygen", "--as", "again", "--did", COLLEGE))
    desk.run("rotate", "--role", "governance", "--keys", keys, "--as", "college")
    refusal = desk.refused("propose", "params", "--numbers", "7", "--as", "college")
    assert refusal.code == "TX_UNKNOWN_KEY"
    desk.run("propose", "params", "--numbers", "7", "--as", "again")


def test_a_document_is_rotated_by_the_registration_that_names_it(desk):
    digest = hashlib.sha256(b"another document").hexdigest()
    keys = desk.file("new.json", {**registration(desk), "documentDigest": digest})
    said = desk.ask("rotate", "--role", "document", "--keys", keys, "--as", "college")
    assert said["new"] == digest
    assert state(desk, "issuer", COLLEGE)["document"].hex() == digest


def test_a_key_without_its_own_signature_is_not_rotated_to(desk):
    made = {**node_keys(desk, COLLEGE, "governance"), "possession": {}}
    keys = desk.file("new.json", made)
    refusal = desk.refused("rotate", "--role", "governance", "--keys", keys, "--as", "college")
    assert isinstance(refusal, InputError)


def test_a_schema_keeps_the_digest_of_its_file(desk):
    path = desk.file("schema.json", {"type": "object"})
    digest = hashlib.sha256((desk.home / "schema.json").read_bytes())
    said = desk.ask("schema", path, "--id", SCHEMA, "--as", "college")
    assert said == {"id": SCHEMA, "digest": digest.hexdigest()}
    assert state(desk, "schema", SCHEMA)["digest"] == digest.digest()
    mirrored = desk.app.test_client().get(f"/v1/mirror/objects/{digest.hexdigest()}")
    assert mirrored.data == (desk.home / "schema.json").read_bytes()
    assert desk.refused("schema", path, "--id", SCHEMA, "--as", "operator").code == "ALREADY_USED"
