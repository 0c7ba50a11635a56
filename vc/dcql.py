"""DCQL: what a verifier asks for, and which credentials answer it.

The wallet evaluates a query before it asks its holder; the verifier evaluates it again on what came, because
an answer is only a claim. Both use this module, on credentials of the format ``ldp_vc``, which are sent
whole: ``claims`` decide whether a credential fits, not what leaves the wallet.

    parse           the verifier's JSON, strictly and within limits, into a Query
    fits            one credential against one credential query
    candidates      every credential that fits, for each credential query
    select          what to send: a credential for each query, by ``credential_sets``; None where it cannot be
    check_answer    what came, against what was asked

A query's unknown members are ignored, as the standard wants; an authority that is named by a type that
nobody here can check fits nothing, so that a restriction is never passed over. Nothing is verified here.

Spec: OpenID4VP 1.0, sections 6, 6.4 and 7, and appendix B.1.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from schemas.catalogue import VOCABULARY
from vc import jsonld
from vc.errors import AnswerError, QueryError, VcError

FORMAT = "ldp_vc"
BASE_TYPE = "https://www.w3.org/2018/credentials#VerifiableCredential"

MOST_CREDENTIALS = 16
MOST_CLAIMS = 64
MOST_VALUES = 256
MOST_SETS = 16
MOST_OPTIONS = 32
LONGEST_PATH = 16
LONGEST_TEXT = 1024

Credential = Mapping[str, Any]
Step = str | int | None
Value = str | int | bool

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


@dataclass(frozen=True)
class ClaimQuery:
    """One claim that a credential has to hold.

    Attributes:
        claim_id: Its id among the claims of the credential query, or None.
        path: Member names, array positions, and None for every element of an array.
        values: The values of which it has to be one, or None for any.
    """

    claim_id: str | None
    path: tuple[Step, ...]
    values: tuple[Value, ...] | None


@dataclass(frozen=True)
class CredentialQuery:
    """One kind of credential that is asked for.

    Attributes:
        query_id: Its id in the query, under which the answer stands.
        credential_format: The format, such as ``ldp_vc``.
        type_values: Lists of expanded type IRIs; a credential has all of at least one. None for any type.
        multiple: Whether several may be sent.
        holder_binding: Whether possession of the credential's key has to be proved.
        claims: What it has to hold.
        claim_sets: Lists of claim ids of which one has to be held whole, or None for all claims.
        unknown_authorities: Issuers are restricted in a way that cannot be checked here.
    """

    query_id: str
    credential_format: str
    type_values: tuple[frozenset[str], ...] | None
    multiple: bool
    holder_binding: bool
    claims: tuple[ClaimQuery, ...]
    claim_sets: tuple[tuple[str, ...], ...] | None
    unknown_authorities: bool


@dataclass(frozen=True)
class CredentialSet:
    """Ways to answer a part of the query: lists of credential query ids, the best first."""

    options: tuple[tuple[str, ...], ...]
    required: bool


@dataclass(frozen=True)
class Query:
    """A whole DCQL query."""

    credentials: tuple[CredentialQuery, ...]
    credential_sets: tuple[CredentialSet, ...] | None

    def __getitem__(self, query_id: str) -> CredentialQuery:
        """Return the credential query of this id.

        Raises:
            KeyError: There is none.
        """
        for asked in self.credentials:
            if asked.query_id == query_id:
                return asked
        raise KeyError(query_id)


def for_type(
    credential_type: str,
    *,
    query_id: str = "certificate",
    claims: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Write the DCQL query for one credential of one type of ours.

    Args:
        credential_type: The type's name in the catalogue.
        query_id: The id of the credential query.
        claims: What it has to hold, as DCQL claims queries (``path`` and perhaps ``values``).

    Returns:
        The JSON that goes into a request as ``dcql_query``.
    """
    asked: dict[str, Any] = {
        "id": query_id,
        "format": FORMAT,
        "meta": {"type_values": [[BASE_TYPE, VOCABULARY + credential_type]]},
    }
    if claims:
        asked["claims"] = [dict(claim) for claim in claims]
    return {"credentials": [asked]}


def parse(document: object) -> Query:
    """Read a query that somebody else wrote.

    Args:
        document: The value of ``dcql_query``.

    Raises:
        QueryError: It is not a DCQL query, or larger than anybody needs.

    Spec: OpenID4VP 1.0, sections 6.1 to 6.3.
    """
    members = _object(document, "the query")
    listed = _list(members, "credentials", most=MOST_CREDENTIALS)
    credentials = tuple(_credential_query(item) for item in listed)
    known = [asked.query_id for asked in credentials]
    if len(set(known)) != len(known):
        raise QueryError("two credential queries have one id")
    if "credential_sets" not in members:
        return Query(credentials, None)
    listed = _list(members, "credential_sets", most=MOST_SETS)
    return Query(credentials, tuple(_credential_set(item, known=set(known)) for item in listed))


