"""What co-signing refuses.

IssuerError
    CosignLinkError              a link that is not one of a draft
    DraftUnknownError            no such draft, or another secret: which of the two is not said
    DraftDecidedError            it was endorsed or returned already, or changed meanwhile
    NeighbourUnavailableError    the college, the enterprise or the registry could not be asked
    EndorsementRefusedError      an endorsement that does not check
"""

from issuer.errors import ConflictError, IssuerError, UnknownError


class CosignLinkError(IssuerError):
    """The link does not lead to a draft."""

    code = "COSIGN_LINK_MALFORMED"
    title = "This link is not complete"
    status = 422


class DraftUnknownError(UnknownError):
    """There is no such draft, or the secret is another one."""

    code = "DRAFT_UNKNOWN"
    title = "There is no such draft"


class DraftDecidedError(ConflictError):
    """The draft does not wait for an endorsement any more, or is not what the officer saw."""

    code = "DRAFT_DECIDED"
    title = "The draft no longer waits for an endorsement"


class NeighbourUnavailableError(IssuerError):
    """Another body's service, or the registry, could not be asked: nothing may be assumed."""

    code = "COLLEGE_UNAVAILABLE"
    title = "The other body cannot be reached"
    status = 503
    retry_after = 30


class EndorsementRefusedError(IssuerError):
    """An endorsement whose signature, status or content does not check."""

    code = "ENDORSEMENT_REFUSED"
    title = "The endorsement does not check"
    status = 422
