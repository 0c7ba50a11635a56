"""Signed counts at a node: kept if they are the issuer's, newest first, handed on, shown and reported."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from crypto import cbor, cose
from crypto.multibase import base64url_decode, base64url_encode
from ledger.cli import Outside, cli
from ledger.counts import CONTENT_TYPE, Counts, CountsError, Row, month_of, sign_counts, verify_counts
from ledger.errors import LedgerError, NoQuorumError
from ledger.explorer import exchange
from ledger.explorer.asking import COUNTS
from ledger.explorer.reports import check_report
from ledger.proof.pins import Pin
from ledger.running import ENGINE
from ledger.watching.store import PeerReport
from ledger.watching.views import STORE
from tests.ledger.consortium import DAY, Party, key
from tests.ledger.living_node import LivingNode
from web import health
from web.errors import FetchError

ROWS = {"GraduationCertificate": Row(4212, 13, 2), "SkillLevelCertificate": Row(10, 0, 0)}
HTML = {"Accept": "text/html", "Accept-Language": "en"}


@pytest.fixture
def node(tmp_path: Path) -> Iterator[LivingNode]:
    found = LivingNode(tmp_path)
    found.make_issuer(found.consortium.parties[1])
    found.accept(found.consortium.parties[1], "anchor", {"root": bytes(32)})
    yield found
    found.close()


def issuer_of(node: LivingNode) -> Party:
    return node.consortium.parties[1]


def counts_of(node: LivingNode, **changes: Any) -> Counts:
    given = {
        "chain_id": node.consortium.chain_id,
        "did": issuer_of(node).did,
        "month": month_of(node.now),
        "at": node.now,
        "rows": ROWS,
    }
    return Counts(**{**given, **changes})


def signed_by(node: LivingNode, counts: Counts) -> bytes:
    return sign_counts(counts, key=issuer_of(node).key("submission"))


def page_of(node: LivingNode) -> str:
    return node.http.get("/supervision", headers=HTML).text


def put(node: LivingNode, data: bytes, *, month: str | None = None, did: str | None = None) -> Any:
    path = f"/v1/counts/{did or issuer_of(node).did}/{month or month_of(node.now)}"
    return node.http.put(path, data=data, content_type="application/cose")


def test_counts_are_kept_and_served_byte_for_byte(node: LivingNode):
    data = signed_by(node, counts_of(node))
    assert put(node, data).status_code == 201
    assert put(node, data).status_code == 200
    answer = node.http.get(f"/v1/counts/{issuer_of(node).did}/{month_of(node.now)}")
    assert (answer.data, answer.mimetype) == (data, "application/cose")


def test_the_later_count_of_a_month_holds(node: LivingNode):
    earlier, later = (signed_by(node, counts_of(node, at=node.now + shift)) for shift in (0, 5))
    assert put(node, later).status_code == 201
    refused = put(node, earlier)
    assert (refused.status_code, refused.json["code"]) == (409, "CONFLICT")


@pytest.mark.parametrize(
    "change",
    [
        {"chain_id": "urn:vocred:ledger:" + "0" * 64},
        {"did": "did:web:m002.example"},
        {"month": "2023-10"},
    ],
)
def test_counts_of_another_ledger_issuer_or_month_do_not_count(node: LivingNode, change: dict[str, Any]):
    refused = put(node, signed_by(node, counts_of(node, **change)))
    assert (refused.status_code, refused.json["code"]) == (422, "COUNTS_INVALID")


def test_counts_under_another_key_do_not_count(node: LivingNode):
    data = sign_counts(counts_of(node), key=key("somebody else"))
    assert put(node, data).json["code"] == "COUNTS_INVALID"


@pytest.mark.parametrize("shift", [121, DAY])
def test_counts_from_the_future_do_not_count(node: LivingNode, shift: int):
    assert put(node, signed_by(node, counts_of(node, at=node.now + shift))).status_code == 422


def test_nobody_fills_the_disk_with_months_before_the_ledger_or_to_come(node: LivingNode):
    for month in ("2019-01", "2031-01"):
        assert put(node, signed_by(node, counts_of(node, month=month)), month=month).status_code == 422


def test_who_is_no_issuer_leaves_nothing(node: LivingNode):
    party = node.consortium.parties[2]
    data = sign_counts(counts_of(node, did=party.did), key=party.key("submission"))
    assert put(node, data, did=party.did).json["code"] == "COUNTS_INVALID"


@pytest.mark.parametrize("body", [b"", b"\x00", b"\x84\x40\xa0\x40\x40", b"x" * 20_000])
def test_nonsense_is_refused_and_never_an_error_of_ours(node: LivingNode, body: bytes):
    assert 400 <= put(node, body).status_code < 500


@pytest.mark.parametrize(
    "rows",
    [
        {"GraduationCertificate": {"issued": -1, "revoked": 0, "anchoredLate": 0}},
        {"GraduationCertificate": {"issued": 1, "revoked": 0}},
        {"GraduationCertificate": {"issued": 1, "revoked": 0, "anchoredLate": 0, "name": "林晓雨"}},
        {"林晓雨": {"issued": 1, "revoked": 0, "anchoredLate": 0}},
        {f"T{number}": {"issued": 1, "revoked": 0, "anchoredLate": 0} for number in range(65)},
        [],
    ],
)
def test_there_is_no_place_for_anything_but_counts(node: LivingNode, rows: Any):
    counts, signer = counts_of(node), issuer_of(node).key("submission")
    payload = ["vocred/counts/1", counts.chain_id, counts.did, counts.month, counts.at, rows]
    header = {3: CONTENT_TYPE, 4: signer.public.thumbprint, 15: {1: counts.did, 2: counts.chain_id}}
    data = cose.sign1(cbor.encode(payload), protected=header, key=signer)
    with pytest.raises(CountsError):
        verify_counts(data, chain_id=counts.chain_id, did=counts.did, month=counts.month, key=signer.public)


# From node to node


class OtherNode:
    """Another node, asked without a network."""

    def __init__(self, node: LivingNode) -> None:
        self.node, self.asked = node, 0

    def get(self, url: str, **_options: Any) -> Any:
        self.asked += 1
        answer = self.node.http.get("/" + url.split("/", 3)[3])
        return type("Answer", (), {"status": answer.status_code, "body": answer.data})


class SilentNode:
    def get(self, url: str, **_options: Any) -> Any:
        raise FetchError("silent")


@pytest.fixture
def other(tmp_path_factory: pytest.TempPathFactory, node: LivingNode) -> Iterator[LivingNode]:
    """A second node of the same ledger, that has not heard of any counts."""
    folder = tmp_path_factory.mktemp("other")
    found = LivingNode(folder)
    found.make_issuer(found.consortium.parties[1])
    yield found
    found.close()


def tell(node: LivingNode, other: LivingNode, fetch: Any) -> int:
    """Let ``node`` ask the members' other nodes."""
    with node.app.extensions[ENGINE].reader() as reader:
        return exchange.exchange(
            reader, node.app.extensions[COUNTS], fetch, without=node.founder.did, now=node.now
        )


