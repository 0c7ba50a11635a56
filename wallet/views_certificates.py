"""Pages of what a holder has: the list, one certificate, its file, and deleting it."""

import json
from itertools import groupby

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from vc.credentials import CredentialFacts
from wallet import holding, presenting, receiving, recognising, session, words
from wallet.errors import NothingThereError
from wallet.holding import Held
from web import database, i18n

Answer = str | Response

pages = Blueprint("certificates", __name__)

SEARCH_FROM = 9
"""A box to search appears with more than eight certificates."""

_ORDER = ("GraduationCertificate", "SkillLevelCertificate")


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
        unfinished=receiving.unfinished(database.current(), session.wallet()),
        words=words,
    )


@pages.post("/certificates/refresh")
@session.holder_only
def refresh() -> Answer:
    """Look at every status again, and for receipts."""
    complete = holding.refresh(
        database.current(), session.wallet(), parts=session.parts(), now=session.now(), force=True
    )
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
    good = item.status.kind == "valid"
    return render_template(
        "wallet/certificate.html",
        item=item,
        words=words,
        type_names=holding.type_names(item.facts),
        facts=_shown_facts(item.facts),
        status=words.of_status(item.status),
        chip=words.chip(item.status),
        anchoring=holding.anchoring(item, parts=parts, now=now),
        recognised=recognising.recognised_by(item.facts, parts=parts, now=now) if good else [],
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


def _groups(items: list[Held]) -> list[tuple[str, list[Held]]]:
    """Put certificates of one kind together: schooling first, then skills, then the rest."""

    def rank(item: Held) -> int:
        kind = item.facts.credential_type
        return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)

    names = (gettext("学历"), gettext("技能"), gettext("其他"))
    return [(names[place], list(group)) for place, group in groupby(sorted(items, key=rank), key=rank)]


def _shown_facts(facts: CredentialFacts) -> list[tuple[str, str]]:
    """Give the facts of a certificate as labels and values, in the order of the paper."""
    period = " – ".join(i18n.day(day) for day in (facts.started, facts.ended) if day) if facts.started else ""
    listed = [
        (gettext("证书编号"), facts.number),
        (gettext("专业代码") if facts.field_of_study else gettext("标准代码"), facts.human_code),
        (gettext("等级"), None if facts.field_of_study else facts.specialization or facts.level_name),
        (gettext("结论"), facts.conclusion),
        (gettext("性别"), facts.gender),
        (gettext("出生日期"), i18n.day(facts.birth_date)),
        (gettext("证件"), _document(facts)),
        (gettext("学习时间"), period),
        (gettext("考核日期"), i18n.day(facts.ended) if facts.ended and not facts.started else None),
        (gettext("考核地点"), facts.site),
        *facts.results,
        (gettext("有效期至"), i18n.day(facts.valid_until) or gettext("长期有效")),
    ]
    return [(label, value) for label, value in listed if value]


def _document(facts: CredentialFacts) -> str | None:
    tail = gettext("末四位 %(tail)s", tail=facts.id_tail) if facts.id_tail else None
    return " ".join(filter(None, (facts.id_document, tail))) or None
