"""Verify a credential: eleven numbered steps, five outcomes, one verdict.

    1 limits and strict parse      5 validity period      9 holder binding
    2 structure                    6 status              10 endorsements
    3 proof                        7 accreditation       11 recognition
    4 issuer binding               8 anchoring

The receipt is opened before step 3, by the form's digest and the registry's URLs alone, and reported as step
8; steps 3, 4 and 7 read its block. After a failed proof nothing is trusted or fetched that the document
names; what is independent of it still runs. What there is to be had comes from ``Evidence``; nothing here
opens a socket or reads a clock.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crypto.errors import CryptoError
from crypto.keys import PublicKey
from vc import credentials, data_integrity, did_key, structure
from vc.errors import DocumentError, VcError
from verifier.evidence import Evidence
from verifier.findings import IssuerLine, RecognitionLine, Verification
from verifier.steps import Examination
from verifier.verdicts import Check, Outcome, Step

__all__ = ["IssuerLine", "RecognitionLine", "Verification", "unopened", "verify", "verify_presentation"]


def verify(
    document: Mapping[str, Any],
    *,
    evidence: Evidence,
    now: datetime,
    expected_issuer: str | None = None,
    possession: Check | None = None,
) -> Verification:
    """Verify one credential.

    Args:
        document: The secured credential, parsed by the strict front door.
        evidence: Where registry, receipts, lists and documents come from.
        now: The moment of the question.
        expected_issuer: The DID that it has to be of, where something else already says so (a printed code).
        possession: Step 9 as the presentation around it decided it; None for paper and for bare credentials,
            to which holder binding does not apply.

    Returns:
        All eleven checks and what follows from them; failures are findings, not exceptions.

    Spec: ARCHITECTURE.md, "Verification, in order".
    """
    run = Examination(document=document, evidence=evidence, now=now)
    run.holder(possession)
    if run.readable():
        run.open_receipt(expected_issuer=expected_issuer)
        run.proof()
        run.period()
        run.accreditation()
        run.anchoring()
        run.status()
        run.endorsements()
        run.recognition()
        run.naming()
    return run.result()


def unopened(code: str, *, outcome: Outcome, now: datetime) -> Verification:
    """Return the verification of something that could not be looked at: a code without a certificate.

    Args:
        code: Why.
        outcome: FAILED where it is proved that there is no certificate, UNAVAILABLE where that is open.
        now: The moment of the question.
    """
    first = Check(Step.PARSE, outcome, code)
    rest = tuple(Check(step, Outcome.NOT_RUN) for step in Step if step is not Step.PARSE)
    return Verification(checks=(first, *rest), checked_at=now)


def verify_presentation(
    presentation: Mapping[str, Any],
    *,
    evidence: Evidence,
    now: datetime,
    challenge: str | None = None,
    domain: str | None = None,
) -> tuple[Verification, ...]:
    """Verify every credential of a presentation, and the presentation's own proof.

    A share is proved "by link only": if its proof verifies, holder binding does not apply; if it does not,
    step 9 fails for every credential in it.

    Args:
        presentation: The signed presentation.
        evidence: See ``verify``.
        now: The moment of the question.
        challenge: What the proof has to answer: a share's id.
        domain: Whom it has to be made for: the verifier's origin.

    Raises:
        DocumentError: It is not a presentation, or holds no credential.
    """
    structure.check_presentation(presentation)
    held = presentation.get("verifiableCredential")
    listed = held if isinstance(held, list) else [held] if held is not None else []
    if not listed:
        raise DocumentError("the presentation holds no credential")
    binding, signers = _presentation_check(presentation, now=now, challenge=challenge, domain=domain)
    return tuple(
        verify(document, evidence=evidence, now=now, possession=_possession(document, signers, binding))
        for document in listed
    )


def _presentation_check(
    presentation: Mapping[str, Any], *, now: datetime, challenge: str | None, domain: str | None
) -> tuple[Check, frozenset[str]]:
    """Verify the presentation's proofs: one of each key that a credential in it may be bound to."""

    def resolve(verification_method: str, _purpose: str) -> PublicKey:
        return did_key.resolve_method(verification_method)

    try:
        proofs = data_integrity.verify(
            dict(presentation),
            resolve=resolve,
            purpose="authentication",
            now=now,
            challenge=challenge,
            domain=domain,
        )
    except (VcError, CryptoError) as error:
        return Check(Step.HOLDER, Outcome.FAILED, error.code, str(error)), frozenset()
    signers = frozenset(proof.controller for proof in proofs)
    holder = _identifier(presentation.get("holder"))
    if holder not in signers:
        detail = "the presentation is not signed by the holder that it names"
        return Check(Step.HOLDER, Outcome.FAILED, "HOLDER_MISMATCH", detail), signers
    return Check(Step.HOLDER, Outcome.NOT_APPLICABLE, "BY_LINK_ONLY"), signers


def _possession(document: Mapping[str, Any], signers: frozenset[str], binding: Check) -> Check:
    # Paper is bound to nobody and may be shown by anybody; a holder-bound form only under its own key.
    bound_to = credentials.facts(document).holder
    if binding.outcome is not Outcome.FAILED and bound_to is not None and bound_to not in signers:
        return Check(Step.HOLDER, Outcome.FAILED, "HOLDER_MISMATCH", "the form is bound to another key")
    return binding


def _identifier(value: object) -> str | None:
    found = value.get("id") if isinstance(value, Mapping) else value
    return found if isinstance(found, str) else None
