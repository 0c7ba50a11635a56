"""Whom services ask: mirrors that the registry names, in turn, and none that is silent again and again."""

import pytest

from ledger.client import LedgerUnavailableError
from ledger.mirror.client import URLS_AGE, MirrorClient, leave
from ledger.mirror.signing import BucketPlace
from tests.ledger.mirror.mirrored import Network, digest

ONE, TWO = "https://one.example", "https://two.example"
CONTENT = b"a list"
PATH = f"/v1/mirror/objects/{digest(CONTENT).hex()}"
PLACE = BucketPlace("did:web:yunling.example", "forms", 3, 5)


class SilentLedger:
    """A ledger that does not answer, and counts how often it was asked."""

    def __init__(self):
        self.asked = 0

    def snapshot(self, keys, *, now):
        self.asked += 1
        raise LedgerUnavailableError("silent")


@pytest.fixture
def network():
    found = Network()
    found.hosts = {ONE: {PATH: CONTENT}, TWO: {PATH: CONTENT}}
    return found


@pytest.fixture
def ledger():
    return SilentLedger()


@pytest.fixture
def client(network, ledger):
    found = MirrorClient(ledger=ledger, fetch=network, nodes=[ONE, f"{TWO}/"], clock=lambda: found.time)
    found.time = 0.0
    return found


def asked(network):
    found = [url.split("/v1/")[0] for url in network.asked]
    network.asked.clear()
    return found


def test_the_first_mirror_that_has_it_is_enough(client, network):
    assert client.object(digest(CONTENT), now=0) == CONTENT
    assert asked(network) == [ONE]


def test_a_mirror_that_lacks_it_or_serves_something_else_is_passed_over(client, network):
    for host in ({}, {PATH: b"other"}):
        network.hosts[ONE] = host
        assert client.object(digest(CONTENT), now=0) == CONTENT


def test_the_mirror_that_answered_last_is_asked_first(client, network):
    network.hosts[ONE] = {}
    client.object(digest(CONTENT), now=0)
    asked(network)
    client.object(digest(CONTENT), now=0)
    assert asked(network) == [TWO]


def test_a_silent_mirror_rests_and_is_asked_again_later(client, network):
    del network.hosts[ONE]
    for _ in range(3):
        network.hosts.setdefault(TWO, {})
        client._first = None
        assert client.object(digest(CONTENT), now=0) == CONTENT
    assert asked(network).count(ONE) == 1
    client.time, client._first = 100.0, None
    client.object(digest(CONTENT), now=0)
    assert asked(network) == [ONE, TWO]


def test_with_no_mirror_that_answers_there_is_nothing(client, network):
    network.hosts.clear()
    assert client.object(digest(CONTENT), now=0) is None


def test_a_silent_ledger_is_not_asked_for_mirrors_with_every_question(client, ledger):
    for now in (0, 1, 2):
        client.urls(now=now)
    assert ledger.asked == 1
    client.urls(now=URLS_AGE)
    assert ledger.asked == 2


def test_a_ledger_that_was_silent_a_moment_ago_is_not_asked(client, ledger):
    client.ledger_is_silent(now=5)
    assert client.urls(now=6) == (ONE, TWO)
    assert ledger.asked == 0


def test_a_bucket_is_the_first_that_is_accepted(client, network):
    path = "/v1/mirror/forms/did%3Aweb%3Ayunling.example/3/5"
    network.hosts = {ONE: {path: b"one"}, TWO: {path: (b"two", {"vocred-bucket": "signed"})}}
    assert client.bucket(PLACE, now=0, accept=lambda _, signature: signature == "signed") == b"two"
    assert client.bucket(PLACE, now=0, accept=lambda *_: False) is None


def test_nothing_that_is_asked_names_a_form(client, network):
    client.bucket(PLACE, now=0, accept=lambda *_: False)
    assert {url.rsplit("/", 2)[-2:] == ["3", "5"] for url in network.asked} == {True}


def test_leaving_something_at_a_mirror_that_is_away_is_told(network):
    network.hosts.clear()
    assert not leave(CONTENT, url=ONE, upload="signed", put=network)
