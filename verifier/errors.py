"""What may keep the verifier from answering.

    VerifierError
    ├── EvidenceUnavailableError     something that decides could not be had: never a yes, never a no
    ├── NoSuchAgreementError         the ledger proves that no agreement has this id
    ├── NoSuchCertificateError       the store's index, or the registry, proves that nothing carries this code
    ├── ShareGoneError               the share was closed, or its time is over
    ├── ShareUnknownError            no such share, or another link's token
    └── UnreadableRequestError       what was handed in is none of the things that can be verified

Findings about a credential are not errors: they are checks in a ``Verification``.
"""

from crypto.errors import PROBLEM_TYPES


class VerifierError(Exception):
    """The base of what this service raises."""

    code = "VERIFIER_ERROR"
    type = PROBLEM_TYPES + "VERIFIER_ERROR"
    title = "The verification could not be carried out"


class EvidenceUnavailableError(VerifierError):
    """Something that decides could not be had.

    Attributes:
        code: Of the registry; says what was missing.
    """

    title = "Something that is needed to decide could not be had"

    def __init__(self, detail: str, *, code: str) -> None:
        super().__init__(detail)
        self.code = code
        self.type = PROBLEM_TYPES + code


class NoSuchAgreementError(VerifierError):
    """It is proved that no agreement of this id was ever in force."""

    code = "NOT_FOUND"
    type = PROBLEM_TYPES + "NOT_FOUND"
    title = "There is no such agreement"


class NoSuchCertificateError(VerifierError):
    """It is proved that no certificate carries this code."""

    code = "NO_SUCH_CERTIFICATE"
    type = PROBLEM_TYPES + "NO_SUCH_CERTIFICATE"
    title = "There is no such certificate"


class ShareUnknownError(VerifierError):
    """There is no such share, or the link is another's; the two cannot be told apart."""

    code = "NOT_FOUND"
    type = PROBLEM_TYPES + "NOT_FOUND"
    title = "There is nothing under this link"


class ShareGoneError(VerifierError):
    """The share was closed by its holder, or its time is over."""

    title = "This link is no longer open"

    def __init__(self, detail: str, *, code: str) -> None:
        super().__init__(detail)
        self.code = code
        self.type = PROBLEM_TYPES + code


class UnreadableRequestError(VerifierError):
    """What was handed in is neither a credential, a presentation, a share nor a code."""

    code = "MALFORMED_VALUE_ERROR"
    type = PROBLEM_TYPES + "MALFORMED_VALUE_ERROR"
    title = "This is nothing that can be verified"