def test_a_node_takes_over_what_another_keeps_and_asks_for_news_only(node: LivingNode, other: LivingNode):
    put(other, signed_by(node, counts_of(node)))
    party = node.consortium.parties[2]
    node.accept(party, "endpoint.put", {"node": "http://127.0.0.1:9", "mirror": None, "receipts": None})
    assert tell(node, other, OtherNode(other)) == 1
    assert tell(node, other, OtherNode(other)) == 0
    assert node.http.get(f"/v1/counts/{issuer_of(node).did}/{month_of(node.now)}").status_code == 200


def test_what_another_node_made_up_is_left_out(node: LivingNode, other: LivingNode):
    class Liar(OtherNode):
        def get(self, url: str, **_options: Any) -> Any:
            data = sign_counts(counts_of(node), key=key("liar")).hex()
            item = {"seq": 1, "signed": base64url_encode(bytes.fromhex(data))}
            body = json.dumps({"counts": [item, {"seq": "x"}]}).encode()
            return type("Answer", (), {"status": 200, "body": body})

    party = node.consortium.parties[2]
    node.accept(party, "endpoint.put", {"node": "http://127.0.0.1:9", "mirror": None, "receipts": None})
    assert tell(node, other, Liar(other)) == 0
    assert node.http.get("/v1/counts").json == {"counts": [], "singleOperator": True}


def test_a_silent_node_stops_nobody(node: LivingNode, other: LivingNode):
    party = node.consortium.parties[2]
    node.accept(party, "endpoint.put", {"node": "http://127.0.0.1:9", "mirror": None, "receipts": None})
    assert tell(node, other, SilentNode()) == 0


# What a supervisor sees


@pytest.mark.row("S38", "S33")
def test_the_supervisor_sees_counts_rates_late_anchors_and_votes(node: LivingNode):
    put(node, signed_by(node, counts_of(node)))
    page = node.http.get("/supervision", headers=HTML).text
    for figure in ("4,222", "13", "0.3 %", "GraduationCertificate", "4212"):
        assert figure in page, figure
    assert "This node has no alarms." in page


def test_an_issuer_that_anchors_and_signs_no_counts_is_named(node: LivingNode):
    assert "Anchors, but publishes no counts" in node.http.get("/supervision", headers=HTML).text
    put(node, signed_by(node, counts_of(node)))
    assert "Anchors, but publishes no counts" not in node.http.get("/supervision", headers=HTML).text


def test_counts_without_a_certificate_are_not_called_missing(node: LivingNode):
    assert "No issuer has published signed counts for these months yet." in page_of(node)
    put(node, signed_by(node, counts_of(node, rows={})))
    assert "No issuer has published signed counts for these months yet." not in page_of(node)
    assert "nothing was issued in these months yet" in page_of(node)


def test_a_node_that_takes_no_statements_does_not_look_well(node: LivingNode):
    def look() -> None:
        raise NoQuorumError("no block comes")

    health.check(node.app, "consensus", look, alarm=True)
    assert "Too few members take part, so nothing can be written or signed now." in page_of(node)
    assert "This node has no alarms." not in page_of(node)


