"""Copies at the consortium's mirrors: left before the statement that names them, and never in its way."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner

from crypto import cbor
from issuer import anchoring, create_app, mirroring, store
from issuer.cli import cli
from issuer.errors import ConflictError
from issuer.parts import Mirrors
from ledger import mirror
from ledger.mirror.client import MirrorClient
from ledger.mirror.signing import BUCKET_HEADER, BucketPlace, is_signed_bucket
from ledger.registry import status_key
from tests.issuer.college import DID, URL, College, new_row
from tests.ledger.living_node import URL as NODE
from tests.ledger.mirror.mirrored import Network
from vc import bitstring, form_store

OTHER = "http://127.0.0.1:8797"


class Watching:
    """A ledger that notes what the mirror had when a statement came."""

    def __init__(self, college: College) -> None:
        self._ledger: Any = college.parts.ledger
        self._college = college
        self.had: list[bool] = []

    def submit(self, statement: bytes) -> int:
        ready = store.rows(self._college.db, "SELECT digest FROM publication WHERE state = 'submitted'")
        http = self._college.node.http
        for found in ready:
            path = f"/v1/mirror/objects/{bytes(found['digest']).hex()}"
            self.had.append(http.get(path).status_code == 200)
        return int(self._ledger.submit(statement))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)


@pytest.fixture
def network(college: College) -> Network:
    """Return a network with the college's site and the one node, and let the college know the node."""
    found = Network()
    found.hosts[NODE] = college.node.app
    found.hosts[URL] = create_app(college.environ, parts=college.parts, clock=lambda: college.now)
    ledger: Any = college.parts.ledger
    client = MirrorClient(ledger=ledger, fetch=found, nodes=[NODE])
    mirrors = Mirrors(client=client, put=found, chain_id=ledger.chain_id)
    college.parts = replace(college.parts, mirrors=mirrors)
    return found


def mirrors(college: College, *nodes: str) -> None:
    """Let the college know these nodes and no others."""
    known = college.parts.mirrors
    assert known is not None
    ledger: Any = college.parts.ledger
    client = MirrorClient(ledger=ledger, fetch=Network(), nodes=nodes)
    college.parts = replace(college.parts, mirrors=replace(known, client=client))


def test_mirrors_have_every_version_before_its_statement(college: College, network: Network):
    watching = Watching(college)
    college.parts = replace(college.parts, ledger=watching)
    college.issue(new_row(1))
    assert college.anchor().problem is None
    assert watching.had
    assert all(watching.had)


def test_mirrors_have_the_did_document(college: College, network: Network):
    college.anchor()
    digest = college.document_digest.hex()
    assert college.node.http.get(f"/v1/mirror/objects/{digest}").status_code == 200


def test_mirrors_that_are_down_hold_no_statement_up(college: College, network: Network):
    del network.hosts[NODE]
    college.issue(new_row(1))
    assert college.anchor().problem is None
    assert college.anchor().pending == 0
    (found,) = mirroring.state(college.db)
    assert (found.attempts >= 1, found.last_kept_at) == (True, None)


def test_a_mirror_that_is_back_gets_what_waited_for_it(college: College, network: Network):
    node = network.hosts.pop(NODE)
    college.issue(new_row(1))
    college.anchor()
    assert mirroring.state(college.db)[0].waiting
    network.hosts[NODE] = node
    college.wait(mirroring.LONGEST_PAUSE_SECONDS)
    assert anchoring.due(college.db, college.parts, now=college.now)
    college.anchor()
    (found,) = mirroring.state(college.db)
    assert (found.waiting, found.attempts) == (0, 0)


def test_a_mirror_that_fails_is_tried_less_and_less_often(college: College, network: Network):
    del network.hosts[NODE]
    college.issue(new_row(1))
    tried = []
    for _ in range(60):
        network.asked.clear()
        mirroring.bring_copies(college.db, college.parts, now=college.now)
        tried.append(len(network.asked))
        college.wait(5)
    assert sum(tried) <= 7
    assert max(tried) == 1


def test_one_mirror_that_is_down_keeps_nothing_from_another(college: College, network: Network):
    mirrors(college, NODE, OTHER)
    college.issue(new_row(1))
    college.anchor()
    found = {one.url: one for one in mirroring.state(college.db)}
    assert found[NODE].waiting == 0
    assert found[OTHER].waiting > 0


def test_slow_mirrors_are_given_a_few_seconds_altogether(college: College, network: Network, monkeypatch):
    monkeypatch.setattr(mirroring, "SECONDS", 0.0)
    college.issue(new_row(1))
    assert college.anchor().problem is None
    assert not [url for url in network.asked if "/v1/mirror/objects/" in url]


def test_whoever_is_not_registered_yet_leaves_nothing(unregistered: College):
    asked = Network()
    ledger: Any = unregistered.parts.ledger
    client = MirrorClient(ledger=ledger, fetch=asked, nodes=[NODE])
    mirrors = Mirrors(client=client, put=asked, chain_id=ledger.chain_id)
    unregistered.parts = replace(unregistered.parts, mirrors=mirrors)
    mirroring.bring_copies(unregistered.db, unregistered.parts, now=unregistered.now)
    assert asked.asked == []


def test_nothing_is_left_twice(college: College, network: Network):
    college.issue(new_row(1))
    college.anchor()
    college.anchor()
    network.asked.clear()
    college.anchor()
    assert network.asked == []


