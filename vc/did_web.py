"""did:web: identifiers of institutions, and the documents that say which keys are theirs.

For institutions of the registry the document is accepted by its digest on the ledger, wherever its bytes are
found; resolving by name is for the others. Fetching is an argument, and the fetcher checks addresses: here
only names that could never be a public host are refused.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crypto.keys import PublicKey
from vc import dates, limits
from vc.errors import InvalidDidError

PREFIX = "did:web:"

CONTEXTS = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1")

# Labels in lower-case ASCII (an IDN in its xn-- form), the last one alphabetic: so no IPv4 address in any of
# its spellings, no bare "localhost", no final dot.
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)+(?:[a-z]{{2,63}}|xn--[a-z0-9-]{{1,59}})")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_SEGMENT = re.compile(r"[A-Za-z0-9._-]{1,128}")


@dataclass(frozen=True)
class KeyEntry:
    """One verification method of a document.

    Attributes:
        fragment: Its name within the document, without ``#``.
        public_key: The key.
        purposes: The verification relationships that list it.
        expires: When it stops counting, aware.
        revoked: When it was revoked, aware.
    """

    fragment: str
    public_key: PublicKey
    purposes: tuple[str, ...] = ("assertionMethod",)
    expires: datetime | None = None
    revoked: datetime | None = None


def url(did: str) -> str:
    """Return the address of a did:web's document.

    Args:
        did: ``did:web:<host>[%3A<port>][:<path>…]``, in its one spelling: lower-case host, ``%3A`` in upper
            case, no empty, dotted or percent-encoded path segment.

    Raises:
        InvalidDidError: Anything else, IP addresses and single-label hosts among it.

    Spec: did:web, section 3.2.
    """
    if not isinstance(did, str) or len(did) > limits.DID_CHARS or not did.startswith(PREFIX):
        raise InvalidDidError("not a did:web")
    authority, *path = did.removeprefix(PREFIX).split(":")
    host, colon, port = authority.partition("%3A")
    if not _HOST.fullmatch(host) or len(host) > 253:
        raise InvalidDidError("the host of the did:web is not a public host name in lower case")
    if colon and not (_PORT.fullmatch(port) and int(port) < 65536):
        raise InvalidDidError("the port of the did:web is malformed")
    if not all(_SEGMENT.fullmatch(segment) and segment.strip(".") for segment in path):
        raise InvalidDidError("a path segment of the did:web is malformed")
    place = f"https://{host}:{port}" if colon else f"https://{host}"
    return f"{place}/{'/'.join(path)}/did.json" if path else f"{place}/.well-known/did.json"


def document(did: str, *, keys: Sequence[KeyEntry]) -> dict[str, Any]:
    """Write the DID document of an institution.

    Args:
        did: Its did:web.
        keys: Its keys, also those that are no longer used: credentials that they signed still name them.

    Raises:
        InvalidDidError: Not a did:web.
        ValueError: Two keys have the same fragment.

    Spec: Controlled Identifiers 1.0, sections 2.1 to 2.3.
    """
    url(did)
    if len({entry.fragment for entry in keys}) != len(keys):
        raise ValueError("two keys have the same fragment")
    relationships: dict[str, list[str]] = {}
    for entry in keys:
        for purpose in entry.purposes:
            relationships.setdefault(purpose, []).append(f"{did}#{entry.fragment}")
    return {
        "@context": list(CONTEXTS),
        "id": did,
        "verificationMethod": [_method(did, entry) for entry in keys],
        **relationships,
    }


def resolve(did: str, *, fetch: Callable[[str], bytes]) -> bytes:
    """Fetch the document of a did:web; ``controller_documents.parse`` reads it.

    Args:
        did: The identifier.
        fetch: Gets an https address, without redirects, within limits of time and size.

    Raises:
        InvalidDidError: Not a did:web; nothing was fetched.
    """
    return fetch(url(did))


def _method(did: str, entry: KeyEntry) -> dict[str, Any]:
    method = {
        "id": f"{did}#{entry.fragment}",
        "type": "Multikey",
        "controller": did,
        "publicKeyMultibase": entry.public_key.multibase,
    }
    if entry.expires is not None:
        method["expires"] = dates.write(entry.expires)
    if entry.revoked is not None:
        method["revoked"] = dates.write(entry.revoked)
    return method
