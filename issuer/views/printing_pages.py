"""Pages for the printer: certificates (A4 landscape), claim slips (eight to a page), PIN strips.

Each is one page of HTML with print styles; the browser prints it or writes a PDF. A certificate prints only
what is in the signed form, and the code that opens it, and the digest that names it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from issuer import batches, institution, printing
from issuer.clock import now
from issuer.errors import IssuerError
from issuer.printing import Sheet, SlipSheet
from issuer.views import session
from issuer.views.session import actor, db, officer_only, parts
from issuer.views.sheet_facts import sheet_facts
from schemas.catalogue import CATALOGUE
from vc import credentials
from web import qr

pages = Blueprint("printing", __name__)

SHEETS_AT_ONCE = 50
SLIPS_PER_PAGE = 8
STRIPS_PER_PAGE = 24


@pages.get("/batches/<batch_id>/print")
@officer_only
def certificates(batch_id: str) -> Any:
    """Show certificates of a batch for the printer, fifty at a time."""
    page = session.page_number()
    try:
        sheets = printing.certificates(
            db(),
            parts(),
            batch_id=batch_id,
            actor=actor(),
            now=now(),
            offset=(page - 1) * SHEETS_AT_ONCE,
            limit=SHEETS_AT_ONCE,
        )
    except IssuerError as error:
        session.say(error)
        return redirect(url_for("batches.show", batch_id=batch_id), 303)
    signed = batches.counts(db(), batch_id).signed
    return render_template(
        "issuer/print_certificates.html",
        sheets=[_certificate(sheet) for sheet in sheets],
        back=url_for("batches.show", batch_id=batch_id),
        done=url_for("printing.printed", batch_id=batch_id),
        page=page,
        pages=-(-signed // SHEETS_AT_ONCE),
        batch_id=batch_id,
        signed=signed,
    )


@pages.post("/batches/<batch_id>/slips")
@officer_only
def slips(batch_id: str) -> Any:
    """Make what slips are missing, draw every PIN anew, and show slips and strips for the printer."""
    try:
        made = printing.slips(db(), parts(), batch_id=batch_id, actor=actor(), now=now())
    except IssuerError as error:
        session.say(error)
        return redirect(url_for("batches.show", batch_id=batch_id), 303)
    return slips_page(
        made,
        back=url_for("batches.show", batch_id=batch_id),
        done=url_for("printing.slips_printed", batch_id=batch_id),
        elsewhere=printing.on_other_slips(db(), batch_id),
    )


@pages.post("/batches/<batch_id>/printed")
@officer_only
def printed(batch_id: str) -> Response:
    """Say that the certificates of a batch are on paper."""
    return _done(
        lambda: printing.mark_printed(db(), actor=actor(), batch_id=batch_id, now=now()),
        gettext("已标记为已打印，核验码已从本机删除。"),
        url_for("batches.show", batch_id=batch_id),
    )


@pages.post("/batches/<batch_id>/slips-printed")
@officer_only
def slips_printed(batch_id: str) -> Response:
    """Say that the slips of a batch are on paper."""
    return _done(
        lambda: printing.mark_slips_printed(db(), actor=actor(), batch_id=batch_id, now=now()),
        gettext("领取条已标记为已打印，领取码已从本机删除。"),
        url_for("batches.show", batch_id=batch_id),
    )


@pages.get("/forms/<form_id>/print")
@officer_only
def certificate(form_id: str) -> Any:
    """Show one certificate for the printer."""
    try:
        sheet = printing.certificate(db(), parts(), form_id=form_id, actor=actor(), now=now())
    except IssuerError as error:
        session.say(error)
        return redirect(url_for("records.listing"), 303)
    back = url_for("records.show", record_id=sheet.record.id)
    return render_template(
        "issuer/print_certificates.html",
        sheets=[_certificate(sheet)],
        back=back,
        done=url_for("printing.form_printed", form_id=form_id, record_id=sheet.record.id),
        page=1,
        pages=1,
        batch_id="",
        signed=1,
    )


@pages.post("/forms/<form_id>/printed")
@officer_only
def form_printed(form_id: str) -> Response:
    """Say that one certificate is on paper."""
    return _done(
        lambda: printing.mark_form_printed(db(), actor=actor(), form_id=form_id, now=now()),
        gettext("已标记为已打印，核验码已从本机删除。"),
        url_for("records.show", record_id=request.args.get("record_id", "")),
    )


def slips_page(sheets: Sequence[SlipSheet], *, back: str, done: str = "", elsewhere: int = 0) -> str:
    """Render claim slips and the strips with their PINs; this page is the only place that has both.

    Args:
        sheets: The slips.
        back: Where the page leads back to.
        done: Where it is said that all of them are on paper; empty where that is not asked.
        elsewhere: How many certificates of the batch are opened by slips of other batches.
    """
    known = institution.load(db())
    numbered = [
        {
            "number": number,
            "sheet": sheet,
            "qr": qr.svg(_scannable(sheet.link), label=gettext("领取码的二维码"), level="M"),
            "displays": _displays(sheet),
        }
        for number, sheet in enumerate(sheets, start=1)
    ]
    return render_template(
        "issuer/print_slips.html",
        slips=[numbered[n : n + SLIPS_PER_PAGE] for n in range(0, len(numbered), SLIPS_PER_PAGE)],
        strips=[numbered[n : n + STRIPS_PER_PAGE] for n in range(0, len(numbered), STRIPS_PER_PAGE)],
        host=parts().settings.url.partition("://")[2],
        names=known.names,
        back=back,
        done=done,
        elsewhere=elsewhere,
    )


def _displays(sheet: SlipSheet) -> list[Mapping[str, str]]:
    """Return what the slip opens, each kind of certificate once."""
    names = dict.fromkeys(record.credential_type for record in sheet.opened)
    return [CATALOGUE[name].display for name in names]


def certificate_link(verifier_url: str, code: str) -> str:
    """Return the link of a printed certificate's QR code, in capitals so that it stays small.

    Spec: UX.md, section 2; ARCHITECTURE.md, the printed code.
    """
    return f"{verifier_url.upper()}/C#{code}"


def _certificate(sheet: Sheet) -> dict[str, Any]:
    link = certificate_link(parts().settings.verifier_url, sheet.code.text)
    facts = credentials.facts(sheet.credential)
    achievement = sheet.credential["credentialSubject"].get("achievement", {})
    return {
        "facts": facts,
        "lines": sheet_facts(facts),
        "title": sheet.credential["name"],
        "title_en": facts.achievement_name_en or CATALOGUE[sheet.record.credential_type].display["en"],
        "what": [] if facts.field_of_study else [facts.achievement_name],
        "described": facts.comment or achievement.get("description", ""),
        "issuer": institution.load(db()).names,
        "code": sheet.code.grouped,
        "qr": qr.svg(link, label=gettext("核验二维码"), level="Q"),
        "host": parts().settings.verifier_url.partition("://")[2],
        "digest": sheet.digest.hex()[:12],
    }


def _scannable(link: str) -> str:
    before, sign, code = link.partition("#")
    return f"{before.upper()}{sign}{code}"


def _done(act: Any, said: str, target: str) -> Response:
    try:
        act()
    except IssuerError as error:
        session.say(error)
    else:
        flash(said, "done")
    return redirect(target, 303)
