"""Learners' accounts: one for each person, opened from a college's list or by a first application.

A person is name, kind of document and the document's last four characters, as a certificate shows them; they
are compared under a keyed hash. An account that a first application opened belongs to that person once an
officer has confirmed an application of it; until then nothing is registered in it.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from issuer import audit, officers
from issuer.audit import Actor
from issuer.bank import store
from issuer.errors import InvalidActError, UnknownError
from issuer.parts import Parts
from vc.credentials import CredentialFacts
from web.database import transaction

MOST_ENROLMENTS = 20_000
MOST_CHARACTERS = 60
COLUMNS: Mapping[str, str] = {
    "姓名": "name",
    "证件类型": "kind",
    "证件末四位": "tail",
    "学校": "college",
    "专业代码": "programme",
    "学号": "student",
}
"""The columns of an enrolment list, in their order; English names are taken too."""

_ENGLISH = {
    "name": "name",
    "document": "kind",
    "documenttail": "tail",
    "college": "college",
    "programme": "programme",
    "studentnumber": "student",
}
_PURPOSE = "bank-person"
_TAIL = re.compile(r"[0-9A-Z]{4}")
_DID = re.compile(r"did:web:[A-Za-z0-9._%:-]{3,200}")


@dataclass(frozen=True)
class Person:
    """Whom a certificate is about.

    Attributes:
        name: The name.
        document_kind: Kind of identity document; empty where the certificate shows none.
        document_tail: Last four characters of its number; empty likewise.
    """

    name: str
    document_kind: str
    document_tail: str

    @property
    def identified(self) -> bool:
        """Whether a document stands beside the name: a name alone finds no account."""
        return bool(self.name and self.document_kind and self.document_tail)


@dataclass(frozen=True)
class Enrolled:
    """What became of an enrolment list.

    Attributes:
        opened: Accounts that were opened.
        added: Enrolments that were new.
        known: Rows that said nothing new.
        refused: Line and reason of each row that was not taken.
    """

    opened: int
    added: int
    known: int
    refused: tuple[tuple[int, str], ...]


def person_of(facts: CredentialFacts) -> Person:
    """Return whom a certificate is about, folded so that spellings of one person compare equal."""
    return _person(facts.name or "", facts.id_document or "", facts.id_tail or "")


def same_name(first: str, second: str) -> bool:
    """Return whether two names are one, as written."""
    return _folded(first) == _folded(second)


def find(db: Database, parts: Parts, person: Person) -> dict[str, Any] | None:
    """Return a person's account, or None."""
    return store.account_of_person(db, _person_key(parts, person))


def open_account(db: Database, parts: Parts, person: Person, *, confirmed: bool, now: int) -> dict[str, Any]:
    """Open an account, inside the caller's transaction.

    Args:
        db: The connection, in a transaction.
        parts: The collaborators.
        person: Whose it is; identified, and without an account yet.
        confirmed: Whether somebody who knows the person has said so: a college's list does.
        now: Seconds since 1970.
    """
    # Accounts are never deleted, so their count is the last number; the transaction holds the write lock.
    account_id = f"CB-{store.count_accounts(db) + 1:08}"
    values = {
        "id": account_id,
        "person_key": _person_key(parts, person),
        "name": person.name,
        "document_kind": person.document_kind,
        "document_tail": person.document_tail,
        "opened_at": now,
        "confirmed_at": now if confirmed else None,
    }
    store.add_account(db, values)
    return values


def get(db: Database, account_id: str) -> dict[str, Any]:
    """Return an account.

    Raises:
        UnknownError: There is none of that number.
    """
    found = store.account(db, account_id)
    if found is None:
        raise UnknownError("no account of that number")
    return found


def is_enrolled(db: Database, account_id: str, *, college: str, programme: str) -> bool:
    """Return whether a college's list says that a learner studies a programme there."""
    return any(
        (found["college"], found["programme"]) == (college, programme)
        for found in store.enrolments(db, account_id)
    )


