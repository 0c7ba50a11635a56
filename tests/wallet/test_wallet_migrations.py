"""A wallet of the last release is brought up to date, and nothing in it is lost."""

from wallet import accounts
from wallet.migrations import migrations, prepare
from web.database import connect
from web.migrations import require_current

NEW = {"presentation", "conversion", "correction"}


def test_wallet_of_the_last_release_keeps_its_accounts(path, edge):
    db = connect(path, create=True)
    migrations.apply(db, stop_before="m004_requests_and_conversions")
    accounts.create(db, name="晓雨", passphrase="correct horse battery", **edge)
    assert not NEW & set(db.table_names())
    migrations.apply(db)
    assert set(db.table_names()) >= NEW
    assert accounts.names(db) == ["晓雨"]
    db.close()
    require_current(path, migrations, command="vocred wallet migrate")


def test_fresh_wallet_has_every_table(path):
    prepare(path)
    db = connect(path)
    assert set(db.table_names()) >= NEW
    db.close()


def test_deleting_a_wallet_forgets_its_requests_and_conversions(db, wallet, edge):
    row = {"account": wallet.account_id, "sealed": b"", "state": "sent", "made_at": 0}
    for table in ("presentation", "conversion"):
        db[table].insert({"id": "x", **row})
    accounts.delete(db, wallet, now=edge["now"])
    assert db["presentation"].count == db["conversion"].count == 0
