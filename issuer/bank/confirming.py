"""An officer confirms: the certificate is verified and evaluated anew, by what holds at that moment."""

from sqlite_utils import Database

from issuer import officers
from issuer.audit import Actor
from issuer.bank import conversions, presenting, verifying, world
from issuer.bank.conversions import Decision
from issuer.bank.desk import Desk
from issuer.bank.errors import PresentationRefusedError
from issuer.bank.reasons import reason
from issuer.errors import ConflictError
from issuer.parts import Parts


def confirm(
    db: Database, parts: Parts, desk: Desk, *, application_id: str, actor: Actor, now: int
) -> Decision:
    """Confirm an application that waits for an officer.

    Args:
        db: The connection.
        parts: The collaborators.
        desk: Whom the bank asks.
        application_id: The application.
        actor: The officer, a checker.
        now: Seconds since 1970.

    Returns:
        What became of it: registered, or returned with the reason.

    Raises:
        ForbiddenError: The officer is no checker.
        ConflictError: The application does not wait for an officer.
        CannotCheckError: Something could not be looked at now; the application goes on waiting.
        NotAccreditedError: This institution may sign no CreditRecord now; likewise.
    """
    officers.require(db, actor, officers.CHECKER)
    application = conversions.get(db, application_id)
    if application["state"] != "submitted":
        raise ConflictError("this application does not wait for an officer")
    try:
        verified = verifying.verify(presenting.kept(parts, application), desk=desk, now=now)
    except PresentationRefusedError:
        # It verified when it was presented: a key was given up as stolen since, or the issuer left.
        told = reason("not-authentic")
        return conversions.return_(db, application_id=application_id, told=told, actor=actor, now=now)
    return conversions.confirm(
        db,
        parts,
        application_id=application_id,
        verified=verified,
        world=world.look(application["agreement_id"], desk=desk, now=now),
        actor=actor,
        now=now,
    )


def send_back(db: Database, *, application_id: str, note: str, actor: Actor, now: int) -> Decision:
    """Return an application to the learner with an officer's own words.

    Raises:
        ForbiddenError: The officer is no checker.
        ConflictError: The application does not wait for an officer.
    """
    told = {**reason("returned"), "note": note.strip()[:500]}
    return conversions.return_(db, application_id=application_id, told=told, actor=actor, now=now)
