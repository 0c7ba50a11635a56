"""A share: chosen credentials, signed by their holder for one link, sealed under a key that only the link
holds.

    HTTPS://<verifier>/S/<wallet tag, 4><random, 26>#<base64url of 32 random bytes>

1. The **id** starts with the wallet's tag in the registry and is written in the alphabet of printed codes.
2. The **key** never leaves the fragment: the token that the wallet asks for and the key of the package are
   derived from it (HKDF-SHA-256, infos ``vocred/share/1/token`` and ``vocred/share/1/key``).
3. The **package** is JSON: version, presentation, receipts, snapshot, statusLists, notices, documents,
   agreements; sealed with AES-256-GCM, the nonce in front, the id as associated data.
4. The **presentation** is proved for this link only: its challenge is the id, its domain the verifier's
   origin,
   its ``expires`` the end of the share. It satisfies nobody's OpenID4VP request.

Who may open a share, and how often it was, is the wallet's business.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crypto import jcs, sealing
from crypto.errors import CryptoError
from crypto.multibase import base64url_decode, base64url_encode
from crypto.strict_json import parse as parse_json
from vc.errors import ShareError
from vc.printed_code import ALPHABET

TAG_CHARACTERS = 4
RANDOM_CHARACTERS = 26
ID_CHARACTERS = TAG_CHARACTERS + RANDOM_CHARACTERS
RANDOM_BYTES = 17
KEY_BYTES = 32

MAX_PACKAGE_BYTES = 4 * 1024 * 1024
MAX_PACKAGE_VALUES = 50_000
MAX_LIST_CHARACTERS = 1024 * 1024
MAX_CREDENTIALS = 20

CONTEXT = "https://www.w3.org/ns/credentials/v2"

_ID = re.compile(f"[{ALPHABET}]{{{ID_CHARACTERS}}}")
_LINK = re.compile(
    r"(?P<scheme>https?)://(?P<authority>[^/\s?#@]+)/S/(?P<id>[^/\s?#]+)#(?P<key>[A-Za-z0-9_-]{43})",
    re.IGNORECASE,
)
_MAX_LINK = 500


@dataclass(frozen=True)
class ShareLink:
    """A share link, read.

    Attributes:
        origin: Scheme and authority of the verifier that it names, in lower case.
        share_id: The share's id.
        key: The 32 bytes of the fragment.
    """

    origin: str
    share_id: str
    key: bytes = field(repr=False)

    @property
    def wallet_tag(self) -> str:
        """The tag under which the registry knows the wallet."""
        return self.share_id[:TAG_CHARACTERS]

    @property
    def token(self) -> str:
        """What the wallet wants to see before it gives out the sealed package."""
        return token(self.key)


def new_id(tag: str, *, random: bytes) -> str:
    """Make the id of a new share.

    Args:
        tag: The wallet's four characters in the registry.
        random: At least 17 bytes; 130 bits of them are used.

    Raises:
        ValueError: The tag is malformed, or there is too little randomness.
    """
    if len(random) < RANDOM_BYTES:
        raise ValueError("17 random bytes are needed")
    drawn = int.from_bytes(random[:RANDOM_BYTES], "big") >> (8 * RANDOM_BYTES - 5 * RANDOM_CHARACTERS)
    text = tag + "".join(
        ALPHABET[drawn >> shift & 31] for shift in range(5 * (RANDOM_CHARACTERS - 1), -1, -5)
    )
    if not _ID.fullmatch(text):
        raise ValueError("the tag is not four characters of the alphabet")
    return text


def check_id(share_id: object) -> str:
    """Return ``share_id`` if it is one.

    Raises:
        ShareError: It is not.
    """
    if not isinstance(share_id, str) or not _ID.fullmatch(share_id):
        raise ShareError("this is not the id of a share")
    return share_id


def token(key: bytes) -> str:
    """Return the token that opens a share at its wallet."""
    return base64url_encode(sealing.hkdf(key, info="vocred/share/1/token", length=32))


def content_key(key: bytes) -> bytes:
    """Return the key under which a share's package is sealed."""
    return sealing.hkdf(key, info="vocred/share/1/key", length=sealing.KEY_BYTES)


def make_link(*, verifier_url: str, share_id: str, key: bytes) -> str:
    """Write a share's link.

    Args:
        verifier_url: Base URL of the verifier on which it opens, without a slash at the end.
        share_id: See ``new_id``.
        key: 32 random bytes.
    """
    return f"{verifier_url}/S/{share_id}#{base64url_encode(key)}"


def parse_link(text: str) -> ShareLink:
    """Read a share link.

    Raises:
        ShareError: It is not one.
    """
    match = _LINK.fullmatch(text.strip()) if len(text) <= _MAX_LINK else None
    if match is None:
        raise ShareError("this is not a share link")
    try:
        key = base64url_decode(match["key"])
    except CryptoError as error:
        raise ShareError("the link's key is malformed") from error
    origin = f"{match['scheme']}://{match['authority']}".lower()
    return ShareLink(origin=origin, share_id=check_id(match["id"].upper()), key=key)


