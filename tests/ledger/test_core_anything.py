"""Whatever members decide, in whatever order: somebody signs, one change a block, and replay agrees."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crypto.keys import PrivateKey
from ledger.core.machine import Core
from ledger.statements import ROLES, parse_statement, sign_statement
from tests.ledger.consortium import Consortium, Party, key
from tests.ledger.core_acts import document, lost, rotation, signer_set

COUNT = 4
NAMES = [f"m{number:03}" for number in range(COUNT)] + ["new", "college"]


class Officer(Party):
    """A party that may have several keys of a role, and signs with the one that the ledger knows."""

    def made(self, role: str, number: int) -> PrivateKey:
        """Return the key of a role and number; number 0 is the one of the admission."""
        return self.key(role) if number == 0 else key(f"{self.name}/{role}/{number}")


PEOPLE = {name: Officer(name) for name in NAMES}


def action_of(ledger: Consortium, kind: str, party: Officer, number: int) -> list:
    """Return an action that may or may not be possible."""
    since = ledger.now - number
    match kind:
        case "admit":
            return party.admission(ledger.chain_id)
        case "remove":
            return ["remove", {"member": party.did}]
        case "sign":
            receipt, validator = party.made("receipt", number), party.made("validator", number)
            return signer_set(ledger, party, receipt=receipt, validator=validator)
        case "receipt":
            return signer_set(ledger, party, receipt=party.made("receipt", number))
        case "stop":
            return signer_set(ledger, party)
        case "lost":
            return lost(ledger, party, "governance", party.made("governance", number))
        case "stolen":
            new = party.made("submission", number)
            return lost(ledger, party, "submission", new, since=since)
        case "document":
            return ["rotate-lost-key", {"did": party.did, **document(bytes([number]) * 32, since=since)}]
        case "issuer":
            return ["issuer.put", party.issuer(ledger.chain_id, NAMES.index(party.name))]
        case "suspend":
            until = None if number == 0 else since + 3 * number
            return ["suspend-issuer", {"issuer": party.did, "from": since, "until": until}]
        case "close":
            return ["close-issuer", {"issuer": party.did}]
        case "params":
            return ["params", {"numbers": number}]
    return ["upgrade", {"app_version": 2, "height": 10_000 + number}]


KINDS = [
    *("admit", "remove", "sign", "sign", "receipt", "stop", "lost", "stolen", "document"),
    *("issuer", "suspend", "close", "params", "upgrade"),
]
STEPS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.sampled_from(NAMES), st.integers(0, 3), st.integers(0, 4)),
    min_size=1,
    max_size=14,
)


def speak(ledger: Consortium, did: str, kind: str, body: object) -> bytes | None:
    """Sign a statement with whatever key the ledger has for a DID, or return None where it has none."""
    party = next(each for each in PEOPLE.values() if each.did == did)
    keys = ledger.value("keys", did)
    for number in range(4):
        private = party.made(ROLES[kind], number)
        if keys is not None and keys[ROLES[kind]] == private.public.cose_key:
            seq = (ledger.value("seq", did, ROLES[kind]) or 0) + 1
            return sign_statement(kind, body, seq=seq, issuer=did, chain_id=ledger.chain_id, key=private)
    return None


def block(ledger: Consortium, *txs: bytes | None, after: int = 1) -> None:
    """Apply a block and see what always holds."""
    before = ledger.core.signers
    result = ledger.block(*(tx for tx in txs if tx is not None), after=after)
    signers = result.signers
    members = ledger.value("members")
    assert members
    assert signers
    assert set(signers) <= set(members)
    changed = {did for did in {*before, *signers} if before.get(did, b"") != signers.get(did, b"")}
    assert len(changed) <= 1, "one signer changes in a block"
    if len(before) >= 4:
        assert 3 * len(changed) <= len(before), "at most a third of the power changes hands"
    keys = [raw for raw in signers.values() if raw is not None]
    assert len(set(keys)) == len(keys), "no consensus key stands twice"
    assert ledger.core.signers == signers


def step(ledger: Consortium, kind: str, name: str, number: int, voters: int) -> None:
    """Propose something and let so many members vote for it, one after the other."""
    action = action_of(ledger, kind, PEOPLE[name], number)
    body = {"action": action, "expires": ledger.now + 1000}
    proposer = ledger.value("members")[number % len(ledger.value("members"))]
    tx = speak(ledger, proposer, "propose", body)
    block(ledger, tx)
    if tx is None:
        return
    proposal = parse_statement(tx).proposal_id
    for did in ledger.value("members")[: voters + 1]:
        block(ledger, speak(ledger, did, "vote", {"proposal": proposal, "yes": True}))


def own_rotation(ledger: Consortium, name: str, number: int) -> None:
    """Let somebody replace its own submission key, as far as it may."""
    party = PEOPLE[name]
    body = rotation(ledger, party, "submission", party.made("submission", number))
    block(ledger, speak(ledger, party.did, "key.rotate", body))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS, delay=st.sampled_from([0, 3]), signers=st.sampled_from([1, 3, 4]))
def test_any_sequence_of_decisions_replays_and_leaves_somebody_to_sign(steps, delay, signers):
    with tempfile.TemporaryDirectory() as folder:
        ledger = Consortium(Path(folder), count=COUNT, delay=delay, signers=signers)
        for kind, name, number, voters in steps:
            step(ledger, kind, name, number, voters)
            own_rotation(ledger, name, number)
        for _ in range(4):
            block(ledger)
        copy = Core.import_(Path(folder) / "copy.db", ledger.core.export(), root=ledger.core.head.root)
        assert copy.head_block == ledger.core.head_block
        assert copy.signers == ledger.core.signers
        copy.close()
        ledger.core.close()
