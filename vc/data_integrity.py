"""Data Integrity proofs: sign a document, and verify every proof that it carries.

What is signed: hash of the proof's options, then hash of the document without its proofs. Both are
canonicalised under the document's own contexts, and both go through the same strict front door, when signing
and when verifying. A document may carry several proofs (a set, or a chain by ``previousProof``): every one
has to verify. The key comes from ``resolve``, never from the document.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crypto import multibase
from crypto.errors import CryptoError, SignatureError
from crypto.keys import PrivateKey, PublicKey
from vc import cryptosuites, dates, documents, limits
from vc.cryptosuites import Cryptosuite
from vc.documents import Profile
from vc.errors import (
    CryptographicError,
    InvalidChallengeError,
    InvalidDatetimeError,
    InvalidDomainError,
    ProofError,
    ProofExpiredError,
    ProofGenerationError,
    ProofMissingError,
    RequiredProofMissingError,
)

PROOF_TYPE = "DataIntegrityProof"

Resolve = Callable[[str, str], PublicKey]
"""Finds the public key of a verification method for a purpose, or raises."""

# 64 bytes in base58 have at most 88 characters; z stands in front.
_SIGNATURE_CHARS = 89


@dataclass(frozen=True)
class VerifiedProof:
    """One proof that verified.

    Attributes:
        verification_method: The DID URL of the key.
        public_key: The key that ``resolve`` gave for it.
        cryptosuite: The suite's name.
        purpose: The proof's purpose, which is the expected one.
        created: When its maker says it was made, if said.
        expires: When it ends, if ever.
    """

    verification_method: str
    public_key: PublicKey
    cryptosuite: str
    purpose: str
    created: datetime | None
    expires: datetime | None

    @property
    def controller(self) -> str:
        """The DID that the key belongs to: the verification method without its fragment."""
        return self.verification_method.partition("#")[0]


def sign(
    document: Mapping[str, Any],
    *,
    key: PrivateKey,
    verification_method: str,
    created: datetime,
    purpose: str = "assertionMethod",
    challenge: str | None = None,
    domain: str | None = None,
    expires: datetime | None = None,
    cryptosuite: str = "eddsa-rdfc-2022",
    profile: Profile = documents.STRICT,
) -> dict[str, Any]:
    """Add a proof to a document.

    Args:
        document: The unsecured document, or one with proofs, beside which the new one is put.
        key: The signing key, of the suite's algorithm.
        verification_method: The DID URL under which verifiers find the key.
        created: The time of signing, aware; written to the second.
        purpose: ``assertionMethod`` for credentials, ``authentication`` for presentations.
        challenge: What a verifier asked to be signed.
        domain: Whom the proof is made for.
        expires: When the proof ends.
        cryptosuite: The suite's name.
        profile: How much of JSON-LD is accepted.

    Returns:
        A new document whose ``proof`` is an array; its other members are those of the given one.

    Raises:
        ProofGenerationError: The key is not of the suite's algorithm, or there are too many proofs.
        DocumentError, ParsingError, LimitError, CanonicalizationLimitError: See ``documents.check`` and
            ``jsonld.quads``; nothing is signed that a signature would not cover.

    Spec: VC Data Integrity 1.0, section 4.2.
    """
    suite = cryptosuites.by_name(cryptosuite)
    if key.algorithm != suite.key_algorithm:
        raise ProofGenerationError(f"{suite.name} needs a key of {suite.key_algorithm}")
    documents.check(document, profile)
    present = _proofs(document) if "proof" in document else []
    if len(present) >= limits.PROOFS:
        raise ProofGenerationError(f"a document may carry {limits.PROOFS} proofs")
    options = {
        "type": PROOF_TYPE,
        "cryptosuite": suite.name,
        "created": dates.write(created),
        "verificationMethod": verification_method,
        "proofPurpose": purpose,
    }
    optional = {
        "expires": None if expires is None else dates.write(expires),
        "challenge": challenge,
        "domain": domain,
    }
    options |= {name: value for name, value in optional.items() if value is not None}
    unsecured = _unsecured(document)
    engine = profile.engine
    options_hash = suite.hash(_contextual(options, unsecured), engine=engine)
    signature = key.sign(options_hash + suite.hash(unsecured, engine=engine))
    proof = {**options, "proofValue": multibase.base58btc_encode(signature)}
    return {**unsecured, "proof": [*present, proof]}


def verify(
    document: Any,
    *,
    resolve: Resolve,
    purpose: str,
    now: datetime,
    challenge: str | None = None,
    domain: str | None = None,
    profile: Profile = documents.STRICT,
) -> tuple[VerifiedProof, ...]:
    """Verify every proof of a document.

    Args:
        document: The secured document.
        resolve: Finds the key of a verification method for a purpose. It decides whom to trust.
        purpose: The purpose that every proof has to have.
        now: The current time, aware.
        challenge: What we asked to be signed; None where nothing was asked.
        domain: Who we are; None where the proof is made for nobody in particular.
        profile: How much of JSON-LD is accepted.

    Returns:
        What was proved, in the order of the document; at least one.

    Raises:
        ProofMissingError: There is no proof.
        ProofError: A proof is malformed or made for something else; its subclasses say what.
        CryptographicError: A signature is not that key's over this document.
        DocumentError, ParsingError, LimitError, CanonicalizationLimitError: See ``sign``.
        IdentifierError, WeakKeyError: From ``resolve``.

    Spec: VC Data Integrity 1.0, sections 4.4 to 4.6.
    """
    proofs = _proofs(document)
    # Everything that costs little comes first; keys are looked up once the document itself is acceptable.
    signatures = []
    for proof in proofs:
        signatures.append(_check_options(proof, purpose=purpose, now=now))
        _check_binding(proof, challenge=challenge, domain=domain, profile=profile)
    documents.check(document, profile)
    unsecured = _unsecured(document)
    hashes: dict[tuple[str, tuple[int, ...]], bytes] = {}
    verified = []
    for proof, signature in zip(proofs, signatures, strict=True):
        suite = cryptosuites.by_name(proof["cryptosuite"])
        previous = _previous(proof, proofs)
        content = {**unsecured, "proof": [proofs[index] for index in previous]} if previous else unsecured
        if (suite.name, previous) not in hashes:
            hashes[suite.name, previous] = suite.hash(content, engine=profile.engine)
        options = _contextual(proof, unsecured)
        signed = suite.hash(options, engine=profile.engine) + hashes[suite.name, previous]
        verified.append(_verify_one(proof, suite, signed, signature, resolve))
    return tuple(verified)


def require_signers(proofs: Iterable[VerifiedProof], controllers: Iterable[str]) -> None:
    """Check that each of several bodies has signed, with a key of its own.

    Args:
        proofs: What ``verify`` returned.
        controllers: The DIDs that have to have signed.

    Raises:
        RequiredProofMissingError: One has not; the detail names it. One key counts for one signer only.
    """
    keys: dict[PublicKey, str] = {}
    for proof in proofs:
        keys.setdefault(proof.public_key, proof.controller)
    missing = sorted(set(controllers) - set(keys.values()))
    if missing:
        raise RequiredProofMissingError(f"no signature of {', '.join(missing)}")


def _verify_one(
    proof: Mapping[str, Any], suite: Cryptosuite, signed: bytes, signature: bytes, resolve: Resolve
) -> VerifiedProof:
    key = resolve(proof["verificationMethod"], proof["proofPurpose"])
    if key.algorithm != suite.key_algorithm:
        raise ProofError("the key is not one of the cryptosuite's")
    try:
        key.verify(signature, signed)
    except SignatureError as error:
        raise CryptographicError("the signature is not that key's over this document") from error
    return VerifiedProof(
        verification_method=proof["verificationMethod"],
        public_key=key,
        cryptosuite=suite.name,
        purpose=proof["proofPurpose"],
        created=_moment(proof, "created"),
        expires=_moment(proof, "expires"),
    )


def _unsecured(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: member for name, member in document.items() if name != "proof"}


def _contextual(proof: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a proof's options under the document's contexts: what is hashed before the document."""
    options = {name: member for name, member in proof.items() if name != "proofValue"}
    return {"@context": document["@context"], **options}


