"""The pages: the box, what a printed code or a share opens, and results.

A page with script opens fragments in the browser and asks here for two things: the sealed bytes, and the
result for what they held. Without script the box takes codes, links and documents by POST. Codes and keys
stand in no address and no log, and nothing is kept.
"""

import re
from datetime import datetime

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.datastructures import FileStorage

from crypto.errors import CryptoError
from ledger.registry import number_key
from vc import documents, form_store, printed_code, shares
from vc.errors import VcError
from verifier import answering, api, opening, result_page
from verifier.answering import Answer
from verifier.errors import (
    EvidenceUnavailableError,
    NoSuchCertificateError,
    ShareGoneError,
    ShareUnknownError,
    UnreadableRequestError,
)
from verifier.opening import OpenedForm
from verifier.verdicts import Outcome
from verifier.verification import unopened
from web import limits, problems
from web.app import body_limit
from web.bodies import json_body, single
from web.errors import BadRequestError

blueprint = Blueprint("pages", __name__)

_HEX_LOCATOR = re.compile(r"[0-9a-f]{32}")


@blueprint.get("/")
def home() -> str:
    """Show the box."""
    return render_template("verifier/home.html", entry="", error="")


@blueprint.get("/verify")
def verify_again() -> Response:
    """Lead a reloaded result back to the box: what was asked is not kept."""
    return redirect("/")  # type: ignore[return-value]


@blueprint.post("/verify")
@body_limit(limits.JSON_BODY_BYTES + 16 * 1024)
def verify() -> Response | str | tuple[str, int]:
    """Answer what was typed, pasted or chosen in the box, for browsers without script."""
    entry, name = single(request.form, "entry", required=False), single(request.form, "name", required=False)
    try:
        answer, code, asked = _ask(entry, name, request.files.get("file"))
    except (ShareUnknownError, ShareGoneError) as error:
        return _gone(error)
    except (UnreadableRequestError, BadRequestError, VcError, CryptoError) as error:
        known = problems.entry(error.code)
        return render_template(
            "verifier/home.html", entry=entry, error={"zh-CN": known.zh, "en": known.en}
        ), 422
    return _result(answer, code=code, asked=asked, name=name)


@blueprint.post("/result")
def result() -> str:
    """Answer a pasted document that a script sent."""
    return _result(_loaded(request.get_data()))


@blueprint.get("/C")
def code() -> str:
    """Show the page that a certificate's QR opens; the code is in the fragment, which is not sent."""
    return render_template("verifier/opening.html", kind="code")


@blueprint.post("/C/form")
def sealed_form() -> Response | str:
    """Give the sealed form under a locator, or the verdict where there is none."""
    number, locator = _located(json_body())
    now = api.desk().clock()
    try:
        found = opening.find_form(
            number, locator, gatherer=api.desk().collaborators.gatherer(now=now), now=now
        )
    except (NoSuchCertificateError, EvidenceUnavailableError) as error:
        return _result(_nothing("code", error, now=now))
    return Response(found.blob, content_type="application/octet-stream")


@blueprint.post("/C/result")
@body_limit(api.MAX_BODY_BYTES)
def code_result() -> str:
    """Show the result for a paper form that the browser opened with its code."""
    body = api.posted()
    document, now = body.get("verifiableCredential"), api.desk().clock()
    if not isinstance(document, dict):
        raise UnreadableRequestError("verifiableCredential has to be an object")
    gatherer = api.desk().collaborators.gatherer(now=now)
    number = _issuer_number(body.get("issuer"))
    name = body.get("name")
    try:
        snapshot, _ = gatherer.snapshot([number_key(number)])
        issuer_id = snapshot.issuer_by_number(number)
        if issuer_id is None:
            raise NoSuchCertificateError("no issuer has this number")
    except (NoSuchCertificateError, EvidenceUnavailableError) as error:
        return _result(_nothing("code", error, now=now))
    opened = OpenedForm(document=document, issuer_id=issuer_id)
    typed = api.limited_name(name if isinstance(name, str) else None)
    return _result(answering.answer_form(opened, gatherer=gatherer, now=now, name=typed))


