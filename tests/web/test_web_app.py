"""The skeleton that every service stands on: headers, host, limits, forms, languages, errors."""

import logging
from pathlib import Path

import pytest
from flask import Blueprint, Flask, flash, redirect, render_template_string, request, session
from flask.testing import FlaskClient

from web import limits
from web.app import body_limit, cookie_name, create_service, register_api
from web.bodies import json_body, single
from web.errors import NotFoundError, OAuthError, RateLimitedError, WebError
from web.problem_codes import REGISTRY
from web.rate import RateLimiter, client_key
from web.settings import ServiceSettings

SECRET = bytes(range(32))
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def _app(url: str = "https://x.example", *, secret: bytes | None = SECRET, hops: int = 0) -> Flask:
    settings = ServiceSettings(home=Path(), url=url, secret_key=secret, proxy_hops=hops)
    app = create_service("verifier", settings=settings, import_name="web")
    pages, api = Blueprint("pages", __name__), Blueprint("api", __name__)

    @pages.get("/")
    def home() -> str:
        return render_template_string(
            '{% extends "web/layout.html" %}{% import "web/parts.html" as parts %}'
            "{% block main %}<form method=post>{{ parts.csrf() }}</form>"
            "{{ url_for('pages.home', _external=true) }}{% endblock %}"
        )

    @pages.post("/")
    def act() -> str:
        session["name"] = single(request.form, "name")
        return "done"

    @pages.get("/flash")
    def say() -> object:
        flash("kept", "done")
        return redirect("/")

    @pages.get("/bug")
    def bug() -> str:
        raise KeyError("secret-claim")

    @pages.get("/who")
    def who() -> str:
        return client_key(request.remote_addr)

    @api.post("/api/echo")
    def echo() -> dict:
        return {"value": json_body()}

    @api.post("/api/file")
    @body_limit(limits.UPLOAD_BYTES)
    def file() -> dict:
        return {"size": len(request.get_data())}

    @api.get("/api/missing")
    def missing() -> str:
        raise NotFoundError("no such record")

    @api.get("/api/oauth")
    def oauth() -> str:
        raise OAuthError("invalid_token", "expired", status=401, headers={"WWW-Authenticate": "Bearer"})

    @api.get("/api/slow")
    def slow() -> str:
        raise RateLimitedError(retry_after=7)

    app.register_blueprint(pages)
    register_api(app, api)
    return app


@pytest.fixture
def client() -> FlaskClient:
    return _app().test_client()


def _token(page: str) -> str:
    return page.split('name="csrf_token" value="')[1].split('"', maxsplit=1)[0]


