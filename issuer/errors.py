"""What the issuer refuses.

    IssuerError
        UnknownError                   no such batch, record, form, act or officer
        ForbiddenError                 the officer's roles do not cover this
            SameOfficerError           both sides of one act by one officer
        SignInRefusedError             name and passphrase do not go together
            SignInDelayedError         too many wrong passphrases; says when to come back
        PassphraseRefusedError         a new passphrase that is too short or too common
        InvalidActError                an act that cannot be submitted as it stands
            ReasonRequiredError        revoking or withdrawing without one of the reasons
        ConflictError                  the state has moved on
            DuplicateCredentialError   this person, or this number, has that certificate already
            DuplicateCredentialIdError the record's id is taken, with other content
        NotRegisteredError             the consortium does not know this issuer (yet)
            NotAccreditedError         it does, but not for this type, or no longer
        ClockSkewError                 this clock is too far from the ledger's: nothing is signed
        StateBehindLedgerError         the ledger holds statements that this database lacks: nothing is signed
        AnchoringStuckError            digests wait too long for the ledger (an alarm, no answer)
        UnsoundError                   the database is not what this program wrote
            AuditTamperedError         the audit log is not the one that was written
        SignerChangedError             the signing key changed in the middle of a batch
        PrintingClosedError            the batch is not anchored and indexed yet
        LedgerAheadError               the ledger holds newer versions than this database: an old backup
        ClaimError                     a claim code that gives no offer
            ClaimCodeUnknownError, SlipUsedError, SlipExpiredError, SlipLockedError, SlipVoidError

Every class names the ``code`` of the one registry, the problem ``type``, a ``title`` and the HTTP ``status``
that ``web.problems`` answers with. A detail never holds a claim's value, a code, a PIN or a passphrase.
"""

PROBLEM_TYPES = "https://w3id.org/vocred/problems#"


class IssuerError(Exception):
    """Something that the issuer refuses, with the code of its answer."""

    code = "CONFLICT"
    type = PROBLEM_TYPES + "CONFLICT"
    title = "The issuer refused"
    status = 409
    retry_after: int | None = None

    def __init_subclass__(cls) -> None:
        """Derive the problem type from a code that the class sets."""
        if "code" in vars(cls) and "type" not in vars(cls):
            cls.type = PROBLEM_TYPES + cls.code


class UnknownError(IssuerError):
    """Nothing has that identifier."""

    code = "NOT_FOUND"
    title = "Not found"
    status = 404


class ForbiddenError(IssuerError):
    """Whoever asks may not do this."""

    code = "FORBIDDEN"
    title = "Not allowed"
    status = 403


class SameOfficerError(ForbiddenError):
    """One officer stands on both sides of one act."""

    code = "SAME_OFFICER"
    title = "A second officer has to approve this"


class SignInRefusedError(IssuerError):
    """The name and the passphrase do not go together."""

    code = "SIGN_IN_REFUSED"
    title = "Name or passphrase is wrong"
    status = 401


class SignInDelayedError(SignInRefusedError):
    """There were too many wrong passphrases for this name."""

    code = "SIGN_IN_DELAYED"
    title = "Too many wrong passphrases, please wait"
    status = 429

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class PassphraseRefusedError(IssuerError):
    """The new passphrase is too short or too common."""

    code = "PASSPHRASE_REFUSED"
    title = "Choose a longer passphrase"
    status = 422


class InvalidActError(IssuerError):
    """The act cannot be submitted as it stands."""

    code = "INVALID_ACT"
    title = "This cannot be submitted"
    status = 422


class ReasonRequiredError(InvalidActError):
    """Revoking and withdrawing need one of the listed reasons."""

    code = "REASON_REQUIRED"
    title = "Say why"


class ConflictError(IssuerError):
    """The state has moved on since the officer looked."""

    title = "The state has changed in the meantime"


class DuplicateCredentialError(ConflictError):
    """This number, or this person for this achievement, has a certificate record already."""

    code = "DUPLICATE_CREDENTIAL"
    title = "Issued already"


class DuplicateCredentialIdError(ConflictError):
    """A record with this id exists."""

    code = "DUPLICATE_CREDENTIAL_ID"
    title = "The credential's id is taken"


class NotRegisteredError(IssuerError):
    """The consortium's registry does not (yet) name this issuer, so it has no number for its codes."""

    code = "ISSUER_NOT_REGISTERED"
    title = "The consortium has not registered this issuer"


class NotAccreditedError(NotRegisteredError):
    """The registry names this issuer, but no grant for the type is in force, or it is suspended or closed."""

    code = "ISSUER_NOT_ACCREDITED"
    title = "The consortium does not accredit this issuer for the type now"


class ClockSkewError(IssuerError):
    """This machine's clock and the ledger's are more than two minutes apart."""

    code = "CLOCK_SKEW"
    title = "The clock is wrong"
    status = 503
    retry_after = 60


class StateBehindLedgerError(IssuerError):
    """The ledger holds statements of this issuer that the database lacks: an old backup was restored."""

    code = "STATE_BEHIND_LEDGER"
    title = "The database is older than the ledger"
    status = 503
    retry_after = 300


class AnchoringStuckError(IssuerError):
    """What waits for the ledger waits too long."""

    code = "LEDGER_UNAVAILABLE"
    title = "The ledger has not taken what waits"
    status = 503


class UnsoundError(IssuerError):
    """The database breaks a rule that this program always keeps: a damaged disk, or somebody's hand."""

    code = "DB_CORRUPT"
    title = "The database is not sound"
    status = 503


class AuditTamperedError(UnsoundError):
    """A line of the audit log was changed, removed, or put in another place."""

    code = "AUDIT_TAMPERED"
    title = "The audit log was changed"
    status = 503


class SignerChangedError(IssuerError):
    """The signing key is no longer the one with which the batch was begun."""

    code = "SIGNER_CHANGED"
    title = "The signing key changed while the batch was being signed"


class PrintingClosedError(IssuerError):
    """Printing opens once every form of the batch is anchored and indexed."""

    code = "PRINTING_CLOSED"
    title = "Printing opens when the batch is anchored and indexed"


class LedgerAheadError(IssuerError):
    """The ledger holds a newer version than this database: publishing could bring revoked forms back."""

    code = "LEDGER_AHEAD"
    title = "The ledger holds newer versions than this database, which may be an old backup"


class ClaimError(IssuerError):
    """A claim code that gives no offer."""

    code = "CLAIM_REFUSED"
    title = "This claim code gives no offer"
    status = 410


class ClaimCodeUnknownError(ClaimError):
    """No slip has this claim code."""

    code = "CLAIM_CODE_UNKNOWN"
    title = "No slip has this claim code"
    status = 404


class SlipUsedError(ClaimError):
    """The certificate of this slip has been claimed.

    Attributes:
        claimed_at: When, in seconds.
    """

    code = "SLIP_USED"
    title = "This slip has been used"

    def __init__(self, detail: str, *, claimed_at: int) -> None:
        super().__init__(detail)
        self.claimed_at = claimed_at


class SlipExpiredError(ClaimError):
    """The slip is older than its 180 days."""

    code = "SLIP_EXPIRED"
    title = "This slip has expired"


class SlipLockedError(ClaimError):
    """Five wrong PINs were given for this slip."""

    code = "SLIP_LOCKED"
    title = "Five wrong PINs: this slip is locked"


class SlipVoidError(ClaimError):
    """Another slip replaced this one, or the record was revoked."""

    code = "SLIP_VOID"
    title = "This slip is void; ask the school for the current one"
