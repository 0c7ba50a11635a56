"""Rows are compared with one another, and with what was issued before.

Repetitions are found over the whole file, before and after a row alike: whoever reads the finding of the
first row is told where the second one is.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from issuer.importing.cells import CellReading
from issuer.importing.codes import CODES
from issuer.importing.content import Note
from issuer.importing.layout import DataRow
from issuer.importing.model import IssuedLookup, IssuedRecord, Severity
from issuer.importing.row_checks import Located
from issuer.importing.values import (
    APPRENTICESHIP,
    COMPETITION,
    CREDIT,
    EVALUATION,
    GRADUATION,
    MEMBER,
    MICRO,
    ONE_PLUS_X,
    TEACHER,
    VENDOR,
)

_NAMED = 10  # rows that a sentence names before it trails off
_BROKEN_NUMBERS = ("E02", "E03", "E04", "E07", "E12", "E14", "E17")
_ACHIEVEMENT: Mapping[str, tuple[str, ...]] = {
    GRADUATION: ("level", "majorCode", "conclusion"),
    ONE_PLUS_X: ("certCode", "level", "examDate"),
    VENDOR: ("certCode", "level", "examDate"),
    MICRO: ("certCode", "stdVersion", "awardDate"),
    COMPETITION: ("eventCode", "competitionLevel", "awardDate"),
    APPRENTICESHIP: ("certNo", "level"),
    TEACHER: ("kind", "start", "end"),
    CREDIT: ("sourceCredential", "agreement", "ruleId", "courseCode"),
    EVALUATION: ("about", "periodStart", "periodEnd"),
    MEMBER: ("memberDid", "role"),
}
"""What, beside the person, says which certificate it is, by column map."""

_HOLDER: Mapping[str, str] = {CREDIT: "accountNumber", EVALUATION: "about", MEMBER: "memberDid"}
"""The column that tells whose certificate it is, where that is not the document's number."""

_IN_FILE: Mapping[str, tuple[str, ...]] = {
    **_ACHIEVEMENT,
    VENDOR: ("certCode",),
    MICRO: ("certCode",),
    COMPETITION: ("eventCode", "competitionLevel"),
}
"""What may not come twice for one person inside a file: a later date does not make it another certificate."""


@dataclass
class RowReading:
    """A data row while it is checked.

    Attributes:
        row: Where it stands.
        cells: Its readings by column key.
        notes: What is to be said, by column key; the cells' own notes are not repeated here.
        skipped: The note of a row for which nothing is issued.
        record_id: The record that it already has.
    """

    row: DataRow
    cells: Mapping[str, CellReading]
    notes: list[Located] = field(default_factory=list)
    skipped: Note | None = None
    record_id: str | None = None

    @property
    def line(self) -> int:
        """Its row in the file, as a spreadsheet counts."""
        return self.row.position + 1

    def value(self, key: str) -> str:
        """Return the value of a column; empty where the map has no such column."""
        cell = self.cells.get(key)
        return cell.value if cell else ""

    def sound(self, key: str) -> bool:
        """Whether a number is there and in order, so that repeating it means something."""
        cell = self.cells.get(key)
        if cell is None or not cell.usable:
            return False
        return not any(at == key and note.code.startswith(_BROKEN_NUMBERS) for at, note in self.notes)

    @property
    def refused(self) -> bool:
        """Whether anything said so far refuses the row."""
        if any(cell.bad for cell in self.cells.values()):
            return True
        return any(CODES[note.code].severity is Severity.ERROR for _, note in self.notes)


def skip_repeated_rows(rows: Sequence[RowReading]) -> None:
    """Skip rows that are equal to an earlier one in everything but the running number."""
    first: dict[tuple[str, ...], RowReading] = {}
    for row in rows:
        content = tuple(cell.value or cell.raw for key, cell in row.cells.items() if key != "seq")
        earlier = first.setdefault(content, row)
        if earlier is not row:
            row.skipped = Note("A18_DUP_ROW_SKIPPED", {"row": str(earlier.line)})


def compare_rows(rows: Sequence[RowReading], column_map: str, headers: Mapping[str, str]) -> None:
    """Note repeated numbers, persons and names.

    Args:
        rows: The rows for which something is to be issued.
        column_map: Name of the column map.
        headers: Header by column key.
    """
    if column_map == GRADUATION:
        _note_repeats(rows, "idNumber", "E05_DUP_ID", headers)
        _note_repeats(rows, "studentNo", "E05_DUP_ID", headers)
    elif column_map == ONE_PLUS_X:
        _note_levels(rows)
    else:
        _note_same_person(rows, column_map)
    _note_repeats(rows, "certNo", "E06_DUP_CERTNO", headers)
    _note_same_names(rows)