@pytest.mark.case("WEB-012", "WEB-013", "SHARE-005", "SHARE-008")
@pytest.mark.parametrize("path", ["/", "/absent", "/api/missing", "/bug", "/static/web/style.css"])
def test_every_answer_carries_the_security_headers(client: FlaskClient, path: str) -> None:
    with client.get(path, headers=HTML) as answer:
        headers = answer.headers
    policy = headers["Content-Security-Policy"]
    for rule in (
        "default-src 'none'",
        "script-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ):
        assert rule in policy
    assert "unsafe" not in policy
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.case("SHARE-008")
def test_pages_are_not_stored_and_vary_by_cookie(client: FlaskClient) -> None:
    headers = client.get("/").headers
    assert headers["Cache-Control"] == "no-store"
    assert "Cookie" in headers["Vary"]


def test_only_a_file_asked_for_by_its_digest_is_cached_for_long(client: FlaskClient) -> None:
    page = client.get("/").text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    with client.get(address) as by_digest, client.get("/static/web/style.css") as by_name:
        assert "immutable" in by_digest.headers["Cache-Control"]
        assert "immutable" not in by_name.headers["Cache-Control"]


@pytest.mark.case("WEB-016")
@pytest.mark.parametrize(
    "host", ["evil.example", "x.example:8080", "x.example.evil.example", "", "x.example@evil"]
)
def test_another_host_name_is_refused(client: FlaskClient, hostile, host: str) -> None:
    hostile.refused(lambda: client.get("/", headers={"Host": host}), code="HOST_NOT_ALLOWED", status=400)


@pytest.mark.case("WEB-016")
def test_forwarding_headers_change_no_link(client: FlaskClient) -> None:
    page = client.get(
        "/",
        headers={
            "X-Forwarded-Host": "evil.example",
            "X-Forwarded-Proto": "http",
            "Forwarded": "host=evil.example",
        },
    ).text
    assert "https://x.example/" in page
    assert "evil" not in page


@pytest.mark.case("WEB-017")
def test_a_forged_client_address_is_ignored_without_a_proxy() -> None:
    sent = {"X-Forwarded-For": "9.9.9.9, 8.8.8.8"}
    assert _app().test_client().get("/who", headers=sent).text == "127.0.0.1"
    assert _app(hops=1).test_client().get("/who", headers=sent).text == "8.8.8.8"


@pytest.mark.case("WEB-004")
def test_the_session_cookie_is_secure_http_only_and_host_only(client: FlaskClient) -> None:
    cookie = client.get("/").headers["Set-Cookie"]
    assert cookie.startswith("__Host-vocred-verifier=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


def test_services_on_ports_of_one_host_do_not_share_cookies() -> None:
    assert cookie_name("http://127.0.0.1:8701", "issuer") != cookie_name("http://127.0.0.1:8702", "issuer")


def test_a_service_without_sessions_sets_no_cookie_and_has_no_token() -> None:
    answer = _app(secret=None).test_client().get("/")
    assert "Set-Cookie" not in answer.headers
    assert "csrf_token" not in answer.text


@pytest.mark.case("WEB-001")
@pytest.mark.parametrize("form", [{}, {"csrf_token": ""}, {"csrf_token": "x"}])
def test_a_form_without_its_token_is_refused(client: FlaskClient, hostile, form: dict) -> None:
    client.get("/")
    hostile.refused(lambda: client.post("/", data={"name": "a", **form}), code="CSRF", status=403)


@pytest.mark.case("WEB-001")
def test_a_token_of_another_session_is_refused(client: FlaskClient, hostile) -> None:
    token = _token(_app().test_client().get("/", base_url="https://x.example").text)
    client.get("/")
    hostile.refused(lambda: client.post("/", data={"name": "a", "csrf_token": token}), code="CSRF")


def test_a_form_with_its_token_is_accepted(client: FlaskClient) -> None:
    token = _token(client.get("/").text)
    assert client.post("/", data={"name": "a", "csrf_token": token}).text == "done"


def test_a_field_that_stands_twice_is_refused(client: FlaskClient, hostile) -> None:
    token = _token(client.get("/").text)
    sent = {"name": ["a", "b"], "csrf_token": token}
    hostile.refused(lambda: client.post("/", data=sent), code="PARAMETER_POLLUTION")


@pytest.mark.case("WEB-005")
@pytest.mark.parametrize("cookie", ["x", "eyJuYW1lIjoiYSJ9.aaaaaa.bbbbbb", "a" * 100_000, "=", "\x7f"])
def test_a_forged_session_cookie_is_an_empty_session(client: FlaskClient, cookie: str) -> None:
    answer = client.get("/", headers={"Cookie": f"__Host-vocred-verifier={cookie}"})
    assert answer.status_code == 200


def test_what_the_last_act_left_to_say_is_shown_once(client: FlaskClient) -> None:
    assert "kept" in client.get("/flash", follow_redirects=True).text
    assert "kept" not in client.get("/").text


@pytest.mark.case("API-008")
@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/json; charset=utf-7"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {},
    ],
)
def test_a_body_that_is_not_plain_json_is_refused(client: FlaskClient, hostile, headers: dict) -> None:
    send = lambda: client.post("/api/echo", data=b"{}", headers=headers)  # noqa: E731
    hostile.refused(send, code="UNSUPPORTED_MEDIA_TYPE", status=415)


