"""Text files: from bytes to rows of cells.

The encoding is detected, never guessed with losses: a byte order mark decides, then strict UTF-8, then strict
GB18030 (which holds GBK, and every name that GBK cannot write). A GB18030 file with UTF-8 lines in it would
decode to wrong characters without any error, so such lines are looked for and refused.
"""

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence

from issuer.importing.errors import FileRefusedError, FileTooLargeError
from issuer.importing.limits import MAX_COLUMNS, MAX_ROWS
from issuer.importing.model import StructureFinding
from issuer.importing.tables import Table

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DELIMITERS = ",\t;|"
_WIDE = "第%(line)s行超过%(most)s列，请核对文件"
_HEADER_BYTES = 65_536
HeaderScore = Callable[[Sequence[str]], int]
"""Answers how many known columns a row of words names."""

_THREE_BYTE_CHARACTER = re.compile(rb"[\xe3-\xe9][\x80-\xbf]{2}")


def decode(data: bytes) -> tuple[str, str]:
    """Decode a text file.

    Args:
        data: Its bytes.

    Returns:
        The text, and the encoding's name: ``utf-8``, ``utf-8-sig``, ``utf-16`` or ``gb18030``.

    Raises:
        FileRefusedError: No encoding fits every byte; the line is named.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strict(data, encoding), encoding
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        other = error.start
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError as error:
        _refuse_mixed(data)
        # Whichever encoding gets further is the file's own; it ends where the damage is.
        line = data.count(b"\n", 0, max(other, error.start)) + 1
        raise FileRefusedError(
            "第%(line)s行的编码既不是 UTF-8 也不是 GB18030；请用 WPS 或 Excel 另存为 .xlsx 后重试",
            line=line,
        ) from error
    _refuse_mixed(data)
    return text, "gb18030"


def read_text(data: bytes, *, score: HeaderScore) -> Table:
    """Read a delimited text file.

    Args:
        data: Its bytes.
        score: Tells how well a row of words fits a header; it decides on the delimiter.

    Returns:
        The table.

    Raises:
        FileRefusedError: Not text, an unclosed quotation mark, or a NUL character; the line is named.
        FileTooLargeError: Too many rows or columns.
    """
    text, encoding = decode(data)
    _refuse_nul(text)
    delimiter = _delimiter(text, score)
    rows = list(_rows(text, delimiter))
    named = {"gb18030": "GB18030", "utf-16": "UTF-16"}.get(encoding)
    structure = (StructureFinding("S09_ENCODING", named),) if named else ()
    return Table(encoding=encoding, sheet=None, rows=rows, structure=structure, delimiter=delimiter)


def _strict(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        newline = "\n".encode("utf-16-le") if encoding == "utf-16" else b"\n"
        line = data.count(newline, 0, error.start) + 1
        raise FileRefusedError(
            "文件开头标明是 %(encoding)s，但第%(line)s行不是；请重新导出后再试",
            line=line,
            encoding=encoding.upper(),
        ) from error


def _refuse_mixed(data: bytes) -> None:
    """Refuse a file in which some lines can only be UTF-8 and others only GB18030."""
    utf8: list[int] = []
    gb18030: list[int] = []
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.isascii():
            (utf8 if _looks_like_utf8(line) else gb18030).append(number)
    if not utf8 or not gb18030:
        return
    few, name, most = (
        (utf8, "UTF-8", "GB18030") if len(utf8) <= len(gb18030) else (gb18030, "GB18030", "UTF-8")
    )
    raise FileRefusedError(
        "第%(line)s行像是 %(name)s，而其余各行是 %(most)s，名字会变成乱码；请统一编码后重新导出",
        line=few[0],
        name=name,
        most=most,
    )


def _looks_like_utf8(line: bytes) -> bool:
    """Whether a line is UTF-8 with several Han characters, which GB18030 is only by a rare accident."""
    if len(_THREE_BYTE_CHARACTER.findall(line)) < 2:
        return False
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _refuse_nul(text: str) -> None:
    position = text.find("\0")
    if position >= 0:
        line = text.count("\n", 0, position) + 1
        raise FileRefusedError("第%(line)s行含空字符（NUL），文件可能已损坏；请重新导出", line=line)


def _delimiter(text: str, score: HeaderScore) -> str:
    """Choose the delimiter under which some row of the beginning names the most columns."""
    beginning = text[:_HEADER_BYTES].splitlines()[:40]
    return max(_DELIMITERS, key=lambda mark: max((score(line.split(mark)) for line in beginning), default=0))


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    _refuse_wide(text, delimiter)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    count = 0
    try:
        for row in reader:
            count += 1
            if count > MAX_ROWS:
                raise FileTooLargeError("超过%(most)s行，请分成几个文件导入", line=count, most=MAX_ROWS)
            if len(row) > MAX_COLUMNS:
                raise FileTooLargeError(_WIDE, line=count, most=MAX_COLUMNS)
            yield row
    except csv.Error as error:
        raise FileRefusedError(
            "第%(line)s行起的双引号没有正确闭合，或单元格过长；请核对后重新导出",
            line=count + 1,
        ) from error


def _refuse_wide(text: str, delimiter: str) -> None:
    """Refuse a line of very many cells before a list is made of them."""
    if text.count(delimiter) <= MAX_COLUMNS * 10:
        return
    if "\n" not in text:
        text = text.replace("\r", "\n")
    start = 0
    number = 1
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        # Commas inside quotation marks count too: no honest line of a register holds so many.
        if end - start > MAX_COLUMNS and text.count(delimiter, start, end) > MAX_COLUMNS * 10:
            raise FileTooLargeError(_WIDE, line=number, most=MAX_COLUMNS)
        start, number = end + 1, number + 1
