"""What the issuer publishes for everybody: documents, lists, notices, the store, contexts, schemas.

Nothing here asks who reads, sets a cookie, or looks at the query: readers of one address all get the same
bytes. Lists, notices and indexes are served exactly as they were digested for the ledger. A version that the
ledger does not hold yet carries ``Vocred-Anchored: no`` and is not cached. A bucket carries the issuer's
signature in ``Vocred-Bucket``, so that mirrors can pass it on.
"""

import hashlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, current_app, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from sqlite_utils import Database

from crypto import cbor, jcs
from issuer import institution, store, store_forms, store_ledger
from issuer.clock import now
from issuer.ledger_client import client_of
from issuer.parts import Parts
from issuer.status_lists import INDEX, served
from ledger.errors import LedgerError
from ledger.mirror.signing import BUCKET_HEADER, BucketPlace, Kind, sign_bucket
from schemas.bundle import VOCRED_CONTEXT, contexts, schemas
from vc import form_store
from web.database import current
from web.errors import NotFoundError, SettingsError

public = Blueprint("public", __name__)

FOREVER = "public, max-age=31536000, immutable"
SHORT = "public, max-age=300"
FRESH = "public, max-age=5"
_SIGNATURES_KEPT = 4096
_LOCATOR_BITS = 8 * form_store.LOCATOR_BYTES


class PagesOnlySessions(SecureCookieSessionInterface):
    """Sessions for people's pages; what is published never depends on a cookie, nor says that it might."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Save the session, except behind an answer that is for everybody."""
        if request.blueprint != public.name:
            super().save_session(app, session, response)


@public.after_request
def open_to_all(response: Response) -> Response:
    """Let pages of any origin read; nothing here depends on who asks."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@public.get("/.well-known/did.json")
def did_document() -> Response:
    """Serve the newest DID document, under the place that did:web names."""
    return _answer(institution.document(current()), "application/did+json", cache=SHORT)


@public.get("/store/documents/<digest>")
def document(digest: str) -> Response:
    """Serve a DID document, list, notices or index by its SHA-256; it never changes."""
    key = _digest(digest)
    found = store.document(current(), key)
    if found is not None:
        return _answer(bytes(found["body"]), found["media_type"], cache=FOREVER)
    published = store_ledger.publication_by_digest(current(), key)
    if published is None:
        raise NotFoundError("no document of that digest")
    return _answer(bytes(published["body"]), _media_type(published["resource"]), cache=FOREVER)


@public.get("/store/index")
def store_index() -> Response:
    """Serve the index of the form store, as the ledger holds it."""
    return _resource(INDEX)


@public.get("/store/forms/<int:bits>/<int:prefix>")
def forms(bits: int, prefix: int) -> Response:
    """Serve a bucket of sealed forms, as the anchored index has it."""
    index = _index(current(), bits, prefix)
    first, last = _span(bits, prefix)
    entries = store_forms.forms_between(current(), first, last, version=index.head.version)
    return _bucket(entries, kind="forms", bits=bits, prefix=prefix)


@public.get("/store/receipts/<int:bits>/<int:prefix>")
def receipts(bits: int, prefix: int) -> Response:
    """Serve a bucket of sealed receipts; its prefix is as long as the index says."""
    _index(current(), bits, prefix)
    entries = store_forms.receipts_between(current(), *_span(bits, prefix))
    return _bucket(entries, kind="receipts", bits=bits, prefix=prefix)


@public.get("/store/receipts/<int:bits>")
def receipt_digests(bits: int) -> Response:
    """Serve the digest of every bucket of receipts: mirrors pull those that differ from theirs.

    Receipts come after the index, so nothing that is anchored names them.
    """
    _index(current(), bits, 0)
    buckets = form_store.into_buckets(store_forms.receipt_locators(current()), bits=bits)
    digests = {prefix: form_store.bucket_digest(locators) for prefix, locators in buckets.items()}
    return _answer(cbor.encode(digests), "application/cbor", cache=FRESH)


@public.get("/status/<int:number>")
def status_list(number: int) -> Response:
    """Serve a status list credential: ``application/vc``, or plain JSON for those who ask for only that."""
    return _resource(f"status/{number}")


@public.get("/status/<int:number>/notices")
def status_notices(number: int) -> Response:
    """Serve the sealed notices of a list, whole."""
    return _resource(f"status/{number}/notices")


@public.get("/contexts/<name>")
def context(name: str) -> Response:
    """Serve our JSON-LD context; the permanent name ``https://w3id.org/vocred/v1`` leads here."""
    if name != urlsplit(VOCRED_CONTEXT).path.rpartition("/")[2]:
        raise NotFoundError("no context of that name")
    return _answer(contexts()[VOCRED_CONTEXT], "application/ld+json", cache=SHORT)


