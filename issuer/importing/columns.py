"""The column maps, and how the words of a header find their column.

Headers are compared without spaces, required marks and differences of width, brackets or case; the file's
own words are shown wherever a column is named differently from the map.
"""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from schemas.catalogue import CATALOGUE

_DECORATION = re.compile(r"[\s*:#]+|\((?:必填|选填|必须|可选)\)|【[^】]*】")


@dataclass(frozen=True)
class Column:
    """One column of a map.

    Attributes:
        key: Its key.
        header: Its header as findings name it.
        aliases: Other headers that mean it.
        required: Whether the file must have it and every row must fill it.
        normalise: Names of the normalisers, in order.
        issued: Whether its value enters the credential.
    """

    key: str
    header: str
    aliases: tuple[str, ...]
    required: bool
    normalise: tuple[str, ...]
    issued: bool


@dataclass(frozen=True)
class ColumnWords:
    """How a column is explained to who fills it in.

    Attributes:
        english: Its header in English.
        help: What belongs into it, by ``zh-CN`` and ``en``.
    """

    english: str
    help: Mapping[str, str]


@dataclass(frozen=True)
class ColumnMap:
    """The columns of one kind of file.

    Attributes:
        name: Name of the map in ``column_map.json``.
        columns: Its columns, in order.
    """

    name: str
    columns: tuple[Column, ...]

    def column(self, key: str) -> Column | None:
        """Return the column of a key; None if this map has no such column."""
        return next((column for column in self.columns if column.key == key), None)

    @property
    def words(self) -> Mapping[str, tuple[Column, bool]]:
        """Every comparable header with its column, and whether it is the column's own header."""
        return _words(self.name)


@dataclass(frozen=True)
class HeaderMatch:
    """How a row of words fits a map.

    Attributes:
        column_map: The map.
        columns: For each cell, the column that it stands for, or None.
        ambiguous: Headers that more than one cell stands for equally well.
    """

    column_map: ColumnMap
    columns: tuple[Column | None, ...]
    ambiguous: tuple[str, ...]

    @property
    def score(self) -> int:
        """How many different columns were found."""
        return len({column.key for column in self.columns if column})

    @property
    def missing(self) -> tuple[Column, ...]:
        """The required columns that were not found."""
        found = {column.key for column in self.columns if column}
        return tuple(c for c in self.column_map.columns if c.required and c.key not in found)


@cache
def column_map(name: str) -> ColumnMap:
    """Return a map by its name.

    Raises:
        KeyError: There is no such map.
    """
    return ColumnMap(name, tuple(_column(entry) for entry in _read("column_map.json")[name]))


def column_words(column_map: str, key: str) -> ColumnWords:
    """Return how a column of a map is explained.

    Raises:
        KeyError: There is no such column.
    """
    document = _read("column_words.json")
    words = document[column_map].get(key) if column_map in document else None
    entry = words or document["*"][key]
    return ColumnWords(entry["en"], {"zh-CN": entry["zhHelp"], "en": entry["enHelp"]})


def maps_of(credential_type: str) -> tuple[ColumnMap, ...]:
    """Return the maps of a credential type.

    Raises:
        KeyError: The type is not imported from files.
    """
    return tuple(column_map(name) for name in CATALOGUE[credential_type].column_maps)


def comparable(header: str) -> str:
    """Return a header without what makes no difference."""
    folded = unicodedata.normalize("NFKC", header).translate({0xFEFF: None, 0x200B: None})
    return _DECORATION.sub("", folded.casefold())


def match_header(cells: Sequence[str], column_map: ColumnMap) -> HeaderMatch:
    """Find the column of each cell of a header row.

    A column's own header goes before its aliases; of two cells that fit a column equally well none is
    preferred: they are reported as ambiguous, since reading the wrong one could issue a wrong certificate.

    Args:
        cells: The cells of the row.
        column_map: The map to try.

    Returns:
        What fits.
    """
    words = column_map.words
    hits = [words.get(comparable(cell)) for cell in cells]
    own = {hit[0].key for hit in hits if hit and hit[1]}
    taken: set[str] = set()
    found: list[Column | None] = []
    ambiguous: list[str] = []
    for hit in hits:
        column, is_own = hit if hit else (None, False)
        if column is None or (column.key in own and not is_own):
            found.append(None)
        elif column.key in taken:
            ambiguous.append(column.header)
            found.append(None)
        else:
            taken.add(column.key)
            found.append(column)
    return HeaderMatch(column_map, tuple(found), tuple(dict.fromkeys(ambiguous)))


@cache
def _read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        resources.files("issuer.importing").joinpath(name).read_text("utf-8")
    )
    return document


@cache
def _words(name: str) -> Mapping[str, tuple[Column, bool]]:
    words: dict[str, tuple[Column, bool]] = {}
    columns = column_map(name).columns
    for column in columns:
        for alias in column.aliases:
            words.setdefault(comparable(alias), (column, False))
    words.update({comparable(column.header): (column, True) for column in columns})
    return MappingProxyType(words)


def _column(entry: dict[str, object]) -> Column:
    path = entry["vcPath"]
    return Column(
        key=str(entry["key"]),
        header=str(entry["header"]),
        aliases=tuple(map(str, _list(entry["aliases"]))),
        required=bool(entry["required"]),
        normalise=tuple(map(str, _list(entry["normalise"]))),
        issued=isinstance(path, str) and not path.startswith("("),
    )


def _list(value: object) -> list[object]:
    assert isinstance(value, list)
    return value
