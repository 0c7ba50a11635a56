"""JSON-LD to RDF without loss: PyLD expands over pinned contexts, and whatever would be dropped is refused.

    document -> expanded form (PyLD, contexts of ``schemas``) -> quads; each step emits or refuses

Nothing is fetched. The processor keeps every processed context for good: PyLD's own cache misses each
type-scoped one, which makes expansion four times slower. That cache and the short way to a term override
private methods; the tests hold them to PyLD's own outcomes, and PyLD's version is pinned.
"""

import json
import threading
from collections.abc import Mapping
from functools import cache
from typing import Any

from pyld import ContextResolver, jsonld

import schemas
from vc import rdfc
from vc.errors import (
    BlankNodeNotAllowedError,
    ContextNotAllowedError,
    DocumentError,
    LossyDocumentError,
    UndefinedTermError,
    VcError,
)
from vc.rdfc import Quad

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_TYPE, _FIRST, _REST, _NIL = (f"<{_RDF}{name}>" for name in ("type", "first", "rest", "nil"))
_XSD_DOUBLE = "http://www.w3.org/2001/XMLSchema#double"

_MAX_CACHED_CONTEXTS = 512


class Processor(jsonld.JsonLdProcessor):  # type: ignore[misc]  # PyLD is not typed
    """A JSON-LD processor over a fixed set of contexts that remembers each context it has processed.

    Threads may share it: what is remembered is only added to, and PyLD's own caches are used under a lock.
    """

    def __init__(self, contexts: Mapping[str, bytes]) -> None:
        """Make a processor.

        Args:
            contexts: The documents that may be used as contexts, by URL.
        """
        super().__init__(on_property_dropped=_refuse_dropped)
        self._contexts = contexts
        self._lock = threading.RLock()
        # The local context is kept in the value, so that its identity, a part of the key, is not used again.
        self._processed: dict[tuple[Any, ...], tuple[Any, Any]] = {}
        self._options = {
            # No base at all: a relative reference stays relative and is refused, whatever the contexts say.
            "base": None,
            "isFrame": False,
            "keepFreeFloatingNodes": False,
            "processingMode": "json-ld-1.1",
            "documentLoader": self._load,
            "contextResolver": ContextResolver({}, self._load),
            "rdfDirection": None,
        }

    def expand_document(self, document: Mapping[str, Any]) -> list[Any]:
        """Expand a document.

        Args:
            document: A JSON object with its ``@context``; it is not changed.

        Returns:
            The expanded form.

        Raises:
            UndefinedTermError: A property that no context defines.
            ContextNotAllowedError: A context that is not in the set.
            DocumentError: Anything else that JSON-LD does not allow.

        Spec: JSON-LD 1.1 API, section 5.1.
        """
        try:
            start = self._get_initial_context(self._options)
            expanded = self._expand(start, None, document, self._options)
        except jsonld.JsonLdError as error:
            raise _ours(error) from error
        except (TypeError, AttributeError, KeyError, IndexError, ValueError) as error:
            # PyLD expects types in places where the specification only forbids others.
            raise DocumentError("a value has a type that JSON-LD does not allow there") from error
        if isinstance(expanded, dict) and list(expanded) == ["@graph"]:
            expanded = expanded["@graph"]
        return self.arrayify(expanded) if expanded is not None else []

    def value_term(self, item: Mapping[str, Any]) -> str:
        """Write an expanded value object as an N-Quads literal.

        Spec: JSON-LD 1.1 API, section 8.2.2.
        """
        value, datatype = item["@value"], item.get("@type")
        if type(value) is str and datatype not in (_XSD_DOUBLE, "@json"):
            return rdfc.literal(value, datatype=datatype or rdfc.XSD_STRING, language=item.get("@language"))
        term = self._object_to_rdf(item, None, [], self._options)
        return rdfc.literal(str(term["value"]), datatype=term["datatype"])

    def _process_context(
        self, active_ctx: Any, local_ctx: Any, options: Any, *args: Any, **flags: Any
    ) -> Any:
        """Process a local context, or remember what came of it.

        The outcome depends on nothing but the active context (named by its ``_uuid``), the local one and the
        flags; the options of this processor never change.
        """
        active = active_ctx.get("_uuid")
        if active is None or args or "cycles" in flags or options is not self._options:
            return self._process_context_afresh(active_ctx, local_ctx, options, *args, **flags)
        key = (active, _identity(local_ctx), *sorted(flags.items()))
        found = self._processed.get(key)
        if found is None:
            outcome = self._process_context_afresh(active_ctx, local_ctx, options, **flags)
            if len(self._processed) >= _MAX_CACHED_CONTEXTS:
                self._processed.clear()
            found = self._processed[key] = (outcome, local_ctx)
        return found[0]

    def _process_context_afresh(self, *args: Any, **flags: Any) -> Any:
        with self._lock:
            return super()._process_context(*args, **flags)

    def _expand_iri(self, active_ctx: Any, value: Any, *args: Any, **options: Any) -> Any:
        """Expand a term by looking it up, which is all that most calls need; leave the rest to PyLD."""
        if options.get("vocab") and not args and "local_ctx" not in options and type(value) is str:
            mapping = active_ctx["mappings"].get(value)
            if mapping is not None:
                return mapping["@id"]
        return super()._expand_iri(active_ctx, value, *args, **options)

    def _load(self, url: str, _options: Any) -> dict[str, Any]:
        """Answer PyLD's request for a context from the set."""
        if url not in self._contexts:
            raise ContextNotAllowedError("a context that is not bundled")
        document = json.loads(self._contexts[url])
        return {"contextUrl": None, "documentUrl": url, "document": document, "tag": "static"}


