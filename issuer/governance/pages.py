"""The pages of governance (UX.md I11): what is voted on, one question with its effect, the vote, the members.

Every officer reads them; voting takes the role governance and, for each act, the passphrase of the member's
key. The pages ask the ledger each time: there is no copy that could be out of date.
"""

from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext

from crypto import jcs
from issuer import institution, officers
from issuer.clock import now
from issuer.errors import IssuerError, PassphraseRefusedError, UnknownError
from issuer.governance import acting, board, keys, matters, minutes, questions
from issuer.governance.errors import GovernanceKeyExistsError, GovernancePassphraseError
from issuer.ledger_client import client_of
from issuer.views import session, words
from issuer.views.session import actor, db, officer, officer_only, parts
from ledger.client import LedgerUnavailableError, StatementRefusedError
from ledger.errors import LedgerError
from ledger.proposals import votes_needed
from web import problems
from web.i18n import in_language
from web.rate import RateLimiter

pages = Blueprint("governance", __name__)

ACT_RULE = "10/minute"
"""Acts an officer may try: each costs an Argon2id, and one officer never votes that fast."""

_PASSPHRASE_ERRORS = (GovernancePassphraseError, PassphraseRefusedError)
_TABS = ("open", "decided", "members")


@pages.get("/governance")
@officer_only
def listing() -> Any:
    """List what is voted on, what was decided, or the members."""
    tab = request.args.get("tab", "open")
    tab = tab if tab in _TABS else "open"
    try:
        before = request.args.get("before", type=int) if tab == "decided" else None
        shown = board.read(client_of(parts()), own=institution.load(db()).did, before=before, now=now())
    except LedgerUnavailableError:
        shown = None
    body = render_template(
        "issuer/governance/listing.html",
        board=shown,
        tab=tab,
        q=questions,
        needed=None if shown is None else votes_needed(len(shown.roll.members)),
        now=now(),
        may_vote=may_vote(),
        has_key=keys.exists(db()),
        under_way=acting.under_way(db()),
    )
    return body if shown is not None else Response(body, 503, mimetype="text/html")


@pages.get("/governance/<proposal_id>")
@officer_only
def show(proposal_id: str) -> Any:
    """Show one proposal: question, effect, text, counts, votes, and the form."""
    return _page(_read(proposal_id))


@pages.post("/governance/<proposal_id>/vote")
@officer_only
def vote(proposal_id: str) -> Any:
    """Cast the member's vote."""
    read = _read(proposal_id)
    answer = request.form.get("answer", "")
    if answer not in {"yes", "no"}:
        return _page(read, error=gettext("请选择赞成或反对。"), status=422)
    said = gettext("已投赞成票。") if answer == "yes" else gettext("已投反对票。")
    return _act(read, said, acting.vote, yes=answer == "yes")


@pages.post("/governance/<proposal_id>/withdraw")
@officer_only
def withdraw(proposal_id: str) -> Any:
    """Take the member's own proposal back."""
    return _act(_read(proposal_id), gettext("提案已撤回。"), acting.withdraw)


@pages.get("/governance/<proposal_id>/minutes.json")
@officer_only
def minutes_file(proposal_id: str) -> Response:
    """Return the minutes of a vote that is over, the bytes that their digest is of."""
    ledger = client_of(parts())
    found = ledger.proposal(_id(proposal_id), now=now())
    made = None if found is None else minutes.minutes(found, chain_id=ledger.chain_id)
    if made is None:
        raise UnknownError("there are no minutes of this vote")
    answer = Response(minutes.encoded(made), mimetype="application/json")
    name = f"minutes-{proposal_id[:12]}.json"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@pages.post("/governance/resend")
@officer_only
def resend() -> Any:
    """Submit what was signed and never acknowledged once more."""
    session.require_role(officers.GOVERNANCE)
    try:
        acting.finish(db(), parts())
    except LedgerUnavailableError:
        flash(gettext("账本仍没有回应，请稍后再试。"), "warning")
    else:
        flash(gettext("已得到账本的回应。"), "done")
    return redirect(url_for("governance.listing"), 303)


@pages.get("/governance/key")
@officer_only
def key() -> str:
    """Show the public half of the member's key, or the form that makes it."""
    return key_page()


