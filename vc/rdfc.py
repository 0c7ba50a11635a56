"""RDFC-1.0: one canonical text for one RDF dataset, with a budget of work.

    quads -> first-degree hash of every blank node -> n-degree hashes where those are equal -> labels
          -> sorted canonical N-Quads

PyLD has the algorithm's predecessor, and no released library refuses a dataset that was made to be costly;
hence this module. A quad is a tuple of four terms in N-Quads syntax (``<iri>``, ``_:label``, ``"literal"…``;
the graph is "" for the default one), so that most of the work is joining strings. ``iri`` and ``literal``
make such terms and refuse what N-Quads cannot hold: without that, a language tag or an IRI could smuggle a
line into the text that is signed.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from vc import limits
from vc.errors import CanonicalizationLimitError, LossyDocumentError

Quad = tuple[str, str, str, str]

MAX_CHAIN = 100
"""Longest chain of blank nodes that is followed, well within the interpreter's stack."""

XSD_STRING = "http://www.w3.org/2001/XMLSchema#string"

# RFC 3987 by way of the N-Quads grammar: a scheme, then no space, control or delimiter. Used with fullmatch:
# a dollar sign would let a final line end through.
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\x00-\x20<>\"{}|^`\\\x7f-\x9f\ud800-\udfff\ufffe\uffff]*")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")
_TO_ESCAPE = re.compile('[\x00-\x1f"\\\\\x7f]')
_UNREPRESENTABLE = re.compile("[\ud800-\udfff\ufffe\uffff]")
_SPECIAL = re.compile(f"{_TO_ESCAPE.pattern}|{_UNREPRESENTABLE.pattern}")
_ESCAPES = {character: f"\\u{ord(character):04X}" for character in map(chr, (*range(0x20), 0x7F))} | {
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\f": "\\f",
    "\r": "\\r",
    '"': '\\"',
    "\\": "\\\\",
}


def iri(value: str) -> str:
    """Write an absolute IRI as an N-Quads term.

    Raises:
        LossyDocumentError: Relative, or with a character that N-Quads has no place for.
    """
    if not _IRI.fullmatch(value):
        raise LossyDocumentError("an identifier is not an absolute IRI")
    return f"<{value}>"


def literal(value: str, *, datatype: str = XSD_STRING, language: str | None = None) -> str:
    """Write a literal as an N-Quads term.

    Args:
        value: The lexical form.
        datatype: An absolute IRI.
        language: A BCP 47 tag; the datatype is then left out.

    Raises:
        LossyDocumentError: A malformed tag, or a character that implementations write differently.

    Spec: RDFC-1.0, section 5; RDF 1.1 N-Quads, canonical form.
    """
    text = f'"{escape(value)}"'
    if language is not None:
        if not _LANGUAGE.fullmatch(language):
            raise LossyDocumentError("a language tag is malformed")
        return f"{text}@{language}"
    return text if datatype == XSD_STRING else f"{text}^^{iri(datatype)}"


def escape(value: str) -> str:
    """Write what stands between the quotation marks of a literal.

    Raises:
        LossyDocumentError: A character that implementations write differently.

    Spec: RDFC-1.0, section 5.
    """
    if not _SPECIAL.search(value):
        return value
    if _UNREPRESENTABLE.search(value):
        raise LossyDocumentError("a string holds a character that has no canonical form")
    return _TO_ESCAPE.sub(lambda match: _ESCAPES[match[0]], value)


def canonicalize(
    quads: Iterable[Quad],
    *,
    algorithm: str = "sha256",
    max_quads: int = limits.QUADS,
    max_steps: int = limits.CANONICALIZATION_STEPS,
) -> str:
    """Write a dataset in its canonical form.

    Args:
        quads: Terms in N-Quads syntax, with any labels for blank nodes; repeated quads count once.
        algorithm: The hash, "sha256" or "sha384".
        max_quads: Largest dataset.
        max_steps: Most statements and paths looked at to tell blank nodes apart.

    Returns:
        Sorted N-Quads, each with its line end.

    Raises:
        CanonicalizationLimitError: Larger or costlier than that.

    Spec: RDFC-1.0, section 4.4.3.
    """
    return _Canonicalizer(_distinct(quads, max_quads), algorithm, max_steps).text()


