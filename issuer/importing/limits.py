"""What one import takes. Each limit is checked before the work that it bounds."""

MAX_FILE_BYTES = 10 * 1024 * 1024
"""Size of the file (SECURITY.md: uploads of at most 10 MiB)."""

MAX_ROWS = 20_000
"""Rows under the header, blank ones included."""

MAX_COLUMNS = 200
"""Columns of the widest row."""

MAX_CELL_CHARACTERS = 32_767
"""Characters of one cell: what a workbook's cell can hold."""

MAX_SHEET_ROWS = 1_048_576
"""Rows of a worksheet; formatting that reaches down to the last one is common and harmless."""

MAX_WORKBOOK_ENTRIES = 2_000
"""Entries of the zip archive that a workbook is."""

MAX_WORKBOOK_BYTES = 96 * 1024 * 1024
"""Bytes of all entries after decompression."""

MAX_COMPRESSION_RATIO = 200
"""Decompressed to compressed size of an entry above ``RATIO_FREE_BYTES``."""

RATIO_FREE_BYTES = 1024 * 1024
"""Entries up to this size may compress better: a short sheet of equal rows does."""

MAX_SHEETS = 64
"""Sheets of a workbook."""

HEADER_SEARCH_ROWS = 10
"""Rows that are not blank, among which the header is looked for."""

MIN_HEADER_WORDS = 3
"""Known columns that a row must name to be taken for the header."""
