"""The page at the address that answers a presentation: it arrived, and one goes back to the wallet.

The address carries the response code for the wallet. A wallet that follows the standard opens it in the
browser; nothing is read from it here, kept, or counted, and the page says the same whatever stands in it.

Spec: OpenID4VP 1.0, section 8.2.
"""

from flask import Blueprint, Response, make_response, render_template

from issuer import institution
from issuer.bank import role
from issuer.bank.errors import NotACreditBankError
from web.database import current

public = Blueprint("bank_answered", __name__, url_prefix="/bank")


@public.get("/answered")
def answered() -> Response:
    """Say that the answer arrived."""
    if not role.is_bank(current()):
        raise NotACreditBankError("the registry names this institution no credit bank")
    response = make_response(
        render_template("issuer/bank/answered.html", issuer_name=institution.load(current()).names)
    )
    response.headers["Cache-Control"] = "no-store"
    return response
