"""What the wallet's tests share: randomness that repeats, a database, and collaborators that are doubles."""

import itertools
from hashlib import sha256

import pytest
from jinja2 import FileSystemBytecodeCache

from tests.wallet.browser import PASSPHRASE, Browser, Clock
from tests.wallet.doubles import NOW, College, Network, Registry
from wallet import accounts, create_app, settings
from wallet.migrations import migrations
from wallet.parts import Parts
from web.database import connect


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


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory):
    """Keep compiled templates between the applications of a run: compiling them is half of its work."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def make_app(environ, parts, clock, compiled_templates):
    """Make the application as one worker process of several would."""

    def make():
        app = create_app(environ, parts=parts, clock=clock)
        app.jinja_env.bytecode_cache = compiled_templates
        return app

    return make


@pytest.fixture
def app(make_app):
    return make_app()


@pytest.fixture
def browser(app):
    return Browser(app)


@pytest.fixture
def holder(browser):
    browser.set_up()
    return browser
