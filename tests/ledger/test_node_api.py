"""The node over HTTP: what it takes, what it gives, and what it says no to."""

import hashlib
import json
import re
import threading
from importlib.resources import files

import jsonschema_rs
import pytest

from crypto import cbor, cose, jcs
from crypto.multibase import base64url_encode
from ledger.listing import votes_needed
from ledger.node import start_background
from ledger.proof.bundle import Bundle
from ledger.proof.verify import verify_snapshot
from ledger.statements import MAX_BYTES, AgreementTerms, sign_agreement
from tests.ledger.consortium import DAY, Party
from tests.ledger.living_node import LivingNode

API_PAGES = (
    "/v1/checkpoint",
    "/v1/checkpoints/2/signature",
    "/v1/consistency?first=1&second=2",
    "/v1/entries/0",
    "/v1/entries/1",
    "/v1/state",
    "/v1/proposals",
    "/v1/registry",
    "/v1/agreements",
)


@pytest.fixture
def node(tmp_path):
    living = LivingNode(tmp_path)
    yield living
    living.close()


@pytest.fixture(scope="module")
def description():
    return json.loads(files("ledger").joinpath("openapi.json").read_bytes())


def refused(answer, status: int, code: str | None = None) -> None:
    assert answer.status_code == status, answer.data
    assert answer.content_type == "application/problem+json"
    assert {"type", "title", "status", "detail", "code"} <= set(answer.json)
    if code is not None:
        assert answer.json["code"] == code


def head(node: LivingNode) -> bytes:
    return Bundle.decode(node.http.get("/v1/checkpoint").data).head


@pytest.mark.parametrize("path", API_PAGES)
def test_every_answer_says_single_operator(node, path):
    answer = node.http.get(path)
    assert answer.status_code == 200, answer.data
    assert answer.headers["Ledger-Mode"] == "single-operator"
    if answer.is_json:
        assert answer.json["singleOperator"] is True


def test_a_statement_gets_its_index_and_a_proposal_its_id(node):
    action = ["remove", {"member": node.consortium.parties[1].did}]
    body = {"action": action, "expires": node.now + DAY}
    statement = node.consortium.sign(node.founder, "propose", body)
    answer = node.post(statement)
    assert answer.status_code == 201
    assert node.http.get(f"/v1/entries/{answer.json['index']}").data == statement
    assert node.http.get(f"/v1/proposals/{answer.json['proposal']}").json["proposer"] == node.founder.did


@pytest.mark.case("LEDG-010")
def test_the_same_statement_again_writes_nothing(node):
    body = {"action": ["remove", {"member": node.consortium.parties[1].did}], "expires": node.now + DAY}
    statement = node.consortium.sign(node.founder, "propose", body)
    first, before = node.post(statement), head(node)
    second = node.post(statement)
    assert (second.status_code, second.json) == (200, first.json)
    assert head(node) == before


@pytest.mark.case("LEDG-015", "LEDG-034")
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x84",
        b"{}",
        cbor.encode({"name": "林晓雨"}),
        cbor.encode([b"", {}, b"", bytes(64)]),
        "林晓雨,53012519990101".encode(),
    ],
)
def test_what_is_no_statement_is_refused_and_changes_nothing(node, data):
    before = head(node)
    refused(node.post(data), 400, "TX_MALFORMED")
    assert head(node) == before


@pytest.mark.case("LEDG-034")
@pytest.mark.parametrize("extra", [{"name": "林晓雨"}, {"root": "林晓雨"}, {"root": b"\x00" * 33}])
def test_an_anchor_has_no_room_for_anything_but_a_digest(node, extra):
    party = node.consortium.parties[1]
    node.make_issuer(party)
    before = head(node)
    statement = node.consortium.sign(party, "anchor", {"root": bytes(32), **extra})
    refused(node.post(statement), 400, "TX_MALFORMED")
    assert head(node) == before


def test_a_block_entry_is_no_statement(node):
    refused(node.post(node.http.get("/v1/entries/1").data), 400, "TX_MALFORMED")


def test_a_statement_needs_its_content_type(node):
    refused(node.http.post("/v1/statements", data=b"x", content_type="text/plain"), 415)


