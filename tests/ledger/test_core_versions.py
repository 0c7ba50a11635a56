"""What members change about the rules: a parameter, a version from a height on; and schemas they name."""

import pytest

from ledger.core.machine import Core
from ledger.core.registry import MAX_SCHEMAS
from ledger.core.versions import NEWEST
from ledger.errors import UpgradeRequiredError
from tests.ledger.consortium import DAY, Consortium, Party
from tests.ledger.core_acts import code_of

SCHEMA = "https://w3id.org/vocred/schemas/graduation-certificate/v2"


class NewerCore(Core):
    """The core of a program that knows one version more."""

    app_version = NEWEST + 1


@pytest.fixture
def ledger(tmp_path):
    consortium = Consortium(tmp_path, count=4)
    yield consortium
    consortium.core.close()


def upgrade(height, version=NEWEST + 1):
    return ["upgrade", {"app_version": version, "height": height}]


# Parameters.


def test_the_quota_of_accreditors_is_the_genesis_until_members_change_it(tmp_path):
    ledger = Consortium(tmp_path, numbers=1)
    first, second, third = Party("a"), Party("b"), Party("c")
    ledger.accept(ledger.founder, "issuer.put", first.issuer(ledger.chain_id, 1))
    body = second.issuer(ledger.chain_id, 2)
    assert ledger.refuse(ledger.founder, "issuer.put", body) == "QUOTA"
    ledger.decide(["params", {"numbers": 2}])
    assert ledger.value("params") == {"numbers": 2}
    ledger.accept(ledger.founder, "issuer.put", body)
    assert ledger.refuse(ledger.founder, "issuer.put", third.issuer(ledger.chain_id, 3)) == "QUOTA"
    ledger.core.close()


def test_parameters_change_at_once_and_by_more_than_two_thirds(tmp_path):
    ledger = Consortium(tmp_path, count=6, delay=7 * DAY)
    proposal = ledger.propose(["params", {"numbers": 5}])
    ledger.vote(proposal, *ledger.parties[:4])
    ledger.block()
    assert ledger.status(proposal) == "open"
    ledger.vote(proposal, ledger.parties[4])
    ledger.block()
    assert ledger.value("params") == {"numbers": 5}
    ledger.core.close()


@pytest.mark.parametrize(
    "body", [{}, {"numbers": -1}, {"numbers": (1 << 20) + 1}, {"numbers": True}, {"numbers": 1, "delay": 0}]
)
def test_other_parameters_do_not_exist(ledger, body):
    assert code_of(ledger, ["params", body]) == "TX_MALFORMED"


# Upgrades.


def test_the_next_version_is_in_force_from_its_height_on(ledger):
    height = ledger.height + 10
    ledger.decide(upgrade(height))
    assert ledger.value("upgrade") == {"version": NEWEST + 1, "height": height}
    while ledger.height < height - 1:
        ledger.block()
    before = ledger.core.head
    with pytest.raises(UpgradeRequiredError, match=f"version {NEWEST + 1}"):
        ledger.block(
            ledger.sign(ledger.founder, "propose", {"action": ["params", {"numbers": 1}], "expires": 1})
        )
    assert ledger.core.head == before


def test_nothing_is_applied_whatever_the_block_holds(ledger):
    ledger.decide(upgrade(ledger.height + 8))
    before = ledger.core.head
    with pytest.raises(UpgradeRequiredError):
        ledger.core.apply_block(ledger.height + 50, ledger.now + 50, [])
    assert ledger.core.head == before
    ledger.block()  # the blocks below the height are still applied


def test_a_program_that_knows_the_version_goes_on(ledger, tmp_path):
    height = ledger.height + 8
    ledger.decide(upgrade(height))
    copy = NewerCore.import_(tmp_path / "newer.db", ledger.core.export(), root=ledger.core.head.root)
    result = copy.apply_block(height, ledger.now + 100, [])
    copy.commit()
    assert result.results == ()
    copy.close()


def test_a_log_with_an_upgrade_replays_in_the_newer_program_only(ledger, tmp_path):
    height = ledger.height + 8
    ledger.decide(upgrade(height))
    newer = NewerCore.import_(tmp_path / "newer.db", ledger.core.export())
    tx = ledger.sign(ledger.founder, "endpoint.put", {"node": None, "mirror": None, "receipts": None})
    newer.apply_block(height, ledger.now + 100, [tx])
    newer.commit()
    log = list(newer.export())
    newer.close()
    with pytest.raises(UpgradeRequiredError):
        Core.import_(tmp_path / "older.db", log)
    NewerCore.import_(tmp_path / "again.db", log).close()