def fits(asked: CredentialQuery, credential: Credential) -> bool:
    """Tell whether a credential of the format ``ldp_vc`` answers one credential query.

    Args:
        asked: The credential query.
        credential: The secured credential; whether it verifies is another question.

    Spec: OpenID4VP 1.0, sections 6.4.1 and 7, appendix B.1.1.
    """
    if asked.credential_format != FORMAT or asked.unknown_authorities:
        return False
    types = type_iris(credential)
    if asked.type_values is not None and not any(wanted <= types for wanted in asked.type_values):
        return False
    if asked.claim_sets is None:
        return all(_holds(claim, credential) for claim in asked.claims)
    by_id = {claim.claim_id: claim for claim in asked.claims}
    return any(all(_holds(by_id[name], credential) for name in names) for names in asked.claim_sets)


def candidates(query: Query, credentials: Sequence[Credential]) -> dict[str, list[Credential]]:
    """List, for each credential query, the credentials that fit, in the order given."""
    return {
        asked.query_id: [credential for credential in credentials if fits(asked, credential)]
        for asked in query.credentials
    }


def select(query: Query, credentials: Sequence[Credential]) -> dict[str, list[Credential]] | None:
    """Choose what answers a query: of each credential set the first option that can be met.

    Args:
        query: What is asked.
        credentials: What there is, the preferred ones first.

    Returns:
        Credentials by credential query id: one, or all that fit where ``multiple`` is asked; optional sets
        are answered where they can be. None where the query cannot be answered: then nothing may be sent.

    Spec: OpenID4VP 1.0, section 6.4.2.
    """
    fitting = candidates(query, credentials)
    chosen = _chosen_ids(query, {query_id for query_id, found in fitting.items() if found})
    if chosen is None:
        return None
    return {
        query_id: fitting[query_id] if query[query_id].multiple else fitting[query_id][:1]
        for query_id in chosen
    }


def check_answer(query: Query, answer: Mapping[str, Sequence[Credential]]) -> None:
    """Check what came against what was asked, relying on nothing that its sender decided.

    Args:
        query: What was asked.
        answer: The credentials of each presentation, by credential query id.

    Raises:
        AnswerError: An id that was not asked, a missing or surplus credential, or one that does not fit.

    Spec: OpenID4VP 1.0, section 8.6.
    """
    known = {asked.query_id for asked in query.credentials}
    if not answer.keys() <= known:
        raise AnswerError("the answer holds something that was not asked for")
    for query_id, credentials in answer.items():
        asked = query[query_id]
        if not credentials:
            raise AnswerError("the answer names a credential query and gives nothing for it")
        if len(credentials) > 1 and not asked.multiple:
            raise AnswerError("the answer gives several credentials where one was asked for")
        if not all(fits(asked, credential) for credential in credentials):
            raise AnswerError("a credential of the answer is not the one that was asked for")
    if _chosen_ids(query, set(answer)) is None:
        raise AnswerError("the answer lacks a credential that was required")


def type_iris(credential: Credential) -> frozenset[str]:
    """Expand a credential's types to IRIs; a type that no context defines stays as it is.

    Returns:
        The IRIs; none where the contexts are not ones that were pinned.
    """
    contexts, types = credential.get("@context"), credential.get("type")
    if not isinstance(contexts, list) or not isinstance(types, list):
        return frozenset()
    if not all(isinstance(item, str) for item in (*contexts, *types)):
        return frozenset()
    return _expanded(tuple(contexts), tuple(types))


@lru_cache(maxsize=256)
def _expanded(contexts: tuple[str, ...], types: tuple[str, ...]) -> frozenset[str]:
    document = {"@context": list(contexts), "id": "urn:vocred:types", "type": list(types)}
    try:
        (node,) = jsonld.processor().expand_document(document)
    except (VcError, ValueError):
        return frozenset()
    return frozenset(node.get("@type", ()))


def _chosen_ids(query: Query, available: set[str]) -> list[str] | None:
    """Name the credential queries of an answer that is made of what is available, in the query's order."""
    if query.credential_sets is None:
        ids = {asked.query_id for asked in query.credentials}
        return [asked.query_id for asked in query.credentials] if ids <= available else None
    chosen: set[str] = set()
    for wanted in query.credential_sets:
        option = next((option for option in wanted.options if available.issuperset(option)), None)
        if option is None and wanted.required:
            return None
        chosen.update(option or ())
    return [asked.query_id for asked in query.credentials if asked.query_id in chosen]


def _holds(claim: ClaimQuery, credential: Credential) -> bool:
    """Follow a claim's path from the credential's root, and look for its values."""
    selected: list[Any] = [credential]
    for step in claim.path:
        found = _step(step, selected)
        if not found:
            return False
        selected = found
    return claim.values is None or any(_is(value, found) for value in claim.values for found in selected)


