"""One record drafted by form instead of a file: the same columns, the same checks, a batch of one row."""

from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext

from issuer import batches, institution
from issuer.clock import now
from issuer.cosigning import words
from issuer.importing import FileRefusedError, ImportInstitution, Pile, check
from issuer.importing.columns import Column, column_map
from issuer.importing.model import ImportCheck
from issuer.importing.values import ENUMERATED
from issuer.ledger_client import client_of
from issuer.officers import MAKER
from issuer.views import session
from issuer.views import words as officer_words
from issuer.views.session import actor, db, officer_only, parts
from ledger.errors import LedgerError
from schemas.catalogue import CATALOGUE
from vc.dates import CHINA
from web.spreadsheets import csv_file

pages = Blueprint("cosigning_form", __name__, url_prefix="/cosigning/new")

TYPES = ("ApprenticeshipRecord", "TeacherTrainingRecord")
_ISSUING_BODY = "bodyName"
_NOT_ASKED = frozenset({"seq", _ISSUING_BODY})
_DATES = frozenset({"start", "end", "awardDate"})
_LONG = frozenset({"narrative"})
_NUMBERS = frozenset({"theoryHours", "practiceHours", "schoolMark", "enterpriseMark"})
_MOST_CHARS = 1_000


@pages.get("/<any(ApprenticeshipRecord, TeacherTrainingRecord):credential_type>")
@officer_only
def ask(credential_type: str) -> str:
    """Ask for the values of one record."""
    session.require_role(MAKER)
    return _page(credential_type, values={}, errors={})


@pages.post("/<any(ApprenticeshipRecord, TeacherTrainingRecord):credential_type>")
@officer_only
def draft(credential_type: str) -> Any:
    """Check the values as a file's are, and make a batch of them; problems stand beside their fields."""
    session.require_role(MAKER)
    values = {
        column.key: request.form.get(column.key, "").strip()[:_MOST_CHARS]
        for column in _asked(credential_type)
    }
    if not any(values.values()):
        return _page(credential_type, values, {}, said=gettext("还没有填写任何内容。")), 422
    data = _file(credential_type, values)
    try:
        found = check(
            data,
            filename=f"{values.get('name') or credential_type}.csv",
            credential_type=credential_type,
            institution=_institution(),
            today=datetime.fromtimestamp(now(), CHINA).date(),
            issued=batches.lookup(db(), parts(), credential_type),
        )
    except FileRefusedError as error:
        return _page(credential_type, values, {}, said=officer_words.file_refusal(error)), 422
    pile = found.rows[0].pile if found.rows else Pile.REFUSED
    if pile is Pile.SKIPPED:
        return _page(credential_type, values, {}, said=gettext("这份记录已经签发，或正在另一批次里。")), 409
    if pile is Pile.REFUSED:
        errors = _errors(credential_type, found)
        return _page(credential_type, values, errors, said=gettext("请改正标出的内容。")), 422
    batch_id = batches.create(
        db(),
        parts(),
        actor=actor(),
        credential_type=credential_type,
        rows=batches.new_rows(parts(), found),
        source_name=found.filename,
        source=data,
        report={"encoding": "utf-8", "structure": []},
        now=now(),
    )
    return redirect(url_for("batches.show", batch_id=batch_id), 303)


def _page(credential_type: str, values: dict[str, str], errors: dict[str, str], *, said: str = "") -> str:
    known = CATALOGUE[credential_type]
    return render_template(
        "issuer/cosigning/new.html",
        credential_type=credential_type,
        display=known.display,
        fields=[_field(credential_type, column) for column in _asked(credential_type)],
        enterprises=_enterprises(),
        values=values,
        errors=errors,
        said=said,
        types=[(name, CATALOGUE[name].display) for name in TYPES],
    )


def _asked(credential_type: str) -> list[Column]:
    (name,) = CATALOGUE[credential_type].column_maps
    return [column for column in column_map(name).columns if column.key not in _NOT_ASKED]


def _field(credential_type: str, column: Column) -> dict[str, Any]:
    (name,) = CATALOGUE[credential_type].column_maps
    listed = ENUMERATED.get((name, column.key)) or ENUMERATED.get(("", column.key)) or ()
    return {
        "key": column.key,
        "label": words.column(name, column.key, column.header),
        "hint": words.hint(name, column.key),
        "required": column.required,
        "options": [(value, value) for value in listed],
        "type": "date" if column.key in _DATES else "text",
        "rows": 4 if column.key in _LONG else 0,
        "inputmode": "numeric" if column.key in _NUMBERS else "",
    }


def _file(credential_type: str, values: dict[str, str]) -> bytes:
    """Write the values as the file that an officer might have uploaded instead; it is kept like one."""
    (name,) = CATALOGUE[credential_type].column_maps
    cells = {**values, _ISSUING_BODY: institution.load(db()).name_zh}
    columns = [column for column in column_map(name).columns if cells.get(column.key)]
    # A column that is required stands there even when it is empty: then it is the cell that is at fault.
    listed = [column for column in column_map(name).columns if column.required or column in columns]
    row = [cells.get(column.key, "") for column in listed]
    return csv_file([[column.header for column in listed], row])


def _errors(credential_type: str, found: ImportCheck) -> dict[str, str]:
    (name,) = CATALOGUE[credential_type].column_maps
    keys = {column.header: column.key for column in column_map(name).columns}
    errors: dict[str, str] = {}
    for finding in (finding for row in found.rows for finding in row.findings):
        if str(finding.severity) == "error" and finding.column in keys:
            errors.setdefault(keys[finding.column], officer_words.finding(_said(finding)))
    return errors


def _said(finding: Any) -> dict[str, Any]:
    return {"code": finding.code, "message": finding.message, "params": dict(finding.params)}


def _institution() -> ImportInstitution:
    known = institution.load(db())
    return ImportInstitution(name=known.name_zh, code=known.institution_code or None)


def _enterprises() -> list[tuple[str, str]]:
    """Return the registered bodies to choose from; none where the registry does not answer."""
    own = institution.load(db()).did
    try:
        listed = client_of(parts()).registry().get("issuers", [])
    except LedgerError:
        return []
    return sorted(
        (issuer["did"], (issuer.get("names") or {}).get("zh") or issuer["did"])
        for issuer in listed
        if isinstance(issuer, dict) and issuer.get("did") not in (None, own)
    )
