"""Thirty kills -9 at random moments: no acknowledged operation is lost or done twice.

``VOCRED_KILLS`` sets how many rounds there are (1,000 in ``make soak``); see ``tests.operating.soak``.

Commands and services run as people run them. In each round one operation begins, one to three process
groups are killed a random moment later, what died is started again, the books are looked at, and the
operation is tried again until it is done. The seed is printed; ``VOCRED_KILL_SEED`` repeats it, as far as
moments can be repeated.
"""

import json
import os
import random
import secrets
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.e2e.books import Books
from tests.e2e.faults import Town, graduates, wait_for_write
from vc import printed_code
from vc.form_store import open_form
from vocred.demo.world import until

_WANTED = int(os.environ.get("VOCRED_KILLS") or 30)
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(1800 * max(1, _WANTED // 30)),
]

KILLS = {
    name: max(each, each * _WANTED // 30)
    for name, each in {"approving": 8, "anchoring": 8, "claiming": 7, "revoking": 7}.items()
}
ROWS = 60
BOTH = 3
"""So many of the claimed records are revoked afterwards."""

ACCOUNT = "zheng"
COMMAND = "command"
VICTIMS = (
    (COMMAND,),
    ("college",),
    ("ledger",),
    (COMMAND, "college"),
    ("college", "ledger"),
    (COMMAND, "college", "ledger"),
)
HOLDERS_VICTIMS = ((COMMAND,), (COMMAND, "wallet"), ("college",), ("college", "ledger"))
MIDDLES = {
    "approving": ("batch not all signed",),
    "anchoring": ("anchor without statement", "statement on its way", "receipts not fetched"),
    "claiming": ("token without form", "claim begun"),
    "revoking": ("act not decided", "bit not in a list", "list not anchored"),
}
"""Where a kill hurts most: short states in the middle of an operation, as ``Books`` names them."""

DONE_SECONDS = 90
GATHER_SECONDS = 60
"""So long that the digests of a batch still wait when its anchoring is to be killed."""


@dataclass
class Killer:
    """Runs operations and kills what runs them."""

    town: Town
    books: Books
    chance: random.Random
    counted: Counter[str] = field(default_factory=Counter)
    killed: Counter[str] = field(default_factory=Counter)
    unfinished: Counter[str] = field(default_factory=Counter)

    def strike(self, activity: str, place: str, *words: str) -> str | None:
        """Begin a command, kill, start again; return what the command printed if it was acknowledged."""
        command = self.town.command(place, *words)
        self._moment(activity, place)
        victims = list(self.chance.choice(HOLDERS_VICTIMS if place == "wallet" else VICTIMS))
        if COMMAND in victims and not command.running:
            # It was faster: let something die all the same.
            victims = [name for name in victims if name != COMMAND] or ["college"]
        services = [name for name in victims if name != COMMAND]
        self.town.kill(*services, command=command if COMMAND in victims else None)
        self.unfinished.update(self.books.unfinished())
        self.town.restart(*services)
        status, printed = command.wait()
        self.counted[activity] += 1
        self.killed.update(victims)
        return printed if status == 0 else None

    def _moment(self, activity: str, place: str) -> None:
        """Let a random time pass: from the start, from one of the first writes, or until the very middle."""
        way = self.chance.random()
        if way < 0.1:
            time.sleep(self.chance.uniform(0.2, 2.5))
            return
        if way < 0.6:
            self.books.wait_until(self.chance.choice(MIDDLES[activity]), seconds=8)
        else:
            watched = {self.town.database(place), self.town.database("college")}
            wait_for_write(*watched, seconds=8)
            for _ in range(self.chance.choice((0, 1, 2, 3))):
                wait_for_write(*watched, seconds=0.4)
        time.sleep(self.chance.choice((0.0, 0.0, 0.02, 0.4)) * self.chance.random())


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, guarded_environment: dict[str, str]) -> Iterator[Town]:
    """Start ledger, college and wallet."""
    town = Town(tmp_path_factory.mktemp("kills") / "town", guarded_environment, anchor_seconds=GATHER_SECONDS)
    try:
        town.open("wallet")
        yield town
    finally:
        town.close()


@pytest.fixture
def books(town: Town) -> Iterator[Books]:
    """Open the books."""
    books = Books(town)
    yield books
    books.close()


@pytest.fixture(scope="module")
def seed() -> int:
    """Choose the seed and say it; pytest shows it when a test fails."""
    chosen = int(os.environ.get("VOCRED_KILL_SEED") or secrets.randbelow(2**32))
    print(f"VOCRED_KILL_SEED={chosen}")
    return chosen


@pytest.mark.case("VCI-033", "OPS-002", "OPS-027")
def test_thirty_kills_lose_and_double_nothing_acknowledged(town: Town, books: Books, seed: int) -> None:
    killer = Killer(town, books, random.Random(seed))
    made = town.import_files(graduates(number * ROWS, ROWS) for number in range(KILLS["approving"]))
    approve_and_anchor(killer, made)
    records = [row["record"] for batch in made for row in batch["records"]]
    subjects = killer.chance.sample(records, KILLS["claiming"] + KILLS["revoking"] - BOTH)
    claim(killer, subjects[: KILLS["claiming"]])
    revoke(killer, subjects[-KILLS["revoking"] :])
    town.settle()
    figures = killer.books.audit()
    paper_and_wallet_are_whole(killer, made)
    print(f"kills: {dict(killer.counted)}, of {dict(killer.killed)}; nothing lost in {figures}")
    print(f"left in the middle: {dict(killer.unfinished)}")
    assert killer.counted == KILLS


def approve_and_anchor(killer: Killer, made: list[Mapping[str, Any]]) -> None:
    """Have each batch approved and anchored, with a kill during each; one runs into the other."""
    books, town = killer.books, killer.town
    for batch in made:
        if killer.strike("approving", "college", *_approve(batch)) is not None:
            books.issued |= _records(batch)
        books.look()
        killer.strike("anchoring", "college", "issuer", "anchor", "--json")
        books.look()

    def issued(batch: Mapping[str, Any]) -> bool:
        # The kill may have come before the approval was kept: then the officer tries again.
        if books.batch(batch["batch"]) == "submitted":
            town.world.try_run("college", *_approve(batch))
        return books.batch(batch["batch"]) == "issued"

    for batch in made:
        until("the batch to be issued", lambda batch=batch: issued(batch), seconds=DONE_SECONDS)
        books.issued |= _records(batch)
    town.settle()


def claim(killer: Killer, subjects: list[str]) -> None:
    """Have certificates claimed with their slips, with a kill in each; holders try until it is held."""
    town, books = killer.town, killer.books

    def slip(record: str) -> Mapping[str, Any]:
        made: Mapping[str, Any] = town.world.run(
            "college", "issuer", "offer", record, "--as", "han", "--json"
        )
        return made

    with ThreadPoolExecutor(2) as pool:
        slips = list(pool.map(slip, subjects))
    for record, given in zip(subjects, slips, strict=True):
        words = (
            "wallet",
            "accept",
            given["slip"],
            "--tx-code",
            given["tx_code"],
            "--account",
            ACCOUNT,
            "--json",
        )
        printed = killer.strike("claiming", "wallet", *words)
        if printed is not None:
            books.claimed[record] = json.loads(printed)["id"]
        books.look()
        if printed is None:
            books.claimed[record] = until(
                "the certificate to be held",
                lambda words=words, record=record: _held(town, words, record),
                seconds=DONE_SECONDS,
            )


def revoke(killer: Killer, subjects: list[str]) -> None:
    """Have records revoked by two officers, with a kill in each; the officers try until it is done."""
    town, books = killer.town, killer.books
    for record in subjects:
        if killer.strike("revoking", "college", *_revoke(record)) is not None:
            books.revoked.add(record)
        books.look()

    def revoked(record: str) -> bool:
        if books.state(record) != "revoked":
            town.world.try_run("college", *_revoke(record))
        return books.state(record) == "revoked"

    for record in subjects:
        until("the record to be revoked", lambda record=record: revoked(record), seconds=DONE_SECONDS)
        books.revoked.add(record)


def paper_and_wallet_are_whole(killer: Killer, made: list[Mapping[str, Any]]) -> None:
    """Check that every code opens its own form, and that the wallet holds each claimed certificate once."""
    town, books = killer.town, killer.books
    found = in_wallet(town)
    assert found == books.claimed
    expected = set().union(*(_records(batch) for batch in made))
    assert books.issued == expected
    with books.open("college") as db:
        rows = db.execute("SELECT locator, blob FROM sealed_form").fetchall()
    sealed = {bytes(locator): bytes(blob) for locator, blob in rows}
    codes = [
        printed_code.parse(sheet["code"], purpose="certificate")
        for batch in made
        for sheet in town.world.run("college", "issuer", "print", batch["batch"], "--as", "han", "--json")[
            "certificates"
        ]
    ]
    opened = {json.loads(open_form(sealed[code.locator], code=code))["id"] for code in codes}
    # The code of a revoked certificate is forgotten; its form stays in the store.
    assert opened == {f"urn:uuid:{record}" for record in expected - books.revoked}
    assert len(codes) == len(opened)
    assert len(sealed) == len(expected)


def in_wallet(town: Town) -> dict[str, str]:
    """Return what the wallet holds, by record; nothing of it may be there twice."""
    listed = town.world.run("wallet", "wallet", "list", "--account", ACCOUNT, "--json")
    held = [(each["credentialId"].removeprefix("urn:uuid:"), each["id"]) for each in listed["credentials"]]
    assert len(dict(held)) == len(held)
    return dict(held)


def _held(town: Town, words: tuple[str, ...], record: str) -> str | None:
    status, output, _ = town.world.try_run("wallet", *words)
    if status == 0:
        return str(json.loads(output)["id"])
    # A holder whose command was killed after its last step finds the certificate in the wallet.
    return in_wallet(town).get(record)


def _approve(batch: Mapping[str, Any]) -> tuple[str, ...]:
    return ("issuer", "approve", batch["batch"], "--as", "shen", "--json")


def _revoke(record: str) -> tuple[str, ...]:
    officers = ("--as", "han", "--approved-by", "shen")
    return ("issuer", "revoke", record, "--reason", "机构撤销", *officers, "--json")


def _records(batch: Mapping[str, Any]) -> set[str]:
    return {row["record"] for row in batch["records"]}
