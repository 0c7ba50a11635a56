"""The one front door for JSON-LD documents: bytes in, a checked dict out.

    strict JSON -> contexts of the allow-list -> terms, no keywords -> nothing that a graph drops or merges

A *profile* says how much is accepted. STRICT is the product's: a signature covers the graph, so two JSON
texts with the same graph must not differ in anything that a reader of the JSON looks at. CONFORMANCE takes
what VCDM 2.0 takes and gives no verdict of the product's.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import schemas
from crypto import strict_json
from vc import limits
from vc.errors import (
    BlankNodeNotAllowedError,
    ContextNotAllowedError,
    DocumentError,
    KeywordNotAllowedError,
    LossyDocumentError,
    UndefinedTermError,
)
from vc.jsonld import Processor

ContextList = tuple[str, ...]

CREDENTIALS_V1 = "https://www.w3.org/2018/credentials/v1"

_OPEN_BADGES_VERSIONS = tuple(
    f"https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.{edition}.json" for edition in (1, 2, 3)
)

# The order counts: later contexts decide. A list that is not here is refused, even of pinned contexts.
CONTEXT_LISTS: frozenset[ContextList] = frozenset(
    {
        tuple(schemas.CREDENTIAL_CONTEXTS),
        tuple(schemas.CREDENTIAL_CONTEXTS[:3]),
        (schemas.CREDENTIALS_V2,),
        *((schemas.CREDENTIALS_V2, edition) for edition in _OPEN_BADGES_VERSIONS),
        *(
            (schemas.CREDENTIALS_V2, edition, schemas.OPEN_BADGES_EXTENSIONS)
            for edition in _OPEN_BADGES_VERSIONS
        ),
    }
)

ENDORSEMENT_CONTEXTS: ContextList = (
    schemas.CREDENTIALS_V2,
    schemas.OPEN_BADGES,
    schemas.OPEN_BADGES_EXTENSIONS,
)
"""The one list of contexts that may stand inside a document: that of an endorsement in a credential."""

_ENDORSEMENT = "endorsement"
_ENDORSEMENT_SUBJECT = "EndorsementSubject"
_ENDORSEMENT_COMMENT = "endorsementComment"

# A plain term: no colon, so that no member can be written as an IRI beside the name that readers look for.
_TERM = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_ABSOLUTE_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|^`\\]+")

_VALUE_MEMBERS = frozenset({"@value", "@language"})


@dataclass(frozen=True)
class Profile:
    """How much of JSON-LD is accepted.

    Attributes:
        context_lists: The ``@context`` arrays that may stand, in their order; None: any list that begins with
            a credentials context, inline ones too, as long as nothing has to be fetched.
        strict: Whether everything that the graph would drop or merge is refused.
        unexpected_binding: Whether a proof may name a challenge or domain that nobody asked for.
        engine: The JSON-LD processor; None for the one over the pinned contexts.
    """

    context_lists: frozenset[ContextList] | None
    strict: bool
    unexpected_binding: bool
    engine: Processor | None = None


STRICT = Profile(context_lists=CONTEXT_LISTS, strict=True, unexpected_binding=False)
CONFORMANCE = Profile(context_lists=None, strict=False, unexpected_binding=True)


def load(data: bytes, profile: Profile = STRICT) -> dict[str, Any]:
    """Read a JSON-LD document from outside.

    Args:
        data: JSON text in UTF-8.
        profile: How much is accepted.

    Returns:
        The document; nobody has verified it yet.

    Raises:
        ParsingError, LimitError: See ``crypto.strict_json.parse``.
        DocumentError: See ``check``.
    """
    document = strict_json.parse(
        data,
        max_bytes=limits.DOCUMENT_BYTES,
        max_depth=limits.DOCUMENT_DEPTH,
        max_values=limits.DOCUMENT_VALUES,
        max_string_bytes=limits.STRING_BYTES,
        max_data_url_bytes=limits.IMAGE_BYTES,
    )
    check_profile(document, profile)
    return cast(dict[str, Any], document)


def check(document: Any, profile: Profile = STRICT) -> None:
    """Apply the rules of ``load`` to a document that is already a value.

    Args:
        document: A JSON value.
        profile: How much is accepted.

    Raises:
        ParsingError, LimitError: A number, string or count beyond the limits.
        ContextNotAllowedError: The contexts are none of the allowed lists, or stand where none belongs.
        KeywordNotAllowedError: A JSON-LD keyword.
        BlankNodeNotAllowedError: An identifier that begins with ``_:``.
        UndefinedTermError: A member's name or type that cannot be a term.
        LossyDocumentError: Something that the graph would drop or merge.
        DocumentError: Not an object, or a value of the wrong type.
    """
    strict_json.check_value(
        document,
        max_depth=limits.DOCUMENT_DEPTH,
        max_values=limits.DOCUMENT_VALUES,
        max_string_bytes=limits.STRING_BYTES,
        max_data_url_bytes=limits.IMAGE_BYTES,
    )
    check_profile(document, profile)


def check_profile(document: Any, profile: Profile = STRICT) -> None:
    """Apply the rules on contexts, keywords and losses alone, to a value that the strict parser made.

    Raises:
        DocumentError: See ``check``.
    """
    if type(document) is not dict:
        raise DocumentError("the document is not an object")
    _check_contexts(document.get("@context"), profile)
    if profile.strict:
        _check_graph(document)


def _check_contexts(contexts: Any, profile: Profile) -> None:
    if type(contexts) is not list or not contexts:
        raise ContextNotAllowedError("@context is not an array of contexts")
    if profile.context_lists is None:
        if contexts[0] not in (schemas.CREDENTIALS_V2, CREDENTIALS_V1):
            raise ContextNotAllowedError("the first context is not that of credentials")
    elif not all(type(item) is str for item in contexts) or tuple(contexts) not in profile.context_lists:
        raise ContextNotAllowedError("the list of contexts is not one that is accepted, in that order")


def is_endorsement_subject(subject: Any) -> bool:
    """Return whether an object is the subject of an endorsement, and says nothing else about its id."""
    return (
        isinstance(subject, Mapping)
        and {"id", "type"} <= set(subject) <= {"id", "type", _ENDORSEMENT_COMMENT}
        and subject["type"] == [_ENDORSEMENT_SUBJECT]
    )


class _Scope:
    """One graph: a document, a proof, or a credential inside a presentation.

    Two objects with the same id are one node of the graph: members could move from one to the other under the
    same signature. So an id may stand on one object with members of its own, and on bare references to it.

    An endorsement is part of its credential's graph, and a document of its own as well: it has a scope inside
    that of its credential, and ``check_shared`` looks at the ids that both describe.
    """

    def __init__(self, root: Mapping[str, Any], *, embedded: bool = False) -> None:
        self.root = root
        self.embedded = embedded
        self.described: dict[str, Mapping[str, Any]] = {}
        self.endorsements: list[_Scope] = []

    def describe(self, node: Mapping[str, Any]) -> None:
        """Note that an object with members describes its id."""
        identifier = node["id"]
        _check_id(identifier)
        if len(node) > 1:
            if identifier in self.described:
                raise LossyDocumentError("two objects have the same id")
            self.described[identifier] = node

    def check_shared(self) -> None:
        """Check the ids that are described both in endorsements and around or beside them.

        What is said about one has to be the same in both places, so that nothing can move. The endorsed
        record is the exception: an endorsement says nothing about it but its comment, which nobody else says.
        """
        seen = dict(self.described)
        for inner in self.endorsements:
            subject = inner.root.get("credentialSubject")
            for identifier, node in inner.described.items():
                if node is subject:
                    _check_endorsed(seen.get(identifier))
                elif seen.setdefault(identifier, node) != node:
                    raise LossyDocumentError("an endorsement and its credential describe one id differently")


def _check_graph(root: Mapping[str, Any]) -> None:
    """Check a document, or a credential inside a presentation, and the endorsements in it."""
    scope = _Scope(root)
    _check_node(root, scope)
    scope.check_shared()


def _check_endorsed(node: Mapping[str, Any] | None) -> None:
    types = () if node is None else node.get("type", ())
    if node is not None and (_ENDORSEMENT_COMMENT in node or _ENDORSEMENT_SUBJECT in types):
        raise LossyDocumentError("a credential says of itself what only an endorsement says")


def _check_node(node: Mapping[str, Any], scope: _Scope) -> None:
    if "@value" in node:
        _check_value_object(node)
        return
    for name, member in node.items():
        if _TERM.fullmatch(name):
            _check_member(name, member, node, scope)
        elif name != "@context":
            _refuse_name(name)
        elif node is not scope.root:
            raise ContextNotAllowedError("a context inside an object")
    if "id" in node:
        scope.describe(node)


def _check_member(name: str, member: Any, node: Mapping[str, Any], scope: _Scope) -> None:
    if name == "type":
        _check_types(member)
    elif name == "proof" or (name == "verifiableCredential" and node is scope.root):
        _check_graphs(name, member)
    elif name == _ENDORSEMENT and node is scope.root and not scope.embedded:
        _check_endorsements(member, scope)
    elif name != "id":
        _check_claim(name, member, scope)


def _check_claim(name: str, value: Any, scope: _Scope) -> None:
    if type(value) is dict:
        if not value:
            raise LossyDocumentError(f"{name} is an empty object")
        _check_node(value, scope)
    elif type(value) is list:
        _check_array(name, value, scope)
    elif value is None:
        raise LossyDocumentError(f"{name} is null")


def _check_array(name: str, items: list[Any], scope: _Scope) -> None:
    if not items:
        raise LossyDocumentError(f"{name} is an empty array")
    scalars = [(type(item), item) for item in items if type(item) not in (dict, list)]
    if len(set(scalars)) != len(scalars):
        raise LossyDocumentError(f"{name} holds a value twice")
    for item in items:
        if type(item) is list:
            raise LossyDocumentError(f"{name} is an array of arrays")
        _check_claim(name, item, scope)


def _check_endorsements(member: Any, scope: _Scope) -> None:
    """Check the endorsements of a credential: each is a document under the one list of contexts for it."""
    endorsements = member if type(member) is list else [member]
    if not endorsements:
        raise LossyDocumentError("endorsement is an empty array")
    for endorsement in endorsements:
        if type(endorsement) is not dict:
            raise DocumentError("endorsement is not an object")
        contexts = endorsement.get("@context")
        if type(contexts) is not list or contexts != list(ENDORSEMENT_CONTEXTS):
            raise ContextNotAllowedError("an endorsement's contexts are not those of endorsements")
        if not is_endorsement_subject(endorsement.get("credentialSubject")):
            raise LossyDocumentError("an endorsement's subject is not that of an endorsement")
        inner = _Scope(endorsement, embedded=True)
        _check_node(endorsement, inner)
        scope.endorsements.append(inner)


def _check_graphs(name: str, member: Any) -> None:
    """Check proofs, and the credentials of a presentation: each is a graph of its own."""
    graphs = member if type(member) is list else [member]
    if not graphs:
        raise LossyDocumentError(f"{name} is an empty array")
    for graph in graphs:
        if type(graph) is not dict or not graph:
            raise DocumentError(f"{name} is not an object with members")
        if name == "verifiableCredential":
            _check_contexts(graph.get("@context"), STRICT)
        elif "@context" in graph:
            raise ContextNotAllowedError("a context inside a proof")
        _check_graph(graph)


def _check_value_object(value: Mapping[str, Any]) -> None:
    if not set(value) <= _VALUE_MEMBERS:
        raise KeywordNotAllowedError("a value object with more than @value and @language")
    if type(value["@value"]) not in (str, int, float, bool):
        raise LossyDocumentError("@value is not a string, number or boolean")
    if "@language" in value and (type(value["@language"]) is not str or type(value["@value"]) is not str):
        raise DocumentError("@language belongs to strings and is one")


def _check_types(types: Any) -> None:
    names = types if type(types) is list else [types]
    if not names or not all(type(name) is str for name in names):
        raise DocumentError("type is not a term or an array of terms")
    for name in names:
        if name.startswith("_:"):
            raise BlankNodeNotAllowedError("a type is a blank node")
        if not _TYPE.fullmatch(name):
            raise UndefinedTermError("a type is not a term")
    if len(set(names)) != len(names):
        raise LossyDocumentError("type holds a term twice")


def _check_id(identifier: Any) -> None:
    if type(identifier) is not str:
        raise DocumentError("an id is not a string")
    if identifier.startswith("_:"):
        raise BlankNodeNotAllowedError("an id is a blank node")
    if not _ABSOLUTE_IRI.fullmatch(identifier):
        raise LossyDocumentError("an id is not an absolute IRI")


def _refuse_name(name: str) -> None:
    if name.startswith("@"):
        raise KeywordNotAllowedError(f"the keyword {name[:32]!a}")
    if name.startswith("_:"):
        raise BlankNodeNotAllowedError("a member's name is a blank node")
    raise UndefinedTermError(f"{name[:64]!a} is not a term")
