"""What a mirror keeps by digest, from whom, for how long, and how it is read."""

import json

import pytest
from click.testing import CliRunner

from ledger.cli import Outside, cli
from ledger.mirror import api, store
from tests.ledger.consortium import key
from tests.ledger.mirror.mirrored import STORE, digest
from web import limits

LIST = "https://yunling.example/status/1"


def test_an_issuer_leaves_an_object_before_the_ledger_names_it(mirrored):
    content = b"a list that is about to be named"
    assert mirrored.put(content, upload=mirrored.upload(content)).status_code == 201
    answer = mirrored.get(f"objects/{digest(content).hex()}")
    assert (answer.data, answer.headers["Cache-Control"]) == (content, api.FOREVER)


def test_leaving_it_again_is_harmless(mirrored):
    content = b"once"
    mirrored.put(content, upload=mirrored.upload(content))
    assert mirrored.put(content, upload=mirrored.upload(content)).status_code == 200


def test_what_nobody_signed_for_and_the_ledger_does_not_name_is_refused(mirrored):
    answer = mirrored.put(b"anybody's")
    assert (answer.status_code, answer.json["code"]) == (403, "MIRROR_NOT_PERMITTED")
    assert mirrored.get(f"objects/{digest(b'anybodys').hex()}").status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"key": key("a stranger")},
        {"did": "did:web:stranger.example"},
        {"chain_id": "urn:vocred:ledger:" + "0" * 64},
        {"now": 1_600_000_000},
    ],
)
def test_a_signature_of_another_key_body_ledger_or_time_is_refused(mirrored, changes):
    content = b"forged"
    answer = mirrored.put(content, upload=mirrored.upload(content, **changes))
    assert (answer.status_code, answer.json["code"]) == (403, "MIRROR_NOT_PERMITTED")


def test_a_signature_for_another_object_is_refused(mirrored):
    answer = mirrored.put(b"this", upload=mirrored.upload(b"that"))
    assert (answer.status_code, answer.json["code"]) == (403, "MIRROR_NOT_PERMITTED")


@pytest.mark.parametrize("text", ["", "x", "AAAA", "€", "A" * 5000])
def test_a_header_that_is_no_signature_is_refused_clearly(mirrored, text):
    answer = mirrored.put(b"this", upload=text.encode().decode("latin-1"))
    assert (answer.status_code, answer.json["code"]) == (403, "MIRROR_NOT_PERMITTED")


def test_a_body_with_another_digest_than_the_address_is_refused(mirrored):
    address = f"/v1/mirror/objects/{digest(b'this').hex()}"
    headers = {"Vocred-Upload": mirrored.upload(b"this")}
    assert mirrored.node.http.put(address, data=b"that", headers=headers).status_code == 422


def test_an_issuer_leaves_only_so_much_that_the_ledger_does_not_name(mirrored, monkeypatch):
    monkeypatch.setattr(api, "MAX_UNNAMED", 2)
    answers = [mirrored.put(content, upload=mirrored.upload(content)) for content in (b"1", b"2", b"3")]
    assert [answer.status_code for answer in answers] == [201, 201, 422]
    assert answers[-1].json["code"] == "QUOTA"


def test_an_issuer_leaves_only_so_many_bytes_that_the_ledger_does_not_name(mirrored, monkeypatch):
    monkeypatch.setattr(api, "MAX_UNNAMED_BYTES", 10)
    answers = [mirrored.put(content, upload=mirrored.upload(content)) for content in (b"12345", b"1234567")]
    assert [answer.status_code for answer in answers] == [201, 422]


def test_what_the_ledger_names_counts_for_no_quota(mirrored, monkeypatch):
    monkeypatch.setattr(api, "MAX_UNNAMED", 1)
    mirrored.put(b"named", upload=mirrored.upload(b"named"))
    mirrored.anchor(LIST, b"named")
    mirrored.round()
    assert mirrored.put(b"next", upload=mirrored.upload(b"next")).status_code == 201


def test_what_is_not_named_within_an_hour_is_dropped(mirrored):
    for content in (b"named", b"forgotten"):
        mirrored.put(content, upload=mirrored.upload(content))
    mirrored.anchor(LIST, b"named")
    mirrored.round()
    assert mirrored.get(f"objects/{digest(b'forgotten').hex()}").status_code == 200
    mirrored.later(3700)
    mirrored.round()
    assert mirrored.get(f"objects/{digest(b'forgotten').hex()}").status_code == 404
    assert mirrored.get(f"objects/{digest(b'named').hex()}").status_code == 200


def test_whoever_has_what_the_ledger_names_may_leave_it_without_a_signature(mirrored):
    mirrored.anchor(LIST, b"named")
    assert mirrored.put(b"named").status_code == 201


def test_a_list_is_read_by_issuer_and_address(mirrored):
    mirrored.anchor(LIST, b"version 1")
    mirrored.put(b"version 1")
    mirrored.round()
    path = f"status/{mirrored.issuer.did}/{digest(LIST.encode()).hex()}"
    assert mirrored.get(path).data == b"version 1"
    mirrored.anchor(LIST, b"version 2")
    mirrored.put(b"version 2")
    mirrored.round()
    assert mirrored.get(path).data == b"version 2"


