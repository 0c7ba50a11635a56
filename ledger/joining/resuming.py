"""``resume``: the consensus begins anew where the log ends, when it can go on in no other way.

When a third or more of the signers have lost their disks, or all but one copy of the log is gone, CometBFT
waits for ever: nobody may vote again at a height of which the own votes are forgotten. The log itself needs
no consensus to be whole. So the members agree, as people, on the copy that reaches farthest, and there:

    1. every rule is applied to the log again, and a checkpoint that a quorum signed has to cover it
    2. CometBFT's genesis is made anew: next height, root of the log, the log's signers with their keys
    3. what CometBFT remembers of the blocks before is put aside; the replayed ledger takes its place
    4. the invitation is written, by which every other signer joins with the keys that it kept

Nothing of the log changes, and every receipt stays valid. A statement behind the checkpoint has no receipt:
where there is one, this is refused, for somebody may have seen it acknowledged.

Spec: LEDGER.md, section 4.9.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from ledger.core.machine import Core
from ledger.core.reading import Reader
from ledger.engines.cometbft.home import CometHome
from ledger.engines.signed import lock_alone
from ledger.joining import consensus, founding, importing, inviting
from ledger.joining.errors import JoiningError
from ledger.joining.invitation import Invitation
from ledger.joining.newcomer import GENESIS
from ledger.proof.bundle import Bundle
from ledger.proof.pins import Pin
from ledger.settings import DATABASE


def resume(
    home: Path,
    out: Path,
    *,
    peer: str,
    others: Sequence[str] = (),
    nodes: Sequence[str],
    checkpoint: Bundle,
    now: int,
) -> Invitation:
    """Let the consensus begin anew at a home's log, and write the invitation for the other signers.

    A second call, after a crash or for another file, keeps the genesis that the first one made.

    Args:
        home: The home with the copy; its node does not run.
        out: The file of the invitation.
        peer: ``host:port`` under which other nodes will reach this one.
        others: ``<node id>@host:port`` of the other signers' nodes, where they are known already.
        nodes: HTTP addresses to name in the invitation.
        checkpoint: The newest that a quorum signed, with links from the first epoch.
        now: The current time in integer seconds.

    Raises:
        JoiningError: There is no CometBFT here, or no consensus key of a signer is known.
        UncoveredError: Statements follow the checkpoint.
        TakenError: The node still runs.
        HistoryError: The log does not replay.
    """
    founding.require_node(home)
    before = founding.comet_genesis(home)
    comet = founding.comet_home(home)
    address = inviting.peer_address(comet.node_id, peer)
    descriptor = lock_alone(home / DATABASE)
    aside = home / f"resuming-{os.getpid()}"
    try:
        aside.mkdir(mode=0o700)
        _replay(home / DATABASE, aside / DATABASE, checkpoint=checkpoint, now=now)
        with Reader.open(aside / DATABASE) as reader:
            content = _genesis(reader, before, begun=comet.has_blocks, now=now)
        _forget_blocks(comet)
        founding.write_file(comet.config / GENESIS, content)
        os.replace(aside / DATABASE, home / DATABASE)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        os.close(descriptor)
    return inviting.invite(home, out, peers=[address, *others], nodes=nodes, checkpoint=checkpoint, now=now)


def _replay(path: Path, grown: Path, *, checkpoint: Bundle, now: int) -> None:
    """Step 1: whoever joins replays as well, and all have to begin with one height.

    Blocks without an entry of their own count in the number of this copy's head and not in a replayed one's.
    """
    # Opened for writing, so that nothing of it is left in SQLite's journal, which would outlive it.
    core = Core.open(path)
    try:
        pin = Pin.from_genesis(core.genesis)
        importing.import_log(grown, core.export(), pin=pin, checkpoint=checkpoint, now=now)
    finally:
        core.close()


def _genesis(reader: Reader, before: bytes, *, begun: bool, now: int) -> bytes:
    """Step 2."""
    head = reader.head()
    if not begun and consensus.initial_height(before) == head.height + 1:
        consensus.check_genesis_file(before, reader)
        return before
    earlier = consensus.validators(before)
    validators = {did: key or earlier.get(did) for did, key in consensus.signers_keys(reader).items()}
    missing = [did for did, key in validators.items() if key is None]
    if missing:
        raise JoiningError(f"no consensus key of {', '.join(missing)} is known here")
    known = {did: key for did, key in validators.items() if key is not None}
    return consensus.make_genesis_file(reader, validators=known, time=max(now, head.time + 1))


def _forget_blocks(comet: CometHome) -> None:
    """Step 3: blocks, journal and votes belong to the consensus that has ended."""
    if comet.has_blocks:
        (comet.path / "data").rename(comet.path / f"data-until-{comet.signed_height}")
    comet.make()
