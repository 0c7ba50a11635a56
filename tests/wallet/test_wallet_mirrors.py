"""What a wallet learns of its certificates from the consortium's mirrors, with the issuer away."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from crypto.keys import PrivateKey
from ledger.mirror.client import MirrorClient
from ledger.mirror.signing import BUCKET_HEADER, BucketPlace, sign_bucket
from ledger.registry import issuer_key, status_key
from tests.wallet.doubles import NOW
from vc import form_store
from wallet import holding, looking_up, receiving
from web.errors import FetchError
from web.fetcher import Response

MIRROR = "https://mirror.example"
CHAIN = "urn:vocred:ledger:" + "a" * 64


class Mirror:
    """A fetcher with one mirror behind it: objects by digest, one bucket of receipts."""

    def __init__(self):
        self.objects = {}
        self.bucket = None
        self.away = False
        self.asked = []

    def keep(self, content):
        self.objects[hashlib.sha256(content).hexdigest()] = content

    def get(self, url, *, max_bytes=0, accept="", headers=None):
        self.asked.append(url)
        if self.away:
            raise FetchError("nobody answers")
        if "/receipts/" in url and self.bucket is not None:
            body, signature = self.bucket
            return Response(200, {BUCKET_HEADER.lower(): signature}, body, url)
        content = self.objects.get(url.rpartition("/")[2])
        return Response(404 if content is None else 200, {}, content or b"", url)


@pytest.fixture
def mirror(college, registry):
    """Return a mirror that holds what the college has published."""
    found = Mirror()
    key = PrivateKey.from_bytes("Ed25519", bytes(range(1, 33)))
    registry.chain_id = CHAIN
    registry.values[issuer_key(college.did)]["submission"] = key.public.cose_key
    found.key = key
    found.keep(college.document)
    for content in college.published.values():
        found.keep(content)
    return found


@pytest.fixture
def parts(parts, mirror, registry):
    client = MirrorClient(ledger=registry, fetch=mirror, nodes=[MIRROR])
    return replace(parts, mirrors=client)


@pytest.fixture
def item(db, wallet, college, parts):
    offered = looking_up.look_up(college.hand_out(), parts=parts, now=NOW)
    (credential_id,) = receiving.receive(db, wallet, offered, pin="123456", parts=parts, now=NOW)
    return holding.one(db, wallet, credential_id, now=NOW)


@pytest.fixture
def refreshed(db, wallet, parts, item):
    def run():
        now = NOW + timedelta(minutes=6)
        complete = holding.refresh(db, wallet, parts=parts, now=now)
        return complete, holding.one(db, wallet, item.credential_id, now=now)

    return run


def mirror_receipt(mirror, college, registry, item):
    """Let the mirror hold the receipt, signed, and the index that the ledger names."""
    college.anchor(item.credential)
    ((locator, blob),) = college.receipts.items()
    index = form_store.index(
        issuer=college.did,
        version=1,
        valid_from=NOW,
        valid_until=NOW + timedelta(days=9),
        prefix_bits=0,
        buckets={},
    )
    mirror.keep(index)
    registry.values[status_key(college.did, f"{college.url}/store/index")] = {
        "version": 1,
        "digest": hashlib.sha256(index).digest(),
        "from": int(NOW.timestamp()),
        "until": int(NOW.timestamp()) + 9 * 24 * 3600,
    }
    bucket = form_store.encode_bucket([(locator, blob)])
    place = BucketPlace(college.did, "receipts", 0, 0)
    mirror.bucket = (bucket, sign_bucket(bucket, place=place, chain_id=CHAIN, key=mirror.key))


def test_with_the_issuer_away_status_and_keys_come_from_a_mirror(college, network, refreshed):
    network.away.add(college.url)
    _, found = refreshed()
    assert found.status.kind == "valid"


def test_a_revocation_is_seen_at_a_mirror(college, network, mirror, item, refreshed):
    college.revoke(item.credential)
    for content in college.published.values():
        mirror.keep(content)
    network.away.add(college.url)
    assert refreshed()[1].status.kind == "revoked"


def test_with_the_issuer_away_a_receipt_comes_from_a_mirror(
    college, network, mirror, registry, item, refreshed
):
    mirror_receipt(mirror, college, registry, item)
    network.away.add(college.url)
    complete, found = refreshed()
    assert complete
    assert found.receipt is not None


def test_receipts_that_the_issuer_did_not_sign_are_not_taken_from_a_mirror(
    college, network, mirror, registry, item, refreshed
):
    mirror_receipt(mirror, college, registry, item)
    mirror.bucket = (mirror.bucket[0], "AAAA")
    network.away.add(college.url)
    assert refreshed()[1].receipt is None


def test_only_the_index_that_the_ledger_names_says_how_much_of_a_locator_is_shown(
    college, network, mirror, registry, item, refreshed
):
    mirror_receipt(mirror, college, registry, item)
    digest = registry.values[status_key(college.did, f"{college.url}/store/index")]["digest"]
    mirror.objects[digest.hex()] = mirror.objects[digest.hex()].replace(b'"prefixBits":0', b'"prefixBits":20')
    network.away.add(college.url)
    refreshed()
    assert not [url for url in mirror.asked if "/receipts/" in url]


def test_a_mirror_that_lies_or_is_away_leaves_the_issuer(mirror, refreshed):
    for digest in mirror.objects:
        mirror.objects[digest] = b"something else"
    assert refreshed()[1].status.kind == "valid"
    mirror.away = True
    assert refreshed()[1].status.kind == "valid"