def _step(step: Step, selected: Iterable[Any]) -> list[Any] | None:
    """Take one step of a path from every selected element; None is the standard's error.

    Spec: OpenID4VP 1.0, section 7.1.
    """
    found: list[Any] = []
    for element in selected:
        if isinstance(step, str):
            if not isinstance(element, Mapping):
                return None
            if step in element:
                found.append(element[step])
        elif not isinstance(element, list):
            return None
        elif step is None:
            found.extend(element)
        elif step < len(element):
            found.append(element[step])
    return found


def _is(wanted: Value, found: object) -> bool:
    # JSON's types decide: the number 1 is not true, and not the string "1".
    return type(found) is type(wanted) and found == wanted


# --- reading what somebody else wrote -------------------------------------------------------------


def _credential_query(document: object) -> CredentialQuery:
    members = _object(document, "a credential query")
    meta = _object(members.get("meta"), "meta")
    claims, claim_sets = _claims(members)
    return CredentialQuery(
        query_id=_id(members.get("id")),
        credential_format=_text(members.get("format"), "format"),
        type_values=_type_values(meta) if "type_values" in meta else None,
        multiple=_flag(members, "multiple", default=False),
        holder_binding=_flag(members, "require_cryptographic_holder_binding", default=True),
        claims=claims,
        claim_sets=claim_sets,
        # DIDs cannot be named as trusted authorities, so every one that is named is of a foreign kind.
        unknown_authorities="trusted_authorities" in members,
    )


def _claims(
    members: Mapping[str, Any],
) -> tuple[tuple[ClaimQuery, ...], tuple[tuple[str, ...], ...] | None]:
    if "claims" not in members:
        if "claim_sets" in members:
            raise QueryError("claim_sets stand without claims")
        return (), None
    claims = tuple(_claim(item) for item in _list(members, "claims", most=MOST_CLAIMS))
    named = [claim.claim_id for claim in claims if claim.claim_id is not None]
    if len(set(named)) != len(named):
        raise QueryError("two claims of one credential query have one id")
    if "claim_sets" not in members:
        return claims, None
    if len(named) != len(claims):
        raise QueryError("claim_sets ask for claims that all have an id")
    listed = _list(members, "claim_sets", most=MOST_SETS)
    return claims, tuple(_ids(item, known=set(named)) for item in listed)


def _claim(document: object) -> ClaimQuery:
    members = _object(document, "a claims query")
    path = tuple(_path_step(step) for step in _list(members, "path", most=LONGEST_PATH))
    values = None
    if "values" in members:
        values = tuple(_value(value) for value in _list(members, "values", most=MOST_VALUES))
    return ClaimQuery(_id(members["id"]) if "id" in members else None, path, values)


def _path_step(step: object) -> Step:
    if step is None or (isinstance(step, int) and not isinstance(step, bool) and step >= 0):
        return step
    if isinstance(step, str) and len(step) <= LONGEST_TEXT:
        return step
    raise QueryError("a path is made of names, positions and null")


def _value(value: object) -> Value:
    if isinstance(value, bool | int) or (isinstance(value, str) and len(value) <= LONGEST_TEXT):
        return value
    raise QueryError("a claim's values are texts, whole numbers, true or false")


def _type_values(meta: Mapping[str, Any]) -> tuple[frozenset[str], ...]:
    listed = _list(meta, "type_values", most=MOST_OPTIONS)
    found = []
    for item in listed:
        if not isinstance(item, list) or not 0 < len(item) <= MOST_OPTIONS:
            raise QueryError("type_values is a list of lists of type IRIs")
        found.append(frozenset(_text(value, "a type") for value in item))
    return tuple(found)


def _credential_set(document: object, *, known: set[str]) -> CredentialSet:
    members = _object(document, "a credential set")
    options = tuple(_ids(item, known=known) for item in _list(members, "options", most=MOST_OPTIONS))
    return CredentialSet(options, _flag(members, "required", default=True))


def _ids(document: object, *, known: set[str]) -> tuple[str, ...]:
    if not isinstance(document, list) or not 0 < len(document) <= MOST_CLAIMS:
        raise QueryError("a set is a list of ids")
    found = tuple(_id(item) for item in document)
    if not known.issuperset(found):
        raise QueryError("a set names an id that is not in the query")
    return found


def _id(value: object) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise QueryError("an id is made of letters, digits, - and _")
    return value


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TEXT:
        raise QueryError(f"{name} is not a text")
    return value


def _flag(members: Mapping[str, Any], name: str, *, default: bool) -> bool:
    value = members.get(name, default)
    if not isinstance(value, bool):
        raise QueryError(f"{name} is neither true nor false")
    return value


def _object(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise QueryError(f"{name} is not an object")
    return value


def _list(members: Mapping[str, Any], name: str, *, most: int) -> list[Any]:
    value = members.get(name)
    if not isinstance(value, list) or not 0 < len(value) <= most:
        raise QueryError(f"{name} is not a list of 1 to {most} entries")
    return value