def _proofs(document: Any) -> list[dict[str, Any]]:
    if type(document) is not dict:
        raise ProofError("the document is not an object")
    member = document.get("proof")
    proofs: list[Any] = member if type(member) is list else [member]
    if member is None or not proofs or any(proof == {} for proof in proofs):
        raise ProofMissingError("the document carries no proof")
    if len(proofs) > limits.PROOFS or not all(type(proof) is dict for proof in proofs):
        raise ProofError(f"proof is not an object or an array of at most {limits.PROOFS} objects")
    return proofs


def _check_options(proof: Mapping[str, Any], *, purpose: str, now: datetime) -> bytes:
    """Check what a proof says about itself, without any cryptography, and return its signature.

    Spec: VC Data Integrity 1.0, section 4.4, steps 3 to 6.
    """
    if proof.get("type") != PROOF_TYPE:
        raise ProofError("the proof is of a type that is not understood")
    cryptosuites.by_name(proof.get("cryptosuite"))
    if proof.get("proofPurpose") != purpose:
        raise ProofError("the proof was made for another purpose")
    method = proof.get("verificationMethod")
    if type(method) is not str or not 0 < len(method) <= limits.DID_CHARS:
        raise ProofError("the proof names no verification method")
    signature = _signature(proof.get("proofValue"))
    created, expires = _moment(proof, "created"), _moment(proof, "expires")
    if created is not None and created > now + limits.CLOCK_SKEW:
        raise ProofError("the proof was made in the future")
    if expires is not None and expires <= now:
        raise ProofExpiredError("the proof has expired")
    return signature