def test_an_older_list_is_never_served_as_the_current_one(mirrored):
    mirrored.anchor(LIST, b"version 1")
    mirrored.put(b"version 1")
    mirrored.anchor(LIST, b"version 2")
    mirrored.round()
    assert mirrored.get(f"status/{mirrored.issuer.did}/{digest(LIST.encode()).hex()}").status_code == 404


def test_of_a_list_the_version_before_is_kept_and_no_older_one(mirrored):
    for content in (b"version 1", b"version 2", b"version 3"):
        mirrored.anchor(LIST, content)
        mirrored.put(content)
        mirrored.round()
    mirrored.later(3700)
    mirrored.round()
    found = [mirrored.get(f"objects/{digest(b'version %d' % n).hex()}").status_code for n in (1, 2, 3)]
    assert found == [404, 200, 200]


def test_did_documents_are_kept_for_ever(mirrored):
    mirrored.round()
    newer = b'{"id":"newer"}'
    mirrored.shop.publish(newer)
    mirrored.node.decide(["issuer.put", {**mirrored.body, "document": digest(newer)}])
    mirrored.later(7200)
    mirrored.round()
    for content in (mirrored.document, newer):
        path = f"documents/{mirrored.issuer.did}/{digest(content).hex()}"
        assert mirrored.get(path).data == content


def test_documents_of_the_past_are_read_from_the_log_by_a_mirror_that_begins_later(mirrored):
    newer = b'{"id":"newer"}'
    mirrored.shop.publish(newer)
    mirrored.node.decide(["issuer.put", {**mirrored.body, "document": digest(newer)}])
    found = mirrored.round()
    assert (found.objects, found.missing_objects) == (2, 0)


def test_a_document_of_a_proposal_that_was_refused_is_not_looked_for(mirrored):
    mirrored.node.propose(
        ["issuer.put", {**mirrored.body, "document": digest(b"never")}], expires=mirrored.node.now + 60
    )
    mirrored.later(100)
    mirrored.node.accept(mirrored.issuer, "status", [_entry(mirrored)])
    mirrored.put(b"list")
    found = mirrored.round()
    assert found.missing_objects == 0
    with store.opened(mirrored.path) as db:
        assert store.candidates(db) == []


def _entry(mirrored):
    now = mirrored.node.now
    return {
        "list": digest(LIST.encode()),
        "version": 1,
        "digest": digest(b"list"),
        "from": now,
        "until": now + 9,
    }


def test_a_document_is_not_served_under_another_bodys_name(mirrored):
    mirrored.round()
    answer = mirrored.get(f"documents/did:web:other.example/{digest(mirrored.document).hex()}")
    assert answer.status_code == 404


def test_a_schema_that_a_member_named_is_taken_from_anybody(mirrored):
    body = {"id": "https://w3id.org/vocred/schemas/x.json", "digest": digest(b"schema")}
    mirrored.node.accept(mirrored.node.consortium.parties[1], "schema.put", body)
    assert mirrored.put(b"schema").status_code == 201
    mirrored.later(7200)
    mirrored.round()
    assert mirrored.get(f"objects/{digest(b'schema').hex()}").data == b"schema"


@pytest.mark.parametrize(
    "path", ["objects/xyz", "objects/" + "A" * 64, "status/did:web:x.example/1", "documents/x/y"]
)
def test_an_address_that_is_no_digest_is_not_found(mirrored, path):
    answer = mirrored.get(path)
    assert (answer.status_code, answer.json["code"]) == (404, "NOT_FOUND")


def test_the_inventory_says_what_is_here_and_what_is_missing(mirrored):
    assert mirrored.get("inventory").json["checkedAt"] is None
    mirrored.anchor(LIST, b"nobody has it")
    mirrored.round()
    found = mirrored.get("inventory").json
    assert (found["objects"], found["missingObjects"]) == (1, 1)
    assert found["checkedAt"] == mirrored.node.now


def test_a_lost_database_is_filled_again(mirrored):
    mirrored.fill()
    before = mirrored.round()
    for file in mirrored.path.parent.glob("mirror.db*"):
        file.unlink()
    mirrored.restart()
    after = mirrored.round()
    assert (after.objects, after.forms, after.receipts) == (before.objects, before.forms, before.receipts)
    assert STORE in "".join(mirrored.network.asked)


def test_an_object_over_the_limit_is_refused(mirrored):
    content = bytes(limits.FETCH_LARGE_BYTES + 1)
    answer = mirrored.put(content, upload=mirrored.upload(content))
    assert (answer.status_code, answer.json["code"]) == (413, "PAYLOAD_TOO_LARGE")


def test_a_command_says_what_is_here_and_what_is_missing(mirrored):
    mirrored.anchor(LIST, b"nobody has it")
    environ = {"LEDGER_HOME": str(mirrored.node.home)}
    assert CliRunner().invoke(cli, ["mirror"], obj=Outside(environ=environ)).exit_code == 1
    mirrored.round()
    answer = CliRunner().invoke(cli, ["mirror", "--json"], obj=Outside(environ=environ))
    found = json.loads(answer.output)
    assert (found["objects"], found["missing_objects"]) == (1, 1)
    assert found["lacking"] == [f"status {mirrored.issuer.did} {digest(b'nobody has it').hex()}"]
    plain = CliRunner().invoke(cli, ["mirror"], obj=Outside(environ=environ))
    assert plain.output.startswith("holds 1 objects")
