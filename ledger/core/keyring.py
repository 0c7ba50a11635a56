"""Which key speaks for whom: a key is registered once, ever, and a DID has one for each role.

Spec: LEDGER.md, sections 4.2 and 4.12.
"""

from typing import Any

from crypto.keys import PublicKey
from ledger import statements
from ledger.core import fields
from ledger.core.state import State
from ledger.errors import Reject

SIGNING_ROLES = (statements.GOVERNANCE, statements.SUBMISSION)


def speaker(state: State, statement: statements.Statement) -> PublicKey:
    """Return the key that has to have signed a statement.

    Raises:
        Reject: The kid is registered to nobody, to another DID, for another role, or was replaced.
    """
    registered = state.get("key", statement.kid)
    if registered is None:
        raise Reject("TX_UNKNOWN_KEY", "the key is not registered here")
    owner, role = registered
    if owner != statement.issuer:
        raise Reject("TX_UNKNOWN_KEY", "the key is another's")
    if role != statement.role:
        raise Reject("TX_ROLE", f"a {statement.kind} statement is signed by a {statement.role} key")
    key = current(state, owner, role)
    if key is None or key.thumbprint != statement.kid:
        raise Reject("TX_UNKNOWN_KEY", "the key was replaced by another")
    return key


def current(state: State, did: str, role: str) -> PublicKey | None:
    """Return the key that signs for a DID in a role now, or None."""
    keys = state.get("keys", did)
    value = None if keys is None else keys[role]
    return None if value is None else PublicKey.from_cose_key(value)


def claim(state: State, *, owner: str, role: str, key: Any, possession: Any, replace: bool = False) -> None:
    """Register the key that a record names, unless it is the owner's in that role already.

    Args:
        state: Receives the registration.
        owner: A DID, or "urn:vocred:wallet:" and a tag.
        role: What the key is for.
        key: Its COSE_Key.
        possession: Its signature over itself; may be null where the record repeats the present key.
        replace: Whether another key may take the place of the owner's present one.

    Raises:
        Reject: NOT_PERMITTED: another key than the owner's; KEY_IN_USE: registered before, by whomever;
            KEY_POSSESSION: brought by somebody who does not hold it.
    """
    new = fields.public_key(key)
    if possession is not None:
        signature = fields.signature(possession)
        statements.check_key_possession(
            signature, key=new, chain_id=state.genesis.chain_id, did=owner, role=role
        )
    present = _present(state, owner, role)
    if present == key:
        return
    if present is not None and not replace:
        raise Reject("NOT_PERMITTED", f"a second record repeats the {role} key, it never replaces it")
    if state.get("key", new.thumbprint) is not None:
        raise Reject("KEY_IN_USE", f"the {role} key was registered before; a key is registered once, ever")
    if possession is None:
        raise Reject("KEY_POSSESSION", f"the new {role} key did not sign for itself")
    enter(state, owner=owner, role=role, key=key)


def enter(state: State, *, owner: str, role: str, key: Any) -> None:
    """Write a key into the register, unchecked: for the genesis, and for ``claim``."""
    state.put(("key", fields.public_key(key).thumbprint), [owner, role])
    if role in SIGNING_ROLES:
        keys = state.get("keys", owner) or dict.fromkeys(SIGNING_ROLES)
        state.put(("keys", owner), {**keys, role: key})


def _present(state: State, owner: str, role: str) -> Any:
    """Return the COSE_Key that an owner has in a role now, or None."""
    if role in SIGNING_ROLES:
        keys = state.get("keys", owner)
        return None if keys is None else keys[role]
    if role == statements.WALLET:
        wallet = state.get("wallet", owner.removeprefix(statements.WALLET_OWNER_PREFIX))
        return None if wallet is None else wallet["key"]
    if role == statements.VALIDATOR:
        return state.get("validator", owner)
    member = state.get("member", owner)
    return None if member is None else member[role]