def test_nodes_that_do_not_answer_are_named(node: LivingNode):
    founder, member = node.founder.did, node.consortium.parties[2].did
    store = node.app.extensions[STORE]()
    store.put_peer(PeerReport(founder, "http://127.0.0.1:8", node.now, seen=node.now, agrees=True))
    assert "This node has no alarms." in page_of(node)
    store.put_peer(PeerReport(member, "http://127.0.0.1:9", node.now, error="no answer"))
    assert "nodes that do not answer" in page_of(node)
    assert "Institution m002" in page_of(node)
    assert "This node has no alarms." not in page_of(node)


def test_an_alarm_of_the_node_is_shown(node: LivingNode):
    alarm = {
        "kind": "two-histories",
        "member": None,
        "members": [node.founder.did],
        "since": node.now,
        "seen": node.now,
        "detail": "size 9",
        "evidence": "00" * 32,
    }
    node.app.extensions["ledger_alarms"] = lambda: [alarm]
    page = node.http.get("/supervision", headers=HTML).text
    assert "A node tells another history than this one" in page
    assert f"/v1/evidence/{'00' * 32}" in page


def report_of(node: LivingNode) -> Any:
    answer = node.http.get("/supervision/report")
    assert answer.status_code == 200, answer.text
    return json.loads(answer.data)


def pin_of(node: LivingNode) -> Pin:
    return Pin.from_genesis(node.consortium.genesis)


def test_a_table_for_spreadsheets_has_a_row_for_each_issuer_and_month(node: LivingNode):
    put(node, signed_by(node, counts_of(node)))
    answer = node.http.get("/supervision/table")
    assert answer.headers["Content-Type"].startswith("text/csv")
    header, *rows = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    assert header == ["机构", "DID", "月份", "签发", "撤销", "晚存证"]
    counted = [issuer_of(node).did, month_of(node.now), "4222", "13", "2"]
    assert [row[1:] for row in rows if row[3] != "0"] == [counted]
    assert node.http.get("/supervision/table?since=x").status_code == 422


def test_the_report_proves_itself(node: LivingNode):
    put(node, signed_by(node, counts_of(node)))
    snapshot, counts = check_report(report_of(node), pin=pin_of(node), now=node.now)
    assert snapshot.issuer(issuer_of(node).did) is not None
    assert [each.rows for each in counts] == [ROWS]


def changed(report: dict[str, Any], change: str) -> dict[str, Any]:
    (line,) = (each for each in report["issuers"] if each["counts"])
    if change == "total":
        line["revoked"] -= 1
    elif change == "signature":
        text = line["counts"][0]["signed"]
        line["counts"][0]["signed"] = text[:-2] + ("AA" if text[-2:] != "AA" else "BB")
    elif change == "left out":
        line["counts"].pop()
    elif change == "checkpoint":
        data = bytearray(base64url_decode(report["checkpoint"], max_chars=1 << 20))
        data[-1] ^= 1
        report["checkpoint"] = base64url_encode(bytes(data))
    elif change == "another issuer":
        line["did"] = "did:web:m002.example"
    else:
        report["issuers"] = "nobody"
    return report


@pytest.mark.parametrize(
    "change", ["total", "signature", "left out", "checkpoint", "another issuer", "another form"]
)
def test_a_report_that_somebody_changed_does_not_check(node: LivingNode, change: str):
    put(node, signed_by(node, counts_of(node)))
    with pytest.raises(LedgerError):
        check_report(changed(report_of(node), change), pin=pin_of(node), now=node.now)


def test_a_report_of_another_ledger_does_not_check(
    node: LivingNode, tmp_path_factory: pytest.TempPathFactory
):
    put(node, signed_by(node, counts_of(node)))
    pin = replace(pin_of(node), chain_id="urn:vocred:ledger:" + "0" * 64)
    with pytest.raises(LedgerError):
        check_report(report_of(node), pin=pin, now=node.now)


def test_the_command_fetches_checks_and_keeps_the_report(node: LivingNode, tmp_path: Path):
    put(node, signed_by(node, counts_of(node)))
    home, kept = tmp_path / "desk", tmp_path / "report.json"
    home.mkdir()
    environ = {
        "LEDGER_HOME": str(home),
        "LEDGER_URL": "http://127.0.0.1:8700",
        "LEDGER_PIN": str(node.home / "pin"),
    }
    outside = Outside(environ=environ, clock=lambda: node.now, http=node.transport)

    def run(*options: str) -> Any:
        result = CliRunner().invoke(cli, ["supervision", *options, "--json"], obj=outside)
        assert result.exit_code == 0, (result.output, result.exception)
        return json.loads(result.stdout)

    fetched = run("--out", str(kept))
    assert fetched["issuers"][issuer_of(node).did] == {"issued": 4222, "revoked": 13, "anchoredLate": 2}
    outside = replace(outside, http=None, environ={**environ, "LEDGER_URL": ""})
    assert run("--check", str(kept)) == fetched
