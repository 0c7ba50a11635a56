"""Shares: link, token, package and the key that never leaves the fragment."""

import pytest

from crypto.errors import CryptoError, SealError
from vc import shares
from vc.errors import ShareError
from vc.shares import Package

KEY = bytes(range(32))
ID = shares.new_id("7ZK0", random=bytes(range(17)))
PACKAGE = Package(
    presentation={"type": ["VerifiablePresentation"]},
    receipts={bytes(32): b"bundle"},
    snapshot=b"snapshot",
    status_lists=({"id": "https://issuer.example/status/1"},),
    notices={"https://issuer.example/status/1": {"version": 1}},
    documents=(b"{}",),
    agreements=({"id": "urn:vocred:agreement:A-1"},),
)


def link(verifier="https://verify.example"):
    return shares.make_link(verifier_url=verifier, share_id=ID, key=KEY)


def test_a_link_reads_back():
    read = shares.parse_link(link())
    assert (read.origin, read.share_id, read.key, read.wallet_tag) == (
        "https://verify.example",
        ID,
        KEY,
        "7ZK0",
    )


def test_scheme_and_host_may_be_in_capitals_as_in_a_qr():
    read = shares.parse_link(link("HTTPS://VERIFY.EXAMPLE"))
    assert read.origin == "https://verify.example"


def test_the_key_shows_nowhere_but_in_the_fragment():
    read = shares.parse_link(link())
    assert KEY.hex() not in repr(read)
    assert read.token not in link()
    assert shares.content_key(KEY) != KEY


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://verify.example/S/" + ID,
        link().replace("/S/", "/C/"),
        link()[:-1],
        link() + "A",
        link().replace(ID, ID[:-1]),
        link().replace(ID, ID[:-1] + "U"),
        link().replace("https://", "ftp://"),
        link().replace("https://", "https://user@"),
        "https://verify.example/S/" + ID + "#" + "!" * 43,
        "x" * 10_000,
    ],
)
def test_what_is_no_share_link_is_refused(text):
    with pytest.raises(ShareError):
        shares.parse_link(text)


def test_an_id_carries_a_hundred_and_thirty_random_bits_behind_its_tag():
    low, high = (shares.new_id("7ZK0", random=bytes([value] * 17)) for value in (0, 255))
    assert len(low) == len(high) == 30
    assert all(first != second for first, second in zip(low[4:], high[4:], strict=True))


@pytest.mark.parametrize(("tag", "random"), [("7ZK", bytes(17)), ("7ZKU", bytes(17)), ("7ZK0", bytes(16))])
def test_a_bad_tag_or_too_little_randomness_is_a_mistake_of_the_caller(tag, random):
    with pytest.raises(ValueError):
        shares.new_id(tag, random=random)


def test_a_package_reads_back():
    assert shares.decode_package(shares.encode_package(PACKAGE)) == PACKAGE


def test_a_package_opens_with_its_link_alone():
    blob = shares.seal_package(shares.encode_package(PACKAGE), key=KEY, share_id=ID, nonce=bytes(12))
    assert shares.decode_package(shares.open_package(blob, key=KEY, share_id=ID)) == PACKAGE
    with pytest.raises(SealError):
        shares.open_package(blob, key=bytes(32), share_id=ID)
    with pytest.raises(SealError):
        shares.open_package(blob, key=KEY, share_id=ID[:-1] + "0")


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"presentation": []},
        {"receipts": []},
        {"receipts": {"00": ""}},
        {"receipts": {"00" * 32: 7}},
        {"snapshot": "!"},
        {"statusLists": {}},
        {"statusLists": [7]},
        {"notices": []},
        {"documents": [7]},
        {"agreements": "x"},
    ],
)
def test_a_package_of_another_shape_is_refused(changes):
    members = {"version": 1, "presentation": {}}
    shares.parse_package(members)
    with pytest.raises(ShareError):
        shares.parse_package({**members, **changes})


@pytest.mark.parametrize("data", [b"", b"{", b'{"version":1,"version":1}', b"[]", b"null"])
def test_bytes_that_are_no_package_are_refused(data):
    with pytest.raises((ShareError, CryptoError)):
        shares.decode_package(data)


def test_the_presentation_names_its_holder_and_carries_what_was_chosen():
    made = shares.presentation([{"id": "urn:uuid:1"}], holder="did:key:z6Mk")
    assert made["holder"] == "did:key:z6Mk"
    assert made["verifiableCredential"] == [{"id": "urn:uuid:1"}]