@public.get("/schemas/<name>")
def schema(name: str) -> Response:
    """Serve one of our JSON Schemas by the last part of its permanent name."""
    for url, found in schemas().items():
        if url.rpartition("/")[2] == name:
            return _answer(jcs.canonicalize(_plain(found)), "application/schema+json", cache=SHORT)
    raise NotFoundError("no schema of that name")


def _resource(resource: str) -> Response:
    found = served(current(), resource, now=now())
    if found is None:
        raise NotFoundError("nothing is published here yet")
    anchored = found["state"] == "anchored"
    response = _answer(bytes(found["body"]), _media_type(resource), cache=FRESH if anchored else "no-store")
    response.headers["Vocred-Anchored"] = "yes" if anchored else "no"
    response.set_etag(bytes(found["digest"]).hex())
    response.headers["Vary"] = "Accept"
    return response.make_conditional(request)


def _media_type(resource: str) -> str:
    if resource == INDEX or resource.endswith("/notices"):
        return "application/json"
    # Content negotiation between two names of the same bytes; whoever names neither gets the exact one.
    best = request.accept_mimetypes.best_match(["application/vc", "application/json"], "application/vc")
    return best or "application/vc"


def _bucket(entries: Sequence[tuple[bytes, bytes]], *, kind: Kind, bits: int, prefix: int) -> Response:
    """Answer with a bucket, signed for those who get it from a mirror."""
    body = form_store.encode_bucket(entries)
    response = _answer(body, "application/cbor", cache=FRESH)
    place = BucketPlace(institution.load(current()).did, kind, bits, prefix)
    signature = _signature(body, place)
    if signature is not None:
        response.headers[BUCKET_HEADER] = signature
    return response


def _signature(body: bytes, place: BucketPlace) -> str | None:
    """Return the signature over a bucket; it is made once, however often the bucket is asked for."""
    parts: Parts = current_app.extensions["issuer"]
    kept: dict[tuple[BucketPlace, bytes], str] = current_app.extensions.setdefault("issuer.buckets", {})
    named = (place, hashlib.sha256(body).digest())
    if named not in kept:
        try:
            chain_id = client_of(parts).chain_id
        except (SettingsError, LedgerError):
            # Before the consortium's pin is here, no mirror knows this issuer either.
            return None
        if len(kept) >= _SIGNATURES_KEPT:
            kept.clear()
        key = institution.submission_key(current(), parts.secret)
        kept[named] = sign_bucket(body, place=place, chain_id=chain_id, key=key)
    return kept[named]


def _index(db: Database, bits: int, prefix: int) -> form_store.StoreIndex:
    found = store_ledger.anchored_publication(db, INDEX)
    if found is None:
        raise NotFoundError("the store has no index yet")
    cached = _parsed(bytes(found["digest"]), bytes(found["body"]))
    if bits != cached.prefix_bits or prefix >> bits:
        # Nobody but the anchored index chooses how long a prefix is: a longer one would name a form.
        raise NotFoundError("the index names another prefix length")
    return cached


def _parsed(digest: bytes, body: bytes) -> form_store.StoreIndex:
    """Return the parsed index; the last one is kept, since every bucket asks for it."""
    kept = current_app.extensions.setdefault("issuer.index", {})
    if digest not in kept:
        kept.clear()
        kept[digest] = form_store.parse_index(body)
    return kept[digest]


def _span(bits: int, prefix: int) -> tuple[bytes, bytes]:
    """Return the first and last locator that start with a prefix."""
    width = _LOCATOR_BITS - bits
    first = prefix << width
    last = first | (1 << width) - 1
    return first.to_bytes(form_store.LOCATOR_BYTES, "big"), last.to_bytes(form_store.LOCATOR_BYTES, "big")


def _digest(text: str) -> bytes:
    try:
        digest = bytes.fromhex(text)
    except ValueError:
        digest = b""
    if len(digest) != hashlib.sha256().digest_size or digest.hex() != text:
        raise NotFoundError("no document of that digest")
    return digest


def _plain(value: Any) -> Any:
    if hasattr(value, "items"):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _answer(body: bytes, media_type: str, *, cache: str) -> Response:
    return Response(body, content_type=media_type, headers={"Cache-Control": cache})
