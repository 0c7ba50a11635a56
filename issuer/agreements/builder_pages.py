"""The builder: an agreement without code or JSON, filled in on a phone, with or without script.

Every button posts the whole form; what was filled in is kept, complete or not, and the page is shown again.
What is wrong stands beside its field once somebody asked for the text. The preview is the text that everybody
will sign, word for word, with its digest.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from crypto import jcs
from issuer import institution
from issuer.agreements import building, drafts, levels, listing, parties, placing, shown, texts, words
from issuer.agreements import sheet as sheets
from issuer.agreements.building import Built
from issuer.agreements.drafts import Draft
from issuer.agreements.parties import Directory
from issuer.agreements.placing import COURSE_KINDS, DEPOSIT
from issuer.agreements.sheet import Sheet
from issuer.clock import now
from issuer.errors import InvalidActError, IssuerError
from issuer.officers import MAKER
from issuer.views import session
from issuer.views import words as officers_words
from issuer.views.session import actor, db, officer_only, parts
from ledger.errors import LedgerError
from ledger.proposing import InputError, end_of_day, moment
from vc.dates import CHINA
from vc.errors import AgreementError
from web import problems
from web.i18n import in_language

pages = Blueprint("agreement_drafts", __name__, url_prefix="/agreements")

VOTE_DAYS = 14
_PREVIEW = "preview"


@pages.get("/new")
@officer_only
def new() -> str:
    """Show an empty form."""
    session.require_role(MAKER)
    return _form(None, sheets.blank(own=institution.load(db()).did))


@pages.post("/drafts")
@officer_only
def create() -> Response:
    """Keep what was filled in as a draft."""
    session.require_role(MAKER)
    draft_id = drafts.create(db(), parts(), actor=actor(), sheet=_posted(), now=now())
    return _after(draft_id)


@pages.get("/drafts/<draft_id>")
@officer_only
def show(draft_id: str) -> str:
    """Show a draft's form; with ``check``, what is wrong stands beside its fields."""
    session.require_role(MAKER)
    draft = drafts.load(db(), draft_id)
    built = drafts.build(draft, earlier=_earlier(draft)) if request.args.get("check") == "1" else None
    return _form(draft, draft.sheet, built)


@pages.post("/drafts/<draft_id>")
@officer_only
def save(draft_id: str) -> Response:
    """Keep what was filled in, after the button's change of the form."""
    session.require_role(MAKER)
    drafts.save(db(), actor=actor(), draft_id=draft_id, sheet=_posted(), now=now())
    return _after(draft_id)


@pages.get("/drafts/<draft_id>/preview")
@officer_only
def preview(draft_id: str) -> Any:
    """Show the text that everybody would sign, in both languages, with its digest."""
    session.require_role(MAKER)
    draft = drafts.load(db(), draft_id)
    built = drafts.build(draft, earlier=_earlier(draft))
    if not built.complete:
        return redirect(url_for("agreement_drafts.show", draft_id=draft_id, check=1), 303)
    return _preview(draft, built)


@pages.post("/drafts/<draft_id>/offer")
@officer_only
def offer(draft_id: str) -> Any:
    """Fix the text, and hand it round to everybody concerned."""
    session.require_role(MAKER)
    draft = drafts.load(db(), draft_id)
    earlier = _earlier(draft)
    built = drafts.build(draft, earlier=earlier)
    if not built.complete:
        return redirect(url_for("agreement_drafts.show", draft_id=draft_id, check=1), 303)
    try:
        text = texts.fix(
            db(),
            actor=actor(),
            document=built.document,
            expires=end_of_vote(request.form.get("expires", "")),
            draft_id=draft_id,
            earlier=earlier,
            now=now(),
        )
    except (IssuerError, AgreementError) as error:
        return _preview(draft, built, error=_refusal(error)), 422
    return redirect(url_for("agreements.show", digest=text.digest.hex()), 303)


@pages.post("/drafts/<draft_id>/give-up")
@officer_only
def give_up(draft_id: str) -> Response:
    """Forget a draft."""
    drafts.give_up(db(), actor=actor(), draft_id=draft_id, now=now())
    return redirect(url_for("agreements.show_all"), 303)


def end_of_vote(day: str) -> int:
    """Return the last second of a day in China: the end of a vote.

    Raises:
        InvalidActError: It is no day.
    """
    try:
        return end_of_day(moment(day), days=0)
    except InputError as error:
        raise InvalidActError("the end of the vote is a day such as 2026-12-31") from error


def _posted() -> Sheet:
    found = sheets.read(request.form.items(multi=True))
    return sheets.change(found, request.form.get("act", ""), lowest=request.form.get("lowest", ""))


def _after(draft_id: str) -> Response:
    """Go where the button leads: on to the text, or back to the part of the form that changed."""
    act = request.form.get("act", "")
    if act == _PREVIEW:
        return redirect(url_for("agreement_drafts.preview", draft_id=draft_id), 303)
    if act == "close":
        return redirect(url_for("agreements.show_all"), 303)
    return redirect(url_for("agreement_drafts.show", draft_id=draft_id) + _anchor(act), 303)


