"""A credential as a value: its digest, its type, and the facts that pages and rules read out of it.

Reading facts (``vc.facts``) trusts nothing: the same functions serve a form whose proof failed. What a reader
may be told is the caller's decision.
"""

import unicodedata
from collections.abc import Mapping
from typing import Any

from crypto import jcs
from schemas.catalogue import CATALOGUE, credential_type_names
from vc.errors import DocumentError
from vc.facts import Alignment, CredentialFacts, Mark, Mentor, facts

__all__ = [
    "Alignment",
    "CredentialFacts",
    "Mark",
    "Mentor",
    "credential_type",
    "digest",
    "facts",
    "issuer_id",
    "masked_name",
    "same_name",
]

_DOTS = str.maketrans(dict.fromkeys("•‧・．∙.", "·"))


def digest(secured: Mapping[str, Any]) -> bytes:
    """Return what is anchored of a JSON-LD credential: SHA-256 over the JCS of the whole secured document.

    Spec: CREDENTIALS.md, D8.
    """
    return jcs.digest(secured)


def credential_type(credential: Mapping[str, Any]) -> str:
    """Return the credential's type in our catalogue.

    Raises:
        DocumentError: It has none of ours, or more than one.
    """
    found = credential_type_names(credential)
    if len(found) != 1:
        raise DocumentError(f"type must name exactly one of {', '.join(CATALOGUE)}")
    return found[0]


def issuer_id(credential: Mapping[str, Any]) -> str:
    """Return the DID (or other URL) under ``issuer``, before anybody verified it.

    Raises:
        DocumentError: There is none.
    """
    named = credential.get("issuer")
    identifier = named.get("id") if isinstance(named, Mapping) else named
    if not isinstance(identifier, str):
        raise DocumentError("issuer is neither a URL nor an object with an id")
    return identifier


def masked_name(name: str) -> str:
    """Return a name of which only the first character of each word can be read: 林＊＊, L＊＊ X＊＊＊＊＊."""
    return " ".join(word[0] + "＊" * (len(word) - 1) for word in name.split())


def same_name(typed: str, stated: CredentialFacts) -> bool:
    """Return whether a typed name is the one that a credential states.

    Spaces, width, case and the kind of dot between parts of a name are not compared; characters are.

    Args:
        typed: What somebody read from paper.
        stated: The credential's facts; its name in Latin letters counts as well.
    """
    wanted = _comparable(typed)
    return bool(wanted) and wanted in {_comparable(name) for name in (stated.name, stated.name_en) if name}


def _comparable(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).translate(_DOTS).casefold()
    return "".join(character for character in folded if not character.isspace())
