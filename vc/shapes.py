"""Compiled shapes: the canonical form of a document like many before it, filled in rather than expanded anew.

    document -> outline and leaves -> a shape of that outline: fill in, label, sort
                                   -> none: the general path (``jsonld.canonicalize``)

Credentials of one batch differ in a few strings. The *outline* of a document is everything else: contexts,
names of members, types, lengths of arrays, numbers, true, false and null. Compiling a shape sends a document
of that outline through the general path with a marker in every string, and looks where the markers come
out. A string is *free* when its marker comes out as a whole literal or a whole IRI; its value then decides
nothing else, so it may be filled in. Every other string has to be equal to the one that was compiled.

Why that is the same as the general path: JSON-LD expands a string without a coercion to IRIs to a literal
whatever it says, and an absolute IRI whose scheme is no term to itself; and RDFC-1.0 needs no more than
first-degree hashes where these differ (section 4.4.3, step 4). Where they do not, or where two quads have
become one, the filled quads are canonicalised in full. What is in doubt takes the general path: an outline
that is new, a string that N-Quads cannot hold. A shape is kept only if it gives for the document that it
came from what the general path gives, and one filling in a thousand is done both ways.

Spec: RDFC-1.0, sections 4.4 to 4.6; JSON-LD 1.1 API, sections 5.2, 5.3 and 8.
"""

import hashlib
import itertools
import logging
import re
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vc import jsonld, rdfc
from vc.errors import VcError
from vc.rdfc import Quad

logger = logging.getLogger(__name__)

MOST_SHAPES = 256
MOST_OUTLINES_SEEN = 4096
MOST_LEAVES = 400
MOST_OF_AN_OUTLINE = 4
"""Shapes of one outline that are tried: its fixed strings may differ, and some outlines have no shape."""

RECHECK_EVERY = 1000

# Schemes that no context of ours has as a term, so no such IRI is a compact one. tests/vc hold that.
SCHEMES = ("https", "http", "did", "urn")
_IRI_STARTS = tuple(f"{scheme}:" for scheme in SCHEMES)
_LITERAL_MARKER, _IRI_MARKER = "vocred-leaf-{}-end", "https://leaf-{}.vocred.invalid/end"
_ANY_MARKER = re.compile(r"vocred-leaf-(\d+)-end|https://leaf-(\d+)\.vocred\.invalid/end")
_NO_STRING_DATATYPE = re.compile(r'"\^\^<http://www\.w3\.org/2001/XMLSchema#(?:double|float|decimal)>$')

_OBJECT, _ARRAY, _END, _TEXT, _IRI_TEXT = range(5)
_NAMES_OF_TYPES = frozenset({"type", "@type", "@context"})

Outline = tuple[Any, ...]
Fill = Callable[[Sequence[str]], bytes | None]

_Piece = str | int
"""A constant part of a line, or the number of the value that stands there."""


@dataclass(frozen=True)
class Shape:
    """A compiled shape.

    Attributes:
        fixed: The strings that decide more than their own value, by their place among the leaves.
        fill: Writes the canonical form for the leaves of a document, or None where that is in doubt.
    """

    fixed: tuple[tuple[int, str], ...]
    fill: Fill

    def canonical(self, leaves: Sequence[str]) -> bytes | None:
        """Return the canonical form of a document with this outline and these leaves, or None: ask elsewhere.

        Args:
            leaves: The document's strings in the order of the outline.
        """
        if any(leaves[place] != value for place, value in self.fixed):
            return None
        return self.fill(leaves)


class Shapes:
    """The shapes of one process. Threads may share it: shapes are only added, or all dropped."""

    def __init__(self, *, recheck_every: int = RECHECK_EVERY) -> None:
        """Begin without shapes.

        Args:
            recheck_every: One in so many fillings is compared with the general path.
        """
        self._shapes: dict[Outline, list[Shape]] = {}
        self._seen: dict[int, int] = {}
        self._lock = threading.Lock()
        self._recheck_every = recheck_every
        self._filled = itertools.count(1)
        self.enabled = True
        """Whether shapes are used; a difference from the general path ends it."""

    def canonicalize(
        self,
        document: Mapping[str, Any],
        *,
        algorithm: str = "sha256",
        engine: jsonld.Processor | None = None,
    ) -> bytes:
        """Write a JSON-LD document as canonical N-Quads; see ``jsonld.canonicalize``.

        A shape is compiled when an outline is seen for the second time, so that whoever sends documents that
        are all different costs no more than the general path.
        """
        if engine is not None or algorithm != "sha256" or not self.enabled:
            return jsonld.canonicalize(document, algorithm=algorithm, engine=engine)
        outline, leaves = read(document)
        if len(leaves) > MOST_LEAVES:
            return jsonld.canonicalize(document)
        for shape in self._shapes.get(outline, ()):
            canonical = shape.canonical(leaves)
            if canonical is not None:
                return self._rechecked(document, canonical)
        canonical = jsonld.canonicalize(document)
        if 1 < self._sightings(outline) <= 1 + MOST_OF_AN_OUTLINE:
            self._compile(document, outline, leaves, canonical)
        return canonical

    def _sightings(self, outline: Outline) -> int:
        """Count how often an outline came here without a shape that fits."""
        name = hash(outline)
        with self._lock:
            if len(self._seen) >= MOST_OUTLINES_SEEN:
                self._seen.clear()
            self._seen[name] = seen = self._seen.get(name, 0) + 1
        return seen

    def _compile(
        self, document: Mapping[str, Any], outline: Outline, leaves: Sequence[str], canonical: bytes
    ) -> None:
        shape = compile_shape(document, leaves)
        if shape is None or shape.canonical(leaves) != canonical:
            return
        with self._lock:
            if sum(map(len, self._shapes.values())) >= MOST_SHAPES:
                self._shapes.clear()
            self._shapes.setdefault(outline, []).insert(0, shape)

    def _rechecked(self, document: Mapping[str, Any], canonical: bytes) -> bytes:
        if next(self._filled) % self._recheck_every:
            return canonical
        general = jsonld.canonicalize(document)
        if general != canonical:
            # Never seen; if it ever is, this process goes on without shapes.
            self.enabled = False
            logger.error("a compiled shape differs from the general path: shapes are off")
        return general


