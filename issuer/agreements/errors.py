"""What is refused about agreements.

IssuerError
    InvalidActError
        NotConcernedError          an offer to somebody who is neither party nor issuer of it
        SignatureRefusedError      a party's signature that does not hold
    ConflictError
        NotSignedError             a party has not signed yet
        OffersFullError            too many offers wait to be confirmed
"""

from issuer.errors import ConflictError, InvalidActError


class NotConcernedError(InvalidActError):
    """The agreement has nothing to do with this institution."""

    code = "AGREEMENT_NOT_CONCERNED"
    title = "This institution is neither a party nor an issuer of that agreement"


class SignatureRefusedError(InvalidActError):
    """The signature is not this party's, or not under this text and end of the vote."""

    code = "AGREEMENT_SIGNATURE_INVALID"
    title = "The party's signature does not hold"


class NotSignedError(ConflictError):
    """Somebody has not signed yet."""

    code = "AGREEMENT_NOT_SIGNED"
    title = "Not every party has signed"


class OffersFullError(ConflictError):
    """Too many offers wait for their proposers to confirm them."""

    code = "AGREEMENT_OFFERS_FULL"
    title = "Too many offers wait here"
    status = 503
    retry_after = 600
