"""Batches: a file comes in, its rows are looked through, a second officer approves, signing is followed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from issuer import approval, batches, institution, issuance, standing
from issuer.batches import Batch, BatchRow
from issuer.clock import now
from issuer.errors import IssuerError, UnknownError
from issuer.importing import (
    FileRefusedError,
    ImportCheck,
    Pile,
    check,
    problem_file,
    to_json,
)
from issuer.importing.columns import column_map as columns_of
from issuer.importing.columns import column_words
from issuer.importing.templates import MEDIA_TYPE, template, templates_of
from issuer.officers import CHECKER, MAKER
from issuer.views import session, words
from issuer.views.session import actor, db, officer, officer_file, officer_only, parts
from schemas.catalogue import CATALOGUE
from vc.dates import CHINA
from web.app import body_limit
from web.i18n import in_language
from web.limits import UPLOAD_BYTES
from web.problems import entry
from web.spreadsheets import csv_file

pages = Blueprint("batches", __name__, url_prefix="/batches")

ROWS_PER_PAGE = 100
_FRAMING_BYTES = 64 * 1024
_SAMPLE_ROWS = 5
_PILES = tuple(str(pile) for pile in (Pile.READY, Pile.CONFIRM, Pile.REFUSED, Pile.SKIPPED))
_SHOWN = {
    "GraduationCertificate": ("name", "idNumber", "majorName", "klass", "certNo"),
    "SkillLevelCertificate_1X": ("name", "idNumber", "certName", "level", "certNo"),
    "SkillLevelCertificate_Vendor": ("name", "idNumber", "certName", "level", "certNo"),
    "MicroCredential": ("name", "idNumber", "certName", "learningHours", "certNo"),
    "CompetitionAward": ("name", "idNumber", "eventName", "awardRank", "certNo"),
    "ApprenticeshipRecord": ("name", "idNumber", "enterprise", "level", "certNo"),
    "TeacherTrainingRecord": ("name", "idNumber", "kind", "enterprise", "certNo"),
    "CreditRecord": ("name", "idNumber", "courseName", "credits", "certNo"),
    "EmployerEvaluation": ("name", "post", "periodStart", "periodEnd", "overall"),
    "MemberAccreditation": ("name", "memberDid", "role", "mayIssue", "awardDate"),
}
"""The columns of the table of rows, by column map; whatever is found in others stands beside them."""


@pages.get("")
@officer_only
def listing() -> str:
    """List every batch."""
    listed = batches.listing(db())
    return render_template(
        "issuer/batches.html",
        rows=[(batch, batches.counts(db(), batch.id)) for batch in listed],
        types=CATALOGUE,
    )


@pages.get("/new")
@officer_only
def new() -> str:
    """Ask for a type and a file."""
    session.require_role(MAKER)
    return _ask_for_file()


@pages.get("/templates/<name>.xlsx")
@officer_file
def download_template(name: str) -> Response:
    """Return the empty workbook of a column map."""
    entry = next((entry for entry in CATALOGUE.values() if name in entry.column_maps), None)
    if entry is None:
        raise UnknownError("no template of that name")
    content = template(entry.name, map=name, institution=institution.load(db()).registrar)
    return _download(content, MEDIA_TYPE, f"template-{name}", MEDIA_TYPE)


@pages.post("")
@body_limit(UPLOAD_BYTES + _FRAMING_BYTES)
@officer_only
def create() -> Any:
    """Check the file and keep its rows as a draft."""
    session.require_role(MAKER)
    credential_type = request.form.get("type", "")
    uploaded = request.files.get("file")
    if credential_type not in CATALOGUE or uploaded is None or not uploaded.filename:
        return _ask_for_file(error=gettext("请选择证书类型和文件。"), chosen=credential_type), 422
    data = uploaded.stream.read()
    known = institution.load(db())
    try:
        found = check(
            data,
            filename=uploaded.filename,
            credential_type=credential_type,
            institution=known.registrar,
            today=datetime.fromtimestamp(now(), CHINA).date(),
            issued=batches.lookup(db(), parts(), credential_type),
        )
    except FileRefusedError as error:
        page = _ask_for_file(error=words.file_refusal(error), chosen=credential_type)
        return page, entry(error.code).status
    batch_id = batches.create(
        db(),
        parts(),
        actor=actor(),
        credential_type=credential_type,
        rows=batches.new_rows(parts(), found),
        source_name=found.filename,
        source=data,
        report=_report(found),
        now=now(),
    )
    return redirect(url_for("batches.show", batch_id=batch_id), 303)


@pages.get("/<batch_id>")
@officer_only
def show(batch_id: str) -> str:
    """Show a batch: what its file holds, the piles, and what is to be done next."""
    batch = batches.get(db(), batch_id)
    counted = batches.counts(db(), batch_id)
    pile = request.args.get("pile", "")
    if pile not in _PILES:
        pile = next((p for p in ("confirm", "refused", "ready") if getattr(counted, p)), "ready")
    page = session.page_number()
    listed = batches.rows(db(), batch_id, pile=pile, offset=(page - 1) * ROWS_PER_PAGE, limit=ROWS_PER_PAGE)
    column_map = _column_map(batch, listed)
    return render_template(
        "issuer/batch.html",
        batch=batch,
        counts=counted,
        progress=batches.progress(db(), batch_id),
        act=next(iter(approval.listing(db(), kind="approve-batch", subject=batch_id)), None),
        returned=_last_return(batch_id),
        pile=pile,
        page=page,
        more=getattr(counted, pile) > page * ROWS_PER_PAGE,
        rows=[_shown_row(row, column_map) for row in listed],
        headers=_headers(column_map),
        shown_keys=_SHOWN[column_map],
        shown_columns=_shown_columns(column_map),
        samples=_samples(batch, counted.ready + counted.confirmed),
        names=_names(batch_id),
        failed=_failed(batch_id) if counted.failed else [],
        display=CATALOGUE[batch.credential_type].display,
        can_make=MAKER in officer().roles,
        can_check=CHECKER in officer().roles,
        rate=_rate(batch, counted.signed),
    )


@pages.post("/<batch_id>/confirm")
@officer_only
def confirm(batch_id: str) -> Response:
    """Say of one row, or of all that wait, that it is right as it is; or take that back."""
    positions = None if "all" in request.form else request.form.getlist("position", type=int)
    try:
        changed = batches.confirm(
            db(),
            actor=actor(),
            batch_id=batch_id,
            positions=positions,
            confirmed="undo" not in request.form,
            now=now(),
        )
    except IssuerError as error:
        session.say(error)
    else:
        flash(gettext("已更新 %(n)s 行。", n=changed), "done")
    page = request.form.get("page", 1, type=int)
    return redirect(url_for("batches.show", batch_id=batch_id, pile="confirm", page=page), 303)


@pages.post("/<batch_id>/submit")
@officer_only
def submit(batch_id: str) -> Response:
    """Submit the batch to a second officer."""
    return _do(
        batch_id,
        lambda: approval.submit(
            db(), parts(), actor=actor(), kind="approve-batch", subject=batch_id, now=now()
        ),
        gettext("已提交，等待另一位人员复核。"),
    )


@pages.post("/<batch_id>/approve")
@officer_only
def approve(batch_id: str) -> Response:
    """Approve the batch: it is signed from now on."""

    def act() -> None:
        (outcome,) = approval.approve(db(), parts(), actor=actor(), act_ids=[_act_id(batch_id)], now=now())
        if outcome.error is not None:
            raise outcome.error

    return _do(batch_id, act, gettext("已批准，正在签发。可以关闭此页，稍后再来看进度。"))


@pages.post("/<batch_id>/return")
@officer_only
def return_(batch_id: str) -> Response:
    """Send the batch back to its maker, saying why."""
    note = request.form.get("note", "")
    return _do(
        batch_id,
        lambda: approval.return_(db(), actor=actor(), act_id=_act_id(batch_id), note=note, now=now()),
        gettext("已退回。"),
    )


@pages.post("/<batch_id>/withdraw")
@officer_only
def withdraw(batch_id: str) -> Response:
    """Take back one's own submission."""
    return _do(
        batch_id,
        lambda: approval.withdraw(db(), actor=actor(), act_id=_act_id(batch_id), now=now()),
        gettext("已撤回，批次可以继续修改。"),
    )


