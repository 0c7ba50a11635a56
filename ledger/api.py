"""The node's HTTP API: bytes in, bytes out; ``openapi.json`` describes it.

What proves itself is CBOR or COSE: entries, signatures, bundles. What is for reading is JSON and says so: a
listing is unproved. Every answer tells whether a single operator stands behind it: JSON in
``singleOperator``, everything in the header ``Ledger-Mode``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

from flask import Blueprint, Response, json, request

from crypto import cbor, cose, jcs, strict_json
from crypto.errors import CryptoError
from crypto.multibase import base64url_decode
from ledger import listing
from ledger.core.blocks import is_block
from ledger.core.reading import Reader
from ledger.dry_runs import MAX_BYTES as MAX_DRY_RUN_BYTES
from ledger.dry_runs import DryRunError, verify_dry_run
from ledger.errors import MerkleError
from ledger.proof import assembly
from ledger.proof.bundle import Bundle, CheckpointSignature
from ledger.registry import IssuerRecord, issuer_key
from ledger.running import engine, is_single_operator, now, quorum, sign
from ledger.statements import MAX_BYTES, parse_statement
from web.app import body_limit
from web.errors import (
    BadRequestError,
    NotFoundError,
    ParameterPollutionError,
    UnprocessableError,
    UnsupportedMediaTypeError,
)

CBOR = "application/cbor"
COSE = "application/cose"
JSON = "application/json"

MAX_KEYS = 64
MAX_POSTED_KEYS = 1024
MAX_KEY_BYTES = 1024
MAX_DOCUMENT_BYTES = 256 * 1024
MAX_CLOCK_LEAD = 120
"""Seconds by which an issuer's clock may be ahead of this node's."""

blueprint = Blueprint("ledger_api", __name__)


@blueprint.post("/v1/statements")
@body_limit(MAX_BYTES)
def submit() -> Response:
    """Take a signed statement into the log; the same bytes again give the same answer."""
    _require_type(COSE)
    data = request.get_data()
    statement = parse_statement(data)
    with engine().reader() as reader:
        known = reader.position_of(data)
    index = engine().submit(data) if known is None else known
    with engine().reader() as reader:
        size = reader.own_block(index).size
        answer: dict[str, Any] = {"index": index, "size": size}
        if statement.kind == "propose":
            answer["proposal"] = statement.proposal_id.hex()
        return _json(reader, answer, status=201 if known is None else 200)


@blueprint.get("/v1/checkpoint")
def checkpoint() -> Response:
    """Return the newest checkpoint, or the one ``at`` a size.

    With ``from`` it has the consistency with that size, with ``epoch`` the links from that epoch: whoever
    is too far behind for one bundle gets as far as one goes, and asks again.
    """
    with engine().reader() as reader, _found():
        size, known, epoch = _at(reader), _number("from"), _epoch()
        if epoch is None:
            return _bundle(reader, assembly.checkpoint(reader, sign=sign, size=size, known=known))
        return _bundle(reader, assembly.step(reader, sign=sign, epoch=epoch, size=size, known=known))


@blueprint.get("/v1/checkpoints/<int(max=9007199254740991):size>/signature")
def signature(size: int) -> Response:
    """Return this node's signature over the root of the first ``size`` entries: a COSE_Sign1, detached."""
    with engine().reader() as reader, _found():
        made: CheckpointSignature = engine().receipt(reader.block(size).size)
        message = cbor.encode([made.protected, {}, None, made.signature])
        cose.parse_sign1(message, detached=True)
        return _binary(reader, message, COSE)


@blueprint.get("/v1/checkpoints/<int(max=9007199254740991):size>/signatures")
def signatures(size: int) -> Response:
    """Return all signatures known here over the root of the first ``size`` entries, sorted by member.

    The CBOR array has [protected header, signature] for each, as field 5 of a bundle does; perhaps too few
    for a quorum.
    """
    with engine().reader() as reader, _found():
        known = quorum().known(reader.block(size))
        return _binary(reader, cbor.encode([each.signature.to_cbor() for each in known]), CBOR)


@blueprint.get("/v1/consistency")
def consistency() -> Response:
    """Return the RFC 9942 proof that the first ``second`` entries continue the first ``first``."""
    first, second = _number("first"), _number("second")
    if first is None or second is None:
        raise BadRequestError("first and second are sizes of the log")
    with engine().reader() as reader, _found():
        proof = assembly.consistency(reader, first, second)
        return _binary(reader, cbor.encode(proof.to_cbor()), CBOR)


@blueprint.get("/v1/entries/<int(max=9007199254740991):index>")
def entry(index: int) -> Response:
    """Return the bytes of a log entry: a statement, a block or the genesis."""
    with engine().reader() as reader, _found():
        data = reader.entry(index)
        return _binary(reader, data, CBOR if index == 0 or is_block(data) else COSE)


