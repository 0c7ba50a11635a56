"""How a check inside an evaluation says no."""

from typing import Any


class Refused(Exception):
    """The certificate is not accepted, or a rule grants nothing; caught where results are made.

    No error of the caller's and none of the document's: an evaluation ends in results, and this is on the
    way to one of them.

    Attributes:
        reason: Code of the reason.
        sentence: Which sentence says so; mostly the reason's own.
        values: What is put into it.
    """

    def __init__(self, reason: str, *, sentence: str | None = None, **values: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sentence = sentence or reason
        self.values = values
