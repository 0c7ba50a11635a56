"""The wallet's command line: whose wallet is meant when nobody says."""

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from ledger.proof.pins import Pin
from wallet import accounts
from wallet.cli import cli
from web.database import connect

PASSPHRASE = "correct horse battery"


@pytest.fixture
def run(tmp_path) -> Callable[..., Result]:
    pin = Pin("urn:vocred:ledger:" + "0" * 64, 1, (), single=True, earlier={}, size=1, root=bytes(32))
    (tmp_path / "pin.start").write_bytes(pin.to_bytes())
    environ = {
        "WALLET_HOME": str(tmp_path),
        "WALLET_URL": "http://127.0.0.1:8704",
        "WALLET_LEDGER_URL": "http://127.0.0.1:1",
        "WALLET_VERIFIER_URL": "http://127.0.0.1:8705",
        "WALLET_LEDGER_PIN": str(tmp_path / "pin.start"),
        "WALLET_INSECURE_LOOPBACK": "1",
        "WALLET_PASSPHRASE": PASSPHRASE,
    }

    def run(*words: str) -> Result:
        return CliRunner().invoke(cli, words, env=environ)

    run("registration", "--json")
    return run


@pytest.fixture
def make(tmp_path, run, edge) -> Callable[[str], None]:
    def make(name: str) -> None:
        db = connect(tmp_path / "wallet.db")
        accounts.create(db, name=name, passphrase=PASSPHRASE, **edge)
        db.close()

    return make


def test_the_only_wallet_is_meant_when_none_is_named(run, make):
    make("lin")
    assert json.loads(run("list", "--json").output)["account"] == "lin"


def test_one_of_several_wallets_has_to_be_named(run, make):
    make("lin")
    make("zhou")
    refused = run("list", "--json")
    assert (refused.exit_code, "--account" in refused.output) == (2, True)
    assert json.loads(run("list", "--json", "--account", "zhou").output)["account"] == "zhou"


def test_the_wallet_that_holds_a_certificate_is_meant_when_it_is_shared(run, make, tmp_path):
    make("lin")
    make("zhou")
    db = connect(tmp_path / "wallet.db")
    owner = next(row["id"] for row in db["account"].rows if row["name"] == "zhou")
    row = {"id": "c1", "account": owner, "fingerprint": b"f", "sealed": b"s", "made_at": 0}
    db["credential"].insert(row)
    assert accounts.holder_of(db, "c1") == "zhou"
    db.close()
    # It goes on to what is inside, which this row's seal refuses; a wallet is not asked for.
    assert "--account" not in run("share", "c1", "--json").output
