"""What a mirror answers: objects by digest, lists by name, buckets by prefix; what issuers leave here.

    PUT  /v1/mirror/objects/<SHA-256>                   keep an object; an issuer signs for it beforehand
    GET  /v1/mirror/objects/<SHA-256>                   an object
    GET  /v1/mirror/documents/<did>/<SHA-256>           a DID document that was once this issuer's
    GET  /v1/mirror/status/<did>/<SHA-256 of the URL>   the current version of a list, notices, an index
    GET  /v1/mirror/forms/<did>/<bits>/<prefix>         a bucket of sealed forms
    GET  /v1/mirror/receipts/<did>/<bits>/<prefix>      a bucket of sealed receipts
    GET  /v1/mirror/receipts/<did>/<bits>               the digests of all buckets of receipts
    GET  /v1/mirror/inventory                           what is here and what is missing

No address asks for one form: a bucket's prefix is as long as an anchored index says and no longer.
Whoever reads compares what comes with what the ledger says, so nothing here is signed by the mirror.
"""

from __future__ import annotations

from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from flask import Blueprint, Response, current_app, json, request
from sqlite_utils import Database

from crypto import cbor
from ledger.core.reading import Reader
from ledger.mirror import naming, sealed, store
from ledger.mirror.signing import (
    BUCKET_HEADER,
    UPLOAD_HEADER,
    BucketPlace,
    Kind,
    UploadError,
    read_upload,
    verify_upload,
)
from ledger.running import engine, now
from web import limits
from web.app import body_limit
from web.database import transaction
from web.errors import NotFoundError, UnprocessableError

blueprint = Blueprint("ledger_mirror", __name__)

PATH = "ledger_mirror_path"
BYTES = "application/octet-stream"

MAX_UNNAMED = 2_500
"""How many objects an issuer may leave here before the statement that names them."""

MAX_UNNAMED_BYTES = 128 * 2**20
FOREVER = "public, max-age=31536000, immutable"
FRESH = "public, max-age=5"
_DIGESTS_KEPT, _BITS_KEPT = 64, 4096


class QuotaError(UploadError):
    """The issuer left as much here as it may without a statement that names it."""

    code = "QUOTA"


@blueprint.put("/v1/mirror/objects/<digest>")
@body_limit(limits.FETCH_LARGE_BYTES)
def put_object(digest: str) -> Response:
    """Keep an object that the ledger names, or that an issuer is about to name."""
    content, wanted = request.get_data(), _digest(digest)
    if sha256(content).digest() != wanted:
        raise UnprocessableError("the body has another digest than the address")
    with store.opened(_path()) as db, engine().reader() as reader:
        if store.body(db, wanted) is not None:
            return _json({"digest": digest}, status=200)
        brought_by = "" if _names(db, reader, wanted) else _permitted(db, reader, wanted, len(content))
        with transaction(db):
            store.put(db, wanted, content, brought_by=brought_by, now=now())
    return _json({"digest": digest}, status=201)


@blueprint.get("/v1/mirror/objects/<digest>")
def get_object(digest: str) -> Response:
    """Return an object by its SHA-256."""
    return _object(_digest(digest))


@blueprint.get("/v1/mirror/documents/<did>/<digest>")
def document(did: str, digest: str) -> Response:
    """Return a DID document that the ledger holds, or once held, for an issuer."""
    wanted = _digest(digest)
    with store.opened(_path()) as db:
        if not store.is_document_of(db, did, wanted):
            raise NotFoundError("the ledger never named such a document of that issuer")
    return _object(wanted)


@blueprint.get("/v1/mirror/status/<did>/<name>")
def status(did: str, name: str) -> Response:
    """Return the current version of what an issuer publishes under the URL with that SHA-256."""
    with store.opened(_path()) as db:
        current = store.current_status(db, did, _digest(name))
        content = None if current is None else store.body(db, current)
    if content is None or current is None:
        raise NotFoundError("the current version is not kept here")
    response = _bytes(content, cache=FRESH)
    response.set_etag(current.hex())
    response.make_conditional(request)
    return response


@blueprint.get("/v1/mirror/forms/<did>/<int:bits>/<int:prefix>")
def forms(did: str, bits: int, prefix: int) -> Response:
    """Return a bucket of sealed forms."""
    return _bucket(did, "forms", bits, prefix)


@blueprint.get("/v1/mirror/receipts/<did>/<int:bits>/<int:prefix>")
def receipts(did: str, bits: int, prefix: int) -> Response:
    """Return a bucket of sealed receipts."""
    return _bucket(did, "receipts", bits, prefix)


