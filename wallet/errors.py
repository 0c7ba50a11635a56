"""What can go wrong in a wallet, in the words of the code registry.

::

    WalletError
    ├── AccountError
    │   ├── WrongPassphraseError     the name or the passphrase is not right (never says which)
    │   ├── AccountNameTakenError    another wallet has this name
    │   ├── WeakPassphraseError      the passphrase is too short or too plain
    │   ├── BadAccountNameError      the name is empty, too long or not printable
    │   ├── TooManyAttemptsError     wait before trying again
    │   ├── BusyError                too many passphrases are being checked at this moment
    │   └── SessionEndedError        logged out, timed out, or never logged in
    ├── OfferError
    │   ├── UnreadableOfferError     neither an offer, nor a claim link, nor a claim code
    │   │   └── UnwelcomeLinkError   a link that no slip carries; it is not opened
    │   ├── IssuerMetadataError      the issuer's own description contradicts itself or the offer
    │   ├── UnknownIssuerError       the registry knows no such issuer
    │   ├── IssuerUnreachableError   the issuer did not answer, or not in a way that counts
    │   ├── OfferUnknownError        the issuer knows no such offer or claim code
    │   ├── OfferUsedError           these certificates were claimed before
    │   ├── OfferExpiredError        the offer or the slip is too old
    │   ├── OfferLockedError         too many wrong PINs: the slip is dead
    │   ├── OfferVoidError           the slip was replaced by a newer one
    │   ├── WrongPinError            the PIN is not right; says how many tries are left where the issuer does
    │   └── ClaimDeniedError         the issuer signs nothing for this claim any more
    ├── RequestError
    │   ├── UnreadableRequestError   not a request to present certificates
    │   ├── UnknownVerifierError     the registry knows no such body; nothing was asked of it
    │   ├── RequestRefusedError      the request is one that no wallet may answer; nobody was answered
    │   ├── RequestOverError         the request is gone or expired
    │   ├── VerifierUnreachableError who asks did not answer, or not in a way that counts
    │   ├── ChoiceError              what was chosen does not answer the request
    │   └── AnsweredError            the request was answered before
    ├── ConversionError
    │   ├── NoAgreementError         no agreement in force turns this certificate into such credit
    │   ├── BankUnreachableError     the credit bank did not answer, or not in a way that counts
    │   └── ApplicationRefusedError  the credit bank does not take the application, with its code
    ├── HolderRequestRefusedError    the issuer does not take what the holder asks about a certificate
    ├── CredentialRejectedError      what the issuer sent is not stored, with the reason
    ├── CannotCheckError             it could not be checked now; nothing is shown as yours before it is
    ├── NothingThereError            no such credential, claim or share in this wallet
    ├── ShareError                   the choice of certificates, label or days is not one that can be shared
    ├── ShareUnknownError            no such share, or not its token (nobody is told which)
    ├── ShareExpiredError            the share's end has come
    └── ShareClosedError             its holder closed it
"""

from crypto.errors import PROBLEM_TYPES


class WalletError(Exception):
    """Something that the wallet refuses or cannot do; its text is safe to show."""

    code = "WALLET_ERROR"
    type = PROBLEM_TYPES + "WALLET_ERROR"
    title = "The wallet cannot do this"
    retry_after: int | None = None

    def __init_subclass__(cls) -> None:
        """Derive the problem type from the code that the class sets."""
        if "code" in vars(cls):
            cls.type = PROBLEM_TYPES + cls.code


class AccountError(WalletError):
    """Something about an account or its session."""

    code = "ACCOUNT_ERROR"
    title = "The account could not be used"


class WrongPassphraseError(AccountError):
    """The name or the passphrase is not right; nobody is told which."""

    code = "WRONG_PASSPHRASE"
    title = "The name or the passphrase is not right"


class AccountNameTakenError(AccountError):
    """Another wallet has this name."""

    code = "ACCOUNT_NAME_TAKEN"
    title = "Another wallet has this name"


