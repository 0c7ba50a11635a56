"""Who signs roots, and with which keys: the signers, which are the validators of the consensus.

Each signer counts the same (power 1). A block changes one member or signer at most and never takes the last
one away, so an engine never hears of an unknown, a doubled or a last validator; and once four run, no more
than a quarter of the power changes hands in a block.

Spec: LEDGER.md, sections 4.3, 4.4 and 4.8.
"""

from collections.abc import Mapping
from typing import Any, Final

from crypto.keys import PublicKey
from ledger import statements
from ledger.core import fields, keyring, registry
from ledger.core.state import State
from ledger.errors import Reject

MAX_SIGNERS = 100
ROLES: Final = (statements.RECEIPT, statements.VALIDATOR)


def set_signer(state: State, body: Any) -> None:
    """Let a member's node sign with these keys from the next block on, or stop signing.

    Raises:
        Reject: It is no member, a key is not its own, nothing would change, or it is the last signer.
    """
    content = fields.record(body, "member", *ROLES, "possession")
    possession = fields.record(content["possession"], *ROLES)
    did = fields.did(content["member"])
    for role in ROLES:
        if content[role] is None and possession[role] is not None:
            raise fields.malformed(f"a signature without a {role} key")
    if content[statements.RECEIPT] is not None:
        _sign_with(state, did, content)
    elif content[statements.VALIDATOR] is None:
        registry.member(state, did)
        leave(state, did)
    else:
        raise fields.malformed("a node that signs has a receipt key")


def leave(state: State, did: str) -> None:
    """Take a signer out of the set; its member record keeps the receipt key.

    Raises:
        Reject: NOT_PERMITTED: it does not sign, or is the last signer.
    """
    signers = state.get("signers")
    if did not in signers:
        raise Reject("NOT_PERMITTED", "the member does not sign")
    if len(signers) == 1:
        raise Reject("NOT_PERMITTED", "the last signer is never removed")
    state.put(("signers",), [signer for signer in signers if signer != did])


def _sign_with(state: State, did: str, content: Mapping[str, Any]) -> None:
    record, signers = registry.member(state, did), state.get("signers")
    receipt, validator = content[statements.RECEIPT], content[statements.VALIDATOR]
    present = state.get("validator", did)
    if did not in signers and validator is None:
        raise Reject("NOT_PERMITTED", "a node that begins to sign names the key of its validator")
    if validator is not None and fields.public_key(validator).algorithm != "Ed25519":
        raise fields.malformed("a validator's key is of Ed25519: the consensus knows no other")
    if did in signers and record["receipt"] == receipt and validator in (None, present):
        raise Reject("NOT_PERMITTED", "the member signs with these keys already")
    if did not in signers and len(signers) >= MAX_SIGNERS:
        raise Reject("QUOTA", f"at most {MAX_SIGNERS} members sign")
    for role in ROLES:
        if content[role] is not None:
            proof = content["possession"][role]
            keyring.claim(state, owner=did, role=role, key=content[role], possession=proof, replace=True)
    state.put(("member", did), {**record, "receipt": receipt})
    state.put(("signers",), sorted({*signers, did}))
    if validator is not None:
        state.put(("validator", did), validator)


def consensus_keys(state: State) -> Mapping[str, bytes | None]:
    """Return every signer's raw consensus key by DID; None where the consensus' own genesis names it."""
    keys = {did: state.get("validator", did) for did in state.get("signers")}
    return {did: None if key is None else PublicKey.from_cose_key(key).raw for did, key in keys.items()}