@blueprint.get("/v1/mirror/receipts/<did>/<int:bits>")
def receipt_digests(did: str, bits: int) -> Response:
    """Return the digest of every bucket of receipts, for other mirrors to compare theirs with."""
    with store.opened(_path()) as db, engine().reader() as reader:
        _check_bits(db, reader, did, bits)
        kept: dict[tuple[str, int], tuple[int, bytes]] = current_app.extensions.setdefault(
            "mirror.digests", {}
        )
        newest = store.newest_sealed(db, did, "receipts")
        found = kept.get((did, bits))
        if found is None or found[0] != newest:
            digests = sealed.digests(store.locators(db, did, "receipts"), bits=bits)
            found = (newest, cbor.encode(digests))
            if len(kept) >= _DIGESTS_KEPT:
                kept.clear()
            kept[did, bits] = found
    return _bytes(found[1], "application/cbor", cache=FRESH)


@blueprint.get("/v1/mirror/inventory")
def inventory() -> Response:
    """Return what is here and what is missing, as the last round left it."""
    with store.opened(_path()) as db:
        found = asdict(store.inventory(db))
    names = {
        name: name.split("_")[0] + "".join(part.title() for part in name.split("_")[1:]) for name in found
    }
    return _json({names[name]: value for name, value in found.items()})


def _object(digest: bytes) -> Response:
    with store.opened(_path()) as db:
        content = store.body(db, digest)
    if content is None:
        raise NotFoundError("no object of that digest is kept here")
    return _bytes(content, cache=FOREVER)


def _bucket(did: str, kind: Kind, bits: int, prefix: int) -> Response:
    with store.opened(_path()) as db, engine().reader() as reader:
        _check_bits(db, reader, did, bits)
        if prefix >> bits:
            raise NotFoundError("the prefix is longer than the index says")
        place = BucketPlace(did, kind, bits, prefix)
        content = sealed.encode_bucket(store.sealed(db, place))
        signature = store.signature(db, place, digest=sha256(content).digest())
    response = _bytes(content, "application/cbor", cache=FRESH)
    if signature is not None:
        response.headers[BUCKET_HEADER] = signature
    return response


def _check_bits(db: Database, reader: Reader, did: str, bits: int) -> None:
    """Refuse any length that no anchored index names: a longer one would ask for one form."""
    record = naming.issuer(reader, did)
    if record is None:
        raise NotFoundError("the registry names no issuer of that DID")
    name = sha256(f"{record.store_url}/index".encode()).digest()
    # While the newest index's buckets are on their way, who read the one before may still ask by it.
    for digest in (store.current_status(db, did, name), store.previous_status(db, did, name)):
        if digest is not None and _prefix_bits(db, digest) == bits:
            return
    raise NotFoundError("no index that is kept here names this prefix length")


def _prefix_bits(db: Database, digest: bytes) -> int | None:
    """Return the prefix length that an index names; an index never changes, so it is read once."""
    known: dict[bytes, int] = current_app.extensions.setdefault("mirror.bits", {})
    if digest not in known:
        content = store.body(db, digest)
        if content is None:
            return None
        if len(known) >= _BITS_KEPT:
            known.clear()
        try:
            known[digest] = sealed.parse_index(content).bits
        except sealed.SealedError:
            known[digest] = -1
    return known[digest]


def _names(db: Database, reader: Reader, digest: bytes) -> bool:
    """Return whether the ledger names an object, be it since a moment ago."""
    if store.is_named(db, digest):
        return True
    return naming.follow(db, reader, now=now()) and store.is_named(db, digest)


def _permitted(db: Database, reader: Reader, digest: bytes, size: int) -> str:
    """Return the issuer that signed for this object and may leave it here.

    Raises:
        UploadError: Nobody of the registry did.
        QuotaError: It left too much here already.
    """
    text = request.headers.get(UPLOAD_HEADER)
    if text is None:
        raise UploadError(f"the ledger does not name this object, and {UPLOAD_HEADER} is missing")
    record = naming.issuer(reader, read_upload(text).did)
    if record is None:
        raise UploadError("the registry names no issuer of that DID")
    verify_upload(
        text, digest=digest, did=record.did, chain_id=reader.chain_id, key=record.submission_key, now=now()
    )
    count, kept = store.unnamed_of(db, record.did)
    if count >= MAX_UNNAMED or kept + size > MAX_UNNAMED_BYTES:
        raise QuotaError("so much waits here for a statement already")
    return record.did


def _path() -> Path:
    path: Path = current_app.extensions[PATH]
    return path


def _digest(text: str) -> bytes:
    try:
        digest = bytes.fromhex(text)
    except ValueError as error:
        raise NotFoundError("not a digest in hexadecimal") from error
    if len(digest) != sha256().digest_size or digest.hex() != text:
        raise NotFoundError("not a digest in hexadecimal")
    return digest


def _bytes(content: bytes, content_type: str = BYTES, *, cache: str) -> Response:
    response = Response(content, content_type=content_type, headers={"Cache-Control": cache})
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _json(value: dict[str, object], *, status: int = 200) -> Response:
    return Response(json.dumps(value), status, content_type="application/json")
