"""What can be wrong with a whole file. Single rows never raise: they carry findings.

ImportingError
├── FileRefusedError          not a table that can be read safely, or not one of this type
│   ├── FileTooLargeError     more bytes, rows or columns than an import takes
│   └── ColumnsMissingError   readable, but required columns are absent
"""


class ImportingError(Exception):
    """Base of the errors of importing.

    Attributes:
        code: Code of the problem, from the registry of codes.
        type: Problem type URL.
        title: The sentence that does not change.
    """

    code = "FILE_REJECTED"
    type = "https://w3id.org/vocred/problems#FILE_REJECTED"
    title = "The file could not be imported"


class FileRefusedError(ImportingError):
    """The file as a whole was refused; the detail says why and what to do.

    Args:
        sentence: For the registrar, in Chinese: reason and cure, with named places. It is also a message id.
        line: Line (row) of the file that shows the problem, counted from 1, where one does.
        column: Header of the column, where one does.
        **params: What stands in the sentence's places; ``line`` may stand there too.
    """

    def __init__(
        self, sentence: str, *, line: int | None = None, column: str | None = None, **params: object
    ) -> None:
        self.sentence = sentence
        self.params = {**params, "line": line}
        super().__init__(sentence % self.params)
        self.line = line
        self.column = column


class FileTooLargeError(FileRefusedError):
    """The file is larger than one import takes."""

    code = "PAYLOAD_TOO_LARGE"
    type = "https://w3id.org/vocred/problems#PAYLOAD_TOO_LARGE"
    title = "The file is too large"


class ColumnsMissingError(FileRefusedError):
    """Required columns are not in the file.

    Args:
        missing: Headers of the absent columns.
    """

    title = "Required columns are missing"

    def __init__(self, *, missing: tuple[str, ...]) -> None:
        super().__init__(
            "缺少必需的列：%(columns)s；请补上这些列（也可用别名），或核对所选的证书类型",
            columns="、".join(missing),
        )
        self.missing = missing