@pages.post("/<batch_id>/discard")
@officer_only
def discard(batch_id: str) -> Response:
    """Give a draft up."""
    try:
        batches.discard(db(), actor=actor(), batch_id=batch_id, now=now())
    except IssuerError as error:
        session.say(error)
        return redirect(url_for("batches.show", batch_id=batch_id), 303)
    flash(gettext("批次已放弃。"), "done")
    return redirect(url_for("batches.listing"), 303)


@pages.post("/<batch_id>/continue")
@officer_only
def go_on(batch_id: str) -> Response:
    """Let a paused batch go on."""
    return _do(
        batch_id,
        lambda: issuance.continue_paused(db(), parts(), actor=actor(), batch_id=batch_id, now=now()),
        gettext("批次继续签发。"),
    )


@pages.get("/<batch_id>/progress")
@officer_file
def progress(batch_id: str) -> Response:
    """Return how far the batch has come, for the script that follows it."""
    found = batches.progress(db(), batch_id)
    return jsonify(
        state=found.state,
        total=found.total,
        signed=found.signed,
        failed=found.failed,
        anchored=found.anchored,
        indexed=found.indexed,
        printable=found.printable,
    )


@pages.get("/<batch_id>/problems")
@officer_file
def problems(batch_id: str) -> Response:
    """Return the refused rows as the same kind of file, with what is wrong with each."""
    batch = batches.get(db(), batch_id)
    data = batches.source(db(), parts(), batch_id)
    known = institution.load(db())
    found = check(
        data,
        filename=batch.source_name,
        credential_type=batch.credential_type,
        institution=known.registrar,
        today=datetime.fromtimestamp(batch.created_at, CHINA).date(),
    )
    content, media_type = problem_file(found, data)
    return _download(content, media_type, f"problems-{batch_id}", media_type)


