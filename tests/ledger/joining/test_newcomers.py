"""Joining by an invitation: which ledger, which keys, which genesis; what is refused changes nothing."""

import json
from dataclasses import replace

import pytest

from crypto import cbor
from crypto.keys import PublicKey
from ledger.core.reading import Reader
from ledger.errors import Reject
from ledger.joining import founding, invitation, inviting, newcomer, registration
from ledger.joining.errors import JoiningError, LogFileError, OtherLedgerError, UncoveredError
from ledger.proof.pins import Pin
from ledger.statements import check_key_possession
from tests.ledger.consortium import START, members

NEW = "did:web:new.example"
PEER = "10.1.2.3:26656"


class Founder:
    """The home of a consortium's first member, with CometBFT."""

    def __init__(self, home) -> None:
        self.home = home
        home.mkdir()
        party = members(1)[0]
        keys = founding.node_keys(home, consensus=True)
        member = {name: party.record[name] for name in ("did", "names", "code", "roles", "types")}
        governance = party.key("governance").public
        self.genesis = founding.begin(
            home, member=member, governance=governance, keys=keys, delay=0, now=START
        )
        self.pin = Pin.from_genesis(self.genesis)
        self.mark = self.genesis.chain_id.rpartition(":")[2]
        self.node_id = keys.comet.node_id

    def invite(self, file, **changes):
        made = inviting.invite(
            self.home, file, peers=[f"{self.node_id}@{PEER}"], nodes=[], checkpoint=None, now=START
        )
        if changes:
            with Reader.open(self.home / "ledger.db") as reader:
                invitation.write(file, replace(made, **changes), reader.store.entries(0, made.size))
        return file


@pytest.fixture
def founder(tmp_path):
    return Founder(tmp_path / "founder")


@pytest.fixture
def home(tmp_path):
    place = tmp_path / "new"
    place.mkdir()
    return place


def join(home, file, **changes):
    given = {"did": NEW, "pin": None, "mark": None, "now": START + 5, **changes}
    return newcomer.join(home, file, **given)


def refused(home, file, error, **changes):
    with pytest.raises(error) as caught:
        join(home, file, **changes)
    assert not (home / "ledger.db").exists()
    assert not (home / "pin").exists()
    assert not (home / "comet" / "config" / "genesis.json").exists()
    return str(caught.value)


def test_a_newcomer_gets_log_pin_and_cometbfts_genesis_byte_for_byte(founder, home, tmp_path):
    joined = join(home, founder.invite(tmp_path / "file"), mark=founder.mark)
    with Reader.open(home / "ledger.db") as reader:
        assert reader.genesis.entry == founder.genesis.entry
    assert Pin.from_bytes((home / "pin").read_bytes()) == founder.pin
    own = home / "comet" / "config" / "genesis.json"
    assert own.read_bytes() == (founder.home / "comet" / "config" / "genesis.json").read_bytes()
    assert joined.invitation.peers == (f"{founder.node_id}@{PEER}",)
    assert not joined.signs


def test_an_invitation_holds_no_secret(founder, tmp_path):
    data = founder.invite(tmp_path / "file").read_bytes()
    keys = founding.node_keys(founder.home, consensus=True)
    assert keys.receipt.to_bytes() not in data
    assert keys.validator.to_bytes() not in data


def test_private_keys_are_readable_by_their_owner_alone(founder, home, tmp_path):
    join(home, founder.invite(tmp_path / "file"), mark=founder.mark)
    config = home / "comet" / "config"
    for key in (home / "receipt.key", config / "priv_validator_key.json", config / "node_key.json"):
        assert key.stat().st_mode & 0o077 == 0, key


def test_the_registration_proves_that_each_key_is_held(founder, home, tmp_path):
    joined = join(home, founder.invite(tmp_path / "file"), mark=founder.mark)
    made = registration.of_node(joined.keys, did=NEW, chain_id=founder.genesis.chain_id)
    for role in ("receipt", "validator"):
        key = PublicKey.from_cose_key(cbor.decode(bytes.fromhex(made[role])))
        proof = bytes.fromhex(made["possession"][role])
        check_key_possession(proof, key=key, chain_id=founder.genesis.chain_id, did=NEW, role=role)
        with pytest.raises(Reject):
            check_key_possession(
                proof, key=key, chain_id=founder.genesis.chain_id, did="did:web:x.example", role=role
            )


def test_a_governance_key_of_another_member_is_not_merged(founder, home, tmp_path):
    joined = join(home, founder.invite(tmp_path / "file"), mark=founder.mark)
    made = registration.of_node(joined.keys, did=NEW, chain_id=founder.genesis.chain_id)
    with pytest.raises(JoiningError):
        registration.merge(made, {"did": "did:web:other.example", "governance": "00"})
    merged = registration.merge(made, {"did": NEW, "governance": "00", "possession": {"governance": "11"}})
    assert set(merged["possession"]) == {"governance", "receipt", "validator"}


def test_keys_that_are_there_are_used(founder, home, tmp_path):
    before = founding.node_keys(home, consensus=True)
    joined = join(home, founder.invite(tmp_path / "file"), mark=founder.mark)
    assert joined.keys.receipt.to_bytes() == before.receipt.to_bytes()
    assert joined.keys.validator.to_bytes() == before.validator.to_bytes()


