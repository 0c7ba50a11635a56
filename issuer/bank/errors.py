"""What the credit bank refuses.

IssuerError
    NotACreditBankError          the registry does not give this institution that role
    NoAgreementError             no version of that agreement is in force, or it is not this bank's
    ApplicationsFullError        too many applications wait for a presentation
    PresentationRefusedError     what was presented is not an answer to the request
        PresentationReplayedError    the request was answered already
    ResponseCodeError            who asks has not shown that the presentation came from there
    CannotCheckError             something could not be checked now; nothing is known against it
"""

from issuer.errors import IssuerError


class NotACreditBankError(IssuerError):
    """The consortium did not make this institution a credit bank."""

    code = "NOT_A_CREDIT_BANK"
    title = "This institution is no credit bank"
    status = 404


class NoAgreementError(IssuerError):
    """No agreement in force turns that certificate into credit here."""

    code = "NO_AGREEMENT"
    title = "No agreement in force"
    status = 422


class ApplicationsFullError(IssuerError):
    """So many applications wait for a presentation that no more are taken at the moment."""

    code = "BUSY"
    title = "Too many applications wait"
    status = 503
    retry_after = 60


class PresentationRefusedError(IssuerError):
    """A presentation that does not answer the request.

    Args:
        detail: What is wrong, in ASCII and without a value from the message.
        code: The registry's code of what is wrong.
    """

    code = "PRESENTATION_RESPONSE_INVALID"
    title = "The presentation does not answer the request"
    status = 400

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail)
        if code is not None:
            self.code = code


class PresentationReplayedError(PresentationRefusedError):
    """The request was answered already, or is over."""

    code = "PRESENTATION_REPLAYED"
    title = "The request was answered already, or is over"


class ResponseCodeError(IssuerError):
    """The application's token came without the code that the answering wallet was given, or with another."""

    code = "RESPONSE_CODE_REQUIRED"
    title = "The response code of the wallet that answered is needed"
    status = 403


class CannotCheckError(IssuerError):
    """Something could not be checked now, which says nothing against the certificate."""

    code = "COULD_NOT_CHECK"
    title = "It could not be checked"
    status = 503
    retry_after = 30