def read(document: Mapping[str, Any]) -> tuple[Outline, list[str]]:
    """Split a document into its outline and its leaves.

    Returns:
        The outline, equal for documents that differ in their leaves alone; and the leaves, in its order.
    """
    outline: list[Any] = []
    leaves: list[str] = []
    _read(document, outline, leaves)
    return tuple(outline), leaves


def compile_shape(document: Mapping[str, Any], leaves: Sequence[str]) -> Shape | None:
    """Find out where a document's strings come out in its quads.

    Args:
        document: A document that the general path accepts.
        leaves: Its leaves.

    Returns:
        The shape, not compared with anything yet; None where this document has none.
    """
    if any(_ANY_MARKER.search(leaf) for leaf in leaves):
        return None
    free: Collection[int] = _accepted(document, leaves, range(len(leaves)))
    quads = _quads(document, leaves, free)
    while quads is not None:
        whole = {place for place in free if _lands_whole(quads, _marker(leaves, place))}
        if len(whole) == len(free):
            fixed = tuple((place, leaf) for place, leaf in enumerate(leaves) if place not in whole)
            iris = {place for place in whole if _is_iri(quads, _marker(leaves, place))}
            return Shape(fixed, _Filling(quads, leaves, whole, iris).fill)
        free, quads = whole, _quads(document, leaves, whole)
    return None


def _read(value: Any, outline: list[Any], leaves: list[str]) -> None:
    if type(value) is str:
        outline.append(_IRI_TEXT if value.startswith(_IRI_STARTS) else _TEXT)
        leaves.append(value)
    elif isinstance(value, dict):
        outline.append(_OBJECT)
        for name, member in value.items():
            outline.append(name)
            if name in _NAMES_OF_TYPES or name[:1] == "@":
                outline.append(_frozen(member))
            else:
                _read(member, outline, leaves)
        outline.append(_END)
    elif isinstance(value, list):
        outline.append(_ARRAY)
        for item in value:
            _read(item, outline, leaves)
        outline.append(_END)
    else:
        outline.append(_frozen(value))


def _frozen(value: Any) -> Outline:
    """Return a value as something that is equal only to itself: 1, 1.0 and true are equal in Python."""
    if isinstance(value, dict):
        return (_OBJECT, *((name, _frozen(member)) for name, member in value.items()))
    if isinstance(value, list):
        return (_ARRAY, *map(_frozen, value))
    return (type(value), value)


def _with_leaves(value: Any, leaves: Iterator[str]) -> Any:
    """Return a copy of a value whose leaves are replaced, in the order in which ``read`` finds them."""
    if type(value) is str:
        return next(leaves)
    if isinstance(value, Mapping):
        return {
            name: member if name in _NAMES_OF_TYPES or name[:1] == "@" else _with_leaves(member, leaves)
            for name, member in value.items()
        }
    if isinstance(value, list):
        return [_with_leaves(item, leaves) for item in value]
    return value


# --- compiling ------------------------------------------------------------------------------------


def _marker(leaves: Sequence[str], place: int) -> str:
    return (_IRI_MARKER if leaves[place].startswith(_IRI_STARTS) else _LITERAL_MARKER).format(place)


def _quads(document: Mapping[str, Any], leaves: Sequence[str], free: Collection[int]) -> list[Quad] | None:
    """Send the document through the general path with markers in some leaves; None where it is refused."""
    marked = [_marker(leaves, place) if place in free else leaf for place, leaf in enumerate(leaves)]
    try:
        return list(dict.fromkeys(jsonld.quads(_with_leaves(document, iter(marked)))))
    except VcError:
        return None