@pages.get("/<batch_id>/result")
@officer_file
def result(batch_id: str) -> Response:
    """Return what became of each row, as a table for a spreadsheet."""
    batches.get(db(), batch_id)
    header = [
        gettext("行"),
        gettext("姓名"),
        gettext("证书编号"),
        gettext("结果"),
        gettext("记录号"),
        gettext("说明"),
    ]
    rows = [
        [row.line, row.fields.get("name", ""), row.number, _outcome(row), row.record_id or "", _why(row)]
        for row in batches.rows(db(), batch_id, limit=batches.MOST_ROWS)
    ]
    return _download(csv_file([header, *rows]), "text/csv", f"result-{batch_id}", "text/csv")


def _ask_for_file(*, error: str = "", chosen: str = "") -> str:
    granted = standing.current(db()).grants
    own = {name: entry for name, entry in CATALOGUE.items() if name in granted or not granted}
    return render_template(
        "issuer/batch_new.html",
        error=error,
        chosen=chosen,
        types=own,
        others={name: entry for name, entry in CATALOGUE.items() if name not in own},
        templates={name: templates_of(name) for name in CATALOGUE},
    )


def _do(batch_id: str, act: Any, said: str) -> Response:
    """Do something with a batch and come back to it, with a word about how it went."""
    try:
        act()
    except IssuerError as error:
        session.say(error)
    else:
        flash(said, "done")
    return redirect(url_for("batches.show", batch_id=batch_id), 303)


def _act_id(batch_id: str) -> str:
    found = approval.listing(db(), kind="approve-batch", subject=batch_id)
    if not found:
        raise UnknownError("this batch is not waiting for approval")
    return found[0].id


def _last_return(batch_id: str) -> Any:
    found = approval.listing(db(), state=None, kind="approve-batch", subject=batch_id)
    return found[-1] if found and found[-1].state == "returned" else None


def _report(found: ImportCheck) -> dict[str, Any]:
    printed = to_json(found)
    kept = ("encoding", "sheet", "columnMap", "headerLine", "dataRows", "structure")
    columns = [[mapped.header, mapped.column] for mapped in found.columns]
    return {**{name: printed[name] for name in kept}, "columns": columns}


def _column_map(batch: Batch, rows: Sequence[BatchRow]) -> str:
    named = batch.report.get("columnMap") or next((row.fields.get("map") for row in rows), None)
    return str(named or CATALOGUE[batch.credential_type].column_maps[0])


