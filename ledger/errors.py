"""What may go wrong in the ledger; ``ledger.proof.errors`` adds what may be wrong with a proof.

    LedgerError
    ├── Reject                   a statement that the rules refuse; the one error the state machine answers
    ├── MerkleError              a proof in the log's tree does not check
    │   └── NotSignerError       this node has no signature over such a root
    ├── MapProofError            a proof in the state's map does not check
    ├── BlockError               a block that this log cannot take next
    ├── HistoryError             an imported log does not replay to what it says
    ├── StoreError               the database is not what this program wrote
    ├── SelfCheckError           two ways to compute a root disagree: nothing is signed
    ├── RestoredBackupError      the database is behind what was already signed
    ├── UpgradeRequiredError     the members decided on rules that this program does not know
    └── EngineError              the engine cannot run: busy, stopped or wrongly set up
        ├── TakenError           another process has the ledger open
        ├── NoQuorumError        too few members take part: nothing is written at the moment
        └── MovedError           the ledger goes on with several signers, on another engine

Every class names the ``code`` of the one registry, the problem ``type`` and a ``title``; ``str(error)`` is
the detail. The code of a ``Reject`` is its instance's: one statement may be refused for many reasons.
"""

from crypto.errors import PROBLEM_TYPES


class LedgerError(Exception):
    """The base of everything that the ledger raises about an input or its own condition."""

    code = "LEDGER_ERROR"
    type = PROBLEM_TYPES + "LEDGER_ERROR"
    title = "The ledger could not do this"


class Reject(LedgerError):
    """The rules refuse a statement; whatever it had changed is undone.

    Attributes:
        code: Why, for programs: TX_MALFORMED, TX_SIGNATURE, TX_WRONG_CHAIN, TX_UNKNOWN_KEY, TX_ROLE,
            TX_SEQUENCE, TX_DUPLICATE, TX_ORDER, TX_TIME, NOT_A_MEMBER, NOT_PERMITTED, NOT_ACCREDITED,
            ALREADY_USED, QUOTA, UNKNOWN, KEY_POSSESSION, KEY_IN_USE, VOTE_INVALID, STATUS_VERSION.
    """

    title = "The statement was refused"

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.type = PROBLEM_TYPES + code


class MerkleError(LedgerError):
    """A path does not lead from its leaf, or from the older root, to the root."""

    code = "LEDGER_PROOF_INVALID"
    type = PROBLEM_TYPES + "LEDGER_PROOF_INVALID"
    title = "The ledger proof does not check"


class NotSignerError(MerkleError):
    """This node's member does not sign in that epoch, or the node only follows."""

    code = "NOT_FOUND"
    type = PROBLEM_TYPES + "NOT_FOUND"
    title = "This node does not sign that root"


class MapProofError(LedgerError):
    """A proof does not show what the state root commits to for a key."""

    code = "LEDGER_PROOF_INVALID"
    type = PROBLEM_TYPES + "LEDGER_PROOF_INVALID"
    title = "The ledger proof does not check"


class BlockError(LedgerError):
    """The block cannot follow the last one: its height or its time go back."""

    code = "TX_TIME"
    type = PROBLEM_TYPES + "TX_TIME"
    title = "The block cannot follow the last one"


class HistoryError(LedgerError):
    """A log that was brought here does not replay to the blocks and roots that it contains."""

    code = "LEDGER_INCONSISTENT"
    type = PROBLEM_TYPES + "LEDGER_INCONSISTENT"
    title = "The log does not replay to what it says"


class StoreError(LedgerError):
    """The database lacks something that this program wrote, or another program wrote it."""

    code = "LEDGER_STORE"
    type = PROBLEM_TYPES + "LEDGER_STORE"
    title = "The ledger's database is damaged or of another version"


class SelfCheckError(LedgerError):
    """The root from the stored tree and the root from the entries differ, so nothing is signed."""

    code = "LEDGER_SELF_CHECK"
    type = PROBLEM_TYPES + "LEDGER_SELF_CHECK"
    title = "The ledger's own check failed"


class RestoredBackupError(LedgerError):
    """The database is older than a root that was signed: going on would make a second history."""

    code = "DOUBLE_SIGN_GUARD"
    type = PROBLEM_TYPES + "DOUBLE_SIGN_GUARD"
    title = "The ledger's database is older than what it signed"


class UpgradeRequiredError(LedgerError):
    """The members decided that a later version of the rules is in force: this program applies nothing."""

    code = "LEDGER_UPGRADE_REQUIRED"
    type = PROBLEM_TYPES + "LEDGER_UPGRADE_REQUIRED"
    title = "This program is too old for the ledger's rules"


class EngineError(LedgerError):
    """The engine cannot run here, or stopped after a failure that is not a statement's."""

    code = "LEDGER_UNAVAILABLE"
    type = PROBLEM_TYPES + "LEDGER_UNAVAILABLE"
    title = "The ledger does not take statements now"


class TakenError(EngineError):
    """Another process has the ledger open: perhaps the one before, which has not quite ended."""

    code = "LEDGER_TAKEN"
    type = PROBLEM_TYPES + "LEDGER_TAKEN"
    title = "Another process has the ledger open"


class NoQuorumError(EngineError):
    """No block came for a while: fewer than two thirds of the signers' nodes take part."""

    code = "LEDGER_NO_QUORUM"
    type = PROBLEM_TYPES + "LEDGER_NO_QUORUM"
    title = "Too few members take part at the moment"


class MovedError(EngineError):
    """A second signer took effect: from here on the ledger is the consortium's, on another engine."""

    code = "LEDGER_MOVED"
    type = PROBLEM_TYPES + "LEDGER_MOVED"
    title = "The ledger goes on with several signers"