def test_a_statement_over_the_limit_is_refused_unread(node):
    refused(node.post(bytes(MAX_BYTES + 1)), 413)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"seq": 5}, 409, "TX_SEQUENCE"),
        ({"chain_id": "urn:vocred:ledger:" + "0" * 64}, 422, "TX_WRONG_CHAIN"),
        ({"issuer": "did:web:stranger.example"}, 403, "TX_UNKNOWN_KEY"),
    ],
)
def test_a_refusal_has_the_rules_code(node, changes, status, code):
    body = {"action": ["remove", {"member": node.consortium.parties[1].did}], "expires": node.now + DAY}
    refused(node.post(node.consortium.sign(node.founder, "propose", body, **changes)), status, code)


def test_a_checkpoint_proves_itself_and_its_continuation(node):
    pin = node.pins().load()
    bundle = node.http.get(f"/v1/checkpoint?from={pin.size}").data
    assert verify_snapshot(bundle, pin=pin, now=node.now).checkpoint.consistent


def test_a_checkpoint_is_silent_about_sizes_that_the_log_never_had(node):
    assert Bundle.decode(node.http.get("/v1/checkpoint?from=999").data).consistency is None


def test_the_newest_signature_is_of_now_and_an_older_one_of_its_block(node):
    node.propose(["remove", {"member": node.consortium.parties[1].did}])
    node.now += 100

    def iat(size):
        answer = node.http.get(f"/v1/checkpoints/{size}/signature")
        return cose.parse_sign1(answer.data, detached=True).protected[15][6]

    assert iat(4) == node.now
    assert iat(2) == node.now - 100


def test_nobody_signs_a_size_at_which_no_block_ends(node):
    node.propose(["remove", {"member": node.consortium.parties[1].did}])
    refused(node.http.get("/v1/checkpoints/3/signature"), 404)
    refused(node.http.get("/v1/checkpoints/99/signature"), 404)


def test_state_can_be_proved_at_a_past_block(node):
    key = base64url_encode(cbor.encode(["issuer", node.consortium.parties[1].did]))
    before = Bundle.decode(node.http.get("/v1/checkpoint").data).head_inclusion.size
    node.make_issuer(node.consortium.parties[1])
    past, present = (
        Bundle.decode(node.http.get(f"/v1/state?key={key}{at}").data).states[0].value
        for at in (f"&at={before}", "")
    )
    assert past is None
    assert present is not None


@pytest.mark.parametrize(
    "query", ["key=%00", "key=_w", "key=" + base64url_encode(b"\xa0"), "key=" + base64url_encode(b"\x80")]
)
def test_what_is_no_state_key_is_refused(node, query):
    refused(node.http.get(f"/v1/state?{query}"), 400)


def test_too_many_keys_are_refused(node):
    key = base64url_encode(cbor.encode(["members"]))
    assert node.http.get("/v1/state?" + "&".join([f"key={key}"] * 64)).status_code == 200
    refused(node.http.get("/v1/state?" + "&".join([f"key={key}"] * 65)), 422)
    body = cbor.encode([cbor.encode(["seq", "did:web:a.example", str(n)]) for n in range(1025)])
    refused(node.http.post("/v1/state", data=body, content_type="application/cbor"), 422)


@pytest.mark.parametrize(
    "body", [b"", b"junk", cbor.encode({}), cbor.encode(["text"]), cbor.encode([b"\xa0"])]
)
def test_a_posted_list_of_keys_has_one_form(node, body):
    refused(node.http.post("/v1/state", data=body, content_type="application/cbor"), 400)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/checkpoint?from=-1",
        "/v1/checkpoint?from=x",
        "/v1/checkpoint?from=1&from=2",
        "/v1/checkpoint?from=" + "9" * 40,
        "/v1/consistency?first=1",
        "/v1/entries/2/proof?type=../etc",
    ],
)
def test_a_malformed_query_is_refused(node, path):
    refused(node.http.get(path), 400)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/entries/99",
        "/v1/entries/99999999999999999999",
        "/v1/entries/99999999999999999999/proof",
        "/v1/checkpoints/99999999999999999999/signature",
        "/v1/entries/0/proof",
        "/v1/entries/1/proof",
        "/v1/state?at=99",
        "/v1/consistency?first=0&second=2",
        "/v1/consistency?first=2&second=99",
        "/v1/proposals/" + "0" * 64,
        "/v1/proposals/zz",
        "/v1/agreements/" + "0" * 64,
        "/v1/agreements/" + "AB" * 32,
        "/v1/nothing",
    ],
)
def test_what_the_ledger_does_not_have_is_not_found(node, path):
    refused(node.http.get(path), 404)


