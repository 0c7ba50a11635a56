"""How the sentences that explain an evaluation are put together.

A sentence is put together only when somebody reads it: an evaluation of many agreements makes many more of
them than anybody will.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from types import MappingProxyType

from vc.recognition.results import Target
from vc.recognition.sentences import KIND_NAMES, PARTS, SCOPES, SENTENCES
from vc.recognition.wording import day, number, target_text, unit_text

_LANGUAGES = ("zh-CN", "en")
_ENGLISH = MappingProxyType({"unit": unit_text, "kind": KIND_NAMES.__getitem__, "scope": SCOPES.__getitem__})


class Line(Mapping[str, str]):
    """A sentence in both languages, ``zh-CN`` and ``en``, put together when it is read."""

    __slots__ = ("_sentence", "_values")

    def __init__(self, sentence: str, values: Mapping[str, object]) -> None:
        self._sentence = sentence
        self._values = values

    def __getitem__(self, language: str) -> str:
        if language not in _LANGUAGES:
            raise KeyError(language)
        place = _LANGUAGES.index(language)
        written = {key: _part(key, value, place) for key, value in self._values.items()}
        return SENTENCES[self._sentence][place].format(**written)

    def __iter__(self) -> Iterator[str]:
        return iter(_LANGUAGES)

    def __len__(self) -> int:
        return len(_LANGUAGES)

    def __repr__(self) -> str:
        return repr(dict(self))


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
