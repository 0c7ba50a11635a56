"""Why somebody cannot begin, join or move a ledger.

LedgerError
└── JoiningError             it cannot be done here or now
    ├── LogFileError         the file of a log or an invitation is torn or changed
    ├── OtherLedgerError     the file, or the pin, belongs to another ledger
    ├── UncoveredError       nobody but the bringer vouches for a part of the log
    ├── NoCommitError        there is no commit of CometBFT to look at
    └── AuditError           a commit of CometBFT does not hold
"""

from crypto.errors import PROBLEM_TYPES
from ledger.errors import LedgerError


class JoiningError(LedgerError):
    """It cannot be done here, or not yet; nothing was changed."""

    code = "LEDGER_JOINING"
    type = PROBLEM_TYPES + "LEDGER_JOINING"
    title = "That cannot be done with this ledger now"


class LogFileError(JoiningError):
    """The file of a log or an invitation is torn, changed, or something else."""

    code = "LEDGER_FILE_DAMAGED"
    type = PROBLEM_TYPES + "LEDGER_FILE_DAMAGED"
    title = "The ledger file is damaged"


class OtherLedgerError(JoiningError):
    """The file belongs to another ledger than the pin or the home."""

    code = "LEDGER_OTHER"
    type = PROBLEM_TYPES + "LEDGER_OTHER"
    title = "That is another ledger's"


class UncoveredError(JoiningError):
    """A part of the log is under no checkpoint that a quorum signed: nobody voted for that state."""

    code = "LEDGER_NOT_COVERED"
    type = PROBLEM_TYPES + "LEDGER_NOT_COVERED"
    title = "No quorum signed this part of the log"


class NoCommitError(JoiningError):
    """There is no commit of CometBFT to look at, so nothing was found out about the log."""

    code = "LEDGER_NO_COMMIT"
    type = PROBLEM_TYPES + "LEDGER_NO_COMMIT"
    title = "There is no commit to check"


class AuditError(JoiningError):
    """A commit of CometBFT does not hold, or commits to another root than the log's."""

    code = "LEDGER_AUDIT_FAILED"
    type = PROBLEM_TYPES + "LEDGER_AUDIT_FAILED"
    title = "The engine's commit does not hold"