def test_copies_of_old_versions_are_forgotten(college: College, network: Network):
    batch_id = college.issue(new_row(1))
    college.anchor()
    query = "SELECT digest FROM publication WHERE resource = 'status/1' ORDER BY version DESC LIMIT 1"
    older = store.value(college.db, query)
    record = college.first_record(batch_id)
    assert college.two("revoke", record.id, reason="持有人申请").error is None
    college.anchor()
    college.anchor()
    newer = store.value(college.db, query)
    copies = {bytes(row["digest"]) for row in store.rows(college.db, "SELECT digest FROM mirror_copy")}
    assert newer in copies
    assert older not in copies


def test_a_bucket_is_signed_for_those_who_get_it_from_a_mirror(college: College, network: Network):
    college.issue(new_row(1))
    college.anchor()
    http = network.hosts[URL].test_client()
    chain_id = college.node.consortium.chain_id
    key = submission_key(college)
    for kind in ("forms", "receipts"):
        answer = http.get(f"/store/{kind}/0/0")
        place = BucketPlace(DID, kind, 0, 0)  # type: ignore[arg-type]
        signature = answer.headers[BUCKET_HEADER]
        assert is_signed_bucket(signature, answer.data, place=place, chain_id=chain_id, key=key)
        for wrong in (replace(place, prefix=1), replace(place, did="did:web:x.example")):
            assert not is_signed_bucket(signature, answer.data, place=wrong, chain_id=chain_id, key=key)
        assert not is_signed_bucket(signature, answer.data + b"x", place=place, chain_id=chain_id, key=key)


def submission_key(college: College) -> Any:
    from issuer import institution

    return institution.submission_key(college.db, college.parts.secret).public


def test_the_digests_of_receipts_are_those_of_the_buckets(college: College, network: Network):
    college.issue(new_row(1), new_row(2))
    college.anchor()
    http = network.hosts[URL].test_client()
    receipts = form_store.decode_bucket(http.get("/store/receipts/0/0").data)
    digest = form_store.bucket_digest(locator for locator, _ in receipts)
    assert cbor.decode(http.get("/store/receipts/0").data) == {0: digest}
    assert http.get("/store/receipts/5").status_code == 404


def test_a_node_mirrors_everything_that_an_issuer_publishes(college: College, network: Network):
    college.issue(new_row(1), new_row(2), new_row(3))
    college.anchor()
    college.anchor()
    found = mirror.puller(college.node.app, fetch=network).round()
    assert (found.forms, found.receipts) == (3, 3)
    assert (found.missing_objects, found.missing_buckets) == (0, 0)
    for kind in ("forms", "receipts"):
        own = network.hosts[URL].test_client().get(f"/store/{kind}/0/0")
        kept = college.node.http.get(f"/v1/mirror/{kind}/{DID}/0/0")
        assert (kept.data, kept.headers[BUCKET_HEADER]) == (own.data, own.headers[BUCKET_HEADER])


def test_a_command_says_what_mirrors_have(college: College, network: Network, monkeypatch):
    college.issue(new_row(1))
    college.anchor()
    for name, value in college.environ.items():
        monkeypatch.setenv(name, value)
    answer = CliRunner().invoke(cli, ["mirrors", "--json"])
    found = json.loads(answer.output)
    assert found["waiting"] == 0
    assert [one["url"] for one in found["mirrors"]] == [NODE]


def test_a_copy_is_what_the_ledger_names(college: College, network: Network):
    college.issue(new_row(1))
    college.anchor()
    for found in store.rows(college.db, "SELECT resource, digest FROM publication WHERE state = 'anchored'"):
        name = hashlib.sha256(f"{URL}/{found['resource']}".encode()).hexdigest()
        mirror.puller(college.node.app, fetch=network).round()
        answer = college.node.http.get(f"/v1/mirror/status/{DID}/{name}")
        assert hashlib.sha256(answer.data).digest() == bytes(found["digest"])


# The final list of an issuer that closes


def close(college: College) -> None:
    """Have the members close this issuer, and let it publish what does not expire."""
    college.node.decide(["close-issuer", {"issuer": DID}])
    college.wait(1)
    for _ in range(3):
        assert college.anchor().problem is None


def anchored(college: College, path: str) -> Any:
    ledger: Any = college.parts.ledger
    college.wait(10)
    snapshot, _ = ledger.snapshot([status_key(DID, URL + path)], now=college.now)
    return snapshot.status(DID, URL + path)


def test_an_issuer_that_is_closed_anchors_final_versions_that_do_not_expire(college: College):
    college.issue(new_row(1))
    college.anchor()
    close(college)
    for path in ("/status/1", "/status/1/notices", "/store/index"):
        assert anchored(college, path).valid_until is None
    listed = json.loads(create_app(college.environ, parts=college.parts).test_client().get("/status/1").data)
    assert "validUntil" not in listed


def test_nothing_follows_the_final_versions(college: College):
    batch_id = college.issue(new_row(1))
    college.anchor()
    close(college)
    before = anchored(college, "/status/1").version
    college.wait(400 * 24 * 3600)
    college.anchor()
    assert anchored(college, "/status/1").version == before
    outcome = college.two("revoke", college.first_record(batch_id).id, reason="持有人申请")
    assert isinstance(outcome.error, ConflictError)


def test_what_was_revoked_before_closing_is_on_the_final_list(college: College):
    batch_id = college.issue(new_row(1))
    college.anchor()
    assert college.two("revoke", college.first_record(batch_id).id, reason="持有人申请").error is None
    close(college)
    listed = json.loads(create_app(college.environ, parts=college.parts).test_client().get("/status/1").data)
    assert bitstring.decode(listed["credentialSubject"]["encodedList"]).count(0) < 131_072 // 8