@pytest.mark.parametrize(
    "media_type",
    ["application/json", "application/ld+json", "application/vc", "application/json; charset=UTF-8"],
)
def test_json_is_read(client: FlaskClient, media_type: str) -> None:
    answer = client.post("/api/echo", data='{"a":"林"}'.encode(), headers={"Content-Type": media_type})
    assert answer.json == {"value": {"a": "林"}}


@pytest.mark.parametrize("body", [b'{"a":1,"a":2}', b"[" * 100_000, b"NaN", b"\xff", b"", b'"\\ud800"'])
def test_json_passes_the_strict_front_door(client: FlaskClient, hostile, body: bytes) -> None:
    hostile.refused(lambda: client.post("/api/echo", data=body, content_type="application/json"), status=400)


@pytest.mark.case("FILE-016", "CRED-067")
def test_a_body_of_just_the_limit_is_read_and_one_byte_more_refused(client: FlaskClient, hostile) -> None:
    fits = b'"' + b"x" * (64 * 1024 - 2) + b'"'
    padded = fits + b" " * (limits.JSON_BODY_BYTES - len(fits))
    assert client.post("/api/echo", data=padded, content_type="application/json").status_code == 200
    send = lambda: client.post("/api/echo", data=padded + b" ", content_type="application/json")  # noqa: E731
    hostile.refused(send, code="PAYLOAD_TOO_LARGE", status=413)


@pytest.mark.case("FILE-016")
def test_a_view_may_take_larger_bodies_up_to_its_own_limit(client: FlaskClient, hostile) -> None:
    assert client.post("/api/file", data=b"x" * limits.UPLOAD_BYTES).json["size"] == limits.UPLOAD_BYTES
    hostile.refused(lambda: client.post("/api/file", data=b"x" * (limits.UPLOAD_BYTES + 1)), status=413)


def test_a_form_of_too_many_parts_is_refused(client: FlaskClient, hostile) -> None:
    fields = {f"f{n}": (None, "x") for n in range(limits.FORM_PARTS + 1)}
    body = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\nx\r\n' % name.encode() for name in fields
    )
    send = lambda: client.post("/", data=body + b"--b--", content_type="multipart/form-data; boundary=b")  # noqa: E731
    hostile.refused(send, status=413)


def test_an_endpoint_for_machines_never_answers_with_a_page(client: FlaskClient) -> None:
    answer = client.get("/api/missing", headers=HTML)
    assert answer.content_type == "application/problem+json"
    assert answer.json["code"] == "NOT_FOUND"
    assert answer.json["detail"] == "no such record"
    assert answer.json["messages"] == {"zh-CN": REGISTRY["NOT_FOUND"].zh, "en": REGISTRY["NOT_FOUND"].en}


def test_a_browser_gets_a_page_in_its_language(client: FlaskClient) -> None:
    chinese = client.get("/absent", headers=HTML)
    english = client.get("/absent", headers={**HTML, "Accept-Language": "en-GB,en;q=0.9"})
    assert (chinese.status_code, english.status_code) == (404, 404)
    assert REGISTRY["NOT_FOUND"].zh in chinese.text
    assert REGISTRY["NOT_FOUND"].en in english.text


def test_an_oauth_error_has_the_form_of_its_standard(client: FlaskClient) -> None:
    answer = client.get("/api/oauth")
    assert answer.json == {"error": "invalid_token", "error_description": "expired"}
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_a_refusal_for_capacity_says_when_to_come_back(client: FlaskClient, hostile) -> None:
    answer = hostile.refused(lambda: client.get("/api/slow"), code="RATE_LIMITED", status=429)
    assert answer.headers["Retry-After"] == "7"


@pytest.mark.case("WEB-023")
@pytest.mark.parametrize("accept", [HTML, {}])
def test_a_bug_is_logged_once_and_answered_without_a_word_about_it(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, accept: dict
) -> None:
    answer = client.get("/bug", headers=accept)
    assert answer.status_code == 500
    assert "secret-claim" not in answer.text
    assert "Traceback" not in answer.text
    assert [record.levelno for record in caplog.records].count(logging.ERROR) == 1


