"""The first page: what waits, what is being signed, how far students have claimed; and the sign-in."""

from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from issuer import anchoring, approval, batches, officers, standing
from issuer.batches import Batch
from issuer.clock import now
from issuer.errors import SignInRefusedError
from issuer.views import session, words
from issuer.views.approvals_pages import described
from issuer.views.session import db, officer, officer_only
from schemas.catalogue import CATALOGUE
from web import problems
from web.errors import RateLimitedError
from web.rate import RateLimiter, client_key

pages = Blueprint("workbench", __name__)

SIGN_IN_RULE = "20/minute"
_RECENT = 8


@pages.get("/")
@officer_only
def show() -> str:
    """Show what is to be done."""
    listed = batches.listing(db())
    acts = approval.listing(db())
    own = [act for act in acts if act.maker == officer().name]
    issued = [batch for batch in listed if batch.state == "issued"]
    return render_template(
        "issuer/workbench.html",
        to_decide=[described(act) for act in acts if act.maker != officer().name],
        own=own,
        drafts=[batch for batch in listed if batch.state == "draft"],
        running=[(batch, batches.progress(db(), batch.id)) for batch in listed if _runs(batch)],
        issued=[(batch, batches.counts(db(), batch.id)) for batch in issued[:_RECENT]],
        ledger=anchoring.state(db()),
        registry=standing.current(db()),
        types=CATALOGUE,
        now=now(),
    )


@pages.get("/sign-in")
def sign_in() -> Any:
    """Ask for name and passphrase."""
    if current_user.is_authenticated:
        return redirect(url_for("workbench.show"), 303)
    return render_template("issuer/sign_in.html", name="", error="")


@pages.post("/sign-in")
def try_sign_in() -> Any:
    """Check name and passphrase, and begin a session."""
    limiter: RateLimiter = current_app.extensions["issuer.limiter"]
    name = request.form.get("name", "").strip()
    try:
        limiter.hit(SIGN_IN_RULE, "sign-in", client_key(request.remote_addr))
        found = officers.authenticate(
            db(), name=name, passphrase=request.form.get("passphrase", ""), now=now()
        )
    except (SignInRefusedError, RateLimitedError) as error:
        known = problems.entry(error.code)
        status = getattr(error, "status", known.status)
        said = words.refusal(error, known)
        answer = Response(
            render_template("issuer/sign_in.html", name=name, error=said), status, mimetype="text/html"
        )
        if getattr(error, "retry_after", None):
            answer.headers["Retry-After"] = str(error.retry_after)
        return answer
    target = session.wanted()
    session.begin(found)
    return redirect(target, 303)


@pages.post("/sign-out")
@officer_only
def sign_out() -> Response:
    """End the session."""
    session.end()
    return redirect(url_for("workbench.sign_in"), 303)


def _runs(batch: Batch) -> bool:
    own = batch.state == "submitted" and batch.maker == officer().name
    return own or batch.state in {"approved", "paused"}
