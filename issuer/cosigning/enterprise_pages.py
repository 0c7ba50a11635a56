"""The enterprise's pages: a mentor opens a draft on the phone, endorses or returns it; what was given.

The link's code stands in its fragment. The open page takes it, seals it under this instance's secret and
leads on: so it survives the sign-in, stands in no log in the clear, and opens nothing for who is no officer.
"""

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from crypto.errors import CryptoError
from crypto.multibase import base64url_decode, base64url_encode
from issuer import approval, institution
from issuer.clock import now
from issuer.cosigning import endorsing, links
from issuer.cosigning.api import network
from issuer.cosigning.endorsing import Opened
from issuer.cosigning.errors import CosignLinkError, NeighbourUnavailableError
from issuer.cosigning.links import Link
from issuer.errors import IssuerError
from issuer.officers import MAKER
from issuer.views import session
from issuer.views.session import actor, db, officer, officer_only, parts
from schemas.catalogue import CATALOGUE
from vc import credentials, endorsements
from web import problems
from web.database import current
from web.errors import RateLimitedError
from web.rate import RateLimiter, client_key

pages = Blueprint("endorsing", __name__)

RULE = "30/minute"
_PURPOSE, _OWNER = "cosign-opened", "address"
_MOST_CHARS = 400


@pages.get("/E")
def link_page() -> str:
    """Show the page behind a link: the script, or the mentor, puts the link into its field."""
    return _ask_for_link()


@pages.post("/E")
def open_link() -> Any:
    """Take a link and lead to the draft; whoever is not signed in signs in first."""
    limiter: RateLimiter = current_app.extensions["issuer.limiter"]
    typed = request.form.get("link", "")
    try:
        limiter.hit(RULE, "cosign-link", client_key(request.remote_addr))
        link = links.parse(typed)
    except (CosignLinkError, RateLimitedError) as error:
        document = problems.problem(error)
        return _ask_for_link(problem=document), document["status"]
    return redirect(url_for("endorsing.show", sealed=_seal(link)), 303)


@pages.get("/endorse/<sealed>")
@officer_only
def show(sealed: str) -> Any:
    """Show the draft: whose it is, hours, both assessments, tutors; and the two answers."""
    try:
        opened = _open(sealed)
    except IssuerError as error:
        document = problems.problem(error)
        return render_template("issuer/cosigning/unavailable.html", problem=document), document["status"]
    return _draft_page(sealed, opened)


@pages.post("/endorse/<sealed>/agree")
@officer_only
def agree(sealed: str) -> Any:
    """Endorse what was read, with this body's key."""
    comment = request.form.get("comment", "").strip()
    if len(comment) > endorsements.MOST_COMMENT_CHARS:
        return _again(sealed, comment=comment, comment_error=gettext("最多 500 个字。"))
    try:
        opened = _open(sealed)
        endorsing.endorse(
            db(),
            parts(),
            actor=actor(),
            opened=opened,
            comment=comment,
            seen_digest=request.form.get("digest", ""),
            now=now(),
        )
        endorsing.deliver_all(db(), parts(), network(), now=now())
    except IssuerError as error:
        session.say(error)
        return redirect(url_for("endorsing.show", sealed=sealed), 303)
    flash(gettext("会签完成。"), "done")
    return redirect(url_for("endorsing.listing"), 303)


@pages.post("/endorse/<sealed>/return")
@officer_only
def return_(sealed: str) -> Any:
    """Send the draft back to the college, with a reason."""
    reason = request.form.get("reason", "").strip()[:500]
    if not reason:
        return _again(sealed, reason_error=gettext("请写明退回的原因，学校据此修改。"))
    try:
        endorsing.return_draft(db(), network(), actor=actor(), opened=_open(sealed), reason=reason, now=now())
    except IssuerError as error:
        session.say(error)
        return redirect(url_for("endorsing.show", sealed=sealed), 303)
    flash(gettext("已退回学校。"), "done")
    return redirect(url_for("endorsing.listing"), 303)


@pages.get("/endorsements")
@officer_only
def listing() -> str:
    """List what this body endorsed."""
    given = endorsing.listing(db())
    waiting = {act.subject for act in approval.listing(db(), kind="withdraw-endorsement")}
    page = session.page_number()
    return render_template(
        "issuer/cosigning/given.html",
        rows=given[(page - 1) * 50 : page * 50],
        page=page,
        more=len(given) > page * 50,
        waiting=waiting,
        types=CATALOGUE,
        can_make=MAKER in officer().roles,
    )


@pages.post("/endorsements/deliver")
@officer_only
def deliver() -> Response:
    """Try once more to deliver what colleges do not have yet."""
    try:
        endorsing.require_mentor(db(), actor())
        endorsing.deliver_all(db(), parts(), network(), now=now())
    except IssuerError as error:
        session.say(error)
    return redirect(url_for("endorsing.listing"), 303)


@pages.post("/endorsements/<endorsement_id>/withdraw")
@officer_only
def withdraw(endorsement_id: str) -> Response:
    """Ask a second officer to withdraw an endorsement."""
    try:
        given = endorsing.get(db(), endorsement_id)
        approval.submit(
            db(),
            parts(),
            actor=actor(),
            kind="withdraw-endorsement",
            subject=given.id,
            arguments={"reason": request.form.get("reason", "")},
            now=now(),
        )
    except IssuerError as error:
        session.say(error)
    else:
        flash(gettext("已提交，等待另一位人员复核。"), "done")
    return redirect(url_for("endorsing.listing"), 303)


def _ask_for_link(**values: Any) -> str:
    return render_template(
        "issuer/cosigning/open.html", issuer_name=institution.load(current()).names, **values
    )


def _again(sealed: str, **values: Any) -> Any:
    try:
        return _draft_page(sealed, _open(sealed), **values), 422
    except NeighbourUnavailableError as error:
        session.say(error)
        return redirect(url_for("endorsing.listing"), 303)


def _draft_page(sealed: str, opened: Opened, **values: Any) -> str:
    credential = opened.credential
    return render_template(
        "issuer/cosigning/draft.html",
        sealed=sealed,
        opened=opened,
        facts=None if credential is None else credentials.facts(credential),
        display=None if credential is None else CATALOGUE[endorsing.credential_type(credential)].display,
        given=endorsing.given_to(db(), opened),
        college_names={"zh-CN": opened.college.names.get("zh"), "en": opened.college.names.get("en")},
        **{
            "comment": "" if credential is None else endorsing.usual_comment(credential),
            "comment_error": "",
            "reason_error": "",
            **values,
        },
    )


def _open(sealed: str) -> Opened:
    return endorsing.open_draft(db(), network(), actor=actor(), link=_unseal(sealed), now=now())


def _seal(link: Link) -> str:
    return base64url_encode(parts().secret.wrap(link.code.encode(), purpose=_PURPOSE, owner=_OWNER))


def _unseal(sealed: str) -> Link:
    try:
        wrapped = base64url_decode(sealed, max_chars=_MOST_CHARS)
        code = parts().secret.unwrap(wrapped, purpose=_PURPOSE, owner=_OWNER)
    except CryptoError as error:
        raise CosignLinkError("not an address that this service made") from error
    return links.parse(code.decode())