@blueprint.get("/v1/entries/<int(max=9007199254740991):index>/proof")
def entry_proof(index: int) -> Response:
    """Return an entry's bundle; with ``type``, an anchor's also proves its issuer's right to that type."""
    with engine().reader() as reader, _found():
        bundle = assembly.receipt(
            reader,
            index,
            sign=sign,
            credential_type=_text("type"),
            size=_at(reader, least=index + 1),
            known=_number("from"),
            epoch=_epoch(),
        )
        return _bundle(reader, bundle)


@blueprint.get("/v1/entries/<int(max=9007199254740991):index>/inclusion")
def entry_inclusion(index: int) -> Response:
    """Return the RFC 9942 proof that an entry of any kind is in the log ``at`` a size; unsigned."""
    with engine().reader() as reader, _found():
        size = _number("at")
        proof = assembly.inclusion(reader, index, reader.head().size if size is None else size)
        return _binary(reader, cbor.encode(proof.to_cbor()), CBOR)


@blueprint.get("/v1/state")
def state() -> Response:
    """Return a checkpoint with proofs of the state keys that ``key`` names, base64url of their CBOR."""
    given = request.args.getlist("key")
    if len(given) > MAX_KEYS:
        raise UnprocessableError(f"a query names at most {MAX_KEYS} keys; post more of them")
    try:
        keys = [base64url_decode(text, max_chars=2 * MAX_KEY_BYTES) for text in given]
    except CryptoError as error:
        raise BadRequestError("a key is base64url without padding") from error
    return _state(keys)


@blueprint.post("/v1/state")
def posted_state() -> Response:
    """Return a checkpoint with proofs of many state keys: the body is the CBOR array of their CBOR."""
    _require_type(CBOR)
    try:
        keys = cbor.decode(request.get_data())
    except CryptoError as error:
        raise BadRequestError("the body is no deterministic CBOR") from error
    if not isinstance(keys, list) or not all(type(key) is bytes for key in keys):
        raise BadRequestError("the body is an array of byte strings")
    if len(keys) > MAX_POSTED_KEYS:
        raise UnprocessableError(f"a body names at most {MAX_POSTED_KEYS} keys")
    return _state(keys)


@blueprint.get("/v1/proposals")
def proposals() -> Response:
    """List the newest proposals with their votes, newest first; ``next`` goes on with older ones."""
    limit, before = _number("limit"), _number("before")
    most = listing.MAX_LISTED if limit is None else max(1, min(limit, listing.MAX_LISTED))
    with engine().reader() as reader:
        found = listing.proposals(reader, now=now(), limit=most, before=before)
        following = found[-1]["index"] if len(found) == most else None
        return _json(reader, {"proposals": found, "next": following})


@blueprint.get("/v1/proposals/<proposal_id>")
def proposal(proposal_id: str) -> Response:
    """Return one proposal with its votes, each with its log entry."""
    with engine().reader() as reader:
        found = listing.proposal(reader, _digest(proposal_id), now=now())
        if found is None:
            raise NotFoundError("there is no such proposal")
        return _json(reader, found)


@blueprint.get("/v1/registry")
def registry() -> Response:
    """List members, issuers with their grants, and wallets."""
    with engine().reader() as reader:
        return _json(reader, listing.registry(reader))


@blueprint.get("/v1/agreements")
def agreements() -> Response:
    """List the version of each agreement that started last."""
    with engine().reader() as reader:
        return _json(reader, {"agreements": listing.agreements(reader)})


@blueprint.get("/v1/agreements/<digest>")
def document(digest: str) -> Response:
    """Return the document of an agreement, the exact bytes that its digest names."""
    with engine().reader() as reader:
        found = reader.document(_digest(digest))
        if found is None:
            raise NotFoundError("no document with that digest is kept here")
        return _binary(reader, found, JSON)


@blueprint.put("/v1/agreements/<digest>")
@body_limit(MAX_DOCUMENT_BYTES)
def put_document(digest: str) -> Response:
    """Keep the document of an agreement that a proposal names: its JCS bytes, under their SHA-256."""
    _require_type(JSON)
    data, wanted = request.get_data(), _digest(digest)
    if hashlib.sha256(data).digest() != wanted:
        raise UnprocessableError("the body has another digest than the address")
    if jcs.canonicalize(strict_json.parse(data, max_bytes=MAX_DOCUMENT_BYTES)) != data:
        raise UnprocessableError("the document is not in its JCS form")
    with engine().reader() as reader:
        # Nobody fills the disk with documents: the ledger has to have named this one.
        if wanted not in listing.named_digests(reader):
            raise NotFoundError("no proposal names a document with that digest")
        engine().put_document(data)
        return _json(reader, {"digest": digest}, status=201)


@blueprint.get("/v1/agreements/<agreement_id>/history")
def history(agreement_id: str) -> Response:
    """Return every version of an agreement with the proposals and votes behind it."""
    with engine().reader() as reader:
        found = listing.agreement_history(reader, agreement_id, now=now())
        if found is None:
            raise NotFoundError("no agreement of that id was ever in force")
        return _json(reader, found)