def _accepted(document: Mapping[str, Any], leaves: Sequence[str], places: Sequence[int]) -> set[int]:
    """Find the leaves in which markers are accepted, by halves: few are not, such as names of purposes."""
    if not places or _quads(document, leaves, places) is not None:
        return set(places)
    if len(places) == 1:
        return set()
    middle = len(places) // 2
    halves = places[:middle], places[middle:]
    return set().union(*(_accepted(document, leaves, half) for half in halves))


def _lands_whole(quads: Sequence[Quad], marker: str) -> bool:
    """Return whether a marker comes out, and everywhere as one whole literal or one whole IRI."""
    terms = [term for quad in quads for term in quad if marker in term]
    return bool(terms) and (
        all(term == f"<{marker}>" for term in terms)
        or all(term.startswith(f'"{marker}"') and not _NO_STRING_DATATYPE.search(term) for term in terms)
    )


def _is_iri(quads: Sequence[Quad], marker: str) -> bool:
    return any(term == f"<{marker}>" for quad in quads for term in quad)


class _Filling:
    """The lines of a shape as two texts with places: one to hash the blank nodes, one to write them all."""

    def __init__(
        self, quads: Sequence[Quad], leaves: Sequence[str], free: Collection[int], iris: Collection[int]
    ) -> None:
        self._values = [(place, rdfc.iri if place in iris else rdfc.escape) for place in sorted(free)]
        slots = {_marker(leaves, place): slot for slot, (place, _) in enumerate(self._values)}
        nodes = list(dict.fromkeys(term for quad in quads for term in quad if term[:2] == "_:"))
        labels: dict[str, _Piece] = {node: len(self._values) + place for place, node in enumerate(nodes)}
        self._nodes = nodes
        self._to_write = _Text(itertools.chain(*(_line(quad, labels, slots) for quad in quads)))
        self._to_hash = [_Text(_mentions(quads, node, nodes, slots)) for node in nodes]
        self._quads = [tuple(_Text(_term(term, labels, slots)) for term in quad) for quad in quads]

    def fill(self, leaves: Sequence[str]) -> bytes | None:
        """Write the canonical form, or return None where only the general path can tell."""
        try:
            values = [write(leaves[place]) for place, write in self._values]
        except VcError:
            return None
        hashes = [_first_degree_hash(text.filled(values)) for text in self._to_hash]
        ranks = {digest: rank for rank, digest in enumerate(sorted(hashes))}
        lines = self._to_write.filled([*values, *(f"_:c14n{ranks[digest]}" for digest in hashes)]).split("\n")
        if len(ranks) < len(hashes) or len(set(lines)) < len(lines):
            return self._with_care(values)
        return "\n".join([*sorted(lines[:-1]), ""]).encode("utf-8")

    def _with_care(self, values: Sequence[str]) -> bytes:
        """Canonicalise the filled quads: alike nodes need more than one hash, and equal quads count once."""
        named = [*values, *self._nodes]
        quads = [
            (s.filled(named), p.filled(named), o.filled(named), g.filled(named)) for s, p, o, g in self._quads
        ]
        return rdfc.canonicalize(quads).encode("utf-8")


class _Text:
    """A text with places for values."""

    def __init__(self, pieces: Iterable[_Piece]) -> None:
        listed = list(pieces)
        self._text = "".join("%s" if isinstance(piece, int) else piece.replace("%", "%%") for piece in listed)
        self._places = [piece for piece in listed if isinstance(piece, int)]

    def filled(self, values: Sequence[str]) -> str:
        return self._text % tuple([values[place] for place in self._places])


def _mentions(
    quads: Sequence[Quad], node: str, nodes: Sequence[str], slots: Mapping[str, int]
) -> Iterator[_Piece]:
    """Write the quads that mention a node, it being ``_:a`` and the others ``_:z`` (section 4.6.3)."""
    labels: dict[str, _Piece] = {other: "_:a" if other == node else "_:z" for other in nodes}
    for quad in quads:
        if node in quad:
            yield from _line(quad, labels, slots)


def _line(quad: Quad, labels: Mapping[str, _Piece], slots: Mapping[str, int]) -> Iterator[_Piece]:
    for term in quad:
        if term:
            yield from _term(term, labels, slots)
            yield " "
    yield ".\n"


def _term(term: str, labels: Mapping[str, _Piece], slots: Mapping[str, int]) -> Iterator[_Piece]:
    found = _ANY_MARKER.search(term)
    if term in labels:
        yield labels[term]
    elif found is None or found[0] not in slots:
        yield term
    elif term[0] == "<":
        yield slots[found[0]]
    else:
        yield from ('"', slots[found[0]], term[found.end() :])


def _first_degree_hash(text: str) -> str:
    lines = sorted(f"{line}\n" for line in text.split("\n")[:-1])
    return hashlib.sha256("".join(lines).encode("utf-8")).hexdigest()
