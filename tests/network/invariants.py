"""What has to hold whatever happened to the nodes, in one place.

no fork             every log begins the longest one, byte for byte; in the end all are equal
nothing lost        every acknowledged statement stands at the index that was acknowledged
nothing doubled     no statement stands in the log twice, and every sender's numbers are 1, 2, 3 …
receipts hold       every signature that any node ever gave is over a root of this log
the rules hold      a fresh core that replays the log comes to the same root and state
"""

import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger import merkle, statements
from ledger.core.blocks import is_block
from ledger.core.machine import Core
from ledger.proof.receipts import check_quorum
from tests.network.network import Network, check_prefixes
from tests.network.stream import Record


@dataclass(frozen=True)
class Findings:
    """How much was compared; whatever is wrong raises instead.

    Attributes:
        entries: Length of the log.
        acknowledged: Statements that were acknowledged, all of them found.
        signatures: Signatures that were checked.
    """

    entries: int
    acknowledged: int
    signatures: int


def check(network: Network, record: Record, *, seconds: float = 90.0) -> Findings:
    """Check everything once the nodes that run have the same log.

    Raises:
        AssertionError: Something of it does not hold.
    """
    log = network.agree(seconds=seconds)
    # Nodes that are down may be behind, but never beside.
    check_prefixes([log, *(node.log for node in network if not node.running and node.database.exists())])
    check_nothing_lost(log, record)
    check_nothing_doubled(log)
    check_signatures(network, log, record)
    check_replay(network, log)
    return Findings(len(log), len(record.acknowledged), len(record.signatures))


def check_nothing_lost(log: Sequence[bytes], record: Record) -> None:
    """Check that what was acknowledged is where it was said to be, and that nothing honest was refused."""
    for each in record.acknowledged:
        assert each.index < len(log), f"LOST: entry {each.index} was acknowledged, the log has {len(log)}"
        assert log[each.index] == each.statement, f"LOST: entry {each.index} is another than acknowledged"
    assert not record.given_up, f"{len(record.given_up)} statements were not taken within a minute"
    assert not record.refused, f"{len(record.refused)} honest statements were refused: {record.refused[0]}"


def check_nothing_doubled(log: Sequence[bytes]) -> None:
    """Check that no statement stands in the log twice and no number was left out."""
    said = [entry for entry in log[1:] if not is_block(entry)]
    assert len(set(said)) == len(said), "DOUBLED: a statement stands in the log twice"
    numbers: dict[tuple[str, str], list[int]] = defaultdict(list)
    for entry in said:
        statement = statements.parse_statement(entry)
        numbers[statement.issuer, statement.role].append(statement.seq)
    for sender, found in numbers.items():
        assert found == list(range(1, len(found) + 1)), f"numbers of {sender}: {found}"


def check_signatures(network: Network, log: Sequence[bytes], record: Record) -> None:
    """Check that every signature collected is over a root of this log: nobody ever signed another one."""
    wanted = {size for _, size, _ in record.signatures}
    roots, frontier = {}, merkle.Frontier()
    for entry in log:
        frontier.append(merkle.leaf_hash(entry))
        if frontier.size in wanted:
            roots[frontier.size] = frontier.root
    signers = {str(node): node.signer for node in network}
    for (node, size, _), signature in record.signatures.items():
        assert size in roots, f"{node} signed a root at {size}, the log has {len(log)}"
        check_quorum(
            [signature],
            root=roots[size],
            signers=[signers[node]],
            chain_id=network.chain_id,
            not_before=network.genesis.time,
            now=int(time.time()),
        )


def check_replay(network: Network, log: Sequence[bytes]) -> None:
    """Replay the log in a fresh core and compare root and state with every node that runs."""
    with tempfile.TemporaryDirectory(prefix="replay-") as folder:
        core = Core.import_(Path(folder) / "ledger.db", log)
        try:
            for node in network.running:
                head = node.head
                if head.size == core.head.size:
                    assert (head.root, head.state) == (core.head.root, core.head.state), f"{node} differs"
        finally:
            core.close()
