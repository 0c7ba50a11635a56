"""Normalisers: they mend the form of a cell and say so. They never look at another cell.

The names are those of ``column_map.json``. Whether or not a column lists them, line breaks, invisible
characters, outer spaces and Excel's text prefix go first: no value means anything with them.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from issuer.importing.identity import DOCUMENT_ALIASES
from schemas.catalogue import CATALOGUE

HAN = r"\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
"""Han characters, for use inside a character class."""

_PLAIN = re.compile(r"[0-9A-Z_.@a-z][-0-9A-Z_.@a-z]*")
_BREAK = re.compile(r"[ \t\u3000]*[\r\n\v\f\x85\u2028\u2029]+[ \t\u3000]*")
# Zero-width characters, direction marks and overrides, soft hyphen, word joiner, byte order mark.
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad]")
_SPACES = re.compile(r"\s+")
_TEXT_FORMULA = re.compile(r'="([^"=+@]*)"')
_APOSTROPHES = "'‘’＇`´′"
_DOTS = "•‧・．∙⋅･․●⋆ꞏᐧ·"
_DOT_VARIANT = re.compile(rf"(?<=[{HAN}])[{_DOTS}.](?=[{HAN}])")
_HAN_SPACE = re.compile(rf"(?<=[{HAN}{_DOTS}])\s+(?=[{HAN}{_DOTS}])")
_FLOAT = re.compile(r"(\d+)\.0+")
_YEARS = re.compile(r"(\d(?:\.\d)?|[一二两三四五六七八](?:年?半)?)\s*年?\s*半?制?")
_HAN_NUMBERS = {c: str(n) for n, c in enumerate("一二三四五六七八", start=1)} | {"两": "2"}
_SCORE = re.compile(r"(\d+(?:\.\d+)?)\s*分")

GENDERS = {
    **dict.fromkeys(("1", "男性", "m", "male", "男生"), "男"),
    **dict.fromkeys(("2", "女性", "f", "female", "女生"), "女"),
    **dict.fromkeys(("9", "未说明的性别"), "未说明"),
}
"""Codes of GB/T 2261.1 and everyday words, in lower case."""

_TYPE_NAMES = {entry.display["zh-CN"]: name for name, entry in CATALOGUE.items()}
_ALIASES = {
    "level": {
        **dict.fromkeys(
            ("高职高专", "高职专科", "专科高职", "高职（专科）", "大学专科", "专科（高职高专）"),
            "专科（高职）",
        ),
        **dict.fromkeys(("大学本科", "普通本科", "职业本科"), "本科"),
        **dict.fromkeys(("第二学士学位", "第二学位"), "二学位"),
        "硕士研究生": "硕士",
        "博士研究生": "博士",
    },
    "mode": {},
    "idType": DOCUMENT_ALIASES,
}
_ALIAS_CODES = {"level": "A10_LEVEL_ALIAS", "mode": "A10_MODE_ALIAS", "idType": "A10_DOCUMENT_ALIAS"}

Mended = tuple[str, tuple[str, ...]]
"""A value, and the codes of what was mended on the way."""

_Step = Callable[[str], Mended]


@dataclass(frozen=True)
class Speller:
    """The normalisers of one column.

    Attributes:
        key: The column's key.
        names: Their names, in order.
    """

    key: str
    names: tuple[str, ...]

    def mend(self, raw: str) -> Mended:
        """Mend a cell.

        Args:
            raw: The cell as it arrived.

        Returns:
            Its value, and the codes of what was mended.
        """
        value, codes = raw, ()
        if not _PLAIN.fullmatch(raw):
            value, codes = _outer(raw, names=self.key == "name", tight="strip_all_space" in self.names)
        for step in _steps(self.key, self.names):
            value, more = step(value)
            codes += more
        return value, tuple(dict.fromkeys(codes))


def _outer(raw: str, *, names: bool, tight: bool) -> Mended:
    """Take away what no column wants."""
    codes: list[str] = []
    text = _BREAK.sub(lambda match: _joint(match, names=names, tight=tight), raw)
    if text != raw:
        codes.append("A15_NEWLINE")
    visible = _INVISIBLE.sub("", text)
    if visible != text:
        codes.append("A03_ZEROWIDTH")
    trimmed = visible.strip()
    if tight:
        trimmed = _SPACES.sub("", trimmed)
    if trimmed != visible:
        codes.append("A02_TRIM")
    unprefixed = _without_prefix(trimmed, names=names)
    if unprefixed != trimmed:
        codes.append("A12_APOSTROPHE")
    return unprefixed.strip(), tuple(codes)


def _joint(match: re.Match[str], *, names: bool, tight: bool) -> str:
    """What stands where a line break was: nothing at the ends and in numbers, else one space."""
    text = match.string
    before, after = text[: match.start()], text[match.end() :]
    if tight or not before or not after:
        return ""
    between_han = re.search(f"[{HAN}]$", before) and re.match(f"[{HAN}]", after)
    return "" if names and between_han else " "


def _without_prefix(text: str, *, names: bool) -> str:
    wrapped = _TEXT_FORMULA.fullmatch(text)
    if wrapped and not names:
        return wrapped[1]
    if len(text) > 1 and text[0] in _APOSTROPHES and not (names and text[1].isascii()):
        return text[1:]
    return text


@cache
def _steps(key: str, names: Sequence[str]) -> tuple[_Step, ...]:
    steps = []
    for name in names:
        if name.startswith("alias:"):
            steps.append(_alias_step(key, name.removeprefix("alias:")))
        elif name in _STEPS:
            steps.append(_STEPS[name])
    if key == "idType":
        steps.append(_alias_step(key, ""))
    return tuple(steps)


def _alias_step(key: str, rule: str) -> _Step:
    aliases = dict(_ALIASES.get(key, {}))
    if rule:
        spellings, _, value = rule.partition("=")
        aliases.update(dict.fromkeys(spellings.split("/"), value))

    code = _ALIAS_CODES.get(key, "A10_VALUE_ALIAS")

    def step(text: str) -> Mended:
        return (aliases[text], (code,)) if text in aliases else (text, ())

    return step


def _nfkc(text: str) -> Mended:
    if text.isascii():
        return text, ()
    folded = unicodedata.normalize("NFKC", text)
    return folded, ("A01_FULLWIDTH",) if folded != text else ()


def _nfkc_paren(text: str) -> Mended:
    plain = text.translate({ord("（"): "(", ord("）"): ")"})
    folded, codes = _nfkc(plain)
    mended = folded.translate({ord("("): "（", ord(")"): "）"})
    if "(" in text or ")" in text:
        codes += ("A11_PAREN_VARIANT",)
    return mended, codes


def _nfc(text: str) -> Mended:
    if text.isascii():
        return text, ()
    composed = unicodedata.normalize("NFC", text)
    if composed == text:
        return text, ()
    folded = any("\uf900" <= c <= "\ufaff" or "\U0002f800" <= c <= "\U0002fa1f" for c in text)
    return composed, ("W03_COMPATIBILITY_CHAR" if folded else "A07_UNICODE_FORM",)


def _han_inner_space(text: str) -> Mended:
    closed = _HAN_SPACE.sub("", text)
    return closed, ("A04_NAME_INNER_SPACE",) if closed != text else ()


def _dot_u00b7(text: str) -> Mended:
    dotted = _DOT_VARIANT.sub("·", text)
    return dotted, ("A08_DOT_VARIANT",) if dotted != text else ()


def _strip_float(text: str) -> Mended:
    whole = _FLOAT.fullmatch(text)
    return (whole[1], ("A13_CODE_FLOAT",)) if whole else (text, ())


def _upper_x(text: str) -> Mended:
    upper = text.upper()
    return upper, ("A06_ID_LOWER_X",) if upper != text else ()


def _gender_code(text: str) -> Mended:
    gender = GENDERS.get(text.lower())
    return (gender, ("A09_GENDER_CODE",)) if gender else (text, ())


def _strip_years(text: str) -> Mended:
    whole = _FLOAT.fullmatch(text)
    if whole:
        return whole[1], ("A13_CODE_FLOAT",)
    stated = _YEARS.fullmatch(text)
    if stated is None or (stated[1] == text and text.isascii()):
        return text, ()
    number = _HAN_NUMBERS.get(stated[1][0], stated[1])
    half = ".5" if "半" in text and "." not in number else ""
    return number + half, ("A14_YEARS_TEXT",)


def _strip_score(text: str) -> Mended:
    stated = _SCORE.fullmatch(text)
    return (stated[1], ("A16_SCORE_UNIT",)) if stated else (text, ())


def _without_unit(unit: str) -> _Step:
    stated = re.compile(rf"(\d+(?:\.\d+)?)\s*(?:个)?{unit}")

    def step(text: str) -> Mended:
        found = stated.fullmatch(text)
        return (found[1], ("A16_UNIT",)) if found else (text, ())

    return step


def _type_names(text: str) -> Mended:
    named = [_TYPE_NAMES.get(part, part) for part in re.split(r"\s*[、；;，,\n]\s*", text) if part]
    mended = "、".join(named)
    return mended, ("A10_VALUE_ALIAS",) if mended != text else ()


def _lower(text: str) -> Mended:
    return text.lower(), ()


_STEPS: dict[str, _Step] = {
    "nfkc": _nfkc,
    "nfkc_paren": _nfkc_paren,
    "nfc": _nfc,
    "han_inner_space": _han_inner_space,
    "dot_u00b7": _dot_u00b7,
    "strip_float": _strip_float,
    "upper_x": _upper_x,
    "gender_code": _gender_code,
    "strip:年": _strip_years,
    "strip:分": _strip_score,
    "strip:学时": _without_unit("学时"),
    "strip:学分": _without_unit("学分"),
    "types": _type_names,
    "lower": _lower,
}
"""The normalisers that need a column's word; the others (trim, zero_width, apostrophe, strip_all_space,
newline_to_space) are done for every column, and dates are read in ``dates``."""
