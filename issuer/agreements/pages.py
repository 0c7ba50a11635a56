"""Agreements for officers: the list, and one text with all that can be done with it.

Views parse a request, call one use case, and render. What needs the governance passphrase asks for it beside
its button, every time; a refusal stands beside the field, and nothing typed elsewhere is lost.
"""

from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    json,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from crypto import strict_json
from crypto.errors import CryptoError
from issuer import institution
from issuer.agreements import (
    carrying,
    drafts,
    dry_run,
    listing,
    parties,
    proposing,
    shown,
    signing,
    store,
    texts,
    unbuilding,
    words,
)
from issuer.clock import now
from issuer.errors import IssuerError, UnknownError
from issuer.governance.errors import GovernancePassphraseError
from issuer.officers import GOVERNANCE, MAKER
from issuer.views import session
from issuer.views import words as officers_words
from issuer.views.session import actor, db, officer, officer_file, officer_only, parts
from ledger.errors import LedgerError
from ledger.proposing import end_of_day
from web import problems

pages = Blueprint("agreements", __name__, url_prefix="/agreements")

VOTE_DAYS = 14
_SIGNATURE_BYTES = 8 * 1024


@pages.get("")
@officer_only
def show_all() -> str:
    """List the agreements that concern this institution, or all of them."""
    everybody = request.args.get("all") == "1"
    found = listing.overview(db(), parts(), everybody=everybody, now=now())
    return render_template(
        "issuer/agreements/list.html",
        items=found.items if everybody else found.mine,
        to_sign=found.to_sign,
        everybody=everybody,
        counts=(len(found.mine), found.total),
        silent=found.silent,
        drafts=drafts.listing(db()),
        own=institution.load(db()).did,
        can_make=MAKER in officer().roles,
        aw=words,
    )


def to_sign() -> list[texts.Text]:
    """Return what waits for this institution's signature, for the workbench."""
    return texts.to_sign(db(), now=now())


@pages.get("/<digest>")
@officer_only
def show(digest: str) -> str:
    """Show an agreement in words, how far it is, and what is to be done next."""
    return _page(texts.read_digest(digest))


@pages.post("/<digest>/sign")
@officer_only
def sign(digest: str) -> Any:
    """Sign the text as this institution."""
    key = texts.read_digest(digest)
    return _act(
        key,
        lambda: signing.sign(db(), parts(), actor=actor(), digest=key, passphrase=_passphrase(), now=now()),
        done=gettext("已签署。"),
        failed="sign",
    )


@pages.post("/<digest>/signature")
@officer_only
def bring_signature(digest: str) -> Any:
    """Take in a signature that a party without a service of its own handed over in a file."""
    key = texts.read_digest(digest)
    session.require_role(GOVERNANCE)

    def take() -> None:
        uploaded = request.files.get("file")
        data = b"" if uploaded is None else uploaded.stream.read(_SIGNATURE_BYTES + 1)
        try:
            value = strict_json.parse(data, max_bytes=_SIGNATURE_BYTES)
        except CryptoError:
            value = None
        signing.receive(db(), parts(), digest=key, signature=signing.read(value), actor=actor(), now=now())

    return _act(key, take, done=gettext("已登记该方的签名。"), failed="file")


@pages.post("/<digest>/propose")
@officer_only
def propose(digest: str) -> Any:
    """Put the text before the members."""
    key = texts.read_digest(digest)

    def act() -> None:
        proposing.propose(db(), parts(), actor=actor(), digest=key, passphrase=_passphrase(), now=now())

    return _act(key, act, done=gettext("已提交表决。"), failed="propose")


@pages.post("/<digest>/end")
@officer_only
def end(digest: str) -> Any:
    """Propose to end the agreement."""
    key = texts.read_digest(digest)

    def act() -> None:
        proposing.end(
            db(),
            parts(),
            actor=actor(),
            agreement_id=listing.one(db(), parts(), key, now=now()).agreement_id,
            passphrase=_passphrase(),
            expires=end_of_day(now(), days=VOTE_DAYS),
            now=now(),
        )

    return _act(key, act, done=gettext("终止提案已提交表决；已获得的学分不受影响。"), failed="end")


@pages.post("/<digest>/amend")
@officer_only
def amend(digest: str) -> AnyResponse:
    """Begin the next version as a draft, with all that this one says."""
    found = listing.one(db(), parts(), texts.read_digest(digest), now=now())
    before = listing.earlier(parts(), found.agreement_id, version=found.version, now=now())
    sheet = unbuilding.amendment(found.document, earlier=before)
    draft_id = drafts.create(db(), parts(), actor=actor(), sheet=sheet, now=now())
    return redirect(url_for("agreement_drafts.show", draft_id=draft_id), 303)


