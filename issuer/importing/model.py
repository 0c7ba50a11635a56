"""The values that importing takes and returns; all of them are frozen.

``check`` (see ``issuer.importing.checking``) returns one ``ImportCheck``. A row's ``values`` are the
normalised cells by the keys of ``column_map.json``: dates are ``YYYY-MM-DD``, every column of the map is
present, and an empty string means that nothing was given. ``record`` adds ``type`` and ``map``, which is
what ``schemas.catalogue`` builds credentials from.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from crypto import jcs


class Severity(StrEnum):
    """What a finding means for its row."""

    AUTOFIX = "autofix"  # the form was mended, and the difference is shown
    INFO = "info"  # worth knowing, nothing to do
    WARN = "warn"  # the row waits for a click
    ERROR = "error"  # the row is refused
    SKIP = "skip"  # nothing is issued for the row, and nothing is wrong with it


class Pile(StrEnum):
    """Where a row ends up."""

    READY = "ready"
    CONFIRM = "confirm"
    REFUSED = "refused"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class ImportInstitution:
    """The body whose certificates the file lists.

    Attributes:
        name: Its name in Chinese, as the register has it.
        code: Five-digit code of a college; None where there is none to compare with.
        variants: Other spellings of its name that its files may use.
        majors: Major names by major code that it adds to the known pairs.
        did: Its DID, where it is known: it cannot be its own co-signer.
    """

    name: str
    code: str | None = None
    variants: tuple[str, ...] = ()
    majors: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    did: str | None = None


@dataclass(frozen=True)
class IssuedRecord:
    """A record that the institution already has, as ``issued`` answers it.

    Attributes:
        record_id: Its id.
        number: Its certificate number.
        content_digest: ``CheckedRow.content_digest`` of the row from which it was made.
        state: ``issued``, ``pending`` (in a batch that waits for its second officer) or ``revoked``.
    """

    record_id: str
    number: str
    content_digest: bytes
    state: str = "issued"


IssuedLookup = Callable[[Collection[str]], Mapping[str, IssuedRecord]]
"""Answers which of the given row keys (``CheckedRow.keys``) are known, and as what. Called once a file."""


@dataclass(frozen=True)
class Finding:
    """One thing found in one cell.

    Attributes:
        line: Row of the file, counted from 1: header line + data row (cells may hold line breaks).
        data_row: Row under the header, counted from 1.
        column: Header as ``column_map.json`` has it; ``*`` for the whole row.
        code: ``A01_FULLWIDTH`` and so on; the first three characters are the design's.
        severity: What it means for the row.
        raw: The cell as it arrived; None for the whole row.
        fixed: The value that is taken instead; None if nothing was mended.
        message: A Chinese sentence: what it is and what to do.
        params: What the sentence names; with ``codes.CODES[code].text`` it can be said in another language.
    """

    line: int
    data_row: int
    column: str
    code: str
    severity: Severity
    raw: str | None
    fixed: str | None
    message: str
    params: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class StructureFinding:
    """One thing found about the file as a whole (``S01`` … ``S09``)."""

    code: str
    detail: str | Mapping[str, str]


@dataclass(frozen=True)
class CellChange:
    """A cell whose value differs from what arrived."""

    key: str
    column: str
    raw: str
    value: str


@dataclass(frozen=True)
class CheckedRow:
    """One data row after every check.

    Attributes:
        line: Row of the file, counted from 1.
        data_row: Row under the header, counted from 1.
        pile: Where it ends up.
        values: Normalised cells by column key.
        raw: The cells as they arrived, by column key, only for columns that the file has.
        findings: Everything found in it.
        changes: The cells whose value was mended.
        keys: What identifies the certificate, for ``issued``: ``number:<certificate number>`` where
            there is one, and ``person:<document>|<what was achieved>``.
        content_digest: SHA-256 of the JCS form of the values that enter the credential.
        record_id: The record that this row already has, if ``issued`` knew it.
    """

    line: int
    data_row: int
    pile: Pile
    values: Mapping[str, str]
    raw: Mapping[str, str]
    findings: tuple[Finding, ...]
    changes: tuple[CellChange, ...]
    keys: tuple[str, ...]
    content_digest: bytes
    record_id: str | None = None

    @property
    def number(self) -> str:
        """The certificate number; empty where the institution's pattern fills it at approval (W08)."""
        return self.values.get("certNo", "")

    @property
    def person_key(self) -> str:
        """The key of person and achievement, the last of ``keys``."""
        return self.keys[-1]


@dataclass(frozen=True)
class Counts:
    """How many data rows there are in each pile; they add up to ``rows``."""

    rows: int
    ready: int
    confirm: int
    refused: int
    skipped: int

    @property
    def issuable(self) -> int:
        """Rows that can be issued once the confirm rows are confirmed."""
        return self.ready + self.confirm


@dataclass(frozen=True)
class Mapped:
    """One column of the file and the column of the map that it was taken for."""

    position: int
    header: str
    column: str | None
    key: str | None


@dataclass(frozen=True)
class ImportCheck:
    """What a file holds, and what is to be done about each row.

    Attributes:
        filename: The file's name as given; for display only, escape it.
        source_digest: SHA-256 of the file's bytes.
        credential_type: The type that its rows become.
        column_map: Name of the column map, chosen by the header words where a type has several.
        encoding: ``utf-8``, ``utf-8-sig``, ``utf-16`` or ``gb18030``; ``xlsx`` for a workbook.
        sheet: Name of the sheet that was read, for a workbook.
        header_line: Row of the header, counted from 1.
        columns: How each column of the file was understood.
        structure: What was found about the file as a whole.
        rows: Every data row, in order.
        compared: Whether ``issued`` was asked.
    """

    filename: str
    source_digest: bytes
    credential_type: str
    column_map: str
    encoding: str
    sheet: str | None
    header_line: int
    columns: tuple[Mapped, ...]
    structure: tuple[StructureFinding, ...]
    rows: tuple[CheckedRow, ...]
    compared: bool

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of all rows, in order."""
        return tuple(finding for row in self.rows for finding in row.findings)

    @property
    def counts(self) -> Counts:
        """The size of each pile."""
        piles = [row.pile for row in self.rows]
        return Counts(
            rows=len(piles),
            ready=piles.count(Pile.READY),
            confirm=piles.count(Pile.CONFIRM),
            refused=piles.count(Pile.REFUSED),
            skipped=piles.count(Pile.SKIPPED),
        )

    def pile(self, pile: Pile) -> tuple[CheckedRow, ...]:
        """Return the rows of one pile, in order."""
        return tuple(row for row in self.rows if row.pile is pile)

    def record(self, row: CheckedRow) -> dict[str, str]:
        """Return the certificate record of a row, as ``schemas.catalogue`` takes it.

        Args:
            row: A row of this check.

        Returns:
            Its values with ``type`` and ``map``.
        """
        return {**row.values, "type": self.credential_type, "map": self.column_map}


def content_digest(values: Mapping[str, Any]) -> bytes:
    """Digest the values that enter a credential, to tell a changed row from a repeated one.

    Args:
        values: The values by column key.

    Returns:
        SHA-256 of their JCS form, 32 bytes.
    """
    return hashlib.sha256(jcs.canonicalize(dict(values))).digest()
