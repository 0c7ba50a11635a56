"""The signatures of a consortium: what this node signed, and what it pulled from the other members' nodes."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.core.blocks import Block
from ledger.core.reading import Reader
from ledger.proof.bundle import CheckpointSignature, Signer
from ledger.proof.receipts import MemberSignature


class QuorumOfSigners:
    """Knows who signed which root; ``ledger.running.Quorum`` of a node with the ``cometbft`` engine."""

    def newest(self, reader: Reader) -> int:
        """Return the size of the newest checkpoint that more than 2/3 of its epoch's signers signed.

        For the head it waits about three seconds from when the head came up; then the newest complete one
        answers. Where none is complete it is the head: the asker completes it elsewhere.
        """
        raise NotImplementedError

    def signatures(self, head: Block) -> Sequence[CheckpointSignature]:
        """Return the freshest quorum under a block, sorted by member; what there is where it is none."""
        raise NotImplementedError

    def known(self, head: Block) -> Sequence[MemberSignature]:
        """Return all that is known of who signed under a block, sorted by member; waits for nothing."""
        raise NotImplementedError

    def signers(self, reader: Reader, epoch: int) -> tuple[Signer, ...]:
        """Return the signers of an epoch, sorted by member.

        Raises:
            MerkleError: The log has not come to that epoch.
        """
        raise NotImplementedError

    def has_quorum(self, reader: Reader, head: Block) -> bool:
        """Return whether more than 2/3 of the epoch's signers are known to have signed under a block."""
        raise NotImplementedError
