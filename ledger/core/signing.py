"""Who signs roots, and with which keys: the signers, which are the validators of the consensus.

Each signer counts the same (power 1). A block changes one member or signer at most and never takes the last
one away, so an engine never hears of an unknown, a doubled or a last validator; and once four run, no more
than a quarter of the power changes hands in a block.

Spec: LEDGER.md, sections 4.3, 4.4 and 4.8.
"""

from collections.abc import Mapping

from crypto.keys import PublicKey
from ledger.core.state import State

MAX_SIGNERS = 100


def consensus_keys(state: State) -> Mapping[str, bytes | None]:
    """Return every signer's raw consensus key by DID; None where the consensus' own genesis names it."""
    keys = {did: state.get("validator", did) for did in state.get("signers")}
    return {did: None if key is None else PublicKey.from_cose_key(key).raw for did, key in keys.items()}
