"""Which kind of file it is: by its first bytes, never by its name."""

import re
from collections.abc import Sequence
from functools import partial

from issuer.importing.columns import ColumnMap
from issuer.importing.decoding import read_text
from issuer.importing.errors import FileRefusedError, FileTooLargeError
from issuer.importing.layout import header_score
from issuer.importing.limits import MAX_FILE_BYTES
from issuer.importing.tables import Table

_FOREIGN_FILES = (
    (b"\xd0\xcf\x11\xe0", "这是旧版 .xls 或加了打开密码的工作簿；请另存为 .xlsx（不加密码）后重试"),
    (b"%PDF", "这是 PDF，不是名册；请导入 .xlsx 或 .csv"),
    (b"\x89PNG", "这是图片，不是名册；请导入 .xlsx 或 .csv"),
    (b"\xff\xd8\xff", "这是图片，不是名册；请导入 .xlsx 或 .csv"),
    (b"Rar!", "这是压缩包；请解压后导入里面的 .xlsx 或 .csv"),
    (b"7z\xbc\xaf", "这是压缩包；请解压后导入里面的 .xlsx 或 .csv"),
    (b"\x1f\x8b", "这是压缩包；请解压后导入里面的 .xlsx 或 .csv"),
    (b"SQLite format", "这是数据库文件，不是名册；请导入 .xlsx 或 .csv"),
)
_MARKUP = re.compile(rb"^\s*(?:<\?xml|<!doctype|<html|<table|\{\\rtf)", re.IGNORECASE)
_DBF = re.compile(rb"^[\x03\x30\x31\x43\x83\x8b\xf5][\x00-\xff][\x01-\x0c][\x01-\x1f]")


def read_table(data: bytes, filename: str, maps: Sequence[ColumnMap]) -> Table:
    """Read a file of either kind.

    Args:
        data: Its bytes.
        filename: Its name; it only helps to name a file that cannot be read.
        maps: The column maps whose headers are looked for.

    Returns:
        The table.

    Raises:
        FileTooLargeError: More bytes, rows or columns than one import takes.
        FileRefusedError: The file is no table that can be read safely.
    """
    if len(data) > MAX_FILE_BYTES:
        raise FileTooLargeError(
            "文件超过%(most)s MB，请分成几个文件导入", most=MAX_FILE_BYTES // 1024 // 1024
        )
    if not data.strip(b"\xef\xbb\xbf \t\r\n\0"):
        raise FileRefusedError("文件是空的；请核对是否选对了文件")
    score = partial(header_score, column_maps=maps)
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        # openpyxl takes longer to import than most files take to check: only a workbook pays for it.
        from issuer.importing.workbooks import read_workbook

        return read_workbook(data, score=score)
    for magic, sentence in _FOREIGN_FILES:
        if data.startswith(magic):
            raise FileRefusedError(sentence)
    if _MARKUP.match(data[:512]):
        raise FileRefusedError("这是网页或其他文档，不是名册；请用 WPS 或 Excel 打开后另存为 .xlsx")
    if filename.lower().endswith(".dbf") or (_DBF.match(data) and b"\0" in data[:64]):
        raise FileRefusedError("这是 DBF 文件；请用 WPS 或 Excel 打开后另存为 .xlsx（号码列设为文本）")
    return read_text(data, score=score)
