"""Pages of corrections: what holders ask, the form, and what an import would change of what was issued."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from issuer import approval, batches, officers, records
from issuer.clock import now
from issuer.correcting import checking, replacing, requests, store
from issuer.errors import InvalidActError, IssuerError, UnknownError
from issuer.four_eyes import Act
from issuer.records import Record
from issuer.views import session
from issuer.views import words as officer_words
from issuer.views.session import actor, db, officer, officer_only, parts
from web import problems

pages = Blueprint("correcting", __name__, url_prefix="/corrections")

_LATELY = 20
_PREFIX = "value-"


@pages.get("")
@officer_only
def listing() -> str:
    """Show what holders asked, and what was answered lately."""
    return render_template(
        "issuer/correcting/requests.html",
        waiting=requests.listing(db()),
        corrected=requests.listing(db(), state="corrected", limit=_LATELY),
        declined=requests.listing(db(), state="declined", limit=_LATELY),
        can_make=officers.MAKER in officer().roles,
    )


@pages.get("/new/<record_id>")
@officer_only
def new(record_id: str) -> str:
    """Show the form with what was issued, or with what a row of an import would change it to."""
    record = records.get(db(), record_id)
    return _form(record, brought=_brought(record))


@pages.post("/new/<record_id>")
@officer_only
def submit(record_id: str) -> Any:
    """Ask a second officer to put the corrected record in the old one's place."""
    record = records.get(db(), record_id)
    wanted = {
        key.removeprefix(_PREFIX): text for key, text in request.form.items() if key.startswith(_PREFIX)
    }
    row = _row()
    wrong = _wrong(record, wanted)
    if wrong:
        return _form(record, brought=wanted, errors=wrong, said=gettext("请改正标出的内容。")), 422
    try:
        correction = replacing.prepare(
            db(),
            parts(),
            record_id=record.id,
            wanted=wanted,
            batch=row.get("batch_id", ""),
            position=row.get("position", 0),
        )
        approval.submit(
            db(),
            parts(),
            actor=actor(),
            kind="correct",
            subject=record.id,
            arguments=correction.to_arguments(),
            now=now(),
        )
    except IssuerError as error:
        said, detail = _said(record, wanted, error)
        return _form(record, brought=wanted, said=said, detail=detail), error.status
    flash(gettext("已提交更正，等待另一位人员核对差异并批准。"), "done")
    return redirect(url_for("records.show", record_id=record.id), 303)


@pages.post("/requests/<request_id>/decline")
@officer_only
def decline(request_id: str) -> Response:
    """Answer a request in words; nothing is corrected."""
    try:
        requests.answer(
            db(), actor=actor(), request_id=request_id, text=request.form.get("answer", ""), now=now()
        )
    except IssuerError as error:
        session.say(error)
    else:
        flash(gettext("已答复，持有人会在钱包里看到。"), "done")
    return redirect(url_for("correcting.listing"), 303)


def waiting() -> int:
    """Count what holders asked and nobody answered, for the workbench."""
    return store.count_open(db())


def in_batch(batch_id: str) -> list[dict[str, Any]]:
    """Return the rows of a batch that would change what was issued under their number."""
    batch = batches.get(db(), batch_id)
    found = []
    for row in store.refused_numbers(db(), batch_id, batch.credential_type):
        changed = _changed(json.loads(row["issued"]), json.loads(row["fields"]))
        if changed:
            found.append({**row, "changed": changed})
    return found


def differences(act: Act) -> list[replacing.Difference]:
    """Return what a correction changes, for the officer who checks it."""
    if act.kind != "correct":
        return []
    return replacing.differences(db(), act.subject, act.arguments.get("changes", {}))


def _wrong(record: Record, wanted: Mapping[str, str]) -> dict[str, str]:
    """Return what an import would say of the wanted values, by column key."""
    found = checking.of_record(db(), record, wanted, now=now())
    return {key: officer_words.finding(said) for key, said in found.items()}


def _said(record: Record, wanted: Mapping[str, str], error: IssuerError) -> tuple[str, str]:
    """Return a refusal in words, and its technical detail where the words do not tell everything."""
    if not isinstance(error, InvalidActError):
        return officer_words.refusal(error, problems.entry(error.code)), ""
    if all(text.strip() == record.fields.get(key, "") for key, text in wanted.items()):
        return gettext("没有改动。"), ""
    return gettext("改动后的证书不完整或不合格式，请核对后再提交。"), str(error)


def _form(
    record: Record,
    *,
    brought: Mapping[str, str],
    errors: Mapping[str, str] = MappingProxyType({}),
    said: str = "",
    detail: str = "",
) -> str:
    values = [
        {
            "name": f"{_PREFIX}{key}",
            "label": replacing.label(record.fields, key),
            "before": record.fields.get(key, ""),
            "value": brought.get(key, record.fields.get(key, "")),
            "document": key == "idNumber",
            "error": errors.get(key, ""),
        }
        for key in replacing.editable(record.fields)
    ]
    return render_template(
        "issuer/correcting/form.html",
        record=record,
        values=values,
        row=_row(),
        said=said,
        detail=detail,
        asked=[one for one in requests.listing(db()) if one.record_id == record.id],
    )


def _brought(record: Record) -> Mapping[str, str]:
    row = _row()
    if not row or row["number"] != record.number:
        return {}
    fields: dict[str, str] = json.loads(row["fields"])
    return {key: fields.get(key, "") for key in _changed(record.fields, fields)}


def _changed(issued: Mapping[str, str], fields: Mapping[str, str]) -> list[str]:
    return [
        key for key in replacing.editable({**issued, **fields}) if issued.get(key, "") != fields.get(key, "")
    ]


def _row() -> dict[str, Any]:
    """Return the row of an import that brings the new values, where the address names one."""
    batch_id, position = request.values.get("batch", ""), request.values.get("position", "")
    if not batch_id:
        return {}
    if not (position.isascii() and position.isdigit() and len(position) < 7):
        raise UnknownError("no such row")
    found = store.batch_row(db(), batch_id, int(position))
    if found is None:
        raise UnknownError("no such row")
    return found