def test_a_document_is_kept_once_the_ledger_names_it(node):
    data, action, expires = agreement(node)
    digest = hashlib.sha256(data).hexdigest()
    refused(put(node, digest, data), 404)
    node.propose(action, expires=expires)
    assert put(node, digest, data).status_code == 201
    assert put(node, digest, data).status_code == 201
    served = node.http.get(f"/v1/agreements/{digest}")
    assert (served.data, served.content_type) == (data, "application/json")


def test_a_document_is_kept_under_its_own_digest_only(node):
    data, action, expires = agreement(node)
    node.propose(action, expires=expires)
    refused(put(node, hashlib.sha256(data).hexdigest(), data + b" "), 422)
    refused(put(node, hashlib.sha256(data + b" ").hexdigest(), data + b" "), 422)


def test_a_document_over_the_limit_is_refused(node):
    refused(put(node, "0" * 64, bytes(256 * 1024 + 1)), 413)


def test_the_registry_lists_who_may_issue_what(node):
    party = node.consortium.parties[1]
    node.make_issuer(party)
    listed = node.http.get("/v1/registry").json
    (issuer,) = listed["issuers"]
    assert (issuer["did"], issuer["number"]) == (party.did, 7)
    assert issuer["grants"] == [
        {
            "type": "GraduationCertificate",
            "accreditor": node.consortium.chain_id,
            "byVote": True,
            "from": 0,
            "until": None,
        }
    ]
    assert len(listed["members"]) == 3


def test_a_proposal_says_how_many_votes_it_still_needs(node):
    proposal = node.propose(["remove", {"member": node.consortium.parties[1].did}])
    found = node.http.get(f"/v1/proposals/{proposal.hex()}").json
    assert (found["status"], found["needed"], found["missing"]) == ("open", 2, 2)
    node.accept(node.founder, "vote", {"proposal": proposal, "yes": True})
    assert node.http.get(f"/v1/proposals/{proposal.hex()}").json["missing"] == 1
    node.now += 11 * DAY
    assert node.http.get(f"/v1/proposals/{proposal.hex()}").json["status"] == "expired"


def test_the_last_signer_is_never_removed(node):
    body = {"action": ["remove", {"member": node.founder.did}], "expires": node.now + DAY}
    refused(node.post(node.consortium.sign(node.founder, "propose", body)), 403, "NOT_PERMITTED")


def test_the_votes_needed_are_more_than_51_percent():
    assert votes_needed(100) == 52
    assert votes_needed(51) == 27
    assert votes_needed(3, two_thirds=True) == 3
    assert votes_needed(1) == 1


def test_another_host_is_refused(node):
    refused(node.http.get("/v1/checkpoint", headers={"Host": "elsewhere.example"}), 400)


def test_the_block_timer_is_a_thread_that_ends_with_the_process(node):
    start_background(node.app)
    (timer,) = [thread for thread in threading.enumerate() if thread.name == "ledger-block-timer"]
    assert timer.daemon


# The page


def test_the_page_says_what_is_open_and_what_it_needs(node):
    node.propose(["admit", _admission(node)])
    chinese, english = (
        node.http.get("/", headers={"Accept-Language": code}).text for code in ("zh-CN", "en")
    )
    assert "接纳机构x为联盟成员" in chinese
    assert "还需 2 票生效（须超过51%）" in chinese
    assert "2 more votes needed (over 51 %)" in english
    assert "单一运营方" in chinese
    assert "Single operator" in english


def test_the_page_lists_members_grants_and_agreements(node):
    node.make_issuer(node.consortium.parties[1])
    data, action, expires = agreement(node)
    node.decide(action, expires=expires)
    put(node, hashlib.sha256(data).hexdigest(), data)
    page = node.http.get("/?lang=en").text
    assert "Institution m002" in page
    assert "GraduationCertificate" in page
    assert "Mutual recognition" in page
    node.decide(["agreement.end", {"id": "urn:vocred:agreement:A-1"}])
    assert "Ended" in node.http.get("/?lang=en").text


