"""How the sentences that explain an evaluation are put together."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from vc.recognition.model import Names, Target, Text
from vc.recognition.sentences import KIND_NAMES, PARTS, SCOPES, SENTENCES
from vc.recognition.wording import amount, body, day, number, target_text

_LANGUAGES = ("zh-CN", "en")
_BODIES = ("by", "bank")
_ENGLISH = MappingProxyType({"kind": KIND_NAMES.__getitem__, "scope": SCOPES.__getitem__})


def explained(sentence: str, values: Mapping[str, Any], *, names: Names) -> Text:
    """Put a sentence together in both languages.

    Args:
        sentence: Its code.
        values: What it may speak of; ``by`` and ``bank`` are DIDs.
        names: Names of bodies.
    """
    known = {key: value for key, value in values.items() if value is not None or key in PARTS}
    for key, of in (("worth", "credits"), ("limit", "cap")):
        if of in known and "unit" in known:
            known[key] = amount(known[of], known["unit"])
    for key in _BODIES:
        if key in known:
            known[key] = body(known[key], names)
    return {
        language: SENTENCES[sentence][place].format(
            **{key: _part(key, value, place) for key, value in known.items()}
        )
        for place, language in enumerate(_LANGUAGES)
    }


def _part(key: str, value: object, place: int) -> str:
    if key not in PARTS:
        return _written(key, value, place)
    return PARTS[key][place].format(_written(key, value, place)) if value else ""


def _written(key: str, value: object, place: int) -> str:
    if isinstance(value, str):
        return _ENGLISH[key](value) if place and key in _ENGLISH else value
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, date):
        return day(value)
    if isinstance(value, Target):
        value = target_text(value)
    if isinstance(value, Mapping):
        return str(value[_LANGUAGES[place]])
    if isinstance(value, tuple):
        return ("、", ", ")[place].join(value)
    return str(value)