@pages.post("/<digest>/renew")
@officer_only
def renew(digest: str) -> Any:
    """Hand the same text round anew, with a later end of the vote."""
    key = texts.read_digest(digest)

    def act() -> None:
        text = texts.load(db(), key)
        expires = end_of_day(now(), days=VOTE_DAYS)
        texts.fix(db(), actor=actor(), document=text.document, expires=expires, now=now())

    return _act(key, act, done=gettext("已重新发给各方，请各方按新的表决截止时间签署。"))


@pages.post("/<digest>/drop")
@officer_only
def drop(digest: str) -> Any:
    """Give the text up."""
    key = texts.read_digest(digest)
    try:
        texts.drop(db(), actor=actor(), digest=key, now=now())
    except IssuerError as error:
        session.say(error)
        return redirect(url_for("agreements.show", digest=digest), 303)
    flash(gettext("已放弃这份文本。"), "done")
    return redirect(url_for("agreements.show_all"), 303)


@pages.post("/<digest>/send")
@officer_only
def send(digest: str) -> AnyResponse:
    """Try at once what has not arrived yet."""
    key = texts.read_digest(digest)
    session.require_role(MAKER)
    for each in store.errands(db(), key):
        if each["state"] == "refused" and each["kind"] == "offer":
            texts.owe(db(), digest=key, kind="offer", did=each["did"], now=now())
    carrying.carry(db(), parts(), carrying.fetcher(parts()), digest=key, now=now())
    return redirect(url_for("agreements.show", digest=digest) + "#parties", 303)


@pages.post("/<digest>/dry-run")
@officer_only
def begin_dry_run(digest: str) -> Any:
    """Have the text run over this issuer's own certificates; the worker does it."""
    key = texts.read_digest(digest)
    return _act(
        key,
        lambda: dry_run.begin(db(), actor=actor(), digest=key, now=now()),
        done=gettext("试算已开始，可以离开此页。"),
        anchor="#dry-run",
    )


@pages.get("/<digest>/dry-run")
@officer_file
def follow_dry_run(digest: str) -> Response:
    """Return how far the run is, for the script that follows it."""
    found = dry_run.current(db(), texts.read_digest(digest))
    if found is None:
        raise UnknownError("no dry run of that text")
    return jsonify(found.to_json())


@pages.get("/<digest>/document")
@officer_file
def document(digest: str) -> Response:
    """Return the document as a file, for those who keep or sign it elsewhere."""
    found = listing.one(db(), parts(), texts.read_digest(digest), now=now())
    name = f"{found.agreement_id.rpartition(':')[2]}-v{found.version}.json"
    return Response(
        json.dumps(dict(found.document), ensure_ascii=False, indent=1),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def _page(key: bytes, **errors: str) -> str:
    found = listing.one(db(), parts(), key, now=now())
    who = parties.directory(parts())
    own = institution.load(db()).did
    text, told = found.text, shown.history(parts(), found.agreement_id, now=now())
    # Errands of these two kinds have one addressee each; offers are told party by party.
    owed = {each["kind"]: each for each in store.errands(db(), key)}
    return render_template(
        "issuer/agreements/show.html",
        item=found,
        text=text,
        described=shown.describe(found.document, who),
        who=who,
        own=own,
        standings=[] if text is None else parties.standings(db(), text, own=own),
        governance_page=_governance_page(found.proposal),
        public_page=f"{parts().settings.verifier_url}/agreements/{found.agreement_id}",
        put=owed.get("dry-run", {}).get("state") == "done",
        sent=owed.get("signature"),
        run=dry_run.current(db(), key),
        counts=shown.dry_runs_of(parts(), key, now=now()),
        history=told,
        versions=shown.versions(db(), told, found),
        can_make=MAKER in officer().roles,
        can_sign=GOVERNANCE in officer().roles,
        vote_days=VOTE_DAYS,
        now=now(),
        errors=errors,
        aw=words,
    )


def _governance_page(proposal: bytes | None) -> str:
    """Return the page on which the members vote on a proposal, or nothing."""
    if proposal is None or "governance.show" not in current_app.view_functions:
        return ""
    return url_for("governance.show", proposal_id=proposal.hex())


def _act(key: bytes, act: Any, *, done: str, failed: str = "", anchor: str = "") -> Any:
    """Do something about a text; say what came of it, a wrong passphrase beside its field."""
    try:
        act()
    except (IssuerError, LedgerError) as error:
        said = _said(error)
        if failed and isinstance(error, IssuerError) and error.status != 404:
            status = error.status if isinstance(error, GovernancePassphraseError) else 422
            return _page(key, **{failed: said}), status
        flash(said, "warning")
        return redirect(url_for("agreements.show", digest=key.hex()), 303)
    flash(done, "done")
    return redirect(url_for("agreements.show", digest=key.hex()) + anchor, 303)


def _said(error: IssuerError | LedgerError) -> str:
    if isinstance(error, IssuerError):
        return officers_words.refusal(error, problems.entry(error.code))
    return gettext("账本：%(words)s（%(code)s）", words=officers_words.problem(error.code), code=error.code)


def _passphrase() -> str:
    return request.form.get("passphrase", "")
