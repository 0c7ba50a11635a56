"""A verifier in front of a small consortium whose ledger, store and wallet are kept in memory."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask

from crypto import jcs
from crypto.keys import PrivateKey
from ledger.errors import LedgerError
from ledger.proof.errors import ReceiptError
from ledger.proof.verify import Snapshot
from ledger.registry import (
    AgreementRecord,
    grant_key,
    grants_key,
    issuer_key,
    member_key,
    number_key,
    status_key,
    wallet_key,
)
from tests.verifier.conftest import DID, LIST, NOW, World, _value, checkpoint, seconds
from vc import credentials, data_integrity, did_key, form_store, printed_code, shares
from vc.printed_code import PrintedCode
from vc.shares import Package
from verifier import create_app
from verifier.answering import Collaborators
from web.errors import FetchError
from web.fetcher import Response

URL = "https://v.consortium.example"
WALLET_TAG = "WA11"
WALLET_URL = "https://wallet.example"
SHARE_KEY = bytes(range(100, 132))


class Unreachable(LedgerError):
    """The ledger is away."""


@dataclass
class PaperWorld:
    """Ledger, store and wallet of one world; owned by one test."""

    world: World
    url: str = URL
    files: dict[str, bytes] = field(default_factory=dict)
    forms: dict[bytes, bytes] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)
    packages: dict[tuple[str, str], bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    ledger_down: bool = False
    store_down: bool = False
    holder: PrivateKey = field(default_factory=lambda: PrivateKey.from_bytes("Ed25519", bytes([5] * 32)))

    chain_id: str = "vocred-test"

    # The ledger, as its client shows it

    def snapshot(self, keys: Any, **_: Any) -> tuple[Snapshot, bytes]:
        if self.ledger_down:
            from ledger.client import LedgerUnavailableError

            raise LedgerUnavailableError("the ledger is away")
        values = self._values()
        return Snapshot(checkpoint(), {key: values.get(key) for key in keys}), b""

    def verify_receipt(self, bundle: bytes, *, digest: bytes, **_: Any) -> Any:
        found = self.world.receipts.get(digest)
        if found is None:
            raise ReceiptError("no such receipt")
        return found

    def agreements(self, **_: Any) -> list[Any]:
        return [
            (
                AgreementRecord(
                    agreement_id=agreement.document["id"],
                    version=agreement.document["version"],
                    digest=jcs.digest(dict(agreement.document)),
                    parties=tuple(agreement.signed),
                    started=seconds(agreement.started),
                    ended=None if agreement.ended is None else seconds(agreement.ended),
                ),
                agreement.document,
            )
            for agreement in self.world.known.agreements
        ]

    def _values(self) -> dict[Any, Any]:
        world, record = self.world, self.world.record
        values: dict[Any, Any] = {
            issuer_key(DID): _value(record),
            number_key(record.number): DID,
            grants_key(DID): [[grant.accreditor, grant.credential_type] for grant in world.granted],
            wallet_key(WALLET_TAG): {"url": WALLET_URL, "key": None},
            ("members",): list(world.known.members),
        }
        for did, names in world.called.items():
            values[member_key(did)] = {
                "code": "12990000MB9999013F",
                "names": names,
                "roles": ["college"],
                "types": [],
                "governance": world.record.governance_key.cose_key,
                "submission": None,
                "receipt": None,
                "since": 1,
            }
        for grant in world.granted:
            values[grant_key(grant.accreditor, DID, grant.credential_type)] = {
                "from": grant.start,
                "until": grant.end,
            }
        for url, status in world.anchored.items():
            values[status_key(DID, url)] = {
                "version": status.version,
                "digest": status.digest,
                "from": status.valid_from,
                "until": status.valid_until,
            }
        return values

    # The network, as the fetcher shows it

    def get(self, url: str, **_: Any) -> Response:
        self.asked.append(url)
        if self.store_down and "/store/" in url:
            raise FetchError("the store is away")
        if url == LIST:
            return Response(200, {}, jcs.canonicalize(self.world.lists[LIST]), url)
        if url in self.world.notice_documents:
            return Response(200, {}, self.world.notice_documents[url], url)
        if url in self.files:
            return Response(200, {}, self.files[url], url)
        for digest, content in self.world.documents.items():
            if url.endswith(f"/documents/{digest.hex()}"):
                return Response(200, {}, content, url)
        return Response(404, {}, b"", url)

    def post(self, url: str, *, json: Any = None, **_: Any) -> Response:
        self.asked.append(url)
        share_id = url.split("/shares/")[1].removesuffix("/open")
        if (share_id, json["token"]) not in self.packages:
            return Response(404, {}, b"", url)
        if share_id in self.gone:
            return Response(410, {}, self.gone[share_id].encode(), url)
        return Response(200, {}, self.packages[share_id, json["token"]], url)

    # What the college and the holder do

    def print(self, form: dict[str, Any], *, random: bytes = bytes(range(12))) -> PrintedCode:
        """Store a paper form under a new printed code, and anchor the store's index anew."""
        code = printed_code.make(self.world.record.number, random=random, purpose="certificate")
        secured = jcs.canonicalize(form)
        self.forms[code.locator] = form_store.seal_form(secured, code=code, nonce=bytes(12))
        self._publish_store()
        return code

    def invented(self, *, random: bytes = bytes([9] * 12), number: int | None = None) -> PrintedCode:
        """Return a well-formed code that nobody ever printed."""
        used = self.world.record.number if number is None else number
        return printed_code.make(used, random=random, purpose="certificate")

    def share(self, *forms: dict[str, Any], tag: str = WALLET_TAG, **changes: Any) -> str:
        """Seal a presentation of ``forms`` at the wallet and return the link's part behind the host."""
        share_id = shares.new_id(tag, random=bytes(range(17)))
        did = did_key.did(self.holder.public)
        unsigned = shares.presentation(forms, holder=did)
        presentation = data_integrity.sign(
            unsigned,
            key=self.holder,
            verification_method=f"{did}#{did.removeprefix('did:key:')}",
            purpose="authentication",
            created=NOW,
            challenge=changes.get("challenge", share_id),
            domain=changes.get("domain", self.url),
        )
        package = shares.encode_package(Package(presentation=presentation))
        blob = shares.seal_package(package, key=SHARE_KEY, share_id=share_id, nonce=bytes(12))
        self.packages[share_id, shares.token(SHARE_KEY)] = blob
        return shares.make_link(verifier_url="", share_id=share_id, key=SHARE_KEY)

    def app(self, home: Path, *, url: str | None = None) -> Flask:
        """Return the verifier's application in front of this world."""
        self.url = url or self.url
        environ = {
            "VERIFIER_HOME": str(home),
            "VERIFIER_URL": self.url,
            "VERIFIER_LEDGER_URL": "https://l.example",
        }
        if self.url.startswith("http:"):
            environ.update(VERIFIER_LEDGER_URL="http://127.0.0.1:1", VERIFIER_INSECURE_LOOPBACK="1")
        shared = Collaborators(ledger=self, fetch=self, origin=self.url)
        return create_app(environ, collaborators=shared, clock=self._now)

    def _now(self) -> datetime:
        return NOW

    def _publish_store(self) -> None:
        record = self.world.record
        buckets = form_store.into_buckets(self.forms, bits=0)
        status = self.world.anchored[LIST]
        head = self.world.lists[LIST]
        facts = credentials.facts(head)
        index = form_store.index(
            issuer=DID,
            version=1,
            valid_from=facts.valid_from,
            valid_until=facts.valid_until,
            prefix_bits=0,
            buckets={prefix: form_store.bucket_digest(found) for prefix, found in buckets.items()},
        )
        self.files[f"{record.store_url}/index"] = index
        self.files[f"{record.store_url}/forms/0/0"] = form_store.encode_bucket(self.forms.items())
        receipts = [
            (
                form_store.receipt_locator(digest)[0],
                form_store.seal_receipt(b"x", form_digest=digest, nonce=bytes(12)),
            )
            for digest in self.world.receipts
        ]
        self.files[f"{record.store_url}/receipts/0/0"] = form_store.encode_bucket(receipts)
        self.world.anchored[f"{record.store_url}/index"] = type(status)(
            1, hashlib.sha256(index).digest(), seconds(facts.valid_from), seconds(facts.valid_until)
        )
