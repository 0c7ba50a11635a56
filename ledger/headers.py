"""The protected header of everything that is signed for this ledger by a party of its registry.

    {1: alg, 3: content type, 4: kid, 15: {1: did, 2: chain id}}

The kid is the key's RFC 9679 thumbprint. Nothing else stands in it, and the unprotected header is empty.

Spec: LEDGER.md, section 4.2.
"""

from collections.abc import Mapping
from typing import Any

from crypto.keys import PublicKey
from ledger.core import fields

_ALG, _CONTENT_TYPE, _KID, _CLAIMS = 1, 3, 4, 15
_ISS, _SUB = 1, 2


def make_header(content_type: str, *, did: str, chain_id: str, key: PublicKey) -> dict[int, Any]:
    """Return the header for what a party signs; the algorithm is added by ``cose.sign1``.

    Args:
        content_type: Of the payload.
        did: The party that signs.
        chain_id: The ledger that it signs for.
        key: Its key.
    """
    return {
        _CONTENT_TYPE: content_type,
        _KID: key.thumbprint,
        _CLAIMS: {_ISS: did, _SUB: chain_id},
    }


def is_header(
    header: Mapping[Any, Any], content_type: str, *, did: str, chain_id: str, key: PublicKey
) -> bool:
    """Return whether a header names exactly this party, ledger, key and type of content."""
    named = {name: value for name, value in header.items() if name != _ALG}
    return named == make_header(content_type, did=did, chain_id=chain_id, key=key)


def read_header(header: Mapping[Any, Any], content_type: str) -> tuple[str, str, bytes]:
    """Return DID, chain id and kid of a header that has exactly our members.

    The algorithm is compared with the key's when the signature is checked, never believed.

    Raises:
        Reject: TX_MALFORMED: a member more or less, or another type of content.
    """
    claims = header.get(_CLAIMS)
    if set(header) != {_ALG, _CONTENT_TYPE, _KID, _CLAIMS} or type(claims) is not dict:
        raise fields.malformed("the protected header holds exactly 1, 3, 4 and 15")
    if set(claims) != {_ISS, _SUB}:
        raise fields.malformed("the claims hold exactly iss and sub")
    if header[_CONTENT_TYPE] != content_type:
        raise fields.malformed(f"the content type is {content_type}")
    return fields.did(claims[_ISS]), fields.chain_id(claims[_SUB]), fields.digest(header[_KID])
