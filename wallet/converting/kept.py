"""The applications as the wallet keeps them: sealed, one row for each, with the state beside."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlite_utils import Database

from wallet.accounts import Wallet
from wallet.converting import store
from wallet.converting.bank import Granted, Key
from wallet.parts import Parts
from web.database import transaction


@dataclass(frozen=True)
class Conversion:
    """One application as its holder sees it.

    Attributes:
        conversion_id: The id under which this wallet keeps it.
        credential_id: The certificate that it is about.
        title: What that is called, by language.
        source: ``recognition.source_key`` of it.
        source_id: Its own ``urn:uuid:…``.
        agreement_id: The agreement's URN.
        version: Its version when it was applied for.
        agreement_title: Its title, by language.
        college: DID of the college, or None for a deposit.
        college_names: Its names.
        programme: The programme's code, or None.
        bank: DID of the credit bank.
        bank_names: Its names.
        bank_url: Its address in the registry.
        application_id: The bank's id of it.
        token: What the bank wants to see before it says anything about it.
        response_code: What it wants to see besides before it says anything about the holder; None until the
            certificate was presented, and where the bank's answer to that never came back.
        state: waiting, submitted, registered, returned, declined; gone where the bank knows it no more.
        results: What it is about: the preview at first, then the bank's own.
        reason_code: Why it was returned, or None.
        reason: The same in words, by language.
        note: An officer's own words, or None.
        records: Ids of the credit records that were taken into the wallet.
        account: The account's number, or None.
        request_id: The request by which the bank asked for the certificate.
        made_at: When it was made.
    """

    conversion_id: str
    credential_id: str
    title: dict[str, str]
    source: str
    source_id: str | None
    agreement_id: str
    version: int
    agreement_title: dict[str, str]
    college: str | None
    college_names: dict[str, str]
    programme: str | None
    bank: str
    bank_names: dict[str, str]
    bank_url: str
    application_id: str
    token: str = field(repr=False)
    response_code: str | None = field(repr=False)
    state: str
    results: tuple[Granted, ...]
    reason_code: str | None
    reason: dict[str, str]
    note: str | None
    records: tuple[str, ...]
    account: str | None
    request_id: str
    made_at: datetime

    @property
    def key(self) -> Key:
        """What opens it at the bank."""
        return Key(self.token, self.response_code)

    @property
    def answer_lost(self) -> bool:
        """Whether the certificate arrived, but the code that shows who sent it never came back."""
        presented = self.state in {"submitted", "registered", "returned"}
        # A reason is told without the code only where nothing was presented in time.
        return presented and self.response_code is None and self.reason_code is None and not self.records


def add(
    db: Database,
    wallet: Wallet,
    conversion_id: str,
    content: dict[str, Any],
    *,
    parts: Parts,
    now: datetime,
) -> None:
    """Write an application down: it waits for its holder's consent."""
    sealed = _seal(wallet, content, conversion_id, parts=parts)
    row = {"id": conversion_id, "account": wallet.account_id, "sealed": sealed}
    with transaction(db):
        store.add(db, row | {"state": "waiting", "made_at": int(now.timestamp())})


def every(db: Database, wallet: Wallet) -> list[Conversion]:
    """List the applications, newest first."""
    return [_conversion(row, wallet) for row in store.every(db, wallet.account_id)]


def one(db: Database, wallet: Wallet, conversion_id: str) -> Conversion:
    """Give one application.

    Raises:
        NothingThereError: This wallet has no such application.
    """
    return _conversion(store.one(db, wallet.account_id, conversion_id), wallet)


def keep(db: Database, wallet: Wallet, item: Conversion, *, parts: Parts, **changes: Any) -> None:
    """Write down what changed about an application."""
    state = changes.pop("state", item.state)
    row = store.one(db, wallet.account_id, item.conversion_id)
    content = wallet.vault.open(row["sealed"], kind="conversion", row=item.conversion_id) | changes
    sealed = _seal(wallet, content, item.conversion_id, parts=parts)
    with transaction(db):
        store.keep(db, wallet.account_id, item.conversion_id, state=state, sealed=sealed)


def _seal(wallet: Wallet, content: dict[str, Any], conversion_id: str, *, parts: Parts) -> bytes:
    return wallet.vault.seal(content, kind="conversion", row=conversion_id, random=parts.random)


def _conversion(row: dict[str, Any], wallet: Wallet) -> Conversion:
    content = wallet.vault.open(row["sealed"], kind="conversion", row=row["id"])
    listed = {
        "results": tuple(Granted(**item) for item in content["results"]),
        "records": tuple(content["records"]),
    }
    return Conversion(
        conversion_id=row["id"],
        state=row["state"],
        made_at=datetime.fromtimestamp(row["made_at"], UTC),
        # An application that was kept by an earlier release has no response code.
        **({"response_code": None} | content | listed),
    )
