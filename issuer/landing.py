"""The page behind a claim slip's link: ``/O#<claim code>``.

The code stands in the fragment, which no server sees; a small script puts it into the page's field. Without
script the student types it. Posting the form mints an offer and shows who offers what, the way to the web
wallet, and a link and QR code for any other wallet. The PIN is asked for by the wallet, never here.
"""

from flask import Blueprint, Response, current_app, make_response, render_template, request
from flask_babel import gettext

from issuer import institution, offers
from issuer.clock import now
from issuer.errors import ClaimError
from issuer.parts import Parts
from schemas.catalogue import CATALOGUE
from vc import printed_code
from vc.errors import CodeError
from web import problems, qr
from web.database import current
from web.errors import RateLimitedError
from web.rate import RateLimiter, client_key

landing = Blueprint("landing", __name__)

RULE = "30/minute"


@landing.get("/O")
def claim_page() -> Response:
    """Show the page: the script, or the student, puts the code into its field."""
    return _page()


@landing.post("/O")
def show_offer() -> Response:
    """Mint an offer for the code and show it, with the ways to a wallet."""
    limiter: RateLimiter = current_app.extensions["issuer.limiter"]
    typed = request.form.get("claim_code", "")
    try:
        limiter.hit(RULE, "landing", client_key(request.remote_addr))
        minted = offers.mint(current(), _parts(), typed_code=typed, now=now())
    except (ClaimError, CodeError, RateLimitedError) as error:
        document = problems.problem(error)
        return _page(problem=document, typed=typed, status=document["status"])
    code = printed_code.parse(typed, purpose="claim")
    return _page(
        credential_names=[CATALOGUE[name].display for name in minted.credential_types],
        minutes=minted.expires_in // 60,
        # The code travels in the fragment again: the wallet's page reads it there and mints its own offer.
        wallet_link=f"{_parts().settings.wallet_url}/O#{code.text}",
        offer_link=minted.link,
        offer_qr=qr.svg(minted.link, label=gettext("用其他钱包扫描的二维码")),
    )


def _page(*, status: int = 200, **values: object) -> Response:
    page = render_template("issuer/offer.html", issuer_name=institution.load(current()).names, **values)
    response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _parts() -> Parts:
    parts: Parts = current_app.extensions["issuer"]
    return parts
