"""``POST /api/verify``: a report for whatever passes the front door, a problem document before it."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from flask.testing import FlaskClient

from crypto import jcs
from tests.verifier.conftest import INDEX, World
from tests.verifier.paper import SHARE_KEY, PaperWorld
from vc import shares
from verifier.api import MATCHES
from web import limits


@pytest.fixture
def paper(world: World) -> PaperWorld:
    return PaperWorld(world)


@pytest.fixture
def client(paper: PaperWorld, tmp_path: Path) -> FlaskClient:
    return paper.app(tmp_path).test_client()


@pytest.fixture
def form(paper: PaperWorld) -> dict[str, Any]:
    issued = paper.world.issue()
    paper.print(issued)
    return issued


def _opened(paper: PaperWorld, link: str) -> dict[str, Any]:
    share_id = link.split("/")[2].partition("#")[0]
    blob = paper.packages[share_id, shares.token(SHARE_KEY)]
    return {
        "id": share_id,
        "package": json.loads(shares.open_package(blob, key=SHARE_KEY, share_id=share_id)),
    }


def _leaves(value: Any, path: tuple = ()) -> Iterator[tuple]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _leaves(member, (*path, key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _leaves(member, (*path, index))
    else:
        yield path


def _changed(document: dict, path: tuple, value: Any) -> dict:
    copied = copy.deepcopy(document)
    at = copied
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return copied


def test_a_credential_is_answered_with_a_report(client: FlaskClient, form: dict) -> None:
    for body in (form, {"verifiableCredential": form}):
        answer = client.post("/api/verify", json=body)
        assert answer.status_code == 200
        assert answer.json["verdict"] == "valid"
        assert answer.json["verified"] is True
        assert [check["step"] for check in answer.json["checks"]] == list(range(1, 12))
        assert answer.json["credential"]["name"] == "林晓雨"
        assert answer.json["issuer"]["name"]["zh-CN"] == "云岭示范职业技术学院"


def test_every_answer_keeps_to_the_published_description(
    paper: PaperWorld, client: FlaskClient, form: dict
) -> None:
    description = client.get("/openapi.json").json
    schema = {"$ref": "#/components/schemas/Report", "components": description["components"]}
    report = jsonschema_rs.validator_for(schema)
    problem = jsonschema_rs.validator_for({**schema, "$ref": "#/components/schemas/Problem"})
    code = paper.print(form).text
    bodies = [
        form,
        {"code": code},
        {"code": code, "name": "林晓雨"},
        {"share": _opened(paper, paper.share(form))},
    ]
    for body in bodies:
        report.validate(client.post("/api/verify", json=body).json)
    problem.validate(client.post("/api/verify", json={}).json)
    assert description["servers"] == [{"url": "https://v.consortium.example"}]


def test_a_code_answers_as_the_page_does_before_the_match(
    paper: PaperWorld, client: FlaskClient, form: dict
) -> None:
    code = paper.print(form).grouped
    before = client.post("/api/verify", json={"code": code}).json
    assert before["credential"]["maskedName"] == "林＊＊"
    assert "林晓雨" not in json.dumps(before, ensure_ascii=False)
    same = client.post("/api/verify", json={"code": code, "name": "林晓雨"}).json
    assert (same["match"], same["credential"]["number"]) == ("same", "999011202606000123")
    other = client.post("/api/verify", json={"code": code, "name": "王明"}).json
    assert other["match"] == "different"
    assert "林晓雨" not in json.dumps(other, ensure_ascii=False)


def test_dates_of_a_certificate_are_reported_as_its_paper_prints_them(
    client: FlaskClient, form: dict
) -> None:
    answer = client.post("/api/verify", json=form).json
    assert answer["times"]["awarded"] == form["awardedDate"] == "2026-06-30T00:00:00+08:00"
    assert answer["credential"]["started"] == "2023-09-01T00:00:00+08:00"


def test_an_opened_share_is_verified_for_this_verifier_and_this_share_only(
    paper: PaperWorld, client: FlaskClient, form: dict
) -> None:
    right = client.post("/api/verify", json={"share": _opened(paper, paper.share(form))}).json
    elsewhere = _opened(paper, paper.share(form, domain="https://other.example"))
    another = _opened(paper, paper.share(form, challenge="0" * 30))
    assert right["verdict"] == "valid"
    assert client.post("/api/verify", json={"share": elsewhere}).json["verdict"] == "notAuthentic"
    assert client.post("/api/verify", json={"share": another}).json["verdict"] == "notAuthentic"


@pytest.mark.case("SHARE-015")
def test_a_share_of_a_revoked_credential_is_never_green(
    paper: PaperWorld, client: FlaskClient, form: dict
) -> None:
    link = paper.share(form)
    paper.world.publish({INDEX}, version=2)
    assert client.post("/api/verify", json={"share": _opened(paper, link)}).json["verdict"] == "revoked"


def test_several_credentials_are_answered_with_the_worst_first_verdict(
    paper: PaperWorld, client: FlaskClient, form: dict
) -> None:
    tampered = _changed(form, ("credentialSubject", "name"), "王明")
    answer = client.post("/api/verify", json={"share": _opened(paper, paper.share(form, tampered))}).json
    assert answer["verdict"] == "notAuthentic"
    assert {result["verdict"] for result in answer["results"]} == {"valid", "notAuthentic"}


@pytest.mark.case("CRED-001")
def test_no_changed_leaf_is_ever_verified(client: FlaskClient, form: dict) -> None:
    for path in _leaves(form):
        value = form
        for step in path:
            value = value[step]
        changed = (
            value + "0" if isinstance(value, str) else not value if isinstance(value, bool) else value + 1
        )
        answer = client.post("/api/verify", json=_changed(form, path, changed))
        assert answer.status_code == 200 or 400 <= answer.status_code < 500, path
        assert answer.status_code != 200 or answer.json["verdict"] not in {"valid", "note"}, path
        assert answer.status_code != 200 or answer.json["verified"] is False, path


@pytest.mark.case("CRED-035")
def test_no_wrong_type_anywhere_is_a_fault_of_ours(client: FlaskClient, form: dict) -> None:
    wrong: list[Any] = [None, True, 0, "", [], {}]
    paths = {path[:length] for path in _leaves(form) for length in range(1, len(path) + 1)}
    for path in sorted(paths, key=repr):
        for value in wrong:
            answer = client.post("/api/verify", json=_changed(form, path, value))
            assert answer.status_code < 500, (path, value)
            if answer.status_code == 200:
                assert answer.json["verdict"] not in {"valid", "note"} or _changed(form, path, value) == form


@pytest.mark.parametrize(
    "body",
    [{}, [], "x", 1, None, {"code": 1}, {"code": "7ZK0", "name": 1}, {"share": "x"}, {"share": {}},
     {"share": {"id": "x"}}, {"code": "x", "share": {}}, {"verifiableCredential": []},
     {"verifiableCredential": "eyJ"}, {"@context": []},
     {"share": {"id": "0" * 30, "package": {"version": 2}}}],
)  # fmt: skip
def test_a_question_that_cannot_be_read_is_a_problem_document(
    client: FlaskClient, hostile, body: Any
) -> None:
    hostile.refused(lambda: client.post("/api/verify", json=body), honest=lambda: client.get("/openapi.json"))


@pytest.mark.case("API-008")
@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "text/html", None]
)
def test_only_json_is_read(client: FlaskClient, hostile, content_type: str | None) -> None:
    send = lambda: client.post("/api/verify", data=b"{}", content_type=content_type)  # noqa: E731
    hostile.refused(send, code="UNSUPPORTED_MEDIA_TYPE", status=415)


@pytest.mark.case("CRED-067")
def test_a_credential_keeps_to_the_usual_limit_though_shares_may_be_larger(
    client: FlaskClient, hostile, form: dict
) -> None:
    body = jcs.canonicalize(form)
    fits = body + b" " * (limits.JSON_BODY_BYTES - len(body))
    assert client.post("/api/verify", data=fits, content_type="application/json").json["verdict"] == "valid"
    send = lambda: client.post("/api/verify", data=fits + b" ", content_type="application/json")  # noqa: E731
    hostile.refused(send, code="PAYLOAD_TOO_LARGE", status=413)


def test_a_share_larger_than_the_usual_limit_is_read(
    paper: PaperWorld, client: FlaskClient, form: dict
) -> None:
    share = _opened(paper, paper.share(form))
    share["package"]["statusLists"] = [{"padding": "x" * 60_000}] * 12
    assert client.post("/api/verify", json={"share": share}).json["verdict"] == "valid"


def test_comparing_names_is_limited_here_too(
    paper: PaperWorld, client: FlaskClient, hostile, form: dict
) -> None:
    code = paper.print(form).text
    for _ in range(int(MATCHES.partition("/")[0])):
        client.post("/api/verify", json={"code": code, "name": "王明"})
    send = lambda: client.post("/api/verify", json={"code": code, "name": "林晓雨"})  # noqa: E731
    hostile.refused(send, code="RATE_LIMITED", status=429, secrets=("林晓雨", code))


def test_a_silent_ledger_is_could_not_check_and_never_valid(
    paper: PaperWorld, client: FlaskClient, form: dict
) -> None:
    paper.ledger_down = True
    answer = client.post("/api/verify", json=form)
    assert (answer.status_code, answer.json["verdict"]) == (200, "couldNotCheck")


def test_a_browser_is_answered_in_json_too(client: FlaskClient) -> None:
    answer = client.post("/api/verify", json={}, headers={"Accept": "text/html"})
    assert answer.content_type == "application/problem+json"
