"""did:key: the identifier is the key. Holders' wallets use it; nothing is looked up."""

from typing import Any

from crypto.errors import LimitError, MalformedError
from crypto.keys import PublicKey
from vc.errors import InvalidDidError, InvalidDidUrlError

PREFIX = "did:key:"

CONTEXTS = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1")

_RELATIONSHIPS = ("authentication", "assertionMethod", "capabilityDelegation", "capabilityInvocation")


def did(public_key: PublicKey) -> str:
    """Return the did:key of a public key."""
    return PREFIX + public_key.multibase


def verification_method(public_key: PublicKey) -> str:
    """Return the DID URL of the one verification method of a key's did:key."""
    return f"{PREFIX}{public_key.multibase}#{public_key.multibase}"


def public_key(did: str) -> PublicKey:
    """Return the key that a did:key is.

    Args:
        did: ``did:key:z…``, without version, path, query or fragment.

    Raises:
        InvalidDidError: Not a did:key of an Ed25519 or P-256 key, or not its one spelling.
        WeakKeyError: The key is weak or no point of its curve.

    Spec: did:key, section 3.1.
    """
    if not isinstance(did, str) or not did.startswith(PREFIX):
        raise InvalidDidError("not a did:key")
    try:
        key = PublicKey.from_multibase(did.removeprefix(PREFIX))
    except (MalformedError, LimitError) as error:
        raise InvalidDidError("not a did:key of an Ed25519 or P-256 key") from error
    # Base58 and the multicodec header each have one spelling; this stays true whatever the codecs tolerate.
    if PREFIX + key.multibase != did:
        raise InvalidDidError("not the canonical spelling of a did:key")
    return key


def resolve_method(verification_method: str) -> PublicKey:
    """Return the key of a did:key verification method.

    Args:
        verification_method: ``did:key:z…#z…``; the fragment repeats the key.

    Raises:
        InvalidDidUrlError: The fragment is another one.
        InvalidDidError, WeakKeyError: See ``public_key``.
    """
    identifier, _, fragment = verification_method.partition("#")
    key = public_key(identifier)
    if fragment != key.multibase:
        raise InvalidDidUrlError("the fragment of a did:key method is its key")
    return key


def document(did: str) -> dict[str, Any]:
    """Return the DID document of a did:key, which anybody can derive.

    Args:
        did: ``did:key:z…``.

    Raises:
        InvalidDidError, WeakKeyError: See ``public_key``.

    Spec: did:key, section 3.1.2; Controlled Identifiers 1.0, section 2.2.2.
    """
    key = public_key(did)
    method = verification_method(key)
    return {
        "@context": list(CONTEXTS),
        "id": did,
        "verificationMethod": [
            {"id": method, "type": "Multikey", "controller": did, "publicKeyMultibase": key.multibase}
        ],
        **{relationship: [method] for relationship in _RELATIONSHIPS},
    }
