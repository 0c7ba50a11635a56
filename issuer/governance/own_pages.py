"""What a member changes without a vote: its own keys and DID document, and the schemas that it names.

GET  /governance/own               what the ledger names now, and the forms
POST /governance/own/<role>        another key, or the newest document, takes its place
POST /governance/own/schema        how a schema will be named, for ever; not signed yet
POST /governance/own/schema/sign   it is named
POST /governance/key/next          a key that is to follow a lost one is made
POST /governance/key/adopt         the ledger is asked whether the members decided it
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from itsdangerous import BadSignature, URLSafeTimedSerializer

from issuer import institution
from issuer.clock import now
from issuer.errors import IssuerError, PassphraseRefusedError, UnknownError
from issuer.governance import keys, rotating, wording
from issuer.governance.acting import Done
from issuer.governance.errors import GovernancePassphraseError
from issuer.governance.filling import FieldError, Given
from issuer.governance.pages import key_page, may_vote, pages, refusal, require_act
from issuer.ledger_client import client_of
from issuer.views.session import actor, db, officer_only, parts
from ledger.client import LedgerUnavailableError, StatementRefusedError
from ledger.core import fields as shapes
from ledger.errors import Reject
from ledger.registry import issuer_key

ROTATIONS: Mapping[str, Callable[..., Done]] = {
    "governance": rotating.rotate_governance,
    "submission": rotating.rotate_submission,
    "document": rotating.rotate_document,
}
PREVIEW_SECONDS = 3600
MAX_SCHEMA = 512 * 1024


@pages.get("/governance/own")
@officer_only
def own_keys() -> Any:
    """Show what the ledger names of this member, and what can take its place."""
    return _own_page()


@pages.post("/governance/own/<role>")
@officer_only
def rotate(role: str) -> Any:
    """Put another key, or the newest document, in the place of the member's own."""
    require_act()
    if role not in ROTATIONS:
        raise UnknownError("nothing of this name rotates")
    given = Given(request.form, request.form.getlist, request.files)
    try:
        arguments: dict[str, Any] = {"compromised_since": given.moment("since")}
    except FieldError as error:
        return _own_page(role=role, field="since", error=error.text, status=422)
    if role == "governance":
        arguments["new_passphrase"] = request.form.get("new", "")
        if arguments["new_passphrase"] != request.form.get("again", ""):
            said = gettext("两次输入的口令不一致。")
            return _own_page(role=role, field="new", error=said, status=422)
    return _act(ROTATIONS[role], role=role, said=gettext("已更换，账本已确认。"), **arguments)


@pages.post("/governance/own/schema")
@officer_only
def schema_preview() -> Any:
    """Show how a schema will be named."""
    schema_id = request.form.get("schema_id", "").strip()
    try:
        shapes.url(schema_id)
    except Reject:
        said = gettext("请填写 https 地址，不带问号和井号。")
        return _own_page(role="schema", field="schema_id", error=said, status=422)
    file = request.files.get("file")
    body = b"" if file is None else file.stream.read(MAX_SCHEMA + 1)
    if not 0 < len(body) <= MAX_SCHEMA:
        return _own_page(role="schema", field="file", error=gettext("请选择文件。"), status=422)
    return _schema_page(schema_id, hashlib.sha256(body).hexdigest())


@pages.post("/governance/own/schema/sign")
@officer_only
def sign_schema() -> Any:
    """Name a schema's digest."""
    require_act()
    try:
        schema_id, digest = _sealer().loads(request.form.get("sealed", ""), max_age=PREVIEW_SECONDS)
    except BadSignature as error:
        raise UnknownError("the preview is too old, or was changed") from error
    return _act(
        rotating.put_schema,
        role="schema",
        said=gettext("格式定义已登记。"),
        again=lambda said: _schema_page(schema_id, digest, error=said),
        schema_id=schema_id,
        digest=bytes.fromhex(digest),
    )


@pages.post("/governance/key/next")
@officer_only
def next_key() -> Any:
    """Make the key that is to follow a lost one."""
    require_act()
    passphrase = request.form.get("passphrase", "")
    if passphrase != request.form.get("again", ""):
        return Response(key_page(next_error=gettext("两次输入的口令不一致。")), 422, mimetype="text/html")
    try:
        keys.make_next(db(), parts(), actor=actor(), passphrase=passphrase, now=now())
    except PassphraseRefusedError as error:
        return Response(key_page(next_error=refusal(error)), 422, mimetype="text/html")
    flash(gettext("后继密钥已创建。请把它的公钥交给另一个成员提案。"), "done")
    return redirect(url_for("governance.key"), 303)


@pages.post("/governance/key/adopt")
@officer_only
def adopt_key() -> Any:
    """Ask the ledger whether the members decided that the key follows."""
    require_act()
    try:
        adopted = keys.adopt(db(), parts(), now=now())
    except LedgerUnavailableError:
        flash(gettext("账本没有回应，请稍后再试。"), "warning")
    else:
        text = (
            gettext("成员已经表决通过，新密钥从现在起使用。")
            if adopted
            else gettext("账本上还没有换成这一把。")
        )
        flash(text, "done" if adopted else "warning")
    return redirect(url_for("governance.key"), 303)


def _act(
    act: Callable[..., Any],
    *,
    role: str,
    said: str,
    again: Callable[[str], str] | None = None,
    **arguments: Any,
) -> Any:
    """Do one act with the passphrase of the form; a wrong one is said beside its field."""
    passphrase = request.form.get("passphrase", "")
    try:
        act(db(), parts(), actor=actor(), passphrase=passphrase, now=now(), **arguments)
    except GovernancePassphraseError as error:
        if again is not None:
            return Response(again(refusal(error)), error.status, mimetype="text/html")
        return _own_page(role=role, field="passphrase", error=refusal(error), status=error.status)
    except PassphraseRefusedError as error:
        return _own_page(role=role, field="new", error=refusal(error), status=422)
    except LedgerUnavailableError:
        flash(gettext("账本没有回应，还不能确定它是否收到；签名已保留，稍后可以再送一次。"), "warning")
        return redirect(url_for("governance.listing"), 303)
    except (IssuerError, StatementRefusedError) as error:
        flash(refusal(error), "warning")
    else:
        flash(said, "done")
    return redirect(url_for("governance.own_keys"), 303)


def _own_page(*, role: str = "", field: str = "", error: str = "", status: int = 200) -> Response:
    """Show the page, with an error beside one field of one form."""
    has_key, own = keys.exists(db()), institution.load(db()).did
    try:
        snapshot, _ = client_of(parts()).snapshot([issuer_key(own)], now=now())
        record, silent = snapshot.issuer(own), False
    except LedgerUnavailableError:
        record, silent = None, True
    submission = institution.submission_key(db(), parts().secret).public
    body = render_template(
        "issuer/governance/own.html",
        role=role,
        field=field,
        error=error,
        silent=silent,
        record=record,
        governance=wording.fingerprint_of(keys.public_half(db())["governance"]) if has_key else "",
        submission=wording.fingerprint(submission.cose_key),
        document=rotating.document_digest(db()),
        may_vote=may_vote(),
        has_key=has_key,
    )
    return Response(body, status, mimetype="text/html")


def _schema_page(schema_id: str, digest: str, *, error: str = "") -> str:
    return render_template(
        "issuer/governance/schema.html",
        schema_id=schema_id,
        digest=digest,
        sealed=_sealer().dumps([schema_id, digest]),
        error=error,
        may_vote=may_vote(),
        has_key=keys.exists(db()),
    )


def _sealer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="vocred/issuer/schema/1")
