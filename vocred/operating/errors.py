"""What operating refuses.

OperatingError
    RestoreRefusedError     this backup cannot be restored here
    BehindLedgerError       the backup is older than what the ledger, or this node's own signature, knows
    RecoveryRequiredError   a key is missing: it has to come back before anything else
    RunningError            the service runs: stop it first
"""

PROBLEM_TYPES = "https://w3id.org/vocred/problems#"


class OperatingError(Exception):
    """Something that an operator's command refuses."""

    code = "CONFLICT"
    type = PROBLEM_TYPES + "CONFLICT"
    title = "This cannot be done now"

    def __init_subclass__(cls) -> None:
        """Derive the problem type from the class's code."""
        cls.type = PROBLEM_TYPES + cls.code


class RestoreRefusedError(OperatingError):
    """The backup is torn, was changed, or is another service's, instance's or program's."""

    code = "RESTORE_REFUSED"
    title = "This backup is not restored here"


class BehindLedgerError(OperatingError):
    """The backup lacks what the ledger knows."""

    code = "STATE_BEHIND_LEDGER"
    title = "The backup is older than the ledger"


class RecoveryRequiredError(OperatingError):
    """A key that the service cannot do without is missing."""

    code = "RECOVERY_REQUIRED"
    title = "A key is missing"


class RunningError(OperatingError):
    """The service runs."""

    code = "CONFLICT"
    title = "The service runs"


class ClockError(OperatingError):
    """This machine's clock and the ledger's are more than two minutes apart."""

    code = "CLOCK_SKEW"
    title = "The clock is wrong"