@cache
def processor() -> Processor:
    """Return the process's one processor over the pinned contexts.

    Raises:
        ContextHashMismatchError: A bundled context is not the pinned one.
    """
    return Processor(schemas.contexts())


def quads(document: Mapping[str, Any], *, engine: Processor | None = None) -> list[Quad]:
    """Turn a JSON-LD document into quads, refusing whatever the graph would not hold.

    Args:
        document: A JSON object with its ``@context``.
        engine: The processor; None for the one over the pinned contexts.

    Returns:
        Terms in N-Quads syntax; blank nodes are ``_:n0``…

    Raises:
        UndefinedTermError: A property or type that no context defines.
        LossyDocumentError: A relative IRI, an index, or nothing at all.
        BlankNodeNotAllowedError: A blank node identifier.
        DocumentError: Anything else that JSON-LD does not allow.

    Spec: JSON-LD 1.1 API, section 8.1; VC Data Integrity 1.0, section 2.4.1 (data loss).
    """
    engine = engine or processor()
    writer = _Writer(engine)
    for node in engine.expand_document(document):
        writer.node(node, "")
    if not writer.quads:
        raise LossyDocumentError("the document says nothing")
    return writer.quads


def canonicalize(
    document: Mapping[str, Any], *, algorithm: str = "sha256", engine: Processor | None = None
) -> bytes:
    """Write a JSON-LD document as canonical N-Quads.

    Args:
        document: A JSON object with its ``@context``.
        algorithm: The hash that labels blank nodes.
        engine: The processor; None for the one over the pinned contexts.

    Raises:
        DocumentError: See ``quads``.
        CanonicalizationLimitError: The graph is too large or too costly.

    Spec: RDFC-1.0.
    """
    return rdfc.canonicalize(quads(document, engine=engine), algorithm=algorithm).encode("utf-8")


class _Writer:
    """Collects the quads of expanded node objects. Where the specification would skip, this refuses."""

    def __init__(self, engine: Processor) -> None:
        self.quads: list[Quad] = []
        self._engine = engine
        self._blank_nodes = 0

    def node(self, node: Mapping[str, Any], graph: str) -> str:
        """Write a node object and return its term."""
        if "@value" in node or "@list" in node:
            raise LossyDocumentError("a value stands where an object belongs")
        subject = _reference(node["@id"]) if "@id" in node else self._fresh()
        for name, values in node.items():
            if name == "@type":
                self.quads.extend((subject, _TYPE, _type_term(value), graph) for value in values)
            elif name == "@graph":
                for inner in values:
                    self.node(inner, subject)
            elif name[0] != "@":
                predicate = _reference(name)
                for value in values:
                    self.quads.append((subject, predicate, self._object(value, graph), graph))
            elif name != "@id":
                raise LossyDocumentError(f"{name} is not part of a graph")
        return subject

    def _object(self, item: Mapping[str, Any], graph: str) -> str:
        if "@value" in item:
            return self._engine.value_term(item)
        if "@list" in item:
            return self._list(item["@list"], graph)
        return self.node(item, graph)

    def _list(self, items: list[Any], graph: str) -> str:
        rest = _NIL
        for item in reversed(items):
            cell = self._fresh()
            self.quads.append((cell, _FIRST, self._object(item, graph), graph))
            self.quads.append((cell, _REST, rest, graph))
            rest = cell
        return rest

    def _fresh(self) -> str:
        self._blank_nodes += 1
        return f"_:n{self._blank_nodes - 1}"


def _reference(value: Any) -> str:
    if not isinstance(value, str):
        raise LossyDocumentError("an identifier is not a string")
    if value.startswith("_:"):
        raise BlankNodeNotAllowedError("the document names a blank node")
    return rdfc.iri(value)


def _type_term(value: Any) -> str:
    if isinstance(value, str) and ":" not in value:
        raise UndefinedTermError(f"no context defines the type {_shown(value)}")
    return _reference(value)


def _identity(local_ctx: Any) -> Any:
    """Name a local context: by its URLs, else as the object that it is."""
    if isinstance(local_ctx, str):
        return local_ctx
    if isinstance(local_ctx, list) and all(isinstance(item, str) for item in local_ctx):
        return tuple(local_ctx)
    return id(local_ctx)


def _refuse_dropped(name: str | None) -> None:
    raise UndefinedTermError(f"no context defines {_shown(name or 'a term')}")


def _shown(name: str) -> str:
    """Show a term of a hostile document: shortened, and printable whatever it holds."""
    return ascii(name[:64])


def _ours(error: BaseException) -> VcError:
    """Find our own error among the causes of PyLD's, or describe PyLD's."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, VcError):
            return cause
        cause = cause.__cause__
    code = getattr(error, "code", None)
    return DocumentError(f"not JSON-LD: {code}" if code else "not JSON-LD")
