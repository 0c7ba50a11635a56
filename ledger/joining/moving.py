"""``migrate``: from one operator's ledger to the consortium's.

Before: the members were admitted, and four or more of them voted to sign (``signer.set``), on the embedded
ledger, which has taken no more statements since the second one signs. Here, on the operator's host:

    1. the embedded engine is opened once more, alone, with all its guards: it signs the last block under
       which every statement lies, the last one of the operator's own epochs
    2. every signer has to have a consensus key in the log; the operator's may be made now
    3. CometBFT's genesis is made: next height, root of the log, all signers
    4. the invitation is written, by which every signer, the operator's own node included, goes on

Nothing of the log changes: its root is CometBFT's first application hash, old receipts stay what they are,
and old entries keep the label of the single operator, which stands in their blocks.

Spec: LEDGER.md, section 4.8, last part.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ledger.core.blocks import SINGLE_OPERATOR, Block
from ledger.core.reading import Reader
from ledger.engines.embedded import EmbeddedEngine
from ledger.joining import consensus, founding, inviting
from ledger.joining.errors import JoiningError
from ledger.joining.founding import NodeKeys
from ledger.joining.invitation import Invitation
from ledger.joining.newcomer import GENESIS
from ledger.proof import assembly
from ledger.proof.bundle import Bundle
from ledger.settings import DATABASE, read_keys

FEWEST_SIGNERS = 4
"""With three or fewer, one that disappears stops everything."""


def migrate(
    home: Path,
    out: Path,
    *,
    peer: str,
    others: Sequence[str] = (),
    nodes: Sequence[str],
    now: int,
    fewest: int = FEWEST_SIGNERS,
) -> Invitation:
    """Move the ledger of a home to CometBFT, and write the invitation for its signers.

    A second call, after a crash or for another file, keeps the genesis that the first one made.

    Args:
        home: The operator's home; its node does not run.
        out: The file of the invitation.
        peer: ``host:port`` under which other nodes will reach this one.
        others: ``<node id>@host:port`` of the other signers' nodes, where they are known already: nodes stay
            connected with those alone that they know.
        nodes: HTTP addresses to name in the invitation.
        now: The current time in integer seconds.
        fewest: How many signers there have to be. With two or three the ledger stops whenever one of them
            does; a ledger whose second signer took effect before others were voted has no other way on.

    Raises:
        JoiningError: There are fewer signers, one has no consensus key, or the operator is none.
        EngineError: The node still runs.
        RestoredBackupError: The database is older than what was signed.
    """
    keys = founding.node_keys(home, consensus=True)
    assert keys.comet is not None
    address = inviting.peer_address(keys.comet.node_id, peer)
    place = keys.comet.config / GENESIS
    _require_unmoved(home, place)
    checkpoint = signed_by_operator(home, now=now)
    with Reader.open(home / DATABASE) as reader:
        if not place.exists():
            validators = _validators(reader, keys, fewest=fewest)
            time = max(now, reader.head().time + 1)
            content = consensus.make_genesis_file(reader, validators=validators, time=time)
            founding.write_file(place, content)
        consensus.check_genesis_file(place.read_bytes(), reader)
    return inviting.invite(home, out, peers=[address, *others], nodes=nodes, checkpoint=checkpoint, now=now)


def signed_by_operator(home: Path, *, now: int) -> Bundle:
    """Return the last checkpoint that the operator alone answers for, with links from the first epoch.

    Args:
        home: The operator's home; its node does not run.
        now: The current time in integer seconds.
    """
    key, *others = read_keys(home)
    engine = EmbeddedEngine.open(home / DATABASE, key=key, others=others, clock=lambda: now)
    try:
        with engine.reader() as reader:
            block = last_single(reader)
            return assembly.checkpoint(
                reader, sign=lambda head, _root: [engine.receipt(head.size)], size=block.size, epoch=1
            )
    finally:
        engine.close()


def last_single(reader: Reader) -> Block:
    """Return the last block that one operator signs: the one that enacts the second signer.

    Raises:
        JoiningError: There is none.
    """
    size = reader.head().size
    while size > 1:
        block = reader.block(size)
        if block.mode == SINGLE_OPERATOR:
            return block
        size = block.first
    raise JoiningError("this ledger never had a single operator; it needs no move")


def _require_unmoved(home: Path, genesis: Path) -> None:
    if not genesis.exists():
        return
    with Reader.open(home / DATABASE) as reader:
        if reader.head().height >= consensus.initial_height(genesis.read_bytes()):
            raise JoiningError("this ledger has moved to CometBFT: invite others with `vocred ledger invite`")


def _validators(reader: Reader, keys: NodeKeys, *, fewest: int) -> dict[str, bytes]:
    """Step 2: every signer's consensus key."""
    assert keys.validator is not None
    named = consensus.signers_keys(reader)
    own = keys.validator.public.raw
    if len(named) < fewest:
        raise JoiningError(
            f"{len(named)} members sign: have at least {fewest} voted (propose signer.set), so that "
            "one that disappears does not stop the others"
        )
    did = _owner(reader, keys)
    if named[did] not in (None, own):
        raise JoiningError("the log names another consensus key for this member than the one in this home")
    missing = [each for each, key in named.items() if key is None and each != did]
    if missing:
        raise JoiningError(f"no consensus key of {', '.join(missing)} is in the log")
    return {each: key or own for each, key in named.items()}


def _owner(reader: Reader, keys: NodeKeys) -> str:
    """Return the signer whose receipt key lies in this home."""
    for did in reader.value("signers"):
        if reader.value("member", did)["receipt"] == keys.receipt.public.cose_key:
            return str(did)
    raise JoiningError("the receipt key in this home is no signer's")
