"""Pages of what a holder has: the list, one certificate, its file, and deleting it."""

import json
from datetime import timedelta
from itertools import groupby

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wallet import (
    holding,
    presenting,
    receiving,
    recognising,
    recognition_lines,
    session,
    stating,
    totals,
    words,
)
from wallet import practice as measuring
from wallet.converting import conversions
from wallet.correcting import asking
from wallet.correcting.views import state_words as asking_words
from wallet.errors import CannotCheckError, NothingThereError
from wallet.holding import Held
from wallet.recognition_lines import Recognition
from web import database

Answer = str | Response

pages = Blueprint("certificates", __name__)

SEARCH_FROM = 9
"""A box to search appears with more than eight certificates."""

JUST_NOW = timedelta(minutes=5)
"""So long after a claim the page asks whether there is another slip, of this issuer or another."""


@pages.get("/certificates")
@session.holder_only
def listing() -> Answer:
    """List the certificates in groups, and what waits to be finished."""
    everything = holding.held(database.current(), session.wallet(), now=session.now())
    sought = request.args.get("q", "").strip()[:60]
    found = [item for item in everything if _matches(item, sought)] if sought else everything
    return render_template(
        "wallet/certificates.html",
        groups=_groups(found),
        total=len(everything),
        sought=sought,
        searchable=len(everything) >= SEARCH_FROM,
        credits=totals.by_unit(everything),
        pair=presenting.pair(everything),
        teacher=any(item.facts.credential_type == "TeacherTrainingRecord" for item in everything),
        claimed=any(session.now() - item.received_at < JUST_NOW for item in everything),
        unfinished=receiving.unfinished(database.current(), session.wallet()),
        stating=stating,
        words=words,
    )


@pages.post("/certificates/refresh")
@session.holder_only
def refresh() -> Answer:
    """Look at every status again, and for receipts."""
    complete = holding.refresh(
        database.current(), session.wallet(), parts=session.parts(), now=session.now(), force=True
    )
    conversions.refresh(database.current(), session.wallet(), parts=session.parts(), now=session.now())
    if complete:
        flash(gettext("状态已更新。"), "done")
    else:
        flash(gettext("有的发证单位暂时联系不上，其状态没有更新。这不代表证书有问题。"), "warning")
    return redirect(url_for("certificates.listing"), 303)


@pages.get("/certificates/<credential_id>")
@session.holder_only
def detail(credential_id: str) -> Answer:
    """Show one certificate with all that is known about it."""
    item = _held(credential_id)
    parts, now = session.parts(), session.now()
    return render_template(
        "wallet/certificate.html",
        item=item,
        words=words,
        type_names=holding.type_names(item.facts),
        facts=stating.rows(item.facts),
        status=words.of_status(item.status),
        chip=words.chip(item.status),
        anchoring=holding.anchoring(item, parts=parts, now=now),
        recognition=_recognition(item),
        corrected=asking.corrected(database.current(), session.wallet(), item, now=now),
        correction=_correction(item),
        shares=[
            share
            for share in presenting.of_credential(
                database.current(), session.wallet(), credential_id, parts=parts, now=now
            )
            if share.state == "open"
        ],
        raw=json.dumps(item.credential, ensure_ascii=False, indent=2),
    )


@pages.get("/certificates/<credential_id>/file")
@session.holder_only
def file(credential_id: str) -> Response:
    """Give the signed form as a file, for any other wallet or verifier."""
    item = _held(credential_id)
    response = Response(json.dumps(item.credential, ensure_ascii=False), content_type="application/vc")
    response.headers["Content-Disposition"] = f'attachment; filename="credential-{credential_id[:8]}.json"'
    return response


@pages.route("/certificates/<credential_id>/delete", methods=["GET", "POST"])
@session.holder_only
def delete(credential_id: str) -> Answer:
    """Ask once more, then delete."""
    item = _held(credential_id)
    if request.method == "GET":
        found = presenting.of_credential(
            database.current(), session.wallet(), credential_id, parts=session.parts(), now=session.now()
        )
        return render_template(
            "wallet/certificate_delete.html",
            item=item,
            words=words,
            shares=[one for one in found if one.state == "open"],
        )
    holding.delete(database.current(), session.wallet(), credential_id, now=session.now())
    flash(gettext("证书已从钱包删除，含有它的分享链接已关闭。"), "done")
    return redirect(url_for("certificates.listing"), 303)


@pages.app_errorhandler(NothingThereError)
def _nothing_there(error: NothingThereError) -> tuple[str, int]:
    return render_template("wallet/nothing_there.html"), 404


@pages.get("/practice")
@session.holder_only
def practice() -> Answer:
    """Show a teacher's practice in enterprises over the last five years."""
    held = holding.held(database.current(), session.wallet(), now=session.now())
    return render_template(
        "wallet/practice.html",
        practice=measuring.measure(held, now=session.now()),
        wanted=measuring.MONTHS_WANTED,
        stating=stating,
        words=words,
    )


def _correction(item: Held) -> words.Words | None:
    found = asking.asked(database.current(), session.wallet(), item.credential_id)
    return None if found is None else asking_words(found)


def _recognition(item: Held) -> Recognition:
    """Say who recognises a certificate as what; only of a valid one, and not of what could not be asked."""
    if item.status.kind != "valid":
        return Recognition(reachable=True)
    try:
        found = recognising.situation(parts=session.parts(), now=session.now())
    except CannotCheckError:
        return recognition_lines.of((), found=None)
    return recognition_lines.of(recognising.recognised(item, found), found=found)


def _held(credential_id: str) -> Held:
    return holding.one(database.current(), session.wallet(), credential_id, now=session.now())


def _matches(item: Held, sought: str) -> bool:
    facts = item.facts
    texts = (
        facts.title,
        facts.achievement_name,
        facts.field_of_study,
        facts.number,
        *item.issuer_names.values(),
    )
    return any(sought.casefold() in text.casefold() for text in texts if text)


def _groups(items: list[Held]) -> list[tuple[str, str, list[Held]]]:
    """Put certificates of one kind together, in the order in which people count them up."""
    names = {
        "education": gettext("学历"),
        "skill": gettext("技能"),
        "competition": gettext("竞赛"),
        "practice": gettext("实践"),
        "micro": gettext("微证书"),
        "credit": gettext("学分"),
        "evaluation": gettext("评价"),
        "membership": gettext("成员"),
    }
    order = [*names, None]

    def rank(item: Held) -> int:
        return order.index(item.facts.group if item.facts.group in names else None)

    return [
        (order[place] or "other", names.get(order[place] or "", gettext("其他")), list(group))
        for place, group in groupby(sorted(items, key=rank), key=rank)
    ]
