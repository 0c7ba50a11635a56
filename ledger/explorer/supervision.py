"""The supervisor's page and its report: read-only, for everybody, without a name of any person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, current_app, json, render_template
from flask_babel import gettext as _

from ledger import listing
from ledger.core.reading import Reader
from ledger.counts import CountsError, Row, month_of
from ledger.explorer import asking
from ledger.explorer.kept import Kept
from ledger.explorer.reports import make_report
from ledger.explorer.supervising import Supervision, month_before, months_between, supervise
from ledger.page import names_of, voted
from ledger.running import engine, is_single_operator, now, quorum, sign
from ledger.watching import ALARMS, SILENT
from ledger.watching.store import PeerReport
from web import health, problems
from web.errors import UnprocessableError
from web.i18n import in_language, pick
from web.spreadsheets import csv_file

MOST_MONTHS = 36
MONTHS = 12

_BAR, _CHART = 120, 320

blueprint = Blueprint("supervision", __name__)


class SpanError(UnprocessableError):
    """The months asked for are no span that is shown."""


@dataclass(frozen=True)
class Column:
    """One month in the picture: heights in SVG units."""

    x: float
    width: float
    issued: float
    revoked: float
    month: str
    row: Row


@blueprint.get("/supervision")
def show() -> tuple[str, int]:
    """Show counters, rates, late anchors, open votes and alarms for some months."""
    with engine().reader() as reader:
        problem = ""
        try:
            span = _asked(reader)
        except SpanError:
            span = _year(reader, month_of(now()))
            problem = _("请选择 1 到 %(n)s 个月，较早的月份在前，不早于账本开始的月份。", n=MOST_MONTHS)
        view, _kept = _view(reader, *span)
        page = render_template(
            "ledger/explorer/supervision.html",
            current="supervision",
            now=now(),
            single_operator=is_single_operator(reader.head_block()),
            view=view,
            columns=_columns(view),
            chart=(_CHART, _BAR),
            widest=max((line.total.issued for line in view.issuers), default=0),
            names=names_of(reader),
            votes=voted(reader, now=now()),
            alarms=_alarms(),
            alarm_words=_alarm_words(),
            hindrances=_hindrances(),
            silent=_silent(),
            counted=asking.index().counted(),
            size=reader.head().size,
            earliest=month_of(reader.genesis.time),
            newest=month_of(now()),
            percent=percent,
            problem=problem,
        )
        return page, 422 if problem else 200


@blueprint.get("/supervision/report")
def report() -> Response:
    """Return the report of the same months, with the signatures under which it can be checked."""
    with engine().reader() as reader:
        view, kept = _view(reader, *_asked(reader))
        made = make_report(
            reader,
            view,
            sign=sign,
            size=quorum().newest(reader),
            kept=kept,
            votes=listing.open_proposals(reader, now=now()),
            alarms=_alarms(),
            now=now(),
            single_operator=is_single_operator(reader.head_block()),
        )
    name = f"supervision-{view.since}-{view.until}.json"
    return Response(
        json.dumps(made, indent=1),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@blueprint.get("/supervision/table")
def table() -> Response:
    """Return the same months as a table for a spreadsheet: a row for each issuer and month."""
    with engine().reader() as reader:
        view, _kept = _view(reader, *_asked(reader))
    header = [_("机构"), "DID", _("月份"), _("签发"), _("撤销"), _("晚存证")]
    rows = [
        [pick(line.names), line.did, month, row.issued, row.revoked, row.anchored_late]
        for line in view.issuers
        for month, row in line.months.items()
    ]
    name = f"supervision-{view.since}-{view.until}.csv"
    return Response(
        csv_file([header, *rows]),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def percent(rate: float | None) -> str:
    """Write a rate with one digit behind the point; nothing where there is none."""
    return "" if rate is None else f"{100 * rate:.1f} %"


def _asked(reader: Reader) -> tuple[str, str]:
    """Return the first and the last month that the address asks for.

    Raises:
        SpanError: They are no months, too many, or none.
    """
    try:
        since, until = asking.month("since"), asking.month("until") or month_of(now())
    except CountsError as error:
        raise SpanError(str(error)) from error
    since = since or _year(reader, until)[0]
    if not 1 <= len(months_between(since, until)) <= MOST_MONTHS:
        raise SpanError(f"the span is 1 to {MOST_MONTHS} months")
    return since, until


def _year(reader: Reader, until: str) -> tuple[str, str]:
    """Return the year that ends with a month, without what lies before the ledger's first month."""
    return max(month_of(reader.genesis.time), month_before(until, MONTHS - 1)), until


def _view(reader: Reader, since: str, until: str) -> tuple[Supervision, Sequence[Kept]]:
    index = asking.index()
    index.advance(reader)
    kept = asking.kept().months(since=since, until=until)
    view = supervise(
        reader,
        activity=index.activity(since=since, until=until),
        kept=kept,
        since=since,
        until=until,
        now=now(),
    )
    return view, kept


def _alarm_words() -> Mapping[str, str]:
    return {
        "equivocation": _("有签名方给两个互相矛盾的账本签了名"),
        "two-histories": _("有节点给出与本节点不同的历史"),
    }


def _alarms() -> Sequence[Mapping[str, Any]]:
    # Where the node watches others, this returns its alarms as JSON values.
    found = current_app.extensions.get(ALARMS)
    listed: Sequence[Mapping[str, Any]] = found() if found is not None else []
    return listed


def _hindrances() -> list[str]:
    """Say what keeps this node from all of its work at present; the same as ``/health`` says."""
    known = [problems.entry(reason.code) for reason in health.reasons(current_app)]
    return [in_language(entry.zh, entry.en) for entry in known]


def _silent() -> Sequence[PeerReport]:
    # Where the node watches others, this returns those that did not answer when they were last asked.
    found = current_app.extensions.get(SILENT)
    listed: Sequence[PeerReport] = found() if found is not None else []
    return listed


def _columns(view: Supervision) -> list[Column]:
    """Lay the months out beside one another, the highest as high as the picture."""
    most = max((max(row.issued, row.revoked) for row in view.by_month.values()), default=0) or 1
    # A few months stand as narrow as a year's, at the left.
    step = _CHART / max(len(view.months), MONTHS)
    return [
        Column(
            x=round(place * step, 1),
            width=round(step, 1),
            issued=round(_BAR * view.by_month[month].issued / most, 1),
            revoked=round(_BAR * view.by_month[month].revoked / most, 1),
            month=month,
            row=view.by_month[month],
        )
        for place, month in enumerate(view.months)
    ]
