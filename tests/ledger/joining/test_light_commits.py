"""CometBFT's commits, recorded on a real network: one, two, three and four validators, one absent."""

import copy
import json
from pathlib import Path

import pytest

from ledger.core.reading import Reader
from ledger.joining import auditing, consensus, importing, light, log_file
from ledger.joining.errors import AuditError, NoCommitError
from ledger.proof.bundle import Bundle
from ledger.proof.pins import Pin

RECORDED = Path(__file__).parent / "recorded"
HEIGHTS = {1: (1, 1), 2: (1, 1), 40: (2, 2), 51: (3, 3), 62: (4, 4), 63: (3, 4)}
WHEN = 1_795_300_000
GENESIS = (RECORDED / "genesis.json").read_bytes()


@pytest.fixture(scope="module")
def database(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("recorded") / "ledger.db"
    with log_file.reading(RECORDED / "log") as (_, entries):
        importing.import_log(
            path,
            entries,
            pin=Pin.from_bytes((RECORDED / "pin").read_bytes()),
            checkpoint=Bundle.decode((RECORDED / "checkpoint").read_bytes()),
            now=WHEN,
        )
    return path


def audit(database, height, fetch=None):
    with Reader.open(database) as reader:
        return auditing.audit(reader, height, genesis=GENESIS, fetch=fetch or auditing.from_folder(RECORDED))


@pytest.fixture
def newest(database):
    """The newest recorded commit, to be changed, and who may sign it."""
    signed = auditing.signed_header((RECORDED / "63.json").read_bytes())
    with Reader.open(database) as reader:
        keys = auditing.validators_at(reader, 63, first=1, named=consensus.validators(GENESIS))
    return copy.deepcopy(dict(signed)), set(keys.values())


def check(signed, keys):
    name = json.loads(GENESIS)["chain_id"]
    return light.check_commit(signed, chain_name=name, validators=keys)


@pytest.mark.parametrize("height", HEIGHTS)
def test_a_recorded_commit_holds(database, height):
    checked = audit(database, height)
    assert (checked.signed, checked.validators) == HEIGHTS[height]


def test_a_log_made_by_real_nodes_is_imported_under_its_quorum(database):
    with Reader.open(database) as reader:
        assert (
            reader.head().root.hex()
            == json.loads((RECORDED / "63.json").read_bytes())["signed_header"]["header"]["app_hash"].lower()
        )
        assert len(reader.value("signers")) == 4


@pytest.mark.parametrize("name", ["app_hash", "data_hash", "consensus_hash", "proposer_address"])
def test_a_changed_header_is_refused(newest, name):
    signed, keys = newest
    old = signed["header"][name]
    signed["header"][name] = ("00" if old[:2] != "00" else "11") + old[2:]
    with pytest.raises(AuditError, match="another header"):
        check(signed, keys)


def test_a_header_of_another_ledger_is_refused(newest):
    signed, keys = newest
    signed["header"]["chain_id"] = "vocred-other"
    with pytest.raises(AuditError, match="another ledger"):
        check(signed, keys)


def test_validators_that_the_log_does_not_name_are_refused(newest):
    signed, keys = newest
    with pytest.raises(AuditError, match="other validators"):
        check(signed, set(list(keys)[:3]))


def test_a_changed_signature_is_refused(newest):
    signed, keys = newest
    votes = signed["commit"]["signatures"]
    votes[0]["signature"] = votes[1]["signature"]
    with pytest.raises(AuditError, match="does not verify"):
        check(signed, keys)


def test_a_changed_time_of_a_vote_is_refused(newest):
    signed, keys = newest
    signed["commit"]["signatures"][0]["timestamp"] = "2026-11-21T20:00:34Z"
    with pytest.raises(AuditError, match="does not verify"):
        check(signed, keys)


def test_too_few_votes_are_refused(newest):
    signed, keys = newest
    signed["commit"]["signatures"][0]["block_id_flag"] = 1
    with pytest.raises(AuditError, match="2 of 4"):
        check(signed, keys)


def test_a_commit_without_a_place_for_each_validator_is_refused(newest):
    signed, keys = newest
    signed["commit"]["signatures"].pop()
    with pytest.raises(AuditError, match="one place"):
        check(signed, keys)


@pytest.mark.parametrize("broken", [{}, {"header": {}, "commit": {}}, {"header": None, "commit": []}])
def test_what_is_no_commit_is_refused(newest, broken):
    with pytest.raises(AuditError):
        check(broken, newest[1])


def test_a_commit_to_another_root_than_the_logs_is_refused(database):
    with pytest.raises(AuditError, match="another root"):
        audit(database, 62, fetch=lambda _: auditing.from_folder(RECORDED)(63))


def test_a_height_before_or_beyond_the_log_is_no_wrong_commit(database):
    with pytest.raises(NoCommitError, match="first block is 1: name"):
        audit(database, 0)
    with pytest.raises(NoCommitError, match=r"10000.json is not among .* /commit\?height=10000"):
        audit(database, 10_000)


def test_what_cometbft_says_of_a_block_that_it_lacks_is_passed_on(tmp_path):
    said = "height 99999 must be less than or equal to the current blockchain height 76"
    (tmp_path / "99999.json").write_text(
        json.dumps({"error": {"code": -32603, "message": "Internal error", "data": said}})
    )
    with pytest.raises(NoCommitError, match=f"{said}; name a block that it has"):
        auditing.from_folder(tmp_path)(99_999)


def test_a_silent_engine_is_no_wrong_commit():
    with pytest.raises(NoCommitError, match="start the node"):
        auditing.from_rpc("127.0.0.1:1")(5)


def test_an_answer_without_a_commit_is_refused(tmp_path):
    (tmp_path / "5.json").write_text('{"error": {"code": -1}}')
    with pytest.raises(AuditError):
        auditing.from_folder(tmp_path)(5)
    with pytest.raises(NoCommitError, match="not among"):
        auditing.from_folder(tmp_path)(6)
