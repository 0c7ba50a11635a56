"""One record per Data Integrity cryptosuite: its key, its hash, and how a document becomes bytes.

A suite is chosen by the proof's ``cryptosuite`` from this table only, and its key's algorithm has to fit: a
message never chooses how it is verified beyond naming one of these records.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from crypto.keys import ED25519, Algorithm
from vc import jsonld, shapes
from vc.errors import ProofError

SIGNATURE_BYTES = 64


@dataclass(frozen=True)
class Cryptosuite:
    """How one cryptosuite signs.

    Attributes:
        name: The value of ``cryptosuite``.
        key_algorithm: The only algorithm of its keys.
        hash_name: The hash of the two parts, and inside canonicalisation.
        canonicalize: Turns a document with its contexts into bytes.
    """

    name: str
    key_algorithm: Algorithm
    hash_name: str
    canonicalize: Callable[..., bytes]

    def hash(self, document: Mapping[str, Any], *, engine: jsonld.Processor | None = None) -> bytes:
        """Hash the canonical form of a document or of a proof's options.

        Args:
            document: The document or options, with their ``@context``.
            engine: The JSON-LD processor; None for the one over the pinned contexts.

        Raises:
            DocumentError: It would lose something on the way.
            CanonicalizationLimitError: It is too large or too costly.
        """
        canonical = self.canonicalize(document, algorithm=self.hash_name, engine=engine)
        return hashlib.new(self.hash_name, canonical).digest()


SHAPES = shapes.Shapes()
"""The shapes of this process: what was signed or verified before is canonicalised faster the next time."""

EDDSA_RDFC_2022 = Cryptosuite("eddsa-rdfc-2022", ED25519, "sha256", SHAPES.canonicalize)

SUITES: Mapping[str, Cryptosuite] = MappingProxyType({suite.name: suite for suite in (EDDSA_RDFC_2022,)})


def by_name(name: Any) -> Cryptosuite:
    """Return the suite of that name.

    Raises:
        ProofError: There is none.

    Spec: VC Data Integrity EdDSA Cryptosuites 1.0, section 3.2.
    """
    suite = SUITES.get(name) if isinstance(name, str) else None
    if suite is None:
        raise ProofError("the cryptosuite is not one that is understood")
    return suite
