"""Accounts by passphrase, and the sessions that keep one open."""

from datetime import timedelta
from hashlib import sha256

import pytest

from crypto.errors import SealError
from tests.wallet.doubles import NOW
from wallet import accounts, store
from wallet.errors import (
    AccountNameTakenError,
    BadAccountNameError,
    BusyError,
    SessionEndedError,
    TooManyAttemptsError,
    WeakPassphraseError,
    WrongPassphraseError,
)
from web.database import connect

PASSPHRASE = "correct horse battery"


def test_passphrase_opens_the_account_it_made(db, edge, wallet):
    opened = accounts.open_wallet(db, name="晓雨", passphrase=PASSPHRASE, **edge)
    assert opened == wallet


def test_name_is_found_whatever_its_case_and_spaces(db, edge):
    made = accounts.create(db, name="Lin  Xiaoyu", passphrase=PASSPHRASE, **edge)
    assert accounts.open_wallet(db, name=" lin xiaoyu ", passphrase=PASSPHRASE, **edge) == made


def test_wrong_passphrase_and_unknown_name_read_the_same(db, edge, wallet):
    with pytest.raises(WrongPassphraseError) as wrong:
        accounts.open_wallet(db, name="晓雨", passphrase="something else", **edge)
    with pytest.raises(WrongPassphraseError) as unknown:
        accounts.open_wallet(db, name="nobody", passphrase=PASSPHRASE, **edge)
    assert str(wrong.value) == str(unknown.value)


def test_name_is_taken_once(db, edge, wallet):
    with pytest.raises(AccountNameTakenError):
        accounts.create(db, name="晓雨", passphrase="another passphrase", **edge)


@pytest.mark.parametrize("name", ["", "   ", "x" * 41, "a\u202eb"])
def test_name_that_cannot_be_shown_is_refused(db, edge, name):
    with pytest.raises(BadAccountNameError):
        accounts.create(db, name=name, passphrase=PASSPHRASE, **edge)


@pytest.mark.parametrize(
    "passphrase", ["ninechars", "x" * 10, "abababababab", "Lin Xiaoyu Long", "ab cd" * 60]
)
def test_passphrase_that_guessing_finds_is_refused(db, edge, passphrase):
    with pytest.raises(WeakPassphraseError):
        accounts.create(db, name="lin xiaoyu long", passphrase=passphrase, **edge)


def test_eleventh_attempt_of_a_period_is_not_made_even_with_the_right_passphrase(
    db, edge, wallet, monkeypatch
):
    subject = sha256("晓雨".encode()).hexdigest()
    for _ in range(accounts.FAILURES_PER_PERIOD):
        store.add_failure(db, subject, int(NOW.timestamp()) // 900)
    with pytest.raises(TooManyAttemptsError) as refused:
        accounts.open_wallet(db, name="晓雨", passphrase=PASSPHRASE, **edge)
    later = edge | {"now": NOW + timedelta(seconds=refused.value.retry_after)}
    assert accounts.open_wallet(db, name="晓雨", passphrase=PASSPHRASE, **later) == wallet


def test_failed_attempt_is_counted_in_the_database(db, edge, wallet):
    with pytest.raises(WrongPassphraseError):
        accounts.open_wallet(db, name="晓雨", passphrase="something else", **edge)
    assert [row["failures"] for row in db["attempt"].rows] == [1]


def test_more_passphrases_than_places_are_sent_away(db, edge, wallet):
    gate = accounts.PassphraseGate(at_once=1, patience=0)
    with gate.place(), pytest.raises(BusyError):
        accounts.open_wallet(db, name="晓雨", passphrase=PASSPHRASE, **(edge | {"gate": gate}))


def test_database_alone_opens_nothing(db, path, edge, random, wallet):
    secret = accounts.begin_session(db, wallet, now=NOW, random=random)
    db.execute("pragma wal_checkpoint(truncate)")
    assert wallet.vault.data_key not in path.read_bytes()
    assert secret.encode() not in path.read_bytes()
    assert PASSPHRASE.encode() not in path.read_bytes()


def test_session_of_one_connection_continues_on_another(db, path, random, wallet):
    secret = accounts.begin_session(db, wallet, now=NOW, random=random)
    other = connect(path)
    try:
        assert accounts.continue_session(other, secret, now=NOW + timedelta(minutes=1)) == wallet
    finally:
        other.close()


def test_logging_out_locks_what_the_cookie_opened(db, random, wallet):
    secret = accounts.begin_session(db, wallet, now=NOW, random=random)
    accounts.end_session(db, secret)
    with pytest.raises(SessionEndedError):
        accounts.continue_session(db, secret, now=NOW)
    assert db["session"].count == 0


def test_session_left_alone_ends_and_its_row_goes(db, random, wallet):
    secret = accounts.begin_session(db, wallet, now=NOW, random=random)
    with pytest.raises(SessionEndedError):
        accounts.continue_session(db, secret, now=NOW + accounts.IDLE + timedelta(seconds=1))
    assert db["session"].count == 0


def test_session_in_use_goes_on_but_not_for_ever(db, random, wallet):
    secret = accounts.begin_session(db, wallet, now=NOW, random=random)
    moment = NOW
    while moment + timedelta(minutes=10) < NOW + accounts.LONGEST_SESSION:
        moment += timedelta(minutes=10)
        accounts.continue_session(db, secret, now=moment)
    with pytest.raises(SessionEndedError):
        accounts.continue_session(db, secret, now=NOW + accounts.LONGEST_SESSION + timedelta(seconds=1))


@pytest.mark.parametrize("secret", [None, "", "=", "AAAA", "A" * 43, "é" * 43])
def test_invented_cookie_opens_nothing(db, wallet, secret):
    with pytest.raises(SessionEndedError):
        accounts.continue_session(db, secret, now=NOW)


def test_beginning_a_session_sweeps_those_that_ended(db, random, wallet):
    accounts.begin_session(db, wallet, now=NOW, random=random)
    accounts.begin_session(db, wallet, now=NOW + timedelta(hours=1), random=random)
    assert db["session"].count == 1


def test_changing_the_passphrase_keeps_the_keys_and_ends_the_sessions(db, edge, random, wallet):
    secret = accounts.begin_session(db, wallet, now=NOW, random=random)
    accounts.change_passphrase(db, wallet, passphrase="a new passphrase", gate=edge["gate"], random=random)
    assert accounts.open_wallet(db, name="晓雨", passphrase="a new passphrase", **edge) == wallet
    with pytest.raises(WrongPassphraseError):
        accounts.open_wallet(db, name="晓雨", passphrase=PASSPHRASE, **edge)
    with pytest.raises(SessionEndedError):
        accounts.continue_session(db, secret, now=NOW)


def test_deleted_account_leaves_nothing_to_open(db, edge, wallet):
    accounts.delete(db, wallet, now=NOW)
    with pytest.raises(WrongPassphraseError):
        accounts.open_wallet(db, name="晓雨", passphrase=PASSPHRASE, **edge)


def test_row_sealed_for_one_place_opens_in_no_other(random, wallet):
    blob = wallet.vault.seal({"name": "林晓雨"}, kind="credential", row="a", random=random)
    assert wallet.vault.open(blob, kind="credential", row="a") == {"name": "林晓雨"}
    for kind, row in [("credential", "b"), ("claim", "a")]:
        with pytest.raises(SealError):
            wallet.vault.open(blob, kind=kind, row=row)
