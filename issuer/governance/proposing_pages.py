"""Proposing from a page: what, a form in plain words, how it will read, and the signature.

    GET  /governance/propose           what can be proposed
    GET  /governance/propose/<what>    its form
    POST /governance/propose/<what>    question and effect, as every member will read them; not signed yet
    POST /governance/propose           the same proposal, sealed by this service meanwhile, is signed and sent

Nothing is kept between the steps: the preview carries the action in the form, under this service's own seal,
so that what is signed is what was shown.
"""

from typing import Any

from flask import Response, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from itsdangerous import BadSignature, URLSafeTimedSerializer

from crypto import cbor
from crypto.multibase import base64url_decode, base64url_encode
from issuer import institution
from issuer.clock import now
from issuer.errors import IssuerError, UnknownError
from issuer.governance import acting, forms, keys, matters, questions, roll
from issuer.governance.errors import GovernancePassphraseError
from issuer.governance.filling import FieldError, Given, Scene
from issuer.governance.forms import Form
from issuer.governance.pages import may_vote, pages, refusal, require_act
from issuer.ledger_client import client_of
from issuer.views.session import actor, db, officer_only, parts
from ledger import proposing
from ledger.client import LedgerUnavailableError, StatementRefusedError
from ledger.core.actions import asks_two_thirds
from ledger.proposals import OPEN, Proposal, votes_needed
from ledger.registry import UpgradeRecord, upgrade_key

DAYS = (3, 7, 14, 28)
"""How long a vote may be open: the ledger's bound is 30 days."""

PREVIEW_SECONDS = 3600
_MAX_SEALED = 128 * 1024


@pages.get("/governance/propose")
@officer_only
def propose() -> Any:
    """Show what can be proposed."""
    return render_template("issuer/governance/propose.html", forms=forms.FORMS, **_standing())


@pages.get("/governance/propose/<slug>")
@officer_only
def propose_form(slug: str) -> Any:
    """Show the form of one kind of proposal."""
    form = _form(slug)
    return _form_page(form, _scene(form))


@pages.post("/governance/propose/<slug>")
@officer_only
def preview(slug: str) -> Any:
    """Show how the proposal will read, before anything is signed."""
    form = _form(slug)
    scene = _scene(form)
    try:
        action = forms.make(form, Given(request.form, request.form.getlist, request.files), scene)
    except FieldError as error:
        return Response(_form_page(form, scene, error=error), 422, mimetype="text/html")
    days = request.form.get("days", type=int)
    expires = proposing.end_of_day(now(), days=days if days in DAYS else acting.VOTE_DAYS)
    return _preview_page(form, action, expires=expires)


@pages.post("/governance/propose")
@officer_only
def sign_proposal() -> Any:
    """Sign what the preview showed, and bring it before the members."""
    require_act()
    slug, action, expires = _unsealed(request.form.get("sealed", ""))
    try:
        done = acting.propose(
            db(),
            parts(),
            actor=actor(),
            passphrase=request.form.get("passphrase", ""),
            action=action,
            expires=expires,
            now=now(),
        )
    except GovernancePassphraseError as error:
        answer = _preview_page(_form(slug), action, expires=expires, error=refusal(error))
        return Response(answer, error.status, mimetype="text/html")
    except LedgerUnavailableError:
        flash(gettext("账本没有回应，还不能确定它是否收到；签名已保留，稍后可以再送一次。"), "warning")
        return redirect(url_for("governance.listing"), 303)
    except (IssuerError, StatementRefusedError) as error:
        flash(refusal(error), "warning")
        return redirect(url_for("governance.propose_form", slug=slug), 303)
    assert done.proposal is not None
    flash(gettext("提案已提出。提出不等于赞成：本单位的一票还要另投。"), "done")
    return redirect(url_for("governance.show", proposal_id=done.proposal.hex()), 303)


def _form(slug: str) -> Form:
    found = forms.find(slug)
    if found is None:
        raise UnknownError("nothing of this name can be proposed")
    return found


def _scene(form: Form) -> Scene:
    """Ask the ledger what a form has to choose from.

    Raises:
        LedgerUnavailableError: The ledger is silent.
    """
    ledger = client_of(parts())
    listed = [each for each in ledger.registry().get("issuers", []) if each.get("closed") is None]
    names = {
        each["did"]: {"zh-CN": each["names"]["zh"], "en": each["names"]["en"]}
        for each in listed[: forms.MOST_LISTED]
    }
    # Only the one form that asks for it pays for every issuer's record.
    called = roll.call(ledger, others=names if form.slug == "lift" else (), now=now())
    running = {
        did: span.start
        for did, record in called.issuers.items()
        for span in record.suspensions
        if now() in span
    }
    snapshot, _ = ledger.snapshot([upgrade_key()], now=now())
    decided = snapshot.value(upgrade_key())
    return Scene(
        ledger=ledger,
        roll=called,
        issuers=names,
        suspended=running,
        upgrade=None if decided is None else UpgradeRecord.from_value(decided),
        height=snapshot.checkpoint.head.height,
        now=now(),
    )


def _form_page(form: Form, scene: Scene, *, error: FieldError | None = None) -> str:
    return render_template(
        "issuer/governance/propose_form.html",
        form=form,
        fields=form.fields(scene),
        given=request.form,
        ticked={name: request.form.getlist(name) for name in request.form},
        error=error,
        days=[(each, gettext("%(n)s 天", n=each)) for each in DAYS],
        chosen_days=request.form.get("days", acting.VOTE_DAYS),
        **_standing(),
    )


def _preview_page(form: Form, action: list[Any], *, expires: int, error: str = "") -> str:
    ledger, own = client_of(parts()), institution.load(db()).did
    name, body = action
    members = roll.call(ledger, now=now())
    two_thirds = asks_two_thirds(name, body, signers=members.signers)
    asked = Proposal(
        id=bytes(32),
        action=name,
        body=body,
        proposer=own,
        index=0,
        opened=now(),
        expires=expires,
        status=OPEN,
        votes={},
        decided=None,
        due=None,
        members=len(members.members),
        needed=votes_needed(len(members.members), two_thirds=two_thirds),
        two_thirds=two_thirds,
    )
    called = roll.call(ledger, others=matters.bodies(asked), now=now())
    return render_template(
        "issuer/governance/propose_preview.html",
        form=form,
        proposal=asked,
        question=questions.question(asked, called),
        effect=questions.effect(asked, called),
        sealed=_seal(form.slug, action, expires=expires),
        error=error,
        **_standing(),
    )


def _standing() -> dict[str, bool]:
    """Return what an officer needs to propose, for a page that says which of it is missing."""
    return {"may_vote": may_vote(), "has_key": keys.exists(db())}


def _seal(slug: str, action: list[Any], *, expires: int) -> str:
    sealed: str = _sealer().dumps([slug, base64url_encode(cbor.encode(action)), expires])
    return sealed


def _unsealed(text: str) -> tuple[str, list[Any], int]:
    """Return what the preview showed.

    Raises:
        UnknownError: It was changed since, or is too old.
    """
    try:
        slug, action, expires = _sealer().loads(text, max_age=PREVIEW_SECONDS)
    except BadSignature as error:
        raise UnknownError("the preview is too old, or was changed") from error
    return slug, cbor.decode(base64url_decode(action, max_chars=_MAX_SEALED)), expires


def _sealer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="vocred/issuer/proposal/1")
