"""What is wrong with an agreement's document, said of a place in it and in both languages."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from vc import structure
from vc.recognition.model import Text

AGREEMENT_SCHEMA = "https://w3id.org/vocred/schemas/RecognitionAgreement-v1.json"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        where: The member, as ``rules/0/credits``; empty for the whole document.
        code: Which rule is broken, as ``required`` or ``rule-twice``.
        text: The rule in a sentence.
    """

    where: str
    code: str
    text: Text


_REQUIRED = ("required", "此项必填。", "This is required.")
_EMPTY = ("empty", "此项不能为空。", "This cannot be left empty.")
_LONG = ("too-long", "此项太长或太多。", "This is too long, or there are too many.")
_NUMBER = (
    "number",
    "数值超出允许的范围（学分以0.5为一档）。",
    "The number is outside what is allowed (credits go in steps of 0.5).",
)
_VALUE = (
    "value",
    "此处的内容或写法不在允许之列。",
    "This is not one of the values, or not written in the way, that is allowed.",
)
_UNKNOWN = ("unknown", "协议没有这一项。", "An agreement has no such member.")
_BY_KEYWORD: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "required": _REQUIRED,
        "additionalProperties": _UNKNOWN,
        "minItems": _EMPTY,
        "minLength": _EMPTY,
        "minProperties": _EMPTY,
        "maxItems": _LONG,
        "maxLength": _LONG,
        "minimum": _NUMBER,
        "maximum": _NUMBER,
        "exclusiveMinimum": _NUMBER,
        "multipleOf": _NUMBER,
        "uniqueItems": ("twice", "此处有重复。", "Something stands here twice."),
        "not": (
            "not-together",
            "此处有一项与其余内容不能并存。",
            "Something here cannot stand beside the rest.",
        ),
    }
)


def finding(where: Sequence[object], code: str, zh: str, en: str) -> Finding:
    """Make a finding of a place in the document."""
    return Finding("/".join(str(part) for part in where), code, {"zh-CN": zh, "en": en})


def schema_findings(document: Mapping[str, Any]) -> Iterator[Finding]:
    """Find where a document breaks the schema; what it says there is not repeated."""
    for error in structure.validator(AGREEMENT_SCHEMA).iter_errors(document):
        yield from _explained(error)


def _explained(error: Any) -> Iterator[Finding]:
    branches = getattr(error.kind, "context", None)
    if branches:
        # A choice between shapes: the one that was meant is the one that comes nearest.
        for inner in min(branches, key=_distance):
            yield from _explained(inner)
        return
    where = list(error.instance_path)
    if error.kind.name == "required":
        where.append(error.kind.property)
    elif error.kind.name == "additionalProperties":
        where.append(error.kind.unexpected[0])
    yield finding(where, *_BY_KEYWORD.get(error.kind.name, _VALUE))


def _distance(branch: Sequence[Any]) -> tuple[int, int]:
    # A rule's kind, and whether a value is a number or an object, decide which of the shapes it has.
    foreign = [error.kind.name == "type" or error.instance_path[-1:] == ["kind"] for error in branch]
    return sum(foreign), len(branch)