@blueprint.get("/v1/agreements/<digest>/dry-runs")
def dry_runs(digest: str) -> Response:
    """List what issuers counted for the agreement with a digest; the signed bytes prove themselves."""
    with engine().reader() as reader:
        return _json(reader, {"dryRuns": listing.dry_runs(reader, _digest(digest))})


@blueprint.get("/v1/agreements/<digest>/dry-runs/<did>")
def dry_run(digest: str, did: str) -> Response:
    """Return an issuer's signed counts: a COSE_Sign1."""
    with engine().reader() as reader:
        found = reader.store.dry_run(_digest(digest), did)
        if found is None:
            raise NotFoundError("this issuer left no dry run of that agreement here")
        return _binary(reader, found[1], COSE)


@blueprint.put("/v1/agreements/<digest>/dry-runs/<did>")
@body_limit(MAX_DRY_RUN_BYTES)
def put_dry_run(digest: str, did: str) -> Response:
    """Keep an issuer's signed counts, in place of those of an earlier span."""
    _require_type(COSE)
    data, wanted = request.get_data(), _digest(digest)
    with engine().reader() as reader:
        issuer = reader.value(*issuer_key(did))
        if issuer is None:
            raise DryRunError("the registry names no issuer of that DID")
        key = IssuerRecord.from_value(did, issuer).submission_key
        run = verify_dry_run(data, chain_id=reader.chain_id, digest=wanted, did=did, key=key)
        if run.end > now() + MAX_CLOCK_LEAD:
            raise DryRunError("the span ends in the future")
        kept = engine().put_dry_run(data, digest=wanted, did=did, until=run.end)
        answer = {"digest": digest, "did": did, "from": run.start, "until": run.end}
        return _json(reader, answer, status=201 if kept else 200)


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """Return the description of this API."""
    return Response(files("ledger").joinpath("openapi.json").read_bytes(), content_type=JSON)


def _state(keys: list[bytes]) -> Response:
    for key in keys:
        _check_key(key)
    with engine().reader() as reader, _found():
        size, known = _at(reader), _number("from")
        bundle = assembly.checkpoint(reader, sign=sign, keys=keys, size=size, known=known, epoch=_epoch())
        return _bundle(reader, bundle)


def _at(reader: Reader, *, least: int = 0) -> int:
    """Return the size that the asker names, else the newest that enough members signed.

    Where that one has fewer than ``least`` entries it is the head: the asker may complete its quorum, and
    does not take what is newer for something that the log does not have.
    """
    named = _number("at")
    if named is not None:
        return named
    newest = quorum().newest(reader)
    return newest if newest > least else reader.head().size


def _epoch() -> int | None:
    """Return the epoch whose signers the asker knows."""
    epoch = _number("epoch")
    if epoch == 0:
        raise BadRequestError("epochs are counted from 1")
    return epoch


def _check_key(key: bytes) -> None:
    try:
        parts = cbor.decode(key, max_bytes=MAX_KEY_BYTES)
    except CryptoError as error:
        raise BadRequestError("a key is deterministic CBOR") from error
    if not isinstance(parts, list) or not parts or any(type(part) not in (str, int, bytes) for part in parts):
        raise BadRequestError("a key is an array of texts, numbers and byte strings")


@contextmanager
def _found() -> Iterator[None]:
    """Turn a question about something that the log does not have into 404."""
    try:
        yield
    except MerkleError as error:
        raise NotFoundError(str(error)) from error


def _one(name: str) -> str | None:
    values = request.args.getlist(name)
    if len(values) > 1:
        raise ParameterPollutionError(f"{name} is given twice")
    return values[0] if values else None


def _number(name: str) -> int | None:
    text = _one(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise BadRequestError(f"{name} is a whole number")
    return int(text)


def _text(name: str) -> str | None:
    text = _one(name)
    if text is not None and not (text.isascii() and text.isalnum() and len(text) <= 64):
        raise BadRequestError(f"{name} is the short name of a type")
    return text


def _digest(text: str) -> bytes:
    try:
        digest = bytes.fromhex(text)
    except ValueError as error:
        raise NotFoundError("not a digest in hexadecimal") from error
    if len(digest) != hashlib.sha256().digest_size or digest.hex() != text:
        raise NotFoundError("not a digest in hexadecimal")
    return digest


def _require_type(content_type: str) -> None:
    if request.mimetype != content_type:
        raise UnsupportedMediaTypeError(f"the body has to be {content_type}")


def _mode(reader: Reader) -> bool:
    return is_single_operator(reader.head_block())


def _labelled(reader: Reader, response: Response) -> Response:
    response.headers["Ledger-Mode"] = "single-operator" if _mode(reader) else "consortium"
    return response


def _binary(reader: Reader, data: bytes, content_type: str) -> Response:
    return _labelled(reader, Response(data, content_type=content_type))


def _bundle(reader: Reader, bundle: Bundle) -> Response:
    return _binary(reader, bundle.encode(), CBOR)


def _json(reader: Reader, value: dict[str, Any], *, status: int = 200) -> Response:
    body = json.dumps({"singleOperator": _mode(reader), **value})
    return _labelled(reader, Response(body, status, content_type=JSON))
