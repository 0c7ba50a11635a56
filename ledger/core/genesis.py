"""The first log entry: who the members are at the start, who signs, and what never changes.

    {domain: "vocred/genesis/1", time, members, signers, delay, params: {numbers}}

Its hash is the chain id, so a statement or receipt of one ledger is worthless on any other.

Spec: LEDGER.md, section 4.4.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crypto import cbor
from crypto.errors import CryptoError
from crypto.keys import PublicKey
from ledger import statements
from ledger.core import fields
from ledger.core.members import read_member
from ledger.errors import HistoryError, Reject

DOMAIN = "vocred/genesis/1"
MAX_BYTES = 1024 * 1024
MAX_MEMBERS = 1000
MAX_DELAY = 365 * 24 * 3600
DEFAULT_DELAY = 7 * 24 * 3600
DEFAULT_NUMBERS = 1000


@dataclass(frozen=True)
class Genesis:
    """A checked genesis.

    Attributes:
        entry: Log entry 0, byte for byte.
        chain_id: The ledger's identifier, from the hash of the entry.
        time: When the ledger begins, in seconds.
        members: The first members' records, sorted by DID.
        signers: The DIDs that sign roots, sorted.
        delay: Seconds between the vote on members or keys and its effect.
        numbers: How many issuer numbers each accreditor may give.
    """

    entry: bytes
    chain_id: str
    time: int
    members: Sequence[Mapping[str, Any]]
    signers: Sequence[str]
    delay: int
    numbers: int

    @property
    def signer_set(self) -> list[tuple[str, PublicKey]]:
        """The DIDs and receipt keys of the first epoch's signers, sorted by DID."""
        keys = {member["did"]: member["receipt"] for member in self.members}
        return [(signer, PublicKey.from_cose_key(keys[signer])) for signer in self.signers]


def make_genesis(
    *,
    time: int,
    members: Sequence[Mapping[str, Any]],
    signers: Sequence[str],
    delay: int = DEFAULT_DELAY,
    numbers: int = DEFAULT_NUMBERS,
) -> Genesis:
    """Make the first entry of a new ledger.

    Args:
        time: Now, in seconds.
        members: Records as ``members.read_member`` describes them, in any order.
        signers: The DIDs of those members that sign roots; one for the embedded engine.
        delay: Seconds between the vote on members or keys and its effect.
        numbers: How many issuer numbers each accreditor may give.

    Raises:
        HistoryError: A record is malformed, or a DID, code or key stands in two places.
    """
    content = {
        "domain": DOMAIN,
        "time": time,
        "members": sorted((dict(member) for member in members), key=lambda member: str(member.get("did"))),
        "signers": sorted(signers),
        "delay": delay,
        "params": {"numbers": numbers},
    }
    try:
        return parse_genesis(cbor.encode(content))
    except CryptoError as error:
        raise HistoryError(f"no genesis: {error}") from error


def parse_genesis(entry: bytes) -> Genesis:
    """Read and check log entry 0.

    Raises:
        HistoryError: The entry is no genesis that a ledger could begin with.
    """
    try:
        return _read(entry, cbor.decode(entry, max_bytes=MAX_BYTES))
    except (CryptoError, Reject) as error:
        raise HistoryError(f"no genesis: {error}") from error


def _read(entry: bytes, value: Any) -> Genesis:
    content = fields.record(value, "domain", "time", "members", "signers", "delay", "params")
    if content["domain"] != DOMAIN:
        raise fields.malformed("another domain")
    members = [read_member(each) for each in fields.array(content["members"], least=1, most=MAX_MEMBERS)]
    fields.ordered([member["did"] for member in members], fields.did, most=MAX_MEMBERS)
    signers = fields.ordered(content["signers"], fields.did, least=1, most=MAX_MEMBERS)
    params = fields.record(content["params"], "numbers")
    _check_distinct(members)
    receipt = {member["did"] for member in members if member["receipt"] is not None}
    if any(signer not in receipt for signer in signers):
        raise fields.malformed("a signer is a member with a receipt key")
    return Genesis(
        entry=entry,
        chain_id=statements.chain_id(entry),
        time=fields.time(content["time"]),
        members=members,
        signers=signers,
        delay=fields.integer(content["delay"], most=MAX_DELAY),
        numbers=fields.integer(params["numbers"], most=fields.NUMBERS),
    )


def _check_distinct(members: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a code or a key that stands in two places: one organisation, one vote; one key, one role."""
    codes = [member["code"] for member in members]
    keys = [
        fields.public_key(member[role]).thumbprint
        for member in members
        for role in (statements.GOVERNANCE, statements.SUBMISSION, statements.RECEIPT)
        if member[role] is not None
    ]
    if len(set(codes)) != len(codes) or len(set(keys)) != len(keys):
        raise fields.malformed("a credit code or a key stands in two places")
