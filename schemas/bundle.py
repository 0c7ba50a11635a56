"""The bundled documents: JSON-LD contexts, JSON Schemas and one example per type.

Contexts are code: they decide what a signature covers. So each is kept byte for byte, its SHA-256 stands in
``contexts/MANIFEST.json``, and nothing is ever fetched. The files are read once per process, checked, and
shared.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any

from schemas.errors import ContextHashMismatchError

CREDENTIALS_V2 = "https://www.w3.org/ns/credentials/v2"
OPEN_BADGES = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
OPEN_BADGES_EXTENSIONS = "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"
VOCRED_CONTEXT = "https://w3id.org/vocred/v1"

CREDENTIAL_CONTEXTS = (CREDENTIALS_V2, OPEN_BADGES, VOCRED_CONTEXT, OPEN_BADGES_EXTENSIONS)
"""The contexts of every credential of ours, in the order in which they are written."""

SCHEMA_BASE = "https://w3id.org/vocred/schemas/"


def _root() -> Traversable:
    return files("schemas")


def read_contexts(root: Traversable) -> Mapping[str, bytes]:
    """Read and check the contexts below ``root``.

    Args:
        root: The folder that holds ``contexts/MANIFEST.json`` and the files that it names.

    Returns:
        The stored bytes by the context's URL.

    Raises:
        ContextHashMismatchError: A file's SHA-256 is not the pinned one; the message names both.
    """
    folder = root / "contexts"
    entries = json.loads((folder / "MANIFEST.json").read_text("utf-8"))
    found: dict[str, bytes] = {}
    for entry in entries:
        content = (folder / entry["file"]).read_bytes()
        actual = hashlib.sha256(content).hexdigest()
        if actual != entry["sha256"]:
            raise ContextHashMismatchError(
                f"{entry['file']} has SHA-256 {actual}, the pinned one is {entry['sha256']}"
            )
        found[entry["url"]] = content
    return MappingProxyType(found)


@cache
def contexts() -> Mapping[str, bytes]:
    """Return every bundled JSON-LD context, checked against its pinned SHA-256.

    Returns:
        The stored bytes by the context's URL.

    Raises:
        ContextHashMismatchError: A file is not the pinned one; no service may start.
    """
    return read_contexts(_root())


@cache
def schemas() -> Mapping[str, Mapping[str, Any]]:
    """Return our own JSON Schemas by their ``$id``."""
    found = {}
    for item in sorted((_root() / "json").iterdir(), key=lambda entry: entry.name):
        if item.name.endswith(".json"):
            document = json.loads(item.read_text("utf-8"))
            found[document["$id"]] = document
    return MappingProxyType(found)


def schema(url: str) -> Mapping[str, Any]:
    """Return the JSON Schema whose ``$id`` is ``url``.

    Raises:
        KeyError: We publish no such schema.
    """
    return schemas()[url]


def example(name: str) -> dict[str, Any]:
    """Return a fresh copy of the unsigned example called ``name`` (a credential type, or
    RecognitionAgreement-bodies).

    Raises:
        FileNotFoundError: There is no such example.
    """
    document: dict[str, Any] = json.loads((_root() / "examples" / f"{name}.json").read_text("utf-8"))
    return document
