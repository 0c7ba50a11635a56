"""A node that mirrors, the form store of an issuer, and a network in which both can be bent or lost."""

import hashlib
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask

from crypto import jcs
from ledger import mirror
from ledger.mirror import store
from ledger.mirror.signing import BUCKET_HEADER, BucketPlace, sign_bucket, sign_upload
from tests.ledger.consortium import Party
from tests.ledger.living_node import LivingNode
from vc import dates, form_store
from web.errors import FetchError
from web.fetcher import Response

STORE = "https://yunling.example/store"
PEER = "http://127.0.0.1:8799"


class Network:
    """A fetcher whose hosts are applications or dictionaries; whoever is taken away does not answer."""

    def __init__(self) -> None:
        self.hosts: dict[str, Any] = {}
        self.asked: list[str] = []

    def get(self, url: str, *, max_bytes: int = 0, accept: str = "", headers: Any = None) -> Response:
        self.asked.append(url)
        for base, host in self.hosts.items():
            if url.startswith(base + "/"):
                return self._answer(host, url, url.removeprefix(base))
        raise FetchError("nobody answers")

    def put(self, url: str, *, body: bytes, content_type: str, headers: Any = None) -> Response:
        self.asked.append(url)
        for base, host in self.hosts.items():
            if isinstance(host, Flask) and url.startswith(base + "/"):
                path = url.removeprefix(base)
                answer = host.test_client().put(path, data=body, content_type=content_type, headers=headers)
                return Response(answer.status_code, {}, answer.data, url)
        raise FetchError("nobody answers")

    def _answer(self, host: Any, url: str, path: str) -> Response:
        if isinstance(host, Flask):
            answer = host.test_client().get(path)
            named = {name.lower(): value for name, value in answer.headers.items()}
            return Response(answer.status_code, named, answer.data, url)
        found = host.get(path)
        if found is None:
            return Response(404, {}, b"", url)
        body, named = found if isinstance(found, tuple) else (found, {})
        return Response(200, named, body, url)


class Shop:
    """An issuer's published things, kept in a dictionary that ``Network`` serves."""

    def __init__(self, party: Party, chain_id: str) -> None:
        self.party, self.chain_id = party, chain_id
        self.pages: dict[str, Any] = {}
        self.forms: dict[bytes, bytes] = {}
        self.receipts: dict[bytes, bytes] = {}
        self.versions: dict[str, int] = {}
        self.now = 0

    def add(self, count: int) -> None:
        """Put sealed forms and receipts into the store; what is inside is nobody's business."""
        for _ in range(count):
            self.forms[secrets.token_bytes(16)] = secrets.token_bytes(64)
            self.receipts[secrets.token_bytes(16)] = secrets.token_bytes(64)

    def place(self, kind: str, bits: int, prefix: int) -> BucketPlace:
        return BucketPlace(self.party.did, kind, bits, prefix)  # type: ignore[arg-type]

    def signature(self, bucket: bytes, place: BucketPlace) -> str:
        return sign_bucket(bucket, place=place, chain_id=self.chain_id, key=self.party.key("submission"))

    def serve(self) -> bytes:
        """Serve index, buckets and digests; return the index."""
        self.now += 1
        bits = form_store.choose_prefix_bits(self.forms)
        start = dates.from_seconds(self.now)
        index = form_store.index(
            issuer=self.party.did,
            version=self.versions.get("index", 0) + 1,
            valid_from=start,
            valid_until=start + timedelta(days=7),
            prefix_bits=bits,
            buckets={
                prefix: form_store.bucket_digest(found)
                for prefix, found in form_store.into_buckets(self.forms, bits=bits).items()
            },
        )
        self.publish(index)
        for kind, kept in (("forms", self.forms), ("receipts", self.receipts)):
            for prefix, locators in form_store.into_buckets(kept, bits=bits).items():
                bucket = form_store.encode_bucket((locator, kept[locator]) for locator in locators)
                signed = self.signature(bucket, self.place(kind, bits, prefix))
                self.pages[f"/{kind}/{bits}/{prefix}"] = (bucket, {BUCKET_HEADER.lower(): signed})
        found = form_store.into_buckets(self.receipts, bits=bits)
        from crypto import cbor

        digests = {prefix: form_store.bucket_digest(locators) for prefix, locators in found.items()}
        self.pages[f"/receipts/{bits}"] = cbor.encode(digests)
        return index

    def publish(self, content: bytes) -> str:
        """Serve an object by its digest."""
        path = f"/documents/{hashlib.sha256(content).hexdigest()}"
        self.pages[path] = content
        return path


class Mirrored:
    """A consortium's node with one issuer, whose document is real."""

    def __init__(self, home: Path, *, mirror_of_peer: bool = False) -> None:
        home.mkdir(exist_ok=True)
        self.node = LivingNode(home)
        self.issuer = self.node.founder
        self.network = Network()
        self.shop = Shop(self.issuer, self.node.consortium.chain_id)
        self.shop.now = self.node.now
        self.network.hosts[STORE] = self.shop.pages
        self.document = jcs.canonicalize({"id": self.issuer.did})
        self.shop.publish(self.document)
        body = {**self.node.issuer_body(self.issuer, 7), "document": digest(self.document)}
        self.node.decide(["issuer.put", body])
        self.body = body
        if mirror_of_peer:
            other = self.node.consortium.parties[1]
            self.node.accept(other, "endpoint.put", {"node": PEER, "mirror": None, "receipts": None})
        self.restart()

    @property
    def app(self) -> Flask:
        return self.node.app

    @property
    def path(self) -> Path:
        return self.node.home / store.FILE

    def restart(self) -> None:
        """Begin anew with a mirror that remembers nothing but its database; no silence lasts."""
        self.ticks = 0.0
        self.puller = mirror.puller(self.app, fetch=self.network)
        self.puller.sources.clock = lambda: self.ticks
        self.puller.sources.__post_init__()
        self.puller.__post_init__()

    def round(self) -> store.Inventory:
        return self.puller.round()

    def later(self, seconds: int) -> None:
        self.node.now += seconds
        self.ticks += seconds

    def anchor(self, url: str, content: bytes) -> None:
        """Have the ledger name the next version of what lies at a URL."""
        self.later(1)
        version = self.shop.versions[url] = self.shop.versions.get(url, 0) + 1
        if url.endswith("/index"):
            self.shop.versions["index"] = version
        entry = {
            "list": digest(url.encode()),
            "version": version,
            "digest": digest(content),
            "from": self.node.now,
            "until": self.node.now + 1000,
        }
        self.node.accept(self.issuer, "status", [entry])

    def fill(self, count: int = 3) -> bytes:
        """Put forms into the issuer's store and anchor its index."""
        self.shop.add(count)
        self.shop.now = self.node.now
        index = self.shop.serve()
        self.anchor(f"{STORE}/index", index)
        return index

    def upload(self, content: bytes, *, key: Any = None, **changes: Any) -> str:
        """Return the issuer's signature for an object."""
        named = {
            "did": self.issuer.did,
            "chain_id": self.node.consortium.chain_id,
            "now": self.node.now,
            **changes,
        }
        return sign_upload(digest(content), key=key or self.issuer.key("submission"), **named)

    def put(self, content: bytes, *, upload: str | None = None, **headers: str) -> Any:
        if upload is not None:
            headers["Vocred-Upload"] = upload
        return self.node.http.put(
            f"/v1/mirror/objects/{digest(content).hex()}",
            data=content,
            content_type="application/octet-stream",
            headers=headers,
        )

    def get(self, path: str) -> Any:
        return self.node.http.get(f"/v1/mirror/{path}")


def digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
