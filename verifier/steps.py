"""The steps of one verification, in the order in which ``verification.verify`` takes them.

Each method makes one numbered check, or gathers what several of them read. A step that finds something wrong
records it and lets the others run; a step that rests on a failed one is left out, and reported as not run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from crypto.errors import CryptoError, WeakKeyError
from crypto.keys import PublicKey
from ledger.proof.errors import KeyCompromisedError, NotProvenError, ReceiptError
from ledger.proof.verify import Receipt, check_current
from ledger.registry import Grant, IssuerRecord
from schemas.catalogue import credential_type_names
from vc import (
    controller_documents,
    credentials,
    data_integrity,
    dates,
    did_key,
    documents,
    status,
    structure,
)
from vc.errors import (
    ContextNotAllowedError,
    DocumentError,
    EndorserError,
    IdentifierError,
    InvalidDidError,
    KeyRevokedError,
    ProofError,
    SchemaViolationError,
    StatusError,
    VcError,
    VerificationMethodError,
)
from verifier import accreditation, recognising, statuses
from verifier.endorsements import Countersignature, examine
from verifier.errors import EvidenceUnavailableError
from verifier.evidence import Evidence, Registry
from verifier.findings import IssuerLine, Verification
from verifier.recognising import RecognitionLine
from verifier.statuses import StatusFinding
from verifier.verdicts import Check, Note, Outcome, Step, Verdict

NOT_ANCHORED_WINDOW = timedelta(hours=24)
"""How long a form may go without a receipt and still be judged as of now."""

SNAPSHOT_MAX_AGE = timedelta(hours=24)
"""How old the registry's word may be before the ledger counts as silent."""

ANCHORING_GAP = timedelta(days=365)
"""Award and anchoring further apart than this are both said in a line."""