class WeakPassphraseError(AccountError):
    """The passphrase is too short or too plain."""

    code = "WEAK_PASSPHRASE"
    title = "The passphrase is too easy to guess"


class BadAccountNameError(AccountError):
    """The name is empty, too long or not printable."""

    code = "BAD_ACCOUNT_NAME"
    title = "A wallet cannot have this name"


class TooManyAttemptsError(AccountError):
    """So many attempts failed that the next one has to wait."""

    code = "TOO_MANY_ATTEMPTS"
    title = "Too many attempts"

    def __init__(self, retry_after: int) -> None:
        """Remember the whole seconds after which the next attempt counts."""
        super().__init__(f"try again in {retry_after} seconds")
        self.retry_after = retry_after


class BusyError(AccountError):
    """So many passphrases are being checked that this one was not."""

    code = "BUSY"
    title = "The wallet is busy"
    retry_after = 5


class SessionEndedError(AccountError):
    """Nobody is logged in: logged out, timed out, or never logged in."""

    code = "SESSION_ENDED"
    title = "Log in to go on"


class OfferError(WalletError):
    """Something about what an issuer offers."""

    code = "OFFER_ERROR"
    title = "The offer cannot be used"


class UnreadableOfferError(OfferError):
    """Neither an offer, nor a claim link, nor a claim code."""

    code = "OFFER_UNREADABLE"
    title = "This is not a claim link or a claim code"


class UnwelcomeLinkError(UnreadableOfferError):
    """A link that no slip carries, such as ``javascript:``; it is not opened."""

    code = "QR_REJECTED"
    title = "This link is not opened here"


class IssuerMetadataError(OfferError):
    """The issuer's description of itself contradicts itself or the offer (RFC 9207's mix-up)."""

    code = "ISSUER_METADATA_MISMATCH"
    title = "The issuer's own description does not fit"


class UnknownIssuerError(OfferError):
    """The consortium's registry knows no such issuer."""

    code = "ISSUER_UNKNOWN"
    title = "The consortium knows no such issuer"


class IssuerUnreachableError(OfferError):
    """The issuer did not answer, or not in a way that counts."""

    code = "ISSUER_UNREACHABLE"
    title = "The issuer does not answer"


class OfferUnknownError(OfferError):
    """The issuer knows no such offer or claim code."""

    code = "CLAIM_CODE_UNKNOWN"
    title = "The issuer knows no such offer"


class OfferUsedError(OfferError):
    """These certificates were claimed before."""

    code = "SLIP_USED"
    title = "These certificates were claimed before"

    def __init__(self, detail: str = "", *, claimed_at: str | None = None) -> None:
        """Remember when the issuer says that they were claimed (date-time text, or nothing)."""
        super().__init__(detail)
        self.claimed_at = claimed_at


class OfferExpiredError(OfferError):
    """The offer or the slip is too old."""

    code = "SLIP_EXPIRED"
    title = "The offer is no longer open"


class OfferLockedError(OfferError):
    """Too many wrong PINs: the slip is dead for good."""

    code = "SLIP_LOCKED"
    title = "Too many wrong PINs"


class OfferVoidError(OfferError):
    """The slip was replaced by a newer one."""

    code = "SLIP_VOID"
    title = "A newer slip has replaced this one"


class WrongPinError(OfferError):
    """The PIN is not right."""

    code = "WRONG_PIN"
    title = "The PIN is not right"

    def __init__(self, detail: str = "", *, tries_left: int | None = None) -> None:
        """Remember how many tries the issuer says are left, where it says so."""
        super().__init__(detail)
        self.tries_left = tries_left


class ClaimDeniedError(OfferError):
    """The issuer signs nothing for this claim any more."""

    code = "CLAIM_DENIED"
    title = "The issuer signs nothing for this claim any more"


class RequestError(WalletError):
    """Something about a request to present certificates; whoever asks hears nothing of it."""

    code = "REQUEST_ERROR"
    title = "The request cannot be answered"


