"""did:web: one spelling, public host names only, and documents that say which keys are whose."""

from datetime import UTC, datetime

import pytest

from crypto.keys import PrivateKey
from vc import controller_documents, did_web
from vc.errors import InvalidDidError

KEY = PrivateKey.from_bytes("Ed25519", bytes(range(1, 33))).public


@pytest.mark.parametrize(
    ("did", "url"),
    [
        ("did:web:yunling.edu.example", "https://yunling.edu.example/.well-known/did.json"),
        ("did:web:a.example%3A8443", "https://a.example:8443/.well-known/did.json"),
        ("did:web:a.example:b:c-d_e.f", "https://a.example/b/c-d_e.f/did.json"),
        ("did:web:a.example%3A8443:b", "https://a.example:8443/b/did.json"),
        ("did:web:xn--fiqs8s.xn--fiqz9s", "https://xn--fiqs8s.xn--fiqz9s/.well-known/did.json"),
    ],
)
def test_a_did_web_names_one_address(did, url):
    assert did_web.url(did) == url


@pytest.mark.case("KEY-012", "KEY-017", "KEY-018")
@pytest.mark.parametrize(
    "rest",
    [
        *(
            "127.0.0.1%3A6379",
            "localhost",
            "localhost%3A80",
            "0x7f000001",
            "127.1",
            "127.0.0.1",
            "2130706433",
        ),
        *("[::1]", "%5B%3A%3A1%5D", "[::ffff:127.0.0.1]", "169.254.169.254", "100.64.0.1", "64:ff9b::7f00:1"),
        *("2002:7f00:1::", "224.0.0.1", "１２７.0.0.1", "0177.0.0.1", "a.example.0x7f", ""),
        *(
            "A.example",
            "a.example.",
            "a..example",
            "-a.example",
            "a.example%3a80",
            "a.example%3A",
            "a.example%3A0",
        ),
        *(
            "a.example%3A65536",
            "a.example%3A080",
            "a.example%2Fb",
            "a.example:",
            "a.example::b",
            "a.example:..",
        ),
        *(
            "a.example:.",
            "a.example:%2e%2e",
            "a.example:b%2Fc",
            "a.example:b c",
            "a.example/b",
            "a.example#k",
        ),
        *(
            "a.example?versionTime=1",
            "аpple.example",
            "例.example",
            "a.example\n",
            "user@a.example",
            "a" * 600,
        ),
    ],
)
def test_other_spellings_and_hosts_that_are_not_public_are_refused_and_nothing_is_fetched(rest):
    fetched = []
    with pytest.raises(InvalidDidError) as refusal:
        did_web.resolve(f"did:web:{rest}", fetch=lambda url: fetched.append(url) or b"")
    assert refusal.value.code == "INVALID_DID"
    assert not fetched


@pytest.mark.parametrize("did", [None, 5, "", "did:key:z6Mk", "DID:web:a.example", "did:WEB:a.example"])
def test_what_is_no_did_web_is_refused(did):
    with pytest.raises(InvalidDidError):
        did_web.url(did)


def test_resolving_fetches_the_one_address():
    assert did_web.resolve("did:web:a.example", fetch=lambda url: url.encode()) == (
        b"https://a.example/.well-known/did.json"
    )


def test_a_document_lists_each_key_under_its_purposes_and_with_its_period():
    end = datetime(2027, 1, 1, tzinfo=UTC)
    entries = [
        did_web.KeyEntry("key-1", KEY, expires=end),
        did_web.KeyEntry("key-2", KEY, purposes=("assertionMethod", "authentication"), revoked=end),
    ]
    document = did_web.document("did:web:a.example", keys=entries)
    controller_documents.check(document, did="did:web:a.example")
    assert document["assertionMethod"] == ["did:web:a.example#key-1", "did:web:a.example#key-2"]
    assert document["authentication"] == ["did:web:a.example#key-2"]
    assert [sorted(method) for method in document["verificationMethod"]] == [
        ["controller", "expires", "id", "publicKeyMultibase", "type"],
        ["controller", "id", "publicKeyMultibase", "revoked", "type"],
    ]


def test_two_keys_of_one_name_are_a_bug():
    with pytest.raises(ValueError, match="fragment"):
        did_web.document("did:web:a.example", keys=[did_web.KeyEntry("k", KEY), did_web.KeyEntry("k", KEY)])
