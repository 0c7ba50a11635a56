"""Co-signing without a browser.

at the college      cosign BATCH · renew-form RECORD
at the enterprise   endorse LINK · endorsements · withdraw-endorsement ID
"""

import time
from typing import Any

import click

from issuer import anchoring, offers, records
from issuer.command_line import LOOK_SECONDS, SETTLE_SECONDS, Session, now, opened, say, settle, two
from issuer.cosigning import acts, drafting, endorsing, links
from issuer.cosigning.drafting import Draft, Refusal
from issuer.cosigning.endorsing import Given
from issuer.cosigning.errors import NeighbourUnavailableError
from issuer.cosigning.network import Network, network_of
from issuer.errors import ConflictError
from vc.notices import REASONS


@click.command()
@click.argument("batch")
@click.option("--as", "maker", required=True, help="The officer.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def cosign(batch: str, maker: str, as_json: bool) -> None:
    """Make the links by which enterprises endorse the records of BATCH, and say how they stand."""
    with opened(ledger=True) as session:
        network = network_of(session.parts)
        actor = session.officer(maker)
        drafting.refresh(session.db, network, now=session.now)
        drafts, refused = drafting.cosign(
            session.db, session.parts, network, actor=actor, batch_id=batch, now=session.now
        )
        answer = {
            "batch": batch,
            "drafts": [_draft(draft) for draft in drafts],
            "refused": [_refusal(each) for each in refused],
            "missing": drafting.missing(session.db, batch),
        }
        say(answer, as_json=as_json)


@click.command()
@click.argument("link")
@click.option("--as", "name", required=True, help="The officer: mentor, maker or checker.")
@click.option("--comment", default="", help="What the enterprise says in words.")
@click.option("--return", "reason", help="Send the draft back to the college, saying why.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def endorse(link: str, name: str, comment: str, reason: str | None, as_json: bool) -> None:
    """Endorse the draft behind LINK with this enterprise's key, or return it."""
    with opened(ledger=True) as session:
        network = network_of(session.parts)
        actor = session.officer(name)
        draft = endorsing.open_draft(
            session.db, network, actor=actor, link=links.parse(link), now=session.now
        )
        if reason is not None:
            endorsing.return_draft(
                session.db, network, actor=actor, opened=draft, reason=reason, now=session.now
            )
            say({"draft": draft.link.draft_id, "state": "returned"}, as_json=as_json)
            return
        given = endorsing.endorse(
            session.db, session.parts, actor=actor, opened=draft, comment=comment, now=session.now
        )
        given = _delivered(session, network, given)
        say({"draft": draft.link.draft_id, **_given(given)}, as_json=as_json)
    if given.delivered_at is None:
        raise click.exceptions.Exit(1)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def endorsements(as_json: bool) -> None:
    """List what this body endorsed, after delivering what still waits."""
    with opened(ledger=True) as session:
        endorsing.deliver_all(session.db, session.parts, network_of(session.parts), now=session.now)
        say({"endorsements": [_given(each) for each in endorsing.listing(session.db)]}, as_json=as_json)


@click.command("withdraw-endorsement")
@click.argument("endorsement")
@click.option("--reason", default=acts.WITHDRAWAL_REASON, help="One of: " + ", ".join(REASONS))
@click.option("--as", "maker", required=True, help="The officer.")
@click.option("--approved-by", "checker", required=True, help="The second officer.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def withdraw_endorsement(endorsement: str, reason: str, maker: str, checker: str, as_json: bool) -> None:
    """Withdraw ENDORSEMENT for good: who verifies the record is told so."""
    with opened(ledger=True) as session:
        first, second = session.officer(maker), session.officer(checker)
        given = endorsing.get(session.db, endorsement)
        two(
            session,
            first,
            second,
            kind="withdraw-endorsement",
            subject=given.id,
            arguments={"reason": reason},
        )
        state = settle(session)
        answer = {
            **_given(endorsing.get(session.db, given.id)),
            "anchored": not anchoring.lists_wait(session.db),
            "problem": state.problem,
        }
        say(answer, as_json=as_json)


@click.command("renew-form")
@click.argument("record")
@click.option("--reason", default=acts.RENEWAL_REASON, help="One of: " + ", ".join(REASONS))
@click.option("--as", "maker", required=True, help="The officer.")
@click.option("--approved-by", "checker", required=True, help="The second officer.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def renew_form(record: str, reason: str, maker: str, checker: str, as_json: bool) -> None:
    """Sign RECORD (id or number) anew with the endorsements that came since, and make a new claim slip."""
    with opened(ledger=True) as session:
        first, second = session.officer(maker), session.officer(checker)
        found = records.get(session.db, record)
        drafting.refresh(session.db, network_of(session.parts), now=session.now, record_id=found.id)
        made = two(session, first, second, kind="renew-form", subject=found.id, arguments={"reason": reason})
        minted = offers.mint_for(session.db, session.parts, slip_id=made["slip_id"], now=session.now)
        state = settle(session)
        answer = {
            "record": found.id,
            "form": made["form_id"],
            "offer": minted.link,
            "tx_code": made["pin"],
            "slip": made["link"],
            "problem": state.problem,
        }
        say(answer, as_json=as_json)


COMMANDS = (cosign, endorse, endorsements, withdraw_endorsement, renew_form)
"""Everything of this part, for ``vocred issuer``."""


def _delivered(session: Session, network: Network, given: Given) -> Given:
    """Deliver an endorsement; another process may be bringing this body's list to the ledger meanwhile."""
    end = time.monotonic() + SETTLE_SECONDS
    while True:
        endorsing.deliver_all(session.db, session.parts, network, now=now())
        given = endorsing.get(session.db, given.id)
        if given.delivered_at is not None or time.monotonic() > end:
            return given
        if given.problem not in (None, NeighbourUnavailableError.code):
            raise ConflictError(f"the college did not take the endorsement: {given.problem}")
        time.sleep(LOOK_SECONDS)


def _draft(draft: Draft) -> dict[str, Any]:
    return {
        "draft": draft.id,
        "row": draft.line,
        "record": draft.record_id,
        "name": draft.name,
        "number": draft.number,
        "endorser": draft.endorser,
        "state": draft.state,
        "note": draft.note,
        "link": draft.link,
    }


def _refusal(refusal: Refusal) -> dict[str, Any]:
    return {"row": refusal.line, "name": refusal.name, "code": refusal.error.code, "why": str(refusal.error)}


def _given(given: Given) -> dict[str, Any]:
    return {
        "endorsement": given.id,
        "state": "endorsed" if given.state == "valid" else "withdrawn",
        "delivered": given.delivered_at is not None,
        "record": given.record_id,
        "type": given.credential_type,
        "name": given.holder_name,
        "college": given.college,
        "by": given.given_by,
    }