def enrol(
    db: Database, parts: Parts, *, actor: Actor, content: bytes, colleges: Mapping[str, str], now: int
) -> Enrolled:
    """Take over a college's enrolment list: accounts for those who have none, and where they study.

    Good rows go on while refused rows come back; a row that is known changes nothing.

    Args:
        db: The connection.
        parts: The collaborators.
        actor: The officer, a maker.
        content: CSV in UTF-8 (with or without byte order mark) or GB 18030, with a header.
        colleges: DIDs by a college's name or code, so that a list need not spell out DIDs.
        now: Seconds since 1970.

    Raises:
        ForbiddenError: The officer is no maker.
        InvalidActError: The file is no such list.
    """
    rows = _read(content)
    refused: list[tuple[int, str]] = []
    opened = added = known = 0
    with transaction(db):
        officers.require(db, actor, officers.MAKER)
        for line, values in rows:
            college = colleges.get(values["college"], values["college"])
            problem = _problem(values, college)
            if problem is not None:
                refused.append((line, problem))
                continue
            person = _person(values["name"], values["kind"], values["tail"])
            account = find(db, parts, person)
            if account is None:
                account = open_account(db, parts, person, confirmed=True, now=now)
                opened += 1
            store.confirm_account(db, account["id"], at=now)
            new = store.add_enrolment(
                db,
                {
                    "account_id": account["id"],
                    "college": college,
                    "programme": values["programme"],
                    "student_number": values["student"],
                    "added_at": now,
                },
            )
            added, known = added + new, known + (not new)
        audit.write(
            db,
            actor=actor,
            action="enrolment list imported",
            subject="credit bank",
            now=now,
            opened=opened,
            added=added,
            refused=len(refused),
        )
    return Enrolled(opened, added, known, tuple(refused))


def _read(content: bytes) -> list[tuple[int, dict[str, str]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError as error:
            raise InvalidActError("the list is neither UTF-8 nor GB 18030") from error
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise InvalidActError("the list is not a CSV file") from error
    if not rows or len(rows) > MOST_ENROLMENTS + 1:
        raise InvalidActError(f"a list has a header and at most {MOST_ENROLMENTS} rows")
    header = [_column(cell) for cell in rows[0]]
    missing = set(COLUMNS.values()) - set(header)
    if missing or len([name for name in header if name]) != len(COLUMNS):
        raise InvalidActError("the list has to have the columns " + "、".join(COLUMNS))
    return [
        (line, _values(header, row)) for line, row in enumerate(rows[1:], start=2) if any(map(str.strip, row))
    ]


def _column(cell: str) -> str:
    text = unicodedata.normalize("NFKC", cell).strip()
    return COLUMNS.get(text) or _ENGLISH.get(re.sub(r"[\s_-]", "", text).lower(), "")


def _values(header: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    cells = {
        name: row[place].strip() if place < len(row) else "" for place, name in enumerate(header) if name
    }
    return {**cells, "tail": cells["tail"].upper()}


def _problem(values: Mapping[str, str], college: str) -> str | None:
    if any(not values[name] or len(values[name]) > MOST_CHARACTERS for name in ("name", "kind", "programme")):
        return "name, kind of document and programme are needed, each of at most 60 characters"
    if not _TAIL.fullmatch(values["tail"]):
        return "the end of the document's number is four digits or letters"
    if len(values["student"]) > MOST_CHARACTERS:
        return "the student number is too long"
    if not _DID.fullmatch(college):
        return "the college is unknown to the registry"
    return None


def _person(name: str, kind: str, tail: str) -> Person:
    return Person(" ".join(unicodedata.normalize("NFKC", name).split()), kind.strip(), tail.strip().upper())


def _folded(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split())


def _person_key(parts: Parts, person: Person) -> str:
    written = "\x1f".join((_folded(person.name), person.document_kind, person.document_tail))
    return parts.secret.keyed_hash(written.encode(), purpose=_PURPOSE).hex()
