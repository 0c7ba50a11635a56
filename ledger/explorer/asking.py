"""What the explorer's pages and routes take from an address, and refuse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import current_app, request

from ledger.counts import read_month
from ledger.errors import MerkleError
from ledger.explorer.index import Index
from ledger.explorer.kept import KeptCounts
from web.errors import BadRequestError, NotFoundError, ParameterPollutionError

INDEX = "ledger_explorer_index"
COUNTS = "ledger_explorer_counts"
MAX_DIGITS = 15


def index() -> Index:
    """Return the current application's counters."""
    found: Index = current_app.extensions[INDEX]
    return found


def kept() -> KeptCounts:
    """Return the counts that the current application keeps."""
    found: KeptCounts = current_app.extensions[COUNTS]
    return found


def text(name: str) -> str | None:
    """Return what an address gives for a name, or None.

    Raises:
        ParameterPollutionError: It gives the name twice.
    """
    values = request.args.getlist(name)
    if len(values) > 1:
        raise ParameterPollutionError(f"{name} is given twice")
    return values[0].strip() or None if values else None


def number(name: str) -> int | None:
    """Return the whole number that an address gives for a name, or None.

    Raises:
        BadRequestError: It is no number.
    """
    given = text(name)
    if given is None:
        return None
    if not given.isascii() or not given.isdigit() or len(given) > MAX_DIGITS:
        raise BadRequestError(f"{name} is a whole number")
    return int(given)


def month(name: str) -> str | None:
    """Return the month that an address gives for a name, or None.

    Raises:
        CountsError: It is none.
    """
    given = text(name)
    return None if given is None else read_month(given)


@contextmanager
def found() -> Iterator[None]:
    """Turn a question about something that the log does not have into 404."""
    try:
        yield
    except MerkleError as error:
        raise NotFoundError(str(error)) from error
