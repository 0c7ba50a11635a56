"""What can be wrong with the bundled documents.

BundleError
├── ContextHashMismatchError   a bundled file is not the one that was pinned
└── RecordIncompleteError      a record lacks what its certificate must state
"""


class BundleError(Exception):
    """Something about the bundled contexts, schemas or builders is wrong."""

    code = "BUNDLE_ERROR"
    type = "https://w3id.org/vocred/problems/bundle"
    title = "The bundled documents cannot be used"


class ContextHashMismatchError(BundleError):
    """A bundled file differs from its pinned digest, so nothing may be signed or verified with it."""

    code = "CONTEXT_HASH_MISMATCH"
    type = "https://w3id.org/vocred/problems/context-hash-mismatch"
    title = "A bundled context is not the pinned one"


class RecordIncompleteError(BundleError):
    """A certificate record lacks a value that its credential type requires."""

    code = "RECORD_INCOMPLETE"
    type = "https://w3id.org/vocred/problems/record-incomplete"
    title = "The record lacks what its certificate must state"
