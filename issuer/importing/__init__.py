"""A registrar's file becomes checked rows.

    check(data, filename=…, credential_type=…, institution=…, today=…, issued=…) -> ImportCheck
    problem_file(check, data) -> the refused rows as the same kind of file, with what is wrong
    to_json(check) -> counts and findings for the command line

Bytes in, a frozen value out: no database, no clock, no request. In order: ``decoding`` and ``workbooks`` turn
bytes into rows of cells, ``layout`` finds the header and leaves out titles and totals, ``cells`` mends the
form of each value and says so, ``rules`` compares the cells of a row, ``duplicates`` compares rows with one
another and with what was issued before. What a finding's code means is in ``codes``.

Only the form of names, document numbers and certificate numbers is ever mended, never their content.
"""

from issuer.importing.checking import check, display_name
from issuer.importing.codes import CODES
from issuer.importing.errors import ColumnsMissingError, FileRefusedError, FileTooLargeError, ImportingError
from issuer.importing.model import (
    CellChange,
    CheckedRow,
    Counts,
    Finding,
    ImportCheck,
    ImportInstitution,
    IssuedLookup,
    IssuedRecord,
    Mapped,
    Pile,
    Severity,
    StructureFinding,
)
from issuer.importing.output import PROBLEM_HEADER, problem_file, problem_text, to_json

__all__ = [
    "CODES",
    "PROBLEM_HEADER",
    "CellChange",
    "CheckedRow",
    "ColumnsMissingError",
    "Counts",
    "FileRefusedError",
    "FileTooLargeError",
    "Finding",
    "ImportCheck",
    "ImportInstitution",
    "ImportingError",
    "IssuedLookup",
    "IssuedRecord",
    "Mapped",
    "Pile",
    "Severity",
    "StructureFinding",
    "check",
    "display_name",
    "problem_file",
    "problem_text",
    "to_json",
]
