"""Accounts by passphrase, and the sessions that keep one open for a while.

Who can read what: the data key is wrapped under a key that Argon2id makes of the passphrase, and for a
session under a key that comes out of a secret which only the browser's cookie holds. The database alone
opens nothing; neither does a cookie whose session row was deleted by logging out or by time. The rows lie
in the database, so any worker process can serve any request.

Attempts that fail are counted in the database too, per account and period, so that neither a restart nor a
second process gives further tries.
"""

import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from sqlite_utils import Database

from crypto.errors import MalformedError, SealError
from crypto.multibase import base64url_decode, base64url_encode
from crypto.sealing import hkdf, open_sealed, open_with_passphrase, seal, seal_with_passphrase
from wallet import store
from wallet.errors import (
    AccountNameTakenError,
    BadAccountNameError,
    BusyError,
    SessionEndedError,
    TooManyAttemptsError,
    WeakPassphraseError,
    WrongPassphraseError,
)
from wallet.vault import KEY_BYTES, NONCE_BYTES, Random, Vault
from web.database import transaction

SHORTEST_PASSPHRASE = 10
LONGEST_PASSPHRASE = 256
FEWEST_DIFFERENT_CHARACTERS = 5
LONGEST_NAME = 40
SALT_BYTES = 16
IDLE = timedelta(minutes=15)
"""A session that nobody uses for so long ends."""
LONGEST_SESSION = timedelta(hours=8)
TOUCH_EVERY = timedelta(seconds=30)
"""A session's last use is written at most this often."""
ATTEMPT_PERIOD = timedelta(minutes=15)
FAILURES_PER_PERIOD = 10
"""Ten wrong passphrases in fifteen minutes: guessing has no chance, and the holder waits a little."""


@dataclass(frozen=True)
class Wallet:
    """One holder's account, open: who it is, and the vault that opens its rows."""

    account_id: str
    name: str
    vault: Vault = field(repr=False)