@blueprint.get("/S/<share_id>")
def share(share_id: str) -> str:
    """Show the page that a share's link opens; it counts nothing and says nothing, whatever the id."""
    return render_template("verifier/opening.html", kind="share")


@blueprint.post("/S/open")
def sealed_share() -> Response | str:
    """Give a share's sealed package from its wallet, which counts the opening."""
    body, now = json_body(), api.desk().clock()
    if not isinstance(body, dict) or not all(isinstance(body.get(key), str) for key in ("id", "token")):
        raise UnreadableRequestError("id and token have to be text")
    gatherer = api.desk().collaborators.gatherer(now=now)
    try:
        blob = opening.open_share(shares.check_id(body["id"]), body["token"], gatherer=gatherer)
    except (ShareUnknownError, ShareGoneError) as error:
        return _gone(error)
    except EvidenceUnavailableError as error:
        return _result(_nothing("share", error, now=now))
    return Response(blob, content_type="application/octet-stream")


@blueprint.post("/S/result")
@body_limit(api.MAX_BODY_BYTES)
def share_result() -> str:
    """Show the result for a share that the browser opened with its key."""
    body = api.posted()
    return _result(api.answer_share(body.get("id"), body.get("package")))


def _ask(entry: str, name: str, file: FileStorage | None) -> tuple[Answer, str, str]:
    """Return the answer, the code where one was typed, and what asks the same question again."""
    if file is not None and file.filename:
        content = file.read(limits.JSON_BODY_BYTES + 1)
        return _loaded(content), "", content.decode("utf-8", errors="replace")
    if not entry:
        raise BadRequestError("nothing was given")
    if entry[0] in "{[":
        return _loaded(entry.encode("utf-8")), "", entry
    if "/S/" in entry.upper() and "#" in entry:
        link, now = shares.parse_link(entry), api.desk().clock()
        return answering.answer_link(link, collaborators=api.desk().collaborators, now=now), "", entry
    typed = printed_code.parse(answering.code_of(entry), purpose="certificate").text
    return api.answer_code(typed, name), typed, typed


def _loaded(data: bytes) -> Answer:
    return api.answer_document(documents.load(data))


def _nothing(
    source: answering.Source, error: NoSuchCertificateError | EvidenceUnavailableError, *, now: datetime
) -> Answer:
    """Return the answer for something that could not be looked at."""
    absent = isinstance(error, NoSuchCertificateError)
    outcome = Outcome.FAILED if absent else Outcome.UNAVAILABLE
    return Answer(source, (unopened(error.code, outcome=outcome, now=now),))


def _result(answer: Answer, *, code: str = "", asked: str = "", name: str = "") -> str:
    """Show an answer: as the result page, or as the report that a body prints and files."""
    page = result_page.page(answer, verifier=api.verifier(), code=code, asked=asked, name=name)
    filed = request.args.get("view") == "report" and page.open
    return render_template("verifier/report.html" if filed else "verifier/result.html", page=page)


def _gone(error: ShareUnknownError | ShareGoneError) -> Response:
    """Answer neutrally: what was there, and whose, is nobody's business now."""
    known = problems.entry(error.code)
    sentence = {"zh-CN": known.zh, "en": known.en}
    page = render_template("verifier/gone.html", sentence=sentence)
    return Response(page, known.status, content_type="text/html; charset=utf-8")


def _located(body: object) -> tuple[int, bytes]:
    locator = body.get("locator") if isinstance(body, dict) else None
    if not isinstance(locator, str) or not _HEX_LOCATOR.fullmatch(locator):
        raise UnreadableRequestError("locator has to be 32 hexadecimal digits")
    assert isinstance(body, dict)
    found = bytes.fromhex(locator)
    assert len(found) == form_store.LOCATOR_BYTES
    return _issuer_number(body.get("issuer")), found


def _issuer_number(text: object) -> int:
    """Return the number in a code's first group."""
    if not isinstance(text, str) or len(text) != printed_code.ISSUER_CHARACTERS:
        raise UnreadableRequestError("issuer has to be the code's first group")
    if any(character not in printed_code.ALPHABET for character in text):
        raise UnreadableRequestError("issuer has to be the code's first group")
    return sum(
        printed_code.ALPHABET.index(character) << 5 * place for place, character in enumerate(reversed(text))
    )