class UnreadableRequestError(RequestError):
    """Not a request to present certificates."""

    code = "REQUEST_UNREADABLE"
    title = "This is not a request to present certificates"


class UnknownVerifierError(RequestError):
    """The consortium's registry does not know who asks."""

    code = "VERIFIER_UNKNOWN"
    title = "The consortium does not know who asks"


class RequestRefusedError(RequestError):
    """The request breaks a rule that protects holders, so nobody was answered."""

    code = "PRESENTATION_REQUEST_INVALID"
    title = "The request is not one that may be answered"

    def __init__(self, detail: str, *, error: str = "invalid_request") -> None:
        """Keep the name that OpenID4VP gives to it, such as ``invalid_transaction_data``."""
        super().__init__(detail)
        self.error = error


class RequestOverError(RequestError):
    """The request is gone or expired."""

    code = "REQUEST_OVER"
    title = "The request is over"


class VerifierUnreachableError(RequestError):
    """Who asks did not answer, or not in a way that counts."""

    code = "VERIFIER_UNREACHABLE"
    title = "Who asks does not answer"


class ChoiceError(RequestError):
    """What was chosen does not answer the request."""

    code = "CHOICE_INVALID"
    title = "That does not answer the request"


class AnsweredError(RequestError):
    """The request was answered before; there is one answer to a request."""

    code = "ANSWERED"
    title = "This request was answered before"


class ConversionError(WalletError):
    """Something about turning a certificate into credit."""

    code = "CONVERSION_ERROR"
    title = "The certificate cannot be converted"


class NoAgreementError(ConversionError):
    """No agreement in force turns this certificate into such credit."""

    code = "NO_AGREEMENT"
    title = "No agreement in force grants this credit"


class BankUnreachableError(ConversionError):
    """The credit bank did not answer, or not in a way that counts."""

    code = "BANK_UNREACHABLE"
    title = "The credit bank does not answer"


class ApplicationRefusedError(ConversionError):
    """The credit bank does not take the application."""

    code = "APPLICATION_REFUSED"
    title = "The credit bank does not take the application"

    def __init__(self, detail: str, *, reason: str | None = None) -> None:
        """Keep the bank's own code, where it gave one."""
        super().__init__(detail)
        self.reason = reason


class HolderRequestRefusedError(WalletError):
    """The issuer does not take what the holder asks about a certificate."""

    code = "HOLDER_REQUEST_REFUSED"
    title = "The issuer does not take this request"

    def __init__(self, detail: str, *, reason: str | None = None) -> None:
        """Keep the issuer's own code, where it gave one."""
        super().__init__(detail)
        self.reason = reason


class CredentialRejectedError(WalletError):
    """What the issuer sent is not what it offered, so it is not stored."""

    code = "CREDENTIAL_REJECTED"
    title = "The certificate was refused"

    def __init__(self, reason: str, detail: str) -> None:
        """Name the reason in one word, such as ``signature`` or ``binding``, and say it in a sentence."""
        super().__init__(detail)
        self.reason = reason


class CannotCheckError(WalletError):
    """Whether the certificate is right could not be found out now; this says nothing against it."""

    code = "COULD_NOT_CHECK"
    title = "The certificate could not be checked now"


class NothingThereError(WalletError):
    """This wallet has no such credential, claim or share."""

    code = "NOT_FOUND"
    title = "There is no such thing in this wallet"


class ShareError(WalletError):
    """The choice of certificates, label or days is not one that can be shared."""

    code = "SHARE_INVALID"
    title = "This cannot be shared like that"


class ShareUnknownError(WalletError):
    """No such share, or not its token; nobody is told which."""

    code = "NOT_FOUND"
    title = "There is no such share"


class ShareExpiredError(WalletError):
    """The share's end has come."""

    code = "LINK_EXPIRED"
    title = "The share has expired"


class ShareClosedError(WalletError):
    """The holder closed the share."""

    code = "LINK_REVOKED"
    title = "The share was closed by its holder"