class PassphraseGate:
    """Lets only so many passphrases be worked on at once: each takes 46 MiB for a moment.

    One gate per process. Whoever waits longer than ``patience`` is told to come back rather than kept
    waiting.
    """

    def __init__(self, *, at_once: int = 2, patience: float = 5.0) -> None:
        """Make a gate for ``at_once`` passphrases, with ``patience`` in seconds."""
        self._places = threading.BoundedSemaphore(at_once)
        self._patience = patience

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold one place while a passphrase is worked on.

        Raises:
            BusyError: No place became free in time.
        """
        if not self._places.acquire(timeout=self._patience):
            raise BusyError("too many wallets are being opened at this moment")
        try:
            yield
        finally:
            self._places.release()


def create(
    db: Database, *, name: str, passphrase: str, gate: PassphraseGate, now: datetime, random: Random
) -> Wallet:
    """Make an account with a fresh data key.

    Args:
        db: The wallet's database.
        name: What the holder calls this wallet; unique, compared without case or width.
        passphrase: At least ten characters, of at least five kinds.
        gate: Limits how many passphrases are worked on at once.
        now: The time.
        random: Source of ids, keys, salts and nonces.

    Returns:
        The new account, open.

    Raises:
        BadAccountNameError: The name is empty, too long or not printable.
        WeakPassphraseError: The passphrase is too short or too plain.
        AccountNameTakenError: Another wallet has this name.
        BusyError: Too many passphrases are being worked on.
    """
    shown = check_name(name)
    check_passphrase(passphrase, name=shown)
    if store.account_by_name(db, _name_key(shown)):
        raise AccountNameTakenError("another wallet here has this name")
    account_id, data_key = random(16).hex(), random(KEY_BYTES)
    sealed = _wrap(data_key, passphrase=passphrase, account_id=account_id, gate=gate, random=random)
    with transaction(db):
        # Between the look above and this transaction somebody else may have taken the name.
        if store.account_by_name(db, _name_key(shown)):
            raise AccountNameTakenError("another wallet here has this name")
        store.add_account(
            db,
            {
                "id": account_id,
                "name": shown,
                "name_key": _name_key(shown),
                "sealed_data_key": sealed,
                "made_at": int(now.timestamp()),
            },
        )
    return Wallet(account_id, shown, Vault(data_key))


def exists(db: Database, name: str) -> bool:
    """Tell whether an account has this name: the command line makes the one that is absent."""
    return store.account_by_name(db, _name_key(check_name(name))) is not None


def names(db: Database) -> list[str]:
    """Return the names of all accounts."""
    return store.account_names(db)


def holder_of(db: Database, credential_id: str) -> str | None:
    """Return the name of the account that holds a credential, or None: on a command line its id says whose
    passphrase is meant.
    """
    return store.holder_of(db, credential_id)


def open_wallet(
    db: Database, *, name: str, passphrase: str, gate: PassphraseGate, now: datetime, random: Random
) -> Wallet:
    """Open an account with its passphrase.

    An unknown name costs the same work and gives the same answer as a wrong passphrase.

    Raises:
        WrongPassphraseError: The name or the passphrase is not right.
        TooManyAttemptsError: So many attempts on this name failed lately that this one was not made.
        BusyError: Too many passphrases are being worked on.
    """
    name_key = _name_key(name)
    subject = sha256(name_key.encode()).hexdigest()
    period, left = _period(now)
    with gate.place():
        # Counted before it is tried and forgiven when it was right, so that tries side by side are counted
        # too.
        with transaction(db):
            if store.failures(db, subject, period) >= FAILURES_PER_PERIOD:
                raise TooManyAttemptsError(left)
            store.add_failure(db, subject, period)
        row = store.account_by_name(db, name_key)
        data_key = _unwrap(row, passphrase[:LONGEST_PASSPHRASE], random=random)
    if row is None or data_key is None:
        raise WrongPassphraseError("the name or the passphrase is not right")
    with transaction(db):
        store.forgive_failure(db, subject, period)
    return Wallet(row["id"], row["name"], Vault(data_key))


def change_passphrase(
    db: Database, wallet: Wallet, *, passphrase: str, gate: PassphraseGate, random: Random
) -> None:
    """Wrap the data key under another passphrase and log every session out.

    Raises:
        WeakPassphraseError: The new passphrase is too short or too plain.
        BusyError: Too many passphrases are being worked on.
    """
    check_passphrase(passphrase, name=wallet.name)
    sealed = _wrap(
        wallet.vault.data_key, passphrase=passphrase, account_id=wallet.account_id, gate=gate, random=random
    )
    with transaction(db):
        store.replace_account_key(db, wallet.account_id, sealed)
        store.delete_sessions_of(db, wallet.account_id)


def delete(db: Database, wallet: Wallet, *, now: datetime) -> None:
    """Delete the account, its keys and credentials, and end its shares. Nothing brings them back."""
    with transaction(db):
        store.delete_account(db, wallet.account_id, now=int(now.timestamp()))


def begin_session(db: Database, wallet: Wallet, *, now: datetime, random: Random) -> str:
    """Keep an account open for the browser that gets the answer's cookie.

    Returns:
        The secret for the cookie; it is written nowhere else.
    """
    secret = random(KEY_BYTES)
    session_id, key = _session_keys(secret)
    moment = int(now.timestamp())
    sealed = seal(wallet.vault.data_key, key=key, nonce=random(NONCE_BYTES), associated_data=session_id)
    with transaction(db):
        store.delete_ended_sessions(db, **_ended(now))
        store.add_session(
            db,
            {
                "id": session_id,
                "account": wallet.account_id,
                "sealed_data_key": sealed,
                "made_at": moment,
                "seen_at": moment,
            },
        )
    return base64url_encode(secret)


def continue_session(db: Database, secret: str | None, *, now: datetime) -> Wallet:
    """Open the account of a session from the cookie's secret.

    Raises:
        SessionEndedError: There is no such session, or it was left alone or open for too long.
    """
    session_id, key = _session_keys(_secret_bytes(secret))
    row = store.session(db, session_id)
    if row is None:
        raise SessionEndedError("nobody is logged in")
    ended = _ended(now)
    if row["seen_at"] < ended["seen_before"] or row["made_at"] < ended["made_before"]:
        with transaction(db):
            store.delete_session(db, session_id)
        raise SessionEndedError("the wallet was left open for too long and locked itself")
    if int(now.timestamp()) - row["seen_at"] >= TOUCH_EVERY.total_seconds():
        with transaction(db):
            store.touch_session(db, session_id, int(now.timestamp()))
    data_key = open_sealed(row["sealed_data_key"], key=key, associated_data=session_id)
    return Wallet(row["account"], row["name"], Vault(data_key))


def end_session(db: Database, secret: str | None) -> None:
    """Lock: delete the session's row, so that the cookie opens nothing any more. Ending twice is harmless."""
    try:
        session_id, _ = _session_keys(_secret_bytes(secret))
    except SessionEndedError:
        return
    with transaction(db):
        store.delete_session(db, session_id)


