"""What the wallet's tests share: randomness that repeats, a database, and collaborators that are doubles."""

import itertools
from hashlib import sha256

import pytest

from tests.wallet.doubles import NOW, College, Network, Registry
from wallet import accounts, settings
from wallet.migrations import migrations
from wallet.parts import Parts
from web.database import connect

PASSPHRASE = "correct horse battery"


@pytest.fixture
def random():
    counter = itertools.count()

    def draw(size):
        block = sha256(b"wallet tests %d" % next(counter)).digest()
        return (block * (size // 32 + 1))[:size]

    return draw


@pytest.fixture
def path(tmp_path):
    return tmp_path / "wallet.db"


@pytest.fixture
def db(path):
    database = connect(path, create=True)
    migrations.apply(database)
    yield database
    database.close()


@pytest.fixture
def edge(random):
    return {"gate": accounts.PassphraseGate(), "now": NOW, "random": random}


@pytest.fixture
def wallet(db, edge):
    return accounts.create(db, name="晓雨", passphrase=PASSPHRASE, **edge)


@pytest.fixture
def registry():
    return Registry()


@pytest.fixture
def college(registry):
    return College(registry)


@pytest.fixture
def network(college):
    found = Network()
    found.hosts[college.url] = college
    return found


@pytest.fixture
def environ(tmp_path):
    return {
        "WALLET_HOME": str(tmp_path),
        "WALLET_URL": "https://wallet.example",
        "WALLET_LEDGER_URL": "https://ledger.example",
        "WALLET_VERIFIER_URL": "https://v.example",
        "WALLET_TAG": "W4T0",
    }


@pytest.fixture
def parts(environ, registry, network, random):
    return Parts(
        settings=settings.read(environ),
        ledger=registry,
        fetcher=network,
        gate=accounts.PassphraseGate(),
        random=random,
    )