def _anchor(act: str) -> str:
    """Return where on the page the changed part stands."""
    if act == "up":
        return "#accepts"
    section = {"add-party": "parties", "add-occupation": "occupation", "add-reward": "rewards"}.get(act)
    if act.startswith("add-"):
        return f"#{section or ('penalties' if act == 'add-penalty' else 'rules')}-last"
    return f"#{act.split('-')[1]}" if act.startswith("remove-") else ""


def _earlier(draft: Draft) -> list[Any]:
    """Return earlier versions' documents; a silent ledger gives none here, and decides itself later."""
    version = int(draft.sheet["version"] or 1)
    try:
        return list(listing.earlier(parts(), draft.sheet["id"], version=version, now=now()))
    except LedgerError:
        return []


def _form(draft: Draft | None, sheet: Sheet, built: Built | None = None) -> str:
    who = parties.directory(parts())
    errors = {} if built is None else {name: words.problem(code) for name, code in built.problems.items()}
    if built is not None:
        errors.update({name: words.text(said) for name, said in built.findings.items()})
    return render_template(
        "issuer/agreements/builder.html",
        draft=draft,
        sheet=sheet,
        errors=errors,
        checked=built is not None,
        who=who,
        systems=levels.SYSTEMS,
        offered=_offered,
        aw=words,
        **_options(sheet, who),
    )


def _options(sheet: Sheet, who: Directory) -> dict[str, Any]:
    """Return what the drop-downs and boxes of a sheet offer: values with their words."""

    def named(dids: Iterable[str]) -> list[tuple[str, str]]:
        return [(did, words.text(who.name(did))) for did in dids]

    def worded(values: Iterable[str], word: Callable[[str], str]) -> list[tuple[str, str]]:
        return [("", gettext("请选择")), *((value, word(value)) for value in values)]

    chosen = list(dict.fromkeys([*sheet["levels"], *sheets.split(sheet["more_levels"])]))
    conditions = [
        ("when_issuer", gettext("仅限发证机构"), named(sheet["issuer"])),
        ("when_codes", gettext("仅限代码"), [(code, code) for code in sheets.split(sheet["codes"])]),
        ("when_levels", gettext("仅限等级"), [(code, words.level(code)) for code in chosen]),
        ("when_achievement", gettext("仅限标准"), [(url, url) for url in sheets.lines(sheet["achievement"])]),
    ]
    return {
        "members": named(who.members),
        "issuers": named(who.issuers),
        "party_options": named(dict.fromkeys(row["id"] for row in sheet["parties"] if row["id"])),
        "role_options": worded(building.ROLES, words.role),
        "type_options": worded(building.TYPES, words.credential_type),
        "kind_options": [(kind, words.rule_kind(kind)) for kind in (*COURSE_KINDS, DEPOSIT)],
        "system_options": worded(building.SYSTEMS, words.system),
        "scope_options": [(scope, words.scope(scope)) for scope in building.SCOPES],
        "penalty_options": worded(building.PENALTIES, words.penalty),
        "measure_options": worded(building.MEASURES, words.measure),
        "level_options": {
            zh: [(level.code, words.level(level.code)) for level in steps] for zh, _, steps in levels.SYSTEMS
        },
        "conditions": conditions,
        "speakers": {kind: named(placing.speakers(sheet["parties"], kind)) for kind in _KINDS},
    }


def _offered(options: list[tuple[str, str]], chosen: Iterable[str]) -> list[tuple[str, str]]:
    """Return the options, and what is chosen but no longer offered: nothing is dropped silently."""
    known = {value for value, _ in options}
    return [*options, *((value, value) for value in chosen if value and value not in known)]


_KINDS = (*COURSE_KINDS, DEPOSIT, "等级等效", "免于重复认证")


def _preview(draft: Draft, built: Built, error: str = "") -> str:
    who = parties.directory(parts())
    return render_template(
        "issuer/agreements/preview.html",
        draft=draft,
        document=built.document,
        digest=jcs.digest(built.document).hex(),
        described=shown.describe(built.document, who),
        who=who,
        own=institution.load(db()).did,
        vote_days=VOTE_DAYS,
        last=datetime.fromtimestamp(end_of_day(now(), days=VOTE_DAYS), CHINA).date().isoformat(),
        error=error,
        aw=words,
    )


def _refusal(error: IssuerError | AgreementError) -> str:
    known = problems.entry(error.code)
    if isinstance(error, InvalidActError) and error.code == "INVALID_ACT":
        return gettext("请选择今天之后、30天以内的日期；本单位须是协议的一方。")
    if isinstance(error, IssuerError):
        return officers_words.refusal(error, known)
    return in_language(known.zh, known.en)