def presentation(credentials: Sequence[Mapping[str, Any]], *, holder: str) -> dict[str, Any]:
    """Make the unsigned presentation of a share.

    Sign it with purpose ``authentication``, the share's id as challenge, the verifier's origin as domain, and
    the share's end as ``expires``.

    Args:
        credentials: The chosen credentials, secured.
        holder: The wallet's DID for this holder.
    """
    return {
        "@context": [CONTEXT],
        "type": ["VerifiablePresentation"],
        "holder": holder,
        "verifiableCredential": [dict(credential) for credential in credentials],
    }


@dataclass(frozen=True)
class Package:
    """What a share carries.

    Attributes:
        presentation: The signed presentation.
        receipts: Proof bundles by form digest.
        snapshot: A checkpoint bundle with the registry's state that the verifier will ask for, or None.
        status_lists: The lists that the credentials name, secured.
        notices: Notices documents by the URL of their list.
        documents: DID documents, byte for byte.
        agreements: Recognition agreements in force.
    """

    presentation: Mapping[str, Any]
    receipts: Mapping[bytes, bytes] = field(default_factory=dict)
    snapshot: bytes | None = None
    status_lists: tuple[Mapping[str, Any], ...] = ()
    notices: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    documents: tuple[bytes, ...] = ()
    agreements: tuple[Mapping[str, Any], ...] = ()


def encode_package(package: Package) -> bytes:
    """Write a package as JSON."""
    document: dict[str, Any] = {
        "version": 1,
        "presentation": package.presentation,
        "receipts": {key.hex(): base64url_encode(bundle) for key, bundle in package.receipts.items()},
        "statusLists": list(package.status_lists),
        "notices": dict(package.notices),
        "documents": [base64url_encode(document) for document in package.documents],
        "agreements": list(package.agreements),
    }
    if package.snapshot is not None:
        document["snapshot"] = base64url_encode(package.snapshot)
    return jcs.canonicalize(document)


def decode_package(data: bytes) -> Package:
    """Read a package's bytes.

    Raises:
        ShareError: Not a package of version 1.
        crypto.errors.CryptoError: The JSON is refused at the front door.
    """
    return parse_package(
        parse_json(
            data,
            max_bytes=MAX_PACKAGE_BYTES,
            max_values=MAX_PACKAGE_VALUES,
            max_string_bytes=MAX_LIST_CHARACTERS,
        )
    )


def parse_package(value: object) -> Package:
    """Read a package that was parsed already.

    Raises:
        ShareError: Not a package of version 1, or a part of it is malformed.
    """
    if not isinstance(value, Mapping) or value.get("version") != 1:
        raise ShareError("this is not a package of version 1")
    if not isinstance(value.get("presentation"), Mapping):
        raise ShareError("the package holds no presentation")
    snapshot = value.get("snapshot")
    return Package(
        presentation=value["presentation"],
        receipts={_hexadecimal(key): _decoded(text) for key, text in _members(value, "receipts").items()},
        snapshot=None if snapshot is None else _decoded(snapshot),
        status_lists=tuple(_objects(value, "statusLists")),
        notices={
            url: document
            for url, document in _members(value, "notices").items()
            if isinstance(document, Mapping)
        },
        documents=tuple(_decoded(text) for text in _items(value, "documents")),
        agreements=tuple(_objects(value, "agreements")),
    )


def seal_package(package: bytes, *, key: bytes, share_id: str, nonce: bytes) -> bytes:
    """Seal a package for its link.

    Args:
        package: The package's bytes.
        key: The 32 bytes of the link's fragment.
        share_id: The share's id.
        nonce: 12 random bytes.
    """
    return sealing.seal(package, key=content_key(key), nonce=nonce, associated_data=share_id.encode("ascii"))


def open_package(blob: bytes, *, key: bytes, share_id: str) -> bytes:
    """Open a sealed package.

    Raises:
        crypto.errors.SealError: Another link's key or id, or a changed blob.
    """
    return sealing.open_sealed(blob, key=content_key(key), associated_data=share_id.encode("ascii"))


def _members(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key, {})
    if not isinstance(found, Mapping):
        raise ShareError(f"{key} is not an object")
    return found


def _items(value: Mapping[str, Any], key: str) -> list[Any]:
    found = value.get(key, [])
    if not isinstance(found, list):
        raise ShareError(f"{key} is not a list")
    return found


def _objects(value: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = _items(value, key)
    if not all(isinstance(item, Mapping) for item in found):
        raise ShareError(f"{key} holds something that is not an object")
    return found


def _decoded(text: object) -> bytes:
    try:
        return base64url_decode(text) if isinstance(text, str) else _refuse()
    except CryptoError as error:
        raise ShareError("the package holds text that is not base64url") from error


def _refuse() -> bytes:
    raise ShareError("the package holds something that is not base64url text")


def _hexadecimal(text: str) -> bytes:
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ShareError("a receipt is not named by a digest")
    return bytes.fromhex(text)