def _headers(column_map: str) -> list[str]:
    header = {
        "name": gettext("姓名"),
        "idNumber": gettext("证件末四位"),
        "majorName": gettext("专业"),
        "klass": gettext("班级"),
        "certName": gettext("证书"),
        "level": gettext("等级"),
        "certNo": gettext("证书编号"),
    }
    shown = []
    for key in _SHOWN[column_map]:
        column = columns_of(column_map).column(key)
        own = key == "certNo" and column is not None and column.header != "证书编号"
        if column is None or (key in header and not own):
            shown.append(header[key])
        else:
            shown.append(in_language(column.header, column_words(column_map, key).english))
    return shown


def _shown_columns(column_map: str) -> list[str]:
    """The headers, as findings name them, of the columns that the table shows. Numbers of documents it
    shows in part only, so what was found there is said in full beside it.
    """
    return [
        c.header
        for c in columns_of(column_map).columns
        if c.key in _SHOWN[column_map][:1] + _SHOWN[column_map][2:]
    ]


def _shown_row(row: BatchRow, column_map: str) -> dict[str, Any]:
    """What the table shows of a row: its cells, what was mended in them, and a sentence for each finding."""
    known = columns_of(column_map)
    by_header: dict[str, list[Mapping[str, Any]]] = {}
    for found in row.findings:
        by_header.setdefault(found["column"], []).append(found)
    cells = []
    for key in _SHOWN[column_map]:
        column = known.column(key)
        here = by_header.get(column.header, []) if column else []
        mended = next((f for f in here if f["fixed"] is not None and f["raw"] != f["fixed"]), None)
        cells.append(
            {
                "value": row.fields.get(key, ""),
                "raw": mended["raw"] if mended else None,
                "bad": any(f["severity"] in {"error", "warn"} for f in here),
                "found": next((f["raw"] for f in here if f["severity"] == "error"), None),
            }
        )
    return {"row": row, "cells": cells}


def _samples(batch: Batch, total: int) -> list[BatchRow]:
    """Rows for the second officer to look at: spread over the file, and the longest name."""
    if batch.state != "submitted" or not total:
        return []
    wanted = [
        row
        for pile in ("ready", "confirm")
        for row in batches.rows(db(), batch.id, pile=pile, limit=batches.MOST_ROWS)
        if pile == "ready" or row.confirmed
    ]
    # The keyed hash of a person orders them: whoever makes a file cannot choose which rows are looked at.
    spread = sorted(wanted, key=lambda row: (row.person_key, row.position))[:_SAMPLE_ROWS]
    longest = max(wanted, key=lambda row: len(row.fields.get("name", "")))
    return spread if longest in spread else [*spread, longest]


def _names(batch_id: str) -> list[str]:
    """Three names, by which people see whether the encoding was understood."""
    listed = batches.rows(db(), batch_id, limit=40)
    names = [row.fields["name"] for row in listed if row.fields.get("name")]
    return sorted(dict.fromkeys(names), key=lambda name: -len(name.encode("gb18030")))[:3]


def _failed(batch_id: str) -> list[BatchRow]:
    listed = batches.rows(db(), batch_id, limit=batches.MOST_ROWS)
    return [row for row in listed if row.state == "failed"][:200]


def _rate(batch: Batch, signed: int) -> float | None:
    if batch.state != "approved" or not batch.approved_at or not signed:
        return None
    return signed / max(now() - batch.approved_at, 1)


def _outcome(row: BatchRow) -> str:
    if row.state == "signed":
        return gettext("已签发")
    if row.state == "failed":
        return gettext("未能签发")
    waits = row.pile == "ready" or row.confirmed
    return {
        "refused": gettext("不能签发"),
        "skipped": gettext("跳过"),
    }.get(row.pile, gettext("待签发") if waits else gettext("未确认"))


def _why(row: BatchRow) -> str:
    if row.problem:
        return words.problem(row.problem)
    said = [f for f in row.findings if f["severity"] in {"error", "skip", "warn"}]
    return "；".join(f"{f['column']}：{words.finding(f)}".removeprefix("*：") for f in said)


def _download(content: bytes, media_type: str, name: str, kind: str) -> Response:
    ending = "csv" if kind == "text/csv" else "xlsx"
    answer = Response(content, mimetype=media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
    return answer
