"""Step 7: whether the consortium lets a body issue a type, at the block that counts.

A receipt proves the grant at the form's own block; what the registry knows since then (suspension) is read
from the issuer's current record. A form without a receipt is judged as of now, and by its own date where
that alone shows that it was never entitled.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from ledger.proof.errors import IssuerSuspendedError, NotProvenError, ReceiptError
from ledger.proof.verify import Receipt, Snapshot, check_current
from ledger.registry import Grant, IssuerRecord
from verifier.verdicts import Check, Outcome, Step

BY_VOTE: Mapping[str, str] = {"zh": "联盟成员表决", "en": "a vote of the consortium's members"}
"""What stands in an accreditor's place where the members themselves gave the grant."""


def accreditor_names(grant: Grant, *, names: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
    """Return what to call whoever gave a grant: a member, or all of them by vote.

    Args:
        grant: The grant; by vote, the chain id stands for its accreditor.
        names: Names of bodies by DID, where the registry knows them.
    """
    return names.get(grant.accreditor, {}) if grant.accreditor.startswith("did:") else BY_VOTE


def at_its_block(receipt: Receipt, *, current: Snapshot) -> Check:
    """Judge a form with a receipt.

    Args:
        receipt: The checked receipt; its grant was in force at the form's own block.
        current: What the registry knows today.
    """
    try:
        check_current(receipt, current=current)
    except IssuerSuspendedError as error:
        return Check(Step.ACCREDITATION, Outcome.FAILED, error.code, str(error))
    except (ReceiptError, NotProvenError) as error:
        return Check(Step.ACCREDITATION, Outcome.UNAVAILABLE, error.code, str(error))
    return Check(Step.ACCREDITATION, Outcome.PASSED)


def as_of_now(
    record: IssuerRecord, *, grants: Sequence[Grant], created: datetime | None, now: datetime
) -> Check:
    """Judge a form without a receipt.

    Args:
        record: The issuer's current record.
        grants: Every grant of the type that it ever had.
        created: When its proof says that it was made; the issuer's word, which may only weigh against it.
        now: The moment of the question.

    Spec: ARCHITECTURE.md, "A form without a receipt is judged as of now".
    """
    second = int(now.timestamp())
    if not grants:
        return _check(Outcome.FAILED, "ISSUER_NOT_AUTHORIZED_FOR_TYPE", "never accredited for this type")
    if record.suspended(second) or record.closed(second):
        # An earlier form may have lost its receipt; nothing shows when this one was made.
        return _check(Outcome.UNAVAILABLE, "ISSUER_SUSPENDED", "not entitled to issue now")
    if any(grant.in_force(second) for grant in grants):
        return Check(Step.ACCREDITATION, Outcome.PASSED)
    made = None if created is None else int(created.timestamp())
    if made is not None and not any(grant.in_force(made) for grant in grants):
        detail = "by its own date it was made outside the accreditation"
        return _check(Outcome.FAILED, "ISSUER_NOT_AUTHORIZED_AT_TIME", detail)
    return _check(Outcome.UNAVAILABLE, "ISSUER_NOT_AUTHORIZED_AT_TIME", "no longer accredited")


def _check(outcome: Outcome, code: str, detail: str) -> Check:
    return Check(Step.ACCREDITATION, outcome, code, detail)
