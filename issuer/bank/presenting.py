"""What a presentation has to prove before anybody looks at the certificate in it.

It holds exactly one certificate of the type and issuer that were asked for; it was signed for this request
(challenge) and for this bank (domain), by the one key to which the certificate is bound. A share's
presentation answers a share's id on a verifier's origin, and so never answers a request.

Spec: OpenID4VP 1.0, section 8.6 and appendix B.1.3; OPENID4VC.md, section 3.3, steps 3 to 5.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crypto import strict_json
from crypto.errors import CryptoError
from crypto.keys import PublicKey
from crypto.multibase import base64url_encode
from issuer.bank import registering
from issuer.bank.errors import PresentationRefusedError
from issuer.parts import Parts
from vc import credentials, data_integrity, dcql, did_key, structure
from vc.errors import VcError

_NONCE_PURPOSE, _STATE_PURPOSE, _CODE_PURPOSE = "bank-nonce", "bank-state", "bank-response-code"


def nonce(parts: Parts, application_id: str) -> str:
    """Return the nonce of an application's request: 256 bits that only this instance can compute."""
    return base64url_encode(parts.secret.keyed_hash(application_id.encode(), purpose=_NONCE_PURPOSE))


def state(parts: Parts, application_id: str) -> str:
    """Return the state of an application's request, independent of its nonce."""
    return base64url_encode(parts.secret.keyed_hash(application_id.encode(), purpose=_STATE_PURPOSE))


def response_code(parts: Parts, application_id: str) -> str:
    """Return the code that only the wallet is told whose presentation was taken: 256 bits, kept nowhere."""
    return base64url_encode(parts.secret.keyed_hash(application_id.encode(), purpose=_CODE_PURPOSE))


def check(
    presentation: Mapping[str, Any],
    *,
    query: dcql.Query,
    query_id: str,
    challenge: str,
    domain: str,
    now: datetime,
) -> dict[str, Any]:
    """Check a presentation, and return the one certificate that it holds.

    Args:
        presentation: The signed presentation.
        query: What was asked.
        query_id: The one query of it.
        challenge: The request's nonce.
        domain: The full client id.
        now: The current time, aware.

    Returns:
        The certificate; whether it is one is still to be verified.

    Raises:
        PresentationRefusedError: It does not answer the request; the code says why.
    """
    try:
        structure.check_presentation(dict(presentation))
        credential = _only(presentation.get("verifiableCredential"))
        dcql.check_answer(query, {query_id: [credential]})
        proofs = data_integrity.verify(
            dict(presentation),
            resolve=_holder_key,
            purpose="authentication",
            now=now,
            challenge=challenge,
            domain=domain,
        )
    except (VcError, CryptoError) as error:
        raise PresentationRefusedError(str(error), code=error.code) from error
    signers = {proof.controller for proof in proofs}
    if len(signers) != 1 or presentation.get("holder") not in signers:
        raise PresentationRefusedError("the holder did not sign", code="HOLDER_BINDING_INVALID")
    if credentials.facts(credential).holder not in signers:
        raise PresentationRefusedError("the certificate is bound to another key", code="SUBJECT_MISMATCH")
    return credential


def kept(parts: Parts, application: Mapping[str, Any]) -> dict[str, Any]:
    """Return the certificate that was presented for an application and waits with it."""
    found: dict[str, Any] = strict_json.parse(registering.unseal(parts, application))
    return found


def _only(held: object) -> dict[str, Any]:
    listed = held if isinstance(held, list) else [held]
    if len(listed) != 1 or not isinstance(listed[0], dict):
        raise PresentationRefusedError("the presentation holds not exactly one certificate")
    return listed[0]


def _holder_key(verification_method: str, _purpose: str) -> PublicKey:
    return did_key.resolve_method(verification_method)
