"""Signed statements: the ledger's transactions, and the two other signatures that members give.

A statement is an untagged COSE_Sign1 in deterministic CBOR:

    protected  {1: alg, 3: "application/vnd.vocred.statement+cbor", 4: kid, 15: {1: iss, 2: sub}}
    payload    {"type": kind, "seq": number, "body": what ledger.core's table names}

iss is the DID that speaks, sub the chain id, kid the key's RFC 9679 thumbprint; the unprotected header is
empty, so the bytes that were submitted are the bytes of the log entry. Here only form and signature are
checked; whether the key is registered, and what the body may say, is ``ledger.core``'s.

Spec: LEDGER.md, sections 4.2 and 4.12; RFC 9943.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from crypto import cbor, cose
from crypto.errors import CryptoError, SignatureError
from crypto.keys import PrivateKey, PublicKey
from ledger.core import fields
from ledger.errors import Reject
from ledger.headers import make_header, read_header

CONTENT_TYPE = "application/vnd.vocred.statement+cbor"
AGREEMENT_CONTENT_TYPE = "application/vnd.vocred.agreement+cbor"
CHAIN_ID_PREFIX = "urn:vocred:ledger:"
WALLET_OWNER_PREFIX = "urn:vocred:wallet:"
MAX_BYTES = 256 * 1024
"""A status statement of 1000 lists has about 130 kB."""
REMEMBERED_BYTES = 1024
"""Statements up to this size are read once, as long as they are among the last few thousand."""
MAX_AGREEMENT_SIGNATURE = 1024
"""Two identifiers, a thumbprint and a signature fit."""

SUBMISSION = "submission"
GOVERNANCE = "governance"
RECEIPT = "receipt"
VALIDATOR = "validator"
WALLET = "wallet"

ROLES: Final[Mapping[str, str]] = {
    "anchor": SUBMISSION,
    "status": SUBMISSION,
    "issuer.put": GOVERNANCE,
    "accredit": GOVERNANCE,
    "endpoint.put": GOVERNANCE,
    "schema.put": GOVERNANCE,
    "key.rotate": GOVERNANCE,
    "propose": GOVERNANCE,
    "vote": GOVERNANCE,
    "withdraw": GOVERNANCE,
}
"""The role of the key that signs each kind of statement."""


@dataclass(frozen=True)
class Statement:
    """A statement of the right form, whose signature and right to speak are still to be checked.

    Attributes:
        kind: Its type, one of ``ROLES``.
        seq: Its number in the row of this issuer and role.
        body: What it says; its shape is not checked yet.
        issuer: The DID that claims to speak.
        chain_id: The ledger that it is meant for.
        kid: Thumbprint of the key that is said to have signed it.
        entry: The bytes, which become the log entry.
    """

    kind: str
    seq: int
    body: Any
    issuer: str
    chain_id: str
    kid: bytes
    entry: bytes
    _sign1: cose.Sign1 = field(repr=False)
    _signers: set[PublicKey] = field(default_factory=set, init=False, repr=False, compare=False)

    @property
    def role(self) -> str:
        """The role of the key that has to sign this kind of statement."""
        return ROLES[self.kind]

    @property
    def proposal_id(self) -> bytes:
        """What a proposal made by this statement is called: SHA-256 of its Sig_structure."""
        assert self._sign1.payload is not None
        structure = cose.sig_structure(self._sign1.protected_bytes, self._sign1.payload)
        return hashlib.sha256(structure).digest()

    def verify(self, key: PublicKey) -> None:
        """Check the signature, once for each key: neither it nor the bytes change.

        Args:
            key: The key that the registry names for the statement's kid.

        Raises:
            Reject: TX_SIGNATURE: another key's, or ES256 with the higher s.
        """
        if key in self._signers:
            return
        try:
            self._sign1.verify(key)
        except SignatureError as error:
            raise Reject("TX_SIGNATURE", str(error)) from error
        self._signers.add(key)


@dataclass(frozen=True)
class AgreementTerms:
    """What every party of an agreement signs.

    Attributes:
        chain_id: The ledger on which the agreement is to start.
        agreement_id: The agreement's identifier, ``urn:vocred:agreement:...``.
        version: Its version.
        digest: SHA-256 of the JCS form of its document.
        parties: The DIDs of all parties, sorted.
        expires: When the proposal that starts it expires, in seconds.
    """

    chain_id: str
    agreement_id: str
    version: int
    digest: bytes
    parties: Sequence[str]
    expires: int

    @property
    def payload(self) -> bytes:
        """The signed content in deterministic CBOR."""
        content = [self.chain_id, self.agreement_id, self.version, self.digest, list(self.parties)]
        return cbor.encode(["vocred/agreement/1", *content, self.expires])


def chain_id(genesis: bytes) -> str:
    """Return the identifier of the ledger that begins with a genesis entry."""
    return CHAIN_ID_PREFIX + hashlib.sha256(genesis).hexdigest()


def sign_statement(kind: str, body: Any, *, seq: int, issuer: str, chain_id: str, key: PrivateKey) -> bytes:
    """Make a statement.

    Args:
        kind: Its type, such as "anchor".
        body: What it says, as the table in ``ledger.core`` names it.
        seq: One more than the last number used by ``issuer`` with a key of this role.
        issuer: The DID that speaks.
        chain_id: The ledger that it is meant for.
        key: The private key of the role that this kind asks for.

    Returns:
        The bytes to submit.

    Spec: LEDGER.md, section 4.2.
    """
    payload = cbor.encode({"type": kind, "seq": seq, "body": body})
    header = make_header(CONTENT_TYPE, did=issuer, chain_id=chain_id, key=key.public)
    return cose.sign1(payload, protected=header, key=key)


def parse_statement(data: bytes) -> Statement:
    """Read a statement's form; nothing is checked against the ledger, nor is its signature.

    Args:
        data: The submitted bytes.

    Returns:
        The statement; its body is not to be changed, for whoever reads the same bytes gets the same one.

    Raises:
        Reject: TX_MALFORMED: not deterministic CBOR, a member more or less, an unknown kind, too large.

    Spec: LEDGER.md, sections 4.2 and 4.12.
    """
    return _remembered(data) if len(data) <= REMEMBERED_BYTES else _parse(data)


def _parse(data: bytes) -> Statement:
    try:
        sign1 = cose.parse_sign1(data, max_bytes=MAX_BYTES)
        issuer, chain, kid = read_header(sign1.protected, CONTENT_TYPE)
        assert sign1.payload is not None
        payload = cbor.decode(sign1.payload, max_bytes=MAX_BYTES)
    except CryptoError as error:
        raise fields.malformed(str(error)) from error
    content = fields.record(payload, "type", "seq", "body")
    kind = content["type"]
    if type(kind) is not str or kind not in ROLES:
        raise fields.malformed("an unknown type of statement")
    seq = fields.integer(content["seq"], least=1)
    return Statement(kind, seq, content["body"], issuer, chain, kid, data, sign1)


# On its way into the log a node reads a statement five times, and checks its signature three times.
_remembered = lru_cache(maxsize=2048)(_parse)


def key_possession(key: PrivateKey, *, chain_id: str, did: str, role: str) -> bytes:
    """Sign a new key with itself, so that nobody can register a key that is another's.

    Args:
        key: The new key.
        chain_id: The ledger on which it is to be registered.
        did: Its owner: a DID, or "urn:vocred:wallet:" and a tag.
        role: What it is for: governance, submission, receipt, validator or wallet.

    Returns:
        64 bytes.

    Spec: LEDGER.md, section 4.12.
    """
    return key.sign(_possession(key.public, chain_id=chain_id, did=did, role=role))


def check_key_possession(signature: bytes, *, key: PublicKey, chain_id: str, did: str, role: str) -> None:
    """Check that a new key was brought by whoever holds its private part.

    Raises:
        Reject: KEY_POSSESSION: it was not, or the signature is for another ledger, owner or role.
    """
    try:
        key.verify(signature, _possession(key, chain_id=chain_id, did=did, role=role), low_s=True)
    except SignatureError as error:
        raise Reject("KEY_POSSESSION", f"the {role} key did not sign for this owner and ledger") from error


def sign_agreement(terms: AgreementTerms, *, party: str, key: PrivateKey) -> bytes:
    """Sign an agreement as one of its parties.

    Args:
        terms: What is agreed, on which ledger, and until when the proposal may be voted on.
        party: The DID that signs.
        key: The party's governance key.

    Returns:
        An untagged COSE_Sign1 with detached payload, one item of the proposal's ``signatures``.

    Spec: LEDGER.md, section 4.2.
    """
    header = make_header(AGREEMENT_CONTENT_TYPE, did=party, chain_id=terms.chain_id, key=key.public)
    return cose.sign1(terms.payload, protected=header, key=key, detached=True)


def check_agreement_signature(data: bytes, terms: AgreementTerms, *, party: str, key: PublicKey) -> None:
    """Check a party's signature under an agreement.

    Args:
        data: What ``sign_agreement`` returned.
        terms: What the party has to have signed.
        party: The party's DID.
        key: The party's governance key as the registry has it.

    Raises:
        Reject: TX_MALFORMED or TX_SIGNATURE: not this party's signature under exactly this.
    """
    try:
        sign1 = cose.parse_sign1(data, detached=True, max_bytes=MAX_AGREEMENT_SIGNATURE)
        issuer, chain, kid = read_header(sign1.protected, AGREEMENT_CONTENT_TYPE)
    except CryptoError as error:
        raise fields.malformed(str(error)) from error
    if (issuer, chain, kid) != (party, terms.chain_id, key.thumbprint):
        raise Reject("TX_SIGNATURE", "the signature is another party's, key's or ledger's")
    try:
        sign1.verify(key, terms.payload)
    except SignatureError as error:
        raise Reject("TX_SIGNATURE", "a party did not sign exactly this agreement") from error


def _possession(key: PublicKey, *, chain_id: str, did: str, role: str) -> bytes:
    return cbor.encode(["vocred/key/1", chain_id, did, role, key.cose_key])
