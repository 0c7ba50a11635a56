"""``vocred issuer correct``, ``corrections`` and ``decline-correction``, while the ledger is silent."""

from typing import Any

import pytest

from issuer import records
from issuer.correcting import store
from tests.issuer.test_issuer_cli import Host, bare, host, imported
from web.database import transaction

__all__ = ["bare", "host"]


@pytest.fixture
def record(host: Host) -> dict[str, Any]:
    """A certificate that was imported, approved and signed."""
    made = imported(host)
    host.json("approve", made["batch"], "--as", "li")
    return made["records"][0]


def test_two_officers_correct_a_record_by_its_number(host: Host, record: dict[str, Any]):
    made = host.json(
        "correct", record["number"], "--set", "name=林晓雨", "--as", "zhang", "--approved-by", "li"
    )
    assert (made["replaced"], made["changed"]) == (record["record"], ["name"])
    assert records.get(host.db, record["number"]).id == made["record"]
    assert len(made["tx_code"]) == 6
    assert made["offer"].startswith("openid-credential-offer://")


def test_one_officer_alone_corrects_nothing(host: Host, record: dict[str, Any]):
    arguments = (
        "correct",
        record["record"],
        "--set",
        "name=林晓雨",
        "--as",
        "zhang",
        "--approved-by",
        "zhang",
    )
    assert host.refused(*arguments) == "SAME_OFFICER"
    assert records.get(host.db, record["record"]).state == "valid"


def test_what_changes_nothing_is_refused(host: Host, record: dict[str, Any]):
    name = records.get(host.db, record["record"]).holder_name
    arguments = ("correct", record["record"], "--set", f"name={name}", "--as", "zhang", "--approved-by", "li")
    assert host.refused(*arguments) == "INVALID_ACT"
    assert host.run(
        "correct", record["record"], "--set", "name", "--as", "zhang", "--approved-by", "li"
    ).exit_code


def test_what_an_import_would_refuse_is_refused_here_too(host: Host, record: dict[str, Any]):
    arguments = ("correct", record["record"], "--set", "enrol=2030-09-01", "--as", "zhang")
    before = records.get(host.db, record["record"])
    assert host.refused(*arguments, "--approved-by", "li") == "INVALID_ACT"
    assert records.get(host.db, record["record"]) == before


def test_what_a_holder_asked_is_listed_and_declined_in_words(host: Host, record: dict[str, Any]):
    with transaction(host.db) as db:
        store.add_request(
            db, {"id": "correction-1", "record_id": record["record"], "text": "成绩有误", "asked_at": 1}
        )
    (asked,) = host.json("corrections")["corrections"]
    assert (asked["number"], asked["text"]) == (record["number"], "成绩有误")
    host.json("decline-correction", asked["id"], "与档案一致", "--as", "zhang")
    assert host.json("corrections")["corrections"] == []
    (declined,) = host.json("corrections", "--state", "declined")["corrections"]
    assert declined["answer"] == "与档案一致"
