"""What stands between an officer and a vote.

IssuerError
    GovernanceKeyMissingError      this service has no governance key yet
    GovernanceKeyExistsError       it has one already; a key is made once
    GovernancePassphraseError      the passphrase does not open the key
        GovernanceDelayedError     too many wrong ones; says when to come back
    ActUnderWayError               another act of the member waits for the ledger's answer

What the ledger's rules refuse comes as ``ledger.client.StatementRefusedError``, with the rule's code.
"""

from issuer.errors import ConflictError, IssuerError


class GovernanceKeyMissingError(ConflictError):
    """This service has no governance key yet."""

    code = "GOVERNANCE_KEY_MISSING"
    title = "This service has no governance key yet"


class GovernanceKeyExistsError(ConflictError):
    """This service has a governance key already: it is made once, and replaced by a vote only."""

    code = "GOVERNANCE_KEY_EXISTS"
    title = "This service has a governance key already"


class GovernancePassphraseError(IssuerError):
    """The passphrase does not open the governance key."""

    code = "GOVERNANCE_PASSPHRASE"
    title = "The passphrase does not open the governance key"
    status = 422


class GovernanceDelayedError(GovernancePassphraseError):
    """There were too many wrong passphrases for the governance key."""

    code = "GOVERNANCE_DELAYED"
    title = "Too many wrong passphrases for the governance key, please wait"
    status = 429

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class ActUnderWayError(ConflictError):
    """Another act of the member is signed and waits for the ledger's answer."""

    code = "GOVERNANCE_UNDER_WAY"
    title = "Another act of the member waits for the ledger"
