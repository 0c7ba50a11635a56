"""The account as a credit bank keeps it: its entries, and what they come to, for each unit by itself."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlite_utils import Database

from wallet.accounts import Wallet
from wallet.converting import bank
from wallet.converting.kept import every
from wallet.errors import BankUnreachableError, NothingThereError
from wallet.parts import Parts

MOST_ENTRIES = 5_000
_DAY = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9])", re.ASCII)
COUNTED = frozenset({"active", "underReview"})


@dataclass(frozen=True)
class Entry:
    """One line of a statement.

    Attributes:
        rule: The rule's id.
        kind: 免修, 学分置换, 成绩替代 or 存入.
        agreement: The agreement with its version.
        college: Name or DID of the college, by language; empty for a deposit.
        programme: Code of the programme, or None.
        course_code: The course's code, or None.
        course_name: Its name by language.
        credits: How many.
        unit: Their unit.
        grade: The grade, or None.
        state: active, underReview or cancelled.
        date: Day of the entry.
        line: The rule as a sentence, by language.
    """

    rule: str
    kind: str
    agreement: str
    college: dict[str, str]
    programme: str | None
    course_code: str | None
    course_name: dict[str, str]
    credits: float
    unit: str
    grade: str | None
    state: str
    date: str
    line: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Statement:
    """One account at one bank.

    Attributes:
        bank: DID of the bank.
        bank_names: Its names in the registry.
        account: The account's number.
        entries: Its lines, in the bank's order.
        reachable: Whether the bank could be asked.
    """

    bank: str
    bank_names: dict[str, str]
    account: str
    entries: tuple[Entry, ...]
    reachable: bool = True

    @property
    def balances(self) -> list[tuple[str, float]]:
        """What counts, for each unit by itself; units are never added to one another."""
        sums: dict[str, float] = {}
        for entry in self.entries:
            if entry.state in COUNTED:
                sums[entry.unit] = sums.get(entry.unit, 0.0) + entry.credits
        return sorted(sums.items())


def statements(db: Database, wallet: Wallet, *, parts: Parts) -> list[Statement]:
    """Ask every credit bank at which the holder applied for the account's statement.

    Returns:
        One for each bank that keeps an account; a bank that does not answer has an entry that says so.
    """
    tokens: dict[str, list[Any]] = {}
    for item in every(db, wallet):
        if item.state in {"submitted", "registered", "returned"}:
            tokens.setdefault(item.bank, []).append(item)
    found = [_statement(items, parts=parts) for items in tokens.values()]
    return [statement for statement in found if statement is not None]


def _statement(items: list[Any], *, parts: Parts) -> Statement | None:
    for item in items:
        try:
            document = bank.account(item.bank_url, key=item.key, fetcher=parts.fetcher)
            return Statement(
                bank=item.bank,
                bank_names=item.bank_names,
                account=str(document.get("account", ""))[:64],
                entries=_entries(document, colleges=_colleges(items)),
            )
        except NothingThereError:
            # This application belongs to no account yet; an older one may.
            continue
        except BankUnreachableError:
            return Statement(item.bank, item.bank_names, item.account or "", (), reachable=False)
    return None


def _colleges(items: list[Any]) -> dict[str, dict[str, str]]:
    """Return what the registry calls the colleges of the holder's own applications."""
    return {item.college: item.college_names for item in items if item.college and item.college_names}


def _entries(document: Mapping[str, Any], *, colleges: Mapping[str, Mapping[str, str]]) -> tuple[Entry, ...]:
    listed = document.get("entries")
    if not isinstance(listed, list) or len(listed) > MOST_ENTRIES:
        raise BankUnreachableError("the credit bank's statement cannot be read")
    unit = document.get("unit")
    return tuple(_entry(item, unit=unit, colleges=colleges) for item in listed if isinstance(item, dict))


def _day(value: object) -> str:
    found = _DAY.match(value) if isinstance(value, str) else None
    return found.group() if found else ""


def _entry(item: Mapping[str, Any], *, unit: object, colleges: Mapping[str, Mapping[str, str]]) -> Entry:
    college = bank.short(item.get("college"))
    course = item.get("course")
    named = course if isinstance(course, dict) else {}
    return Entry(
        rule=bank.short(item.get("rule")) or "",
        kind=bank.short(item.get("kind")) or "",
        agreement=bank.short(item.get("agreement")) or "",
        # The registry's name first: a bank that tells the DID alone leaves the holder with a bare address.
        college=bank.words(colleges.get(college or "") or item.get("collegeName") or college),
        programme=bank.short(item.get("programme")),
        course_code=bank.short(named.get("code")),
        course_name=bank.words(named.get("name")),
        credits=bank.number(item.get("credits")) or 0.0,
        unit=bank.short(item.get("unit")) or bank.short(unit) or "",
        grade=bank.short(item.get("grade")),
        state=bank.short(item.get("state")) or "",
        date=_day(item.get("date")),
        line=bank.words(item.get("line")),
    )