def _check_binding(
    proof: Mapping[str, Any], *, challenge: str | None, domain: str | None, profile: Profile
) -> None:
    """Check whom and which question a proof was made for.

    Spec: VC Data Integrity 1.0, section 4.4, steps 7 and 8; a proof that names what nobody asked for was made
    for somebody else.
    """
    if profile.unexpected_binding and challenge is None and domain is None:
        return
    if proof.get("challenge") != challenge:
        raise InvalidChallengeError("the proof does not answer our challenge")
    domains = proof.get("domain")
    named = [] if domains is None else domains if type(domains) is list else [domains]
    if named != ([] if domain is None else [domain]):
        raise InvalidDomainError("the proof was not made for our domain alone")


def _signature(value: Any) -> bytes:
    """Read a ``proofValue``; its length is looked at before base58, whose cost is quadratic."""
    if type(value) is not str or len(value) > limits.PROOF_VALUE_CHARS:
        raise ProofError("proofValue is not a signature in multibase")
    try:
        signature = multibase.base58btc_decode(value, max_chars=_SIGNATURE_CHARS)
    except CryptoError as error:
        raise ProofError("proofValue is not a signature in multibase") from error
    if len(signature) != cryptosuites.SIGNATURE_BYTES:
        raise ProofError("proofValue is not a signature of 64 bytes")
    return signature


def _moment(proof: Mapping[str, Any], name: str) -> datetime | None:
    if name not in proof:
        return None
    try:
        return dates.parse(proof[name])
    except InvalidDatetimeError as error:
        raise ProofError(f"{name} is not a date and time") from error


def _previous(proof: Mapping[str, Any], proofs: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
    """Find the proofs that a proof was made over.

    They are in the content that it signs. A ring of proofs has no signatures that fit.

    Spec: VC Data Integrity 1.0, section 4.5, step 2.2.
    """
    if "previousProof" not in proof:
        return ()
    names = proof["previousProof"]
    names = names if type(names) is list else [names]
    found = []
    for name in names:
        matches = [
            index for index, other in enumerate(proofs) if type(name) is str and other.get("id") == name
        ]
        if len(matches) != 1 or proofs[matches[0]] is proof:
            raise ProofError("previousProof does not name one other proof of the document")
        found.append(matches[0])
    return tuple(found)