@pytest.mark.case("WEB-020", "WEB-023")
@pytest.mark.parametrize(
    "path",
    ["/static/web/../../app.py", "/static/web/%2e%2e/%2e%2e/app.py", "/static/web/..%5capp.py",
     "/static//etc/passwd", "/static/web/%00", "/.git/config", "/.env", "/console", "/debug",
     "/static/web/", "/static/"],
)  # fmt: skip
def test_no_file_outside_the_static_folder_is_served(client: FlaskClient, hostile, path: str) -> None:
    hostile.refused(lambda: client.get(path), code="NOT_FOUND", status=404)


@pytest.mark.case("WEB-023")
@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH", "CONNECT", "X"])
def test_other_methods_are_refused_with_the_list_of_those_that_work(
    client: FlaskClient, hostile, method: str
) -> None:
    answer = hostile.refused(lambda: client.open("/", method=method), status=405)
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [(None, "zh-CN"), ("*", "zh-CN"), ("zh-TW", "zh-CN"), ("en", "en"), ("fr-FR,fr;q=0.9", "en"),
     ("en;q=0.5, zh;q=0.9", "zh-CN")],
)  # fmt: skip
def test_the_language_follows_the_browser(client: FlaskClient, accept: str | None, expected: str) -> None:
    answer = client.get("/", headers={"Accept-Language": accept} if accept else {})
    assert f'<html lang="{expected}"' in answer.text
    assert answer.headers["Content-Language"] == expected


def test_a_chosen_language_is_remembered(client: FlaskClient) -> None:
    client.get("/?lang=en")
    assert '<html lang="en"' in client.get("/", headers={"Accept-Language": "zh"}).text
    assert '<html lang="zh-CN"' in client.get("/?lang=zh-CN").text


def test_an_unknown_language_is_ignored(client: FlaskClient) -> None:
    answer = client.get("/?lang=%3Cscript%3E")
    assert '<html lang="zh-CN"' in answer.text
    assert "vocred-lang" not in answer.headers.get("Set-Cookie", "")


def test_a_client_that_tries_too_often_is_told_when_to_come_back() -> None:
    limiter = RateLimiter()
    for _ in range(3):
        limiter.hit("3/minute", "match", "192.0.2.1")
    limiter.hit("3/minute", "match", "192.0.2.2")
    with pytest.raises(RateLimitedError) as caught:
        limiter.hit("3/minute", "match", "192.0.2.1")
    assert 1 <= caught.value.retry_after <= 60


def test_one_customer_of_ipv6_counts_as_one_client() -> None:
    assert client_key("2001:db8::1") == client_key("2001:db8::ffff")
    assert client_key("2001:db8::1") != client_key("2001:db8:0:1::1")
    assert client_key(None) == client_key("nonsense")


def test_every_error_of_the_web_layer_has_a_code_of_the_registry() -> None:
    classes = [WebError]
    while classes:
        error = classes.pop()
        classes += error.__subclasses__()
        assert error.code in REGISTRY
        assert error.type.startswith("https://")
        assert error.title


def test_every_code_has_a_sentence_in_both_languages() -> None:
    for code, known in REGISTRY.items():
        assert 400 <= known.status < 600, code
        assert known.zh.endswith("。"), code
        assert known.en.endswith("."), code


@pytest.mark.parametrize(
    ("path", "target"),
    [("/both", "?lang=en"), ("/post-only", "/?lang=en")],
)
def test_switch_of_a_page_reached_by_post_leads_to_a_page_that_can_be_read(path, target):
    app = _app()
    app.config["WTF_CSRF_ENABLED"] = False
    page = '{% extends "web/layout.html" %}'
    app.add_url_rule("/both", "both", lambda: render_template_string(page), methods=["GET", "POST"])
    app.add_url_rule("/post-only", "post_only", lambda: render_template_string(page), methods=["POST"])
    answer = app.test_client().post(path, base_url="https://x.example", headers=HTML)
    assert f'<a class="switch" href="{target}"' in answer.text
