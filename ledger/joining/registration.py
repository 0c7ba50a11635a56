"""What a member hands over so that the others can vote on its keys: public halves, each with its own proof.

    {"did", "name"?, "governance"?, "receipt", "validator"?, "possession": {role: signature}, "node"?}

Keys are COSE_Keys and signatures bytes, both in hexadecimal; ``node`` is the node's id among nodes. It holds
no secret, and is what ``propose admit --keys`` and ``propose signer.set --keys`` take.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crypto import cbor
from crypto.keys import PrivateKey
from ledger.joining.errors import JoiningError
from ledger.joining.founding import NodeKeys
from ledger.statements import RECEIPT, VALIDATOR, key_possession


def of_node(keys: NodeKeys, *, did: str, chain_id: str) -> dict[str, Any]:
    """Return the registration of a node's keys.

    Args:
        keys: The node's keys.
        did: The member.
        chain_id: The ledger on which they are to be registered.
    """
    private: dict[str, PrivateKey] = {RECEIPT: keys.receipt}
    if keys.validator is not None:
        private[VALIDATOR] = keys.validator
    made: dict[str, Any] = {
        "did": did,
        **{role: cbor.encode(key.public.cose_key).hex() for role, key in private.items()},
        "possession": {
            role: key_possession(key, chain_id=chain_id, did=did, role=role).hex()
            for role, key in private.items()
        },
    }
    return made if keys.comet is None else {**made, "node": keys.comet.node_id}


def merge(node: Mapping[str, Any], officer: Mapping[str, Any]) -> dict[str, Any]:
    """Return a node's registration with what a governance officer made for the same member.

    Args:
        node: What ``of_node`` returned.
        officer: What ``vocred ledger keygen --json``, or the member's own service, printed.

    Raises:
        JoiningError: It was made for another DID.
    """
    require_same(officer, did=node["did"])
    possession = {**_mapping(officer.get("possession")), **node["possession"]}
    return {**officer, **node, "possession": possession}


def require_same(officer: Mapping[str, Any], *, did: str) -> None:
    """Refuse what an officer made for another member.

    Raises:
        JoiningError: It was made for another DID.
    """
    if officer.get("did") != did:
        raise JoiningError("the governance key was made for another DID than the node's")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