@pytest.mark.case("LEDG-036")
def test_a_hostile_name_is_shown_and_not_obeyed(node):
    admission = _admission(node)
    admission["member"]["names"] = {"zh": "<script>alert(1)</script>", "en": '"><img src=x>'}
    node.propose(["admit", admission])
    for language in ("zh-CN", "en"):
        page = node.http.get(f"/?lang={language}").text
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_the_english_page_has_no_chinese_sentence_of_ours(node):
    node.propose(["admit", _admission(node)])
    node.make_issuer(node.consortium.parties[1])
    page = node.http.get("/?lang=en").text
    assert set(re.findall(r"[\u4e00-\u9fff]+", page)) <= {"中文", "机构"}


def test_an_empty_ledger_has_a_page(node):
    page = node.http.get("/?lang=en").text
    assert "No issuer has been registered yet." in page
    assert "No agreement has started yet." in page


# The description


def test_the_description_is_served(node, description):
    assert node.http.get("/openapi.json").json == description


def test_the_description_names_every_endpoint_and_no_other(node, description):
    served = {
        (re.sub(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in node.app.url_map.iter_rules()
        if rule.endpoint.startswith(("ledger_api.", "ledger_counts.", "ledger_mirror.", "ledger_watching."))
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    described = {(path, method) for path, item in description["paths"].items() for method in item}
    named = {(re.sub(r"{(proposal|agreement)_id}", "{id}", path), method) for path, method in served}
    assert named == described


def test_every_reference_of_the_description_leads_somewhere(description):
    def walk(value):
        if isinstance(value, dict):
            if "$ref" in value:
                found = description
                for part in value["$ref"].removeprefix("#/").split("/"):
                    found = found[part]
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(description)


def test_every_operation_is_described_whole(description):
    ids = []
    for path, item in description["paths"].items():
        for operation in item.values():
            ids.append(operation["operationId"])
            assert operation["summary"]
            assert any(code.startswith("2") for code in operation["responses"])
            named = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
            assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}
    assert len(set(ids)) == len(ids)


def test_answers_are_as_the_description_says(node, description):
    node.make_issuer(node.consortium.parties[1])
    _, action, expires = agreement(node)
    proposal = node.decide(action, expires=expires)
    schemas = description["components"]["schemas"]
    for path, name in (
        ("/v1/proposals", "Proposals"),
        (f"/v1/proposals/{proposal.hex()}", "VotedProposal"),
        ("/v1/registry", "Registry"),
        ("/v1/agreements", "Agreements"),
        ("/v1/agreements/urn:vocred:agreement:A-1/history", "History"),
    ):
        answer = node.http.get(path).json
        schema = {**schemas[name], "components": {"schemas": schemas}}
        jsonschema_rs.validator_for(schema).validate(answer)
        assert set(answer) <= set(schemas[name]["properties"])


def put(node, digest: str, data: bytes):
    return node.http.put(f"/v1/agreements/{digest}", data=data, content_type="application/json")


def agreement(node):
    """Return a document, the action that starts it, and the end of its vote."""
    parties = node.consortium.parties[:2]
    dids = sorted(party.did for party in parties)
    document = {
        "id": "urn:vocred:agreement:A-1",
        "version": 1,
        "title": {"zh-CN": "互认协议", "en": "Mutual recognition"},
    }
    data, expires = jcs.canonicalize(document), node.now + DAY
    digest = hashlib.sha256(data).digest()
    terms = AgreementTerms(node.consortium.chain_id, document["id"], 1, digest, dids, expires)
    signatures = [
        sign_agreement(terms, party=party.did, key=party.key("governance"))
        for party in sorted(parties, key=lambda party: party.did)
    ]
    body = {"id": document["id"], "version": 1, "digest": digest, "parties": dids, "signatures": signatures}
    return data, ["agreement.start", body], expires


def _admission(node):
    return Party("x").admission(node.consortium.chain_id)[1]