def compare_with_issued(
    rows: Sequence[RowReading], column_map: str, issued: IssuedLookup, digests: Sequence[bytes]
) -> None:
    """Skip what was issued with the same content, refuse what was issued with another.

    Args:
        rows: The rows for which something is to be issued.
        column_map: Name of the column map.
        issued: Answers which keys are known.
        digests: Content digest of each row.
    """
    keys = {key for row in rows if not row.refused for key in row_keys(row, column_map)}
    known = issued(keys) if keys else {}
    for row, digest in zip(rows, digests, strict=True):
        if row.refused:
            continue
        by_number, by_person = _known(row_keys(row, column_map), known)
        record = by_number or by_person
        if record is None:
            continue
        row.record_id = record.record_id
        if record.content_digest == digest and record.state != "revoked":
            code = "I03_ALREADY_PENDING" if record.state == "pending" else "I02_ALREADY_ISSUED"
            row.skipped = Note(code)
        elif by_number:
            revoked = by_number.state == "revoked"
            row.notes.append(("certNo", Note("E06_REVOKED" if revoked else "E06_ALREADY_ISSUED")))
        elif record.state == "revoked":
            row.record_id = None
        else:
            at = _HOLDER.get(column_map, "idNumber")
            row.notes.append((at, Note("E05_ALREADY_ISSUED", {"number": record.number})))


def row_keys(row: RowReading, column_map: str) -> tuple[str, ...]:
    """Return what identifies a row's certificate: its number, if any, then person and achievement."""
    number = row.value("certNo")
    holder = row.value(_HOLDER.get(column_map, "idNumber"))
    if not holder:
        # A name alone is nobody: two people may share it, so the number has to tell them apart.
        holder = f"name:{row.value('name')}|{number}"
    person = "|".join((f"person:{holder}", *(row.value(key) for key in _ACHIEVEMENT[column_map])))
    return (f"number:{number}", person) if number else (person,)


def _known(
    keys: Sequence[str], known: Mapping[str, IssuedRecord]
) -> tuple[IssuedRecord | None, IssuedRecord | None]:
    *numbers, person = keys
    return next((known[key] for key in numbers if key in known), None), known.get(person)


def _groups(rows: Iterable[RowReading], key: str) -> Iterator[list[RowReading]]:
    groups: dict[str, list[RowReading]] = defaultdict(list)
    for row in rows:
        if row.sound(key):
            groups[row.value(key)].append(row)
    return (group for group in groups.values() if len(group) > 1)


def _others(row: RowReading, group: Sequence[RowReading]) -> str:
    numbers = [str(other.line) for other in islice((other for other in group if other is not row), _NAMED)]
    return "、".join(numbers) + (" …" if len(group) - 1 > _NAMED else "")


def _note_repeats(rows: Sequence[RowReading], key: str, code: str, headers: Mapping[str, str]) -> None:
    for group in _groups(rows, key):
        for row in group:
            params = {"rows": _others(row, group), "column": headers[key]}
            row.notes.append((key, Note(code, params)))


def _note_levels(rows: Sequence[RowReading]) -> None:
    """1+X: the same person and level twice is refused, another level is worth knowing."""
    for group in _groups(rows, "idNumber"):
        for row in group:
            same = [other for other in group if _skill(other) == _skill(row)]
            if len(same) > 1:
                row.notes.append(("idNumber", Note("E05_DUP_PERSON", {"rows": _others(row, same)})))
            else:
                row.notes.append(("idNumber", Note("W09_OTHER_LEVEL", {"rows": _others(row, group)})))


def _skill(row: RowReading) -> tuple[str, str]:
    code = row.value("certCode")
    # IROM-2 and IROM-3 are levels of one standard.
    standard, _, level = code.rpartition("-")
    return (standard if level in {"1", "2", "3"} and standard else code), row.value("level")


def _note_same_person(rows: Sequence[RowReading], column_map: str) -> None:
    """The same person and certificate twice is refused."""
    holder = _HOLDER.get(column_map, "idNumber")
    for group in _groups(rows, holder):
        by_achievement: dict[tuple[str, ...], list[RowReading]] = defaultdict(list)
        for row in group:
            by_achievement[tuple(row.value(key) for key in _IN_FILE[column_map])].append(row)
        for same in by_achievement.values():
            if len(same) > 1:
                for row in same:
                    row.notes.append((holder, Note("E05_DUP_PERSON", {"rows": _others(row, same)})))


def _note_same_names(rows: Sequence[RowReading]) -> None:
    for group in _groups(rows, "name"):
        if len({row.value("idNumber") for row in group if row.value("idNumber")}) > 1:
            for row in group:
                row.notes.append(("name", Note("W02_SAME_NAME", {"rows": _others(row, group)})))