def check_name(name: str) -> str:
    """Give the name as it is kept, or refuse it.

    Raises:
        BadAccountNameError: It is empty, too long or not printable.
    """
    shown = " ".join(unicodedata.normalize("NFC", name).split())
    if not shown or len(shown) > LONGEST_NAME or not shown.isprintable():
        raise BadAccountNameError(f"a name has 1 to {LONGEST_NAME} printable characters")
    return shown


def check_passphrase(passphrase: str, *, name: str) -> None:
    """Refuse a passphrase that guessing would find.

    Raises:
        WeakPassphraseError: Its length is not 10 to 256, it has fewer than five kinds, or is the name.
    """
    text = _normal(passphrase)
    if len(text) < SHORTEST_PASSPHRASE:
        raise WeakPassphraseError(f"a passphrase has at least {SHORTEST_PASSPHRASE} characters")
    if len(text) > LONGEST_PASSPHRASE:
        raise WeakPassphraseError(f"a passphrase has at most {LONGEST_PASSPHRASE} characters")
    if len(set(text)) < FEWEST_DIFFERENT_CHARACTERS or text.casefold() == name.casefold():
        raise WeakPassphraseError("a passphrase repeats neither one character nor the wallet's name")


def _normal(passphrase: str) -> str:
    # One form for what two keyboards may send; the key is derived from the same form.
    return unicodedata.normalize("NFKC", passphrase)


def _name_key(name: str) -> str:
    return unicodedata.normalize("NFKC", " ".join(name.split())).casefold()


def _wrap(
    data_key: bytes, *, passphrase: str, account_id: str, gate: PassphraseGate, random: Random
) -> bytes:
    # The account's id stands inside, so that a row moved under another id does not open.
    with gate.place():
        return seal_with_passphrase(
            bytes.fromhex(account_id) + data_key,
            passphrase=passphrase,
            salt=random(SALT_BYTES),
            nonce=random(NONCE_BYTES),
        )


def _unwrap(row: store.Row | None, passphrase: str, *, random: Random) -> bytes | None:
    if row is None:
        # The same work as for an account that exists: the time of the answer tells nothing.
        seal_with_passphrase(
            random(48), passphrase=passphrase, salt=random(SALT_BYTES), nonce=random(NONCE_BYTES)
        )
        return None
    try:
        opened = open_with_passphrase(row["sealed_data_key"], passphrase=passphrase)
    except SealError:
        return None
    if not secrets.compare_digest(opened[:16], bytes.fromhex(row["id"])):
        return None
    return opened[16:]


def _period(now: datetime) -> tuple[int, int]:
    """Give the number of the current period, and the seconds until it ends."""
    length = int(ATTEMPT_PERIOD.total_seconds())
    number, passed = divmod(int(now.timestamp()), length)
    return number, length - passed


def _ended(now: datetime) -> dict[str, int]:
    return {
        "seen_before": int((now - IDLE).timestamp()),
        "made_before": int((now - LONGEST_SESSION).timestamp()),
    }


def _secret_bytes(secret: str | None) -> bytes:
    try:
        return base64url_decode(secret or "")
    except MalformedError as error:
        raise SessionEndedError("nobody is logged in") from error


def _session_keys(secret: bytes) -> tuple[bytes, bytes]:
    """Give the row's id and the wrapping key that come out of a cookie's secret; neither tells the other."""
    if len(secret) != KEY_BYTES:
        raise SessionEndedError("nobody is logged in")
    return (
        hkdf(secret, info="vocred/wallet/1/session-id", length=KEY_BYTES),
        hkdf(secret, info="vocred/wallet/1/session-key", length=KEY_BYTES),
    )