@pytest.mark.parametrize("count", [6])
def test_an_upgrade_asks_for_two_thirds_and_waits_for_the_delay(tmp_path, count):
    ledger = Consortium(tmp_path, count=count, delay=DAY)
    proposal = ledger.propose(upgrade(1000))
    ledger.vote(proposal, *ledger.parties[:4])
    assert ledger.status(proposal) == "open"
    ledger.vote(proposal, ledger.parties[4])
    ledger.block(after=DAY - 1)
    assert ledger.value("upgrade") is None
    ledger.block(after=1)
    assert ledger.value("upgrade") == {"version": NEWEST + 1, "height": 1000}
    ledger.core.close()


def test_an_upgrade_whose_height_has_come_before_its_effect_is_void(tmp_path):
    ledger = Consortium(tmp_path, delay=DAY)
    proposal = ledger.propose(upgrade(ledger.height + 6))
    ledger.vote(proposal, *ledger.parties)
    for _ in range(5):
        ledger.block()
    ledger.block(after=DAY)
    assert ledger.status(proposal) == "void"
    assert ledger.value("upgrade") is None
    ledger.core.close()


def test_the_height_is_moved_while_it_has_not_come(ledger):
    ledger.decide(upgrade(1000))
    ledger.decide(upgrade(2000))
    assert ledger.value("upgrade") == {"version": NEWEST + 1, "height": 2000}


def test_the_version_after_the_next_waits_for_the_next(ledger, tmp_path):
    ledger.decide(upgrade(1000))
    assert code_of(ledger, upgrade(2000, NEWEST + 2)) == "NOT_PERMITTED"


@pytest.mark.parametrize("version", [NEWEST, NEWEST + 2])
def test_versions_follow_one_another(ledger, version):
    expected = "TX_MALFORMED" if version < 2 else "NOT_PERMITTED"
    assert code_of(ledger, upgrade(1000, version)) == expected


def test_a_height_that_has_come_is_refused(ledger):
    assert code_of(ledger, upgrade(ledger.height + 1)) == "NOT_PERMITTED"
    ledger.propose(upgrade(ledger.height + 2))


# Schemas.


def test_a_member_names_a_schema(ledger):
    member = ledger.parties[1]
    ledger.accept(member, "schema.put", {"id": SCHEMA, "digest": b"\x05" * 32})
    assert ledger.value("schema", SCHEMA) == {"digest": b"\x05" * 32, "by": member.did, "since": ledger.now}


@pytest.mark.parametrize("digest", [b"\x05" * 32, b"\x06" * 32])
def test_a_schema_keeps_its_digest_for_ever(ledger, digest):
    ledger.accept(ledger.parties[1], "schema.put", {"id": SCHEMA, "digest": b"\x05" * 32})
    for party in ledger.parties[1:3]:
        assert ledger.refuse(party, "schema.put", {"id": SCHEMA, "digest": digest}) == "ALREADY_USED"


def test_only_members_name_schemas(ledger):
    college = Party("college")
    ledger.make_issuer(college)
    body = {"id": SCHEMA, "digest": bytes(32)}
    assert ledger.refuse(college, "schema.put", body) == "NOT_A_MEMBER"


@pytest.mark.parametrize(
    "body",
    [
        {"id": "graduation", "digest": bytes(32)},
        {"id": SCHEMA, "digest": bytes(31)},
        {"id": SCHEMA},
        {"id": SCHEMA + "?v=2", "digest": bytes(32)},
    ],
)
def test_malformed_schemas_are_refused(ledger, body):
    assert ledger.refuse(ledger.founder, "schema.put", body) == "TX_MALFORMED"


def test_a_member_names_a_bounded_number_of_schemas(ledger):
    bodies = [{"id": f"{SCHEMA}/{number}", "digest": bytes(32)} for number in range(MAX_SCHEMAS + 1)]
    results = ledger.block(*(ledger.sign(ledger.founder, "schema.put", body) for body in bodies)).results
    assert [each.refusal for each in results[:-1]] == [None] * MAX_SCHEMAS
    assert results[-1].refusal.code == "QUOTA"
