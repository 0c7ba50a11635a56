"""A consortium in a temporary folder: members with keys of their own, and a ledger's core that obeys them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from crypto.keys import Algorithm, PrivateKey
from ledger import statements
from ledger.core.genesis import Genesis, make_genesis
from ledger.core.machine import BlockResult, Core
from ledger.errors import Reject
from ledger.statements import ROLES, AgreementTerms, key_possession, sign_agreement, sign_statement

START = 1_700_000_000
DAY = 24 * 3600
TYPES = ("GraduationCertificate", "SkillLevelCertificate")
ORIGIN = "https://yunling.example"
ALL = object()


def key(seed: str, algorithm: Algorithm = "Ed25519") -> PrivateKey:
    """Return the key that always belongs to a seed."""
    return PrivateKey.from_bytes(algorithm, sha256(seed.encode()).digest())


@dataclass
class Party:
    """Somebody with a DID and keys."""

    name: str
    roles: tuple[str, ...] = ("college",)
    types: tuple[str, ...] = ()
    algorithm: Algorithm = "Ed25519"
    seq: dict[str, int] = field(default_factory=lambda: {"governance": 0, "submission": 0})

    @property
    def did(self) -> str:
        return f"did:web:{self.name}.example"

    def key(self, role: str) -> PrivateKey:
        return key(f"{self.name}/{role}", self.algorithm)

    @property
    def record(self) -> dict[str, Any]:
        return {
            "did": self.did,
            "names": {"zh": f"机构{self.name}", "en": f"Institution {self.name}"},
            "code": f"CODE{sha256(self.name.encode()).hexdigest()[:14].upper()}",
            "roles": sorted(self.roles),
            "types": sorted(self.types),
            "governance": self.key("governance").public.cose_key,
            "submission": self.key("submission").public.cose_key,
            "receipt": self.key("receipt").public.cose_key,
        }

    def admission(self, chain_id: str, **changes: Any) -> list[Any]:
        record = {**self.record, **changes}
        roles = [role for role in ("governance", "submission", "receipt") if record[role] is not None]
        proofs = {
            role: key_possession(self.key(role), chain_id=chain_id, did=self.did, role=role) for role in roles
        }
        possession = {role: proofs.get(role) for role in ("governance", "submission", "receipt")}
        return ["admit", {"member": record, "possession": possession}]

    def issuer(self, chain_id: str, number: int, **changes: Any) -> dict[str, Any]:
        possession = {
            role: key_possession(self.key(role), chain_id=chain_id, did=self.did, role=role)
            for role in ("governance", "submission")
        }
        return {
            "did": self.did,
            "number": number,
            "document": sha256(self.name.encode()).digest(),
            "submission": self.key("submission").public.cose_key,
            "governance": self.key("governance").public.cose_key,
            "names": self.record["names"],
            "urls": {"claims": ORIGIN, "store": f"{ORIGIN}/store", "lists": f"{ORIGIN}/status"},
            "possession": possession,
            **changes,
        }


def members(count: int, *, types: Sequence[str] = TYPES) -> list[Party]:
    """Return that many parties, the first of which is an accreditor for some types."""
    first = Party("m000", roles=("accreditor", "body"), types=tuple(types))
    return [first, *(Party(f"m{number:03}") for number in range(1, count))]


class Consortium:
    """Members around one core; every block is committed at once."""

    def __init__(
        self,
        folder: Path,
        *,
        count: int = 3,
        delay: int = 0,
        numbers: int = 10,
        signers: int = 1,
        types: Sequence[str] = TYPES,
    ):
        self.path = folder / "ledger.db"
        self.parties = members(count, types=types)
        self.now = START
        self.height = 0
        self.genesis: Genesis = make_genesis(
            time=START,
            members=[party.record for party in self.parties],
            signers=[party.did for party in self.parties[:signers]],
            delay=delay,
            numbers=numbers,
        )
        self.core = Core.create(self.path, self.genesis)
        self.block()  # block 1 has an entry whatever is in it

    @property
    def chain_id(self) -> str:
        return self.core.genesis.chain_id

    @property
    def founder(self) -> Party:
        return self.parties[0]

    def value(self, *parts: Any) -> Any:
        return self.core.reader.value(*parts)

    def sign(self, party: Party, kind: str, body: Any, **changes: Any) -> bytes:
        """Sign the party's next statement of a kind."""
        role = ROLES.get(kind, "governance")
        party.seq[role] += 1
        given = {
            "seq": party.seq[role],
            "issuer": party.did,
            "chain_id": self.chain_id,
            "key": party.key(role),
        }
        return sign_statement(kind, body, **{**given, **changes})

    def block(self, *txs: bytes, after: int = 1) -> BlockResult:
        """Apply and commit a block ``after`` seconds later."""
        self.now += after
        self.height += 1
        result = self.core.apply_block(self.height, self.now, txs)
        self.core.commit()
        return result

    def accept(self, party: Party, kind: str, body: Any, **changes: Any) -> int:
        """Have a statement accepted in a block of its own and return its index."""
        outcome = self.block(self.sign(party, kind, body, **changes)).results[0]
        assert outcome.refusal is None, f"{outcome.refusal.code}: {outcome.refusal}"
        assert outcome.index is not None
        return outcome.index

    def refuse(self, party: Party, kind: str, body: Any, **changes: Any) -> str:
        """Have a statement refused, see that nothing changed, and return the code."""
        before, seq = self.core.head, dict(party.seq)
        outcome = self.block(self.sign(party, kind, body, **changes)).results[0]
        assert isinstance(outcome.refusal, Reject), "the statement was accepted"
        assert self.core.head.root == before.root
        party.seq.update(seq)
        return outcome.refusal.code

    def propose(self, action: list[Any], *, party: Party | None = None, expires: int | None = None) -> bytes:
        """Open a proposal and return its id."""
        end = self.now + 10 * DAY if expires is None else expires
        tx = self.sign(party or self.founder, "propose", {"action": action, "expires": end})
        outcome = self.block(tx).results[0]
        assert outcome.refusal is None, f"{outcome.refusal.code}: {outcome.refusal}"
        return statements.parse_statement(tx).proposal_id

    def vote(self, proposal: bytes, *parties: Party, yes: bool = True) -> None:
        """Have members vote, one block each."""
        for party in parties:
            self.accept(party, "vote", {"proposal": proposal, "yes": yes})

    def decide(self, action: list[Any], *, after: int = 1) -> bytes:
        """Propose, let everybody agree, and run the block in which the effect comes."""
        proposal = self.propose(action)
        for party in self.parties:
            if self.value("proposal", proposal)["status"] == "open":
                self.vote(proposal, party)
        self.block(after=after)
        return proposal

    def status(self, proposal: bytes) -> str:
        status: str = self.value("proposal", proposal)["status"]
        return status

    def make_issuer(self, party: Party, number: int = 7, **grant: Any) -> None:
        """Let the founder register a party as an issuer and grant it a type."""
        self.accept(self.founder, "issuer.put", party.issuer(self.chain_id, number))
        span = {"from": 0, "until": None, **grant}
        body = {"issuer": party.did, "type": "GraduationCertificate", **span}
        self.accept(self.founder, "accredit", body)

    def agreement(
        self,
        *parties: Party,
        expires: int,
        name: str = "A-1",
        version: int = 1,
        digest: bytes = bytes(32),
        **changes: Any,
    ) -> list[Any]:
        """Return the action that starts an agreement, or its next version, which all parties signed."""
        dids = sorted(party.did for party in parties)
        body = {
            "id": f"urn:vocred:agreement:{name}",
            "version": version,
            "digest": digest,
            "parties": dids,
        }
        terms = AgreementTerms(
            chain_id=self.chain_id,
            agreement_id=body["id"],
            version=body["version"],
            digest=body["digest"],
            parties=dids,
            expires=expires,
        )
        ordered = sorted(parties, key=lambda party: party.did)
        signatures = [
            sign_agreement(terms, party=party.did, key=party.key("governance")) for party in ordered
        ]
        kind = "agreement.start" if version == 1 else "agreement.amend"
        return [kind, {**body, "signatures": signatures, **changes}]


def agreement_document(*parties: Party, name: str = "A-1", version: int = 1) -> dict[str, Any]:
    """Return a document that calls itself what an action of these parties says; no rule is in it."""
    return {
        "id": f"urn:vocred:agreement:{name}",
        "version": version,
        "title": {"zh-CN": "互认协议", "en": "Mutual recognition"},
        "parties": [{"id": party.did} for party in parties],
    }