@pages.get("/governance/key/<which>.json")
@officer_only
def key_file(which: str) -> Response:
    """Return the public half of the member's key, or of the one that is to follow, as a file to hand over."""
    halves = {"public": lambda: keys.public_half(db()), "next": lambda: keys.next_half(db())}
    made = halves[which]() if which in halves else None
    if made is None:
        raise UnknownError("no such key")
    answer = Response(jcs.canonicalize(made), mimetype="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="governance-{which}.json"'
    return answer


@pages.post("/governance/key")
@officer_only
def make_key() -> Any:
    """Make the member's key."""
    session.require_role(officers.GOVERNANCE)
    passphrase = request.form.get("passphrase", "")
    if passphrase != request.form.get("again", ""):
        return Response(key_page(error=gettext("两次输入的口令不一致。")), 422, mimetype="text/html")
    try:
        keys.make(db(), parts(), actor=actor(), passphrase=passphrase, now=now())
    except _PASSPHRASE_ERRORS as error:
        return Response(key_page(error=refusal(error)), 422, mimetype="text/html")
    except GovernanceKeyExistsError as error:
        session.say(error)
    else:
        flash(gettext("治理密钥已创建。"), "done")
    return redirect(url_for("governance.key"), 303)


def _act(read: matters.Matter, said: str, act: Any, **arguments: Any) -> Any:
    """Do one act with the passphrase of the form; a wrong one is said beside its field."""
    require_act()
    try:
        act(
            db(),
            parts(),
            actor=actor(),
            passphrase=request.form.get("passphrase", ""),
            proposal=read.proposal.id,
            now=now(),
            **arguments,
        )
    except GovernancePassphraseError as error:
        return _page(read, error=refusal(error), status=error.status, retry_after=error.retry_after)
    except LedgerUnavailableError:
        flash(gettext("账本没有回应，还不能确定它是否收到；签名已保留，稍后可以再送一次。"), "warning")
        return redirect(url_for("governance.listing"), 303)
    except (IssuerError, StatementRefusedError) as error:
        flash(refusal(error), "warning")
    else:
        flash(said, "done")
    return redirect(url_for("governance.show", proposal_id=read.proposal.id.hex()), 303)


def require_act() -> None:
    """Let only an officer with the role go on, and not more often than anybody acts."""
    session.require_role(officers.GOVERNANCE)
    limiter: RateLimiter = current_app.extensions["issuer.limiter"]
    limiter.hit(ACT_RULE, "governance", officer().name)


def _page(
    read: matters.Matter, *, error: str = "", status: int = 200, retry_after: int | None = None
) -> Response:
    ledger, own = client_of(parts()), institution.load(db()).did
    made = minutes.minutes(read.proposal, chain_id=ledger.chain_id)
    title = read.text.document.get("title") if read.text and read.text.document else None
    body = render_template(
        "issuer/governance/proposal.html",
        matter=read,
        proposal=read.proposal,
        roll=read.roll,
        title=title if isinstance(title, dict) else None,
        tally=board.tally(read.proposal),
        own=own,
        own_vote=read.proposal.votes.get(own),
        signed_by=acting.signed_by(db(), read.proposal.id),
        is_member=own in read.roll.members,
        may_vote=may_vote(),
        has_key=keys.exists(db()),
        minutes_digest=None if made is None else minutes.digest(made),
        ledger_url=parts().settings.ledger_url.partition(",")[0],
        q=questions,
        now=now(),
        error=error,
    )
    answer = Response(body, status, mimetype="text/html")
    if retry_after is not None:
        answer.headers["Retry-After"] = str(retry_after)
    return answer


def key_page(*, error: str = "", next_error: str = "") -> str:
    """Render the page of the member's key, with an error beside the field of one of its forms."""
    has_key = keys.exists(db())
    return render_template(
        "issuer/governance/key.html",
        public=keys.public_half(db()) if has_key else None,
        following=keys.next_half(db()),
        next_error=next_error,
        did=institution.load(db()).did,
        may_vote=may_vote(),
        error=error,
    )


def _read(proposal_id: str) -> matters.Matter:
    """Read a proposal with everything behind it.

    Raises:
        UnknownError: The ledger has none of that id.
        LedgerUnavailableError: The ledger is silent.
    """
    ledger = client_of(parts())
    found = ledger.proposal(_id(proposal_id), now=now())
    if found is None:
        raise UnknownError("no such proposal")
    return matters.gather(ledger, found, now=now())


def _id(text: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError as error:
        raise UnknownError("no such proposal") from error
    if len(found) != 32 or found.hex() != text:
        raise UnknownError("no such proposal")
    return found


def may_vote() -> bool:
    """Return whether the officer has the role that acts with the member's key."""
    return officers.GOVERNANCE in officer().roles


def refusal(error: IssuerError | LedgerError) -> str:
    """Return what stands between an officer and an act, in the page's language."""
    known = problems.entry(error.code)
    if isinstance(error, IssuerError):
        return words.refusal(error, known)
    return in_language(known.zh, known.en)
