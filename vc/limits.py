"""Every limit on documents, in one place. Each has a test just below and just above it."""

from datetime import timedelta

from crypto import multibase, strict_json

DOCUMENT_BYTES = strict_json.MAX_BYTES
"""Longest JSON body, 512 KiB."""

DOCUMENT_DEPTH = strict_json.MAX_DEPTH
"""Most containers inside one another, 32: expansion of deeper ones costs seconds."""

DOCUMENT_VALUES = strict_json.MAX_VALUES
"""Most values in a document, 10,000."""

STRING_BYTES = strict_json.MAX_STRING_BYTES
"""Longest string, 64 KiB of UTF-8."""

IMAGE_BYTES = strict_json.MAX_DATA_URL_BYTES
"""Longest ``data:`` URL, 256 KiB."""

MULTIBASE_CHARS = multibase.MAX_MULTIBASE_CHARS
"""Longest multibase value that is decoded, 256 characters."""

PROOF_VALUE_CHARS = 1024
"""Longest ``proofValue`` that is looked at."""

PROOFS = 8
"""Most proofs on one document."""

ENDORSEMENTS = 8
"""Most endorsements in one credential, and most bodies that may have to endorse it."""

QUADS = 5_000
"""Most statements of one document's graph."""

CANONICALIZATION_STEPS = 10_000
"""Most statements and paths that are looked at to tell alike blank nodes apart: about 20 ms. The costliest
dataset of the W3C suite that is not meant to be refused takes 6,168."""

VERIFICATION_METHODS = 64
"""Most keys in a controller document."""

CONTROLLER_DOCUMENT_BYTES = 64 * 1024
"""Longest controller document."""

DID_CHARS = 512
"""Longest DID or DID URL."""

CLOCK_SKEW = timedelta(seconds=120)
"""How far ahead of ours an honest clock may be."""