def test_nobody_joins_a_ledger_that_no_person_named(founder, home, tmp_path):
    assert "--ledger" in refused(home, founder.invite(tmp_path / "file"), JoiningError)


@pytest.mark.parametrize("typed", ["{}", "URN:VOCRED:LEDGER:{}", "  {}  "])
def test_a_mark_may_be_typed_in_groups(founder, home, tmp_path, typed):
    groups = " ".join(founder.mark[start : start + 4].upper() for start in range(0, 64, 4))
    join(home, founder.invite(tmp_path / "file"), mark=typed.format(groups))


def test_an_invitation_to_another_ledger_is_refused(founder, home, tmp_path):
    other = Founder(tmp_path / "other")
    file = founder.invite(tmp_path / "file")
    refused(home, file, OtherLedgerError, mark="0" * 64)
    if other.genesis.chain_id != founder.genesis.chain_id:
        refused(home, file, OtherLedgerError, pin=other.pin)


def test_a_pin_with_other_signers_is_refused(founder, home, tmp_path):
    forged = replace(founder.pin, single=False)
    file = founder.invite(tmp_path / "file", pin=forged)
    assert "pin" in refused(home, file, OtherLedgerError, mark=founder.mark)


def test_an_older_tree_under_the_right_name_is_refused(founder, home, tmp_path):
    file = founder.invite(tmp_path / "file")
    file.write_bytes(file.read_bytes()[:-3])
    refused(home, file, LogFileError, mark=founder.mark)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"app_hash": "00" * 32}, OtherLedgerError),
        ({"initial_height": "2"}, OtherLedgerError),
        ({"chain_id": "vocred-" + "0" * 40}, OtherLedgerError),
        ({"validators": []}, JoiningError),
        ({"consensus_params": {}}, JoiningError),
        ({"genesis_time": "2001-01-01T00:00:00.000000000Z"}, JoiningError),
        ({"genesis_time": "soon"}, JoiningError),
        ({"app_state": {}}, JoiningError),
    ],
)
def test_a_genesis_that_the_log_does_not_give_is_refused(founder, home, tmp_path, change, error):
    genesis = json.loads((founder.home / "comet" / "config" / "genesis.json").read_bytes())
    file = founder.invite(tmp_path / "file", genesis=json.dumps({**genesis, **change}).encode())
    refused(home, file, error, mark=founder.mark)


def test_a_validator_with_more_power_is_refused(founder, home, tmp_path):
    genesis = json.loads((founder.home / "comet" / "config" / "genesis.json").read_bytes())
    genesis["validators"][0]["power"] = "11"
    file = founder.invite(tmp_path / "file", genesis=json.dumps(genesis).encode())
    refused(home, file, JoiningError, mark=founder.mark)


def test_a_second_validator_is_refused(founder, home, tmp_path):
    genesis = json.loads((founder.home / "comet" / "config" / "genesis.json").read_bytes())
    genesis["validators"].append({**genesis["validators"][0], "name": "did:web:zz.example"})
    file = founder.invite(tmp_path / "file", genesis=json.dumps(genesis).encode())
    assert "other validators" in refused(home, file, JoiningError, mark=founder.mark)


def test_a_genesis_that_is_no_json_is_refused(founder, home, tmp_path):
    file = founder.invite(tmp_path / "file", genesis=b"\xff")
    refused(home, file, JoiningError, mark=founder.mark)


def test_a_home_with_a_ledger_is_left_alone(founder, home, tmp_path):
    file = founder.invite(tmp_path / "file")
    join(home, file, mark=founder.mark)
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    with pytest.raises(JoiningError, match="already"):
        join(home, file, mark=founder.mark)
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before


def test_a_signer_has_to_bring_the_keys_that_the_log_names(founder, home, tmp_path):
    first = founder.genesis.signers[0]
    message = refused(home, founder.invite(tmp_path / "file"), JoiningError, did=first, mark=founder.mark)
    assert "other keys" in message
    assert "--keys-lost" in message


def test_a_signer_that_lost_its_keys_follows_with_new_ones(founder, home, tmp_path):
    first = founder.genesis.signers[0]
    joined = join(home, founder.invite(tmp_path / "file"), did=first, mark=founder.mark, keys_lost=True)
    assert not joined.signs
    assert (home / "ledger.db").is_file()


def test_no_invitation_without_cometbft(tmp_path):
    home = tmp_path / "embedded"
    home.mkdir()
    founder = Founder(tmp_path / "founder")
    (founder.home / "comet" / "config" / "genesis.json").unlink()
    with pytest.raises(JoiningError, match="migrate"):
        founder.invite(tmp_path / "file")


def test_no_invitation_to_a_history_that_nobody_signed(founder, tmp_path):
    from ledger.core.machine import Core

    core = Core.open(founder.home / "ledger.db")
    core.apply_block(1, START + 1, [])
    core.commit()
    core.close()
    genesis = founder.home / "comet" / "config" / "genesis.json"
    value = {**json.loads(genesis.read_bytes()), "initial_height": "2"}
    genesis.write_text(json.dumps(value))
    with pytest.raises(UncoveredError):
        founder.invite(tmp_path / "file")
    assert not (tmp_path / "file").exists()