class Examination:
    """One verification under way: what is known so far, and the checks already made.

    Lives for one call of ``verify`` in one thread.
    """

    def __init__(self, *, document: Mapping[str, Any], evidence: Evidence, now: datetime) -> None:
        self._document = document
        self._evidence = evidence
        self._now = now
        self._checks: dict[Step, Check] = {}
        self._notes: list[Note] = []
        self._registry: Registry | None = None
        self._receipt: Receipt | None = None
        self._receipt_problem: EvidenceUnavailableError | None = None
        self._proofs: tuple[data_integrity.VerifiedProof, ...] = ()
        self._grants: tuple[Grant, ...] | None = None
        self._facts = credentials.facts(document)
        self._finding: StatusFinding | None = None
        self._countersigned: tuple[Countersignature, ...] = ()
        self._lines: tuple[RecognitionLine, ...] = ()
        self._names: Mapping[str, Mapping[str, str]] = {}

    def result(self) -> Verification:
        """Return all checks; a step that nobody reached was not run."""
        checks = tuple(self._checks.get(step, Check(step, Outcome.NOT_RUN)) for step in Step)
        registry, receipt = self._registry, self._receipt
        return Verification(
            checks=checks,
            checked_at=self._now,
            notes=tuple(self._notes),
            facts=self._facts if self._trusted else None,
            issuer=self._issuer_line(),
            recognition=self._lines,
            anchored=None if receipt is None else dates.from_seconds(receipt.time_of_issue),
            revocation=self._finding,
            endorsements=self._countersigned,
            as_of=None if registry is None else registry.as_of,
            single_operator=any(
                part.single_operator
                for part in (receipt, None if registry is None else registry.snapshot)
                if part is not None
            ),
            checkpoint=None if registry is None else registry.snapshot.checkpoint,
            receipt=receipt,
            names=self._names if self._trusted else {},
            document=self._document,
        )

    # Steps 1 and 2

    def readable(self) -> bool:
        """Check limits and structure; return whether the document can be looked at any further."""
        try:
            documents.check(self._document)
        except ContextNotAllowedError as error:
            # Vocabulary that we do not know says nothing against the document.
            self._note_check(Step.PARSE, Outcome.UNAVAILABLE, error)
            return False
        except (DocumentError, CryptoError) as error:
            self._note_check(Step.PARSE, Outcome.FAILED, error)
            return False
        self._set(Step.PARSE, Outcome.PASSED)
        if not credential_type_names(self._document):
            self._set(
                Step.STRUCTURE, Outcome.UNAVAILABLE, "TYPE_UNKNOWN", "a type that is not in the catalogue"
            )
            return False
        try:
            structure.validate(self._document)
        except SchemaViolationError as error:
            # The signature is still worth knowing: signed but malformed is the issuer's mistake.
            self._note_check(Step.STRUCTURE, Outcome.FAILED, error)
            return True
        except DocumentError as error:
            self._note_check(Step.STRUCTURE, Outcome.FAILED, error)
            return False
        self._set(Step.STRUCTURE, Outcome.PASSED)
        return True

    # Before step 3

    def open_receipt(self, *, expected_issuer: str | None) -> None:
        """Read the registry and the form's receipt; the document gives its digest, type and issuer's DID."""
        issuer_id = credentials.issuer_id(self._document)
        if expected_issuer is not None and issuer_id != expected_issuer:
            self._set(
                Step.ISSUER, Outcome.FAILED, "ISSUER_MISMATCH", "issued by another body than its code names"
            )
            return
        try:
            lists = [entry.list_url for entry in status.entries(self._document)]
        except StatusError:
            lists = []
        try:
            self._registry = self._evidence.registry(issuer_id, lists=lists)
            if self._registry.record is not None:
                self._receipt = self._evidence.receipt(
                    credentials.digest(self._document),
                    registry=self._registry,
                    credential_type=credentials.credential_type(self._document),
                )
            if self._receipt is not None and self._receipt.own_size > self._registry.snapshot.size:
                # Anchored after the head that was read, which may be some seconds old: read the present one.
                self._registry = self._evidence.registry(issuer_id, lists=lists, fresh=True)
        except EvidenceUnavailableError as error:
            self._receipt_problem = error

    # Steps 3 and 4

    def proof(self) -> None:
        """Verify the signature, under a key of the issuer that counted at the form's own block."""
        if Step.ISSUER in self._checks:
            return
        if self._registry is None:
            self._unavailable(Step.ISSUER, self._receipt_problem)
            return
        try:
            self._proofs = data_integrity.verify(
                dict(self._document), resolve=self._resolve, purpose="assertionMethod", now=self._now
            )
        except EvidenceUnavailableError as error:
            self._unavailable(Step.ISSUER, error)
        except (IdentifierError, WeakKeyError) as error:
            self._issuer_refused(error)
        except DocumentError as error:
            self._note_check(Step.STRUCTURE, Outcome.FAILED, error)
        except (ProofError, VcError, CryptoError) as error:
            self._note_check(Step.PROOF, Outcome.FAILED, error)
        else:
            self._set(Step.PROOF, Outcome.PASSED)
            self._bind()

    def _bind(self) -> None:
        if self._receipt is not None and self._registry is not None:
            try:
                check_current(self._receipt, current=self._registry.snapshot)
            except KeyCompromisedError as error:
                self._set(Step.ISSUER, Outcome.FAILED, error.code, str(error))
                return
            except (ReceiptError, NotProvenError):
                pass  # Suspension, and a registry older than the receipt, are told in steps 7 and 8.
        self._set(Step.ISSUER, Outcome.PASSED)

    def _resolve(self, verification_method: str, purpose: str) -> PublicKey:
        """Find the key: from the DID document whose digest the registry held at the block that counts."""
        issuer_id, registry = credentials.issuer_id(self._document), self._registry
        if verification_method.partition("#")[0] != issuer_id:
            raise VerificationMethodError("the key belongs to another body than the issuer")
        if registry is None or registry.record is None:
            return _unregistered_key(verification_method)
        record = registry.record if self._receipt is None else self._receipt.issuer
        content = self._evidence.document(record.document_digest, registry=registry)
        return controller_documents.verification_key(
            controller_documents.parse(content, did=issuer_id),
            verification_method,
            purpose=purpose,
            at=self._now if self._receipt is None else dates.from_seconds(self._receipt.time_of_issue),
        )

    def _issuer_refused(self, error: VcError | CryptoError) -> None:
        # Without a receipt only today's keys are known: a key that is listed no longer may have been good
        # once.
        own = credentials.issuer_id(self._document)
        foreign = not all(
            str(proof.get("verificationMethod")).startswith(f"{own}#") for proof in _proofs(self._document)
        )
        retired = isinstance(error, VerificationMethodError | KeyRevokedError) and not foreign
        if self._receipt is None and retired:
            self._note_check(Step.ISSUER, Outcome.UNAVAILABLE, error)
        else:
            self._note_check(Step.ISSUER, Outcome.FAILED, error)

    @property
    def _trusted(self) -> bool:
        return all(self._outcome(step) is Outcome.PASSED for step in (Step.PROOF, Step.ISSUER))

    # Step 5

    def period(self) -> None:
        """Check that the credential's period is now."""
        start, end = self._facts.valid_from, self._facts.valid_until
        if start is not None and self._now < start:
            self._set(Step.PERIOD, Outcome.FAILED, "NOT_YET_VALID")
            self._note("NOT_YET_VALID", weighs=True, date=_day(start))
        elif end is not None and self._now > end:
            self._set(Step.PERIOD, Outcome.FAILED, "EXPIRED")
            self._note("EXPIRED", weighs=True, date=_day(end))
        else:
            self._set(Step.PERIOD, Outcome.PASSED)

    # Step 6

    def status(self) -> None:
        """Ask the issuer's list, whose digest and dates the ledger holds."""
        if not self._trusted or self._registry is None or self._registry.record is None:
            return
        try:
            entries = status.entries(self._document)
            self._finding = statuses.read(
                entries,
                registry=self._registry,
                evidence=self._evidence,
                now=self._now,
                silent_after=SNAPSHOT_MAX_AGE,
            )
        except EvidenceUnavailableError as error:
            self._unavailable(Step.STATUS, error)
            return
        except StatusError as error:
            self._note_check(Step.STATUS, Outcome.UNAVAILABLE, error)
            return
        self._status_found(self._finding)

    def _status_found(self, finding: StatusFinding) -> None:
        if finding.issuer_silent:
            self._note("ISSUER_SILENT")
        if finding.kind != "none":
            self._set(Step.STATUS, Outcome.FAILED, finding.kind.upper())
            return
        self._set(Step.STATUS, Outcome.PASSED)
        if finding.last_word is not None:
            self._note("LAST_WORD", weighs=True, date=_day(finding.last_word))
        if finding.ledger_silent:
            self._note(
                "LEDGER_SILENT", weighs=True, date=_day(self._registry.as_of if self._registry else self._now)
            )
        elif self._registry is not None and self._registry.source != "ledger":
            self._note("AS_OF", date=_minute(self._registry.as_of))

    # Step 7

    def accreditation(self) -> None:
        """Check that the consortium lets this body issue this type: at the form's block, else now."""
        if self._registry is None:
            self._unavailable(Step.ACCREDITATION, self._receipt_problem)
            return
        record = self._registry.record
        if record is None:
            self._set(
                Step.ACCREDITATION, Outcome.FAILED, "ISSUER_NOT_TRUSTED", "the registry knows no such issuer"
            )
            return
        if self._receipt is not None:
            self._accredited_then(self._receipt, self._registry)
        elif self._receipt_problem is not None:
            self._unavailable(Step.ACCREDITATION, self._receipt_problem)
        else:
            self._accredited_now(record)

    def _accredited_then(self, receipt: Receipt, registry: Registry) -> None:
        check = accreditation.at_its_block(receipt, current=registry.snapshot)
        self._checks[Step.ACCREDITATION] = check
        if check.outcome is not Outcome.PASSED:
            return
        started = dates.from_seconds(receipt.grant.start)
        if self._facts.awarded is not None and self._facts.awarded < started:
            self._note("RETROSPECTIVE", weighs=True, date=_day(started))
        if not any(grant.in_force(int(self._now.timestamp())) for grant in self._known_grants()):
            self._note("ACCREDITATION_ENDED")

    def _accredited_now(self, record: IssuerRecord) -> None:
        try:
            grants = self._current_grants()
        except EvidenceUnavailableError as error:
            self._unavailable(Step.ACCREDITATION, error)
            return
        self._checks[Step.ACCREDITATION] = accreditation.as_of_now(
            record, grants=grants, created=self._created, now=self._now
        )

    def _current_grants(self) -> tuple[Grant, ...]:
        if self._grants is None:
            self._grants = self._evidence.grants(
                credentials.issuer_id(self._document), credentials.credential_type(self._document)
            )
        return self._grants

    def _known_grants(self) -> tuple[Grant, ...]:
        # Whether it is still accredited is a line beside the verdict; where nobody knows, none is written.
        try:
            return self._current_grants()
        except EvidenceUnavailableError:
            assert self._receipt is not None
            return (replace(self._receipt.grant, end=None),)

    @property
    def _created(self) -> datetime | None:
        moments = [proof.created for proof in self._proofs if proof.created is not None]
        return max(moments, default=None)

    # Step 8

    def anchoring(self) -> None:
        """Report the receipt; judge a form without one as of now."""
        if self._receipt is not None:
            self._anchored(self._receipt)
        elif self._registry is None or self._receipt_problem is not None:
            self._unavailable(Step.ANCHORING, self._receipt_problem)
        elif not self._trusted:
            return
        elif self._created is not None and self._now - self._created <= NOT_ANCHORED_WINDOW:
            self._set(Step.ANCHORING, Outcome.NOT_APPLICABLE, "NOT_YET_ANCHORED", "judged as of now")
            self._note("NOT_YET_ANCHORED", weighs=True)
        else:
            self._set(
                Step.ANCHORING,
                Outcome.UNAVAILABLE,
                "NOT_ANCHORED",
                "no receipt, and signed over 24 hours ago",
            )

    def _anchored(self, receipt: Receipt) -> None:
        if self._registry is not None and self._registry.snapshot.size < receipt.own_size:
            self._set(
                Step.ANCHORING,
                Outcome.UNAVAILABLE,
                "LEDGER_ROLLBACK",
                "the registry is older than the receipt",
            )
            return
        self._set(Step.ANCHORING, Outcome.PASSED)
        anchored = dates.from_seconds(receipt.time_of_issue)
        if self._facts.awarded is not None and abs(anchored - self._facts.awarded) > ANCHORING_GAP:
            self._note("ANCHORED_LATER", awarded=_day(self._facts.awarded), anchored=_day(anchored))

    # Steps 9 and 10

    def holder(self, possession: Check | None) -> None:
        """Take over what the presentation decided; paper and links are bound to nobody."""
        self._checks[Step.HOLDER] = possession or Check(Step.HOLDER, Outcome.NOT_APPLICABLE)

    def endorsements(self) -> None:
        """Ask for every body that has to countersign; what its endorsement names is fetched only now."""
        if not self._trusted:
            return
        try:
            self._countersigned = examine(
                self._document,
                evidence=self._evidence,
                at=self._now if self._receipt is None else dates.from_seconds(self._receipt.time_of_issue),
                now=self._now,
                silent_after=SNAPSHOT_MAX_AGE,
            )
        except EndorserError as error:
            self._countersignature_lacks("REQUIRED_PROOF_MISSING", "COUNTERSIGNATURE_MISSING", str(error))
            return
        self._countersignatures_found(self._countersigned)

    def _countersignatures_found(self, found: tuple[Countersignature, ...]) -> None:
        by_state = {each.state: each for each in reversed(found)}
        if not found:
            self._set(Step.ENDORSEMENTS, Outcome.NOT_APPLICABLE)
        elif "withdrawn" in by_state:
            self._countersignature_lacks("ENDORSEMENT_WITHDRAWN", "COUNTERSIGNATURE_WITHDRAWN", None)
        elif "missing" in by_state:
            detail = by_state["missing"].detail
            self._countersignature_lacks("REQUIRED_PROOF_MISSING", "COUNTERSIGNATURE_MISSING", detail)
        elif "unchecked" in by_state:
            detail = by_state["unchecked"].detail
            self._set(Step.ENDORSEMENTS, Outcome.UNAVAILABLE, "ENDORSEMENT_UNAVAILABLE", detail)
        else:
            self._set(Step.ENDORSEMENTS, Outcome.PASSED)
            told = any(note.code == "LEDGER_SILENT" for note in self._notes)
            if any(each.ledger_silent for each in found) and not told and self._registry is not None:
                self._note("LEDGER_SILENT", weighs=True, date=_day(self._registry.as_of))

    def _countersignature_lacks(self, code: str, note: str, detail: str | None) -> None:
        self._set(Step.ENDORSEMENTS, Outcome.FAILED, code, detail)
        self._note(note, weighs=True)

    # Step 11

    def recognition(self) -> None:
        """Ask which agreements in force recognise a valid credential."""
        self._set(Step.RECOGNITION, Outcome.NOT_APPLICABLE)
        so_far = self.result()
        self._checks.pop(Step.RECOGNITION)
        complete = self._outcome(Step.ENDORSEMENTS) in (Outcome.PASSED, Outcome.NOT_APPLICABLE)
        # Expired, or lacking a countersignature: valid with a note, and yet recognised by nobody.
        if not complete or self._outcome(Step.PERIOD) is not Outcome.PASSED:
            return
        if so_far.verdict not in (Verdict.VALID, Verdict.NOTE):
            return
        try:
            known = self._evidence.recognitions()
        except EvidenceUnavailableError as error:
            self._unavailable(Step.RECOGNITION, error)
            self._note("RECOGNITION_UNAVAILABLE", weighs=True)
            return
        self._lines = recognising.lines(
            self._facts,
            known,
            verdict=so_far.verdict,
            anchored=self._receipt is not None,
            at=self._now,
        )
        if self._lines:
            self._set(Step.RECOGNITION, Outcome.PASSED)
        else:
            self._set(Step.RECOGNITION, Outcome.NOT_APPLICABLE, "NO_AGREEMENT")

    def naming(self) -> None:
        """Ask what the bodies are called that let the issuer issue, or that the credential speaks of."""
        if not self._trusted:
            return
        grant = self._grant
        spoken_of = (self._facts.enterprise_id, self._facts.college_id, grant.accreditor if grant else None)
        signers = () if self._registry is None else self._registry.snapshot.checkpoint.signers
        # A grant by vote names the ledger, not a body.
        named = {did for did in spoken_of if did and did.startswith("did:")}
        self._names = self._evidence.names(named | set(signers))

    # Shared

    @property
    def _grant(self) -> Grant | None:
        """The accreditation that counts: at the form's block, else the oldest of those in force now."""
        if self._receipt is not None:
            return self._receipt.grant
        now = int(self._now.timestamp())
        current = [grant for grant in self._grants or () if grant.in_force(now)]
        return min(current, key=lambda grant: grant.start, default=None)

    def _issuer_line(self) -> IssuerLine | None:
        record, grant = None if self._registry is None else self._registry.record, self._grant
        if record is None:
            return None
        return IssuerLine(
            did=record.did,
            names=record.names,
            number=record.number,
            since=None if grant is None else dates.from_seconds(grant.start),
            accreditor=None if grant is None else grant.accreditor,
            accreditor_names={}
            if grant is None
            else accreditation.accreditor_names(grant, names=self._names),
        )

    def _outcome(self, step: Step) -> Outcome:
        check = self._checks.get(step)
        return Outcome.NOT_RUN if check is None else check.outcome

    def _set(self, step: Step, outcome: Outcome, code: str | None = None, detail: str | None = None) -> None:
        self._checks[step] = Check(step, outcome, code, detail)

    def _note_check(self, step: Step, outcome: Outcome, error: VcError | CryptoError) -> None:
        self._set(step, outcome, error.code, str(error))

    def _unavailable(self, step: Step, error: EvidenceUnavailableError | None) -> None:
        if error is None:
            self._set(step, Outcome.UNAVAILABLE)
        else:
            self._set(step, Outcome.UNAVAILABLE, error.code, str(error))

    def _note(self, code: str, *, weighs: bool = False, **values: str) -> None:
        self._notes.append(Note(code, tuple(values.items()), weighs))


def _unregistered_key(verification_method: str) -> PublicKey:
    try:
        return did_key.resolve_method(verification_method)
    except InvalidDidError as error:
        # Nobody vouches for the address, so it is not asked.
        raise EvidenceUnavailableError("the issuer is not in the registry", code="DID_UNAVAILABLE") from error


def _proofs(document: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    found = document.get("proof")
    listed = found if isinstance(found, list) else [found]
    return [proof for proof in listed if isinstance(proof, Mapping)]


def _day(moment: datetime) -> str:
    return moment.astimezone(dates.CHINA).date().isoformat()


def _minute(moment: datetime) -> str:
    return moment.astimezone(dates.CHINA).strftime("%Y-%m-%d %H:%M")
