"""``join``: a node's home out of an invitation.

    1. the file is whole and of one ledger (``invitation``); that ledger is the one that a person named, by a
       pin or by its mark
    2. the log is replayed under a checkpoint that a quorum signed (``importing``)
    3. the invitation's pin is the one that entry 0 gives, CometBFT's genesis the one that the log gives
    4. keys are made, or those that are there are used; where the log names keys for this member, they are
       these, unless somebody says that those are lost
    5. genesis, pin and, last, the database are put in their places

A crash before the last step leaves keys and files that the next call uses; the database is what says that a
node has joined.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from ledger.core.reading import Reader
from ledger.joining import consensus, founding, importing, invitation
from ledger.joining.errors import JoiningError, OtherLedgerError
from ledger.joining.founding import NodeKeys
from ledger.joining.invitation import Invitation
from ledger.proof.pins import Pin
from ledger.settings import DATABASE, PIN
from ledger.store import Head

GENESIS = "genesis.json"


@dataclass(frozen=True)
class Joined:
    """What came of joining.

    Attributes:
        keys: The node's keys.
        invitation: What was joined.
        head: Where the replayed log stands; what follows comes from peers.
        signs: Whether the log names this member's keys as a signer's already.
    """

    keys: NodeKeys
    invitation: Invitation
    head: Head
    signs: bool

    @property
    def peers(self) -> tuple[str, ...]:
        """The nodes to stay connected with: those of the invitation, without this one."""
        assert self.keys.comet is not None
        own = self.keys.comet.node_id
        return tuple(peer for peer in self.invitation.peers if peer.partition("@")[0] != own)


def join(
    home: Path,
    file: Path,
    *,
    did: str,
    pin: Pin | None,
    mark: str | None,
    now: int,
    keys_lost: bool = False,
) -> Joined:
    """Make a node's home.

    Args:
        home: An existing directory without a ledger.
        file: The invitation.
        did: The member whose node it is.
        pin: What is known of the ledger, where a pin was handed over before.
        mark: Otherwise the ledger's mark as another member read it out: the hexadecimal end of its chain id.
        now: The current time in integer seconds.
        keys_lost: Whether the keys that the log names for this member are lost. Its node then follows, and
            signs once the members have voted for the keys of this home: an invitation's log may be older
            than that vote.

    Raises:
        JoiningError: See the steps; nothing was changed, but for keys that were made.
        HistoryError: The log does not replay.
        ReceiptError: The checkpoint does not hold.
    """
    if (home / DATABASE).exists():
        raise JoiningError("there is a ledger here already; nothing was changed")
    aside = home / f"joining-{os.getpid()}"
    aside.mkdir(mode=0o700)
    try:
        grown = aside / DATABASE
        with invitation.reading(file) as (invited, entries):
            _check_named(invited, pin=pin, mark=mark)
            replayed = importing.import_log(
                grown,
                entries,
                pin=pin or invited.pin,
                checkpoint=invited.checkpoint,
                now=now,
                may_be_a_beginning=True,
            )
        with Reader.open(grown) as reader:
            _check_invitation(invited, reader)
            keys = founding.node_keys(home, consensus=True)
            signs = _check_own_keys(reader, did=did, keys=keys, genesis=invited.genesis, lost=keys_lost)
        _settle(home, grown, invited, keys=keys)
    finally:
        shutil.rmtree(aside)
    return Joined(keys, invited, replayed.head, signs)


def same_mark(chain_id: str, mark: str) -> bool:
    """Return whether a mark, read out or typed in groups, is a ledger's."""
    typed = "".join(mark.split()).lower().rpartition(":")[2]
    return typed == chain_id.rpartition(":")[2]


def _check_named(invited: Invitation, *, pin: Pin | None, mark: str | None) -> None:
    """Step 1: a person has said, over another way, which ledger it is to be."""
    if pin is None and mark is None:
        raise JoiningError(
            "nobody has said which ledger this is to be: set LEDGER_PIN, or compare the ledger's mark with "
            "another member and give it with --ledger"
        )
    if pin is not None and pin.chain_id != invited.chain_id:
        raise OtherLedgerError("the invitation is for another ledger than the pin's")
    if mark is not None and not same_mark(invited.chain_id, mark):
        raise OtherLedgerError("the invitation is for another ledger than the one named")


def _check_invitation(invited: Invitation, reader: Reader) -> None:
    """Step 3: nothing in the invitation says otherwise than the log."""
    if invited.pin != Pin.from_genesis(reader.genesis):
        raise OtherLedgerError("the invitation's pin is not the one that entry 0 gives")
    consensus.check_genesis_file(invited.genesis, reader)


def _check_own_keys(reader: Reader, *, did: str, keys: NodeKeys, genesis: bytes, lost: bool) -> bool:
    """Step 4: a member that signs already comes with the keys that the members voted for."""
    if did not in reader.value("signers"):
        return False
    record, validator = reader.value("member", did), consensus.validators(genesis)[did]
    assert keys.validator is not None
    if record["receipt"] != keys.receipt.public.cose_key or validator != keys.validator.public.raw:
        if lost:
            return False
        raise JoiningError(
            f"the log names other keys for {did} than those in this home: bring receipt.key and "
            "comet/config/priv_validator_key.json here; if they are lost, join with --keys-lost and have the "
            "new ones voted (propose signer.set)"
        )
    return True


def _settle(home: Path, grown: Path, invited: Invitation, *, keys: NodeKeys) -> None:
    """Step 5."""
    assert keys.comet is not None
    founding.write_file(keys.comet.config / GENESIS, invited.genesis)
    if not (home / PIN).exists():
        founding.write_file(home / PIN, invited.pin.to_bytes())
    os.replace(grown, home / DATABASE)