def canonical_labels(quads: Iterable[Quad], *, algorithm: str = "sha256") -> dict[str, str]:
    """Return the canonical label (``c14n0``…) of each blank node (``_:…``) of a dataset.

    Raises:
        CanonicalizationLimitError: See ``canonicalize``.
    """
    canonicalizer = _Canonicalizer(_distinct(quads, limits.QUADS), algorithm, limits.CANONICALIZATION_STEPS)
    canonicalizer.text()
    return {node: label.removeprefix("_:") for node, label in canonicalizer.canonical.issued.items()}


def _distinct(quads: Iterable[Quad], max_quads: int) -> list[Quad]:
    distinct = list(dict.fromkeys(quads))
    if len(distinct) > max_quads:
        raise CanonicalizationLimitError(f"a document may have {max_quads} statements")
    return distinct


@dataclass
class _Issuer:
    """Labels in the order in which they were asked for (section 4.5)."""

    prefix: str
    issued: dict[str, str] = field(default_factory=dict)

    def label(self, node: str) -> str:
        return self.issued.setdefault(node, f"{self.prefix}{len(self.issued)}")

    def copy(self) -> "_Issuer":
        return _Issuer(self.prefix, dict(self.issued))


class _Canonicalizer:
    """The canonicalisation state of one dataset (section 4.3), and the work that is left."""

    def __init__(self, quads: Sequence[Quad], algorithm: str, max_steps: int) -> None:
        self.quads = quads
        self.algorithm = algorithm
        self.steps_left = max_steps
        self.canonical = _Issuer("_:c14n")
        self.mentions: dict[str, list[Quad]] = {}
        for quad in quads:
            # A predicate is never blank; a set, so that a quad counts once for a node that it mentions twice.
            for term in {quad[0], quad[2], quad[3]}:
                if term[:2] == "_:":
                    self.mentions.setdefault(term, []).append(quad)
        self.first_degree: dict[str, str] = {}

    def text(self) -> str:
        """Label the blank nodes and write the quads."""
        self._label()
        issued = self.canonical.issued
        return "".join(sorted(_line(*(issued.get(term, term) for term in quad)) for quad in self.quads))

    def _label(self) -> None:
        by_hash: dict[str, list[str]] = {}
        for node in self.mentions:  # step 3
            self.first_degree[node] = digest = self._hash_first_degree(node)
            by_hash.setdefault(digest, []).append(node)
        shared = []
        for _, nodes in sorted(by_hash.items()):  # step 4
            if len(nodes) == 1:
                self.canonical.label(nodes[0])
            else:
                shared.append(nodes)
        for nodes in shared:  # step 5
            self._label_alike(nodes)

    def _label_alike(self, nodes: list[str]) -> None:
        """Label blank nodes whose first-degree hashes are equal (steps 5.1 to 5.3)."""
        paths = []
        for node in nodes:
            if node not in self.canonical.issued:
                issuer = _Issuer("_:b")
                issuer.label(node)
                paths.append(self._hash_n_degree(node, issuer, MAX_CHAIN))
        for _, issuer in sorted(paths, key=lambda path: path[0]):
            for node in issuer.issued:
                self.canonical.label(node)

    def _hash_first_degree(self, node: str) -> str:
        """Hash the quads that mention a node, it being ``_:a`` and the others ``_:z`` (section 4.6.3)."""
        lines = [
            _line(*(("_:a" if term == node else "_:z") if term[:2] == "_:" else term for term in quad))
            for quad in self.mentions[node]
        ]
        return self._hash("".join(sorted(lines)))

    def _hash_related(self, related: str, quad: Quad, issuer: _Issuer, position: str) -> str:
        """Hash a blank node by its place beside another (section 4.7.3)."""
        label = self.canonical.issued.get(related) or issuer.issued.get(related)
        predicate = "" if position == "g" else quad[1]
        return self._hash(position + predicate + (label or self.first_degree[related]))

    def _hash_n_degree(self, node: str, issuer: _Issuer, depth: int) -> tuple[str, _Issuer]:
        """Hash a node by everything that can be reached from it (section 4.8.3)."""
        if depth == 0:
            raise CanonicalizationLimitError("the document's blank nodes form too long a chain")
        related: dict[str, list[str]] = {}
        for quad in self.mentions[node]:  # step 3
            self._spend(1)
            for term, position in ((quad[0], "s"), (quad[2], "o"), (quad[3], "g")):
                if term.startswith("_:") and term != node:
                    digest = self._hash_related(term, quad, issuer, position)
                    related.setdefault(digest, []).append(term)
        data = []
        for digest, nodes in sorted(related.items()):  # step 5
            path, issuer = self._best_path(nodes, issuer, depth)
            data.append(digest + path)
        return self._hash("".join(data)), issuer

    def _best_path(self, nodes: list[str], issuer: _Issuer, depth: int) -> tuple[str, _Issuer]:
        """Find the order of alike neighbours that gives the least path (steps 5.2 to 5.6)."""
        best: tuple[str, _Issuer] | None = None
        for order in _orders(nodes):
            self._spend(len(order))
            found = self._path(order, issuer.copy(), best[0] if best else None, depth)
            if found and (best is None or found[0] < best[0]):
                best = found
        assert best is not None
        return best

    def _path(
        self, order: Sequence[str], issuer: _Issuer, least: str | None, depth: int
    ) -> tuple[str, _Issuer] | None:
        """Walk one order of neighbours; None once it cannot be the least (steps 5.4.1 to 5.4.5)."""
        path, recursion = "", []
        for node in order:
            if node in self.canonical.issued:
                path += self.canonical.issued[node]
            else:
                if node not in issuer.issued:
                    recursion.append(node)
                path += issuer.label(node)
            if _cannot_be_least(path, least):
                return None
        for node in recursion:
            digest, after = self._hash_n_degree(node, issuer, depth - 1)
            path += issuer.label(node) + f"<{digest}>"
            issuer = after
            if _cannot_be_least(path, least):
                return None
        return path, issuer

    def _hash(self, text: str) -> str:
        return hashlib.new(self.algorithm, text.encode("utf-8")).hexdigest()

    def _spend(self, steps: int) -> None:
        self.steps_left -= steps
        if self.steps_left < 0:
            raise CanonicalizationLimitError("telling the document's blank nodes apart costs too much")


def _orders(nodes: Sequence[str]) -> Iterator[list[str]]:
    """Yield the orders of neighbours that differ, without recursion: there may be thousands of neighbours.

    A node stands once for every quad that it shares with the one being hashed; a named graph stands there
    for all of them. Orders of the same node among itself give the same path, so they are not tried.
    """
    names = list(dict.fromkeys(nodes))
    rank = {name: position for position, name in enumerate(names)}
    order = sorted(rank[node] for node in nodes)
    while True:
        yield [names[position] for position in order]
        # The next order in lexicographic sequence: raise the last place that can be raised, then ascend.
        place = len(order) - 2
        while place >= 0 and order[place] >= order[place + 1]:
            place -= 1
        if place < 0:
            return
        other = len(order) - 1
        while order[other] <= order[place]:
            other -= 1
        order[place], order[other] = order[other], order[place]
        order[place + 1 :] = reversed(order[place + 1 :])


def _cannot_be_least(path: str, least: str | None) -> bool:
    return least is not None and len(path) >= len(least) and path > least


def _line(subject: str, predicate: str, object_: str, graph: str) -> str:
    return f"{subject} {predicate} {object_} {graph} .\n" if graph else f"{subject} {predicate} {object_} .\n"
