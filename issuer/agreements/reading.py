"""Fields of a sheet, read one by one; what is wrong with a field is remembered by its name and a code."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from issuer.agreements.sheet import lines

Text = dict[str, str]

_NUMBER = re.compile(r"[0-9]{1,4}(\.[05])?")
_WHOLE = re.compile(r"[1-9][0-9]{0,2}")
_MOST_CHARS = 500


class Reading:
    """Reads fields and remembers what is wrong with them; only the first problem of a field counts."""

    def __init__(self) -> None:
        self.problems: dict[str, str] = {}

    def wrong(self, name: str, code: str) -> None:
        self.problems.setdefault(name, code)

    def text(self, row: Mapping[str, Any], name: str, *, prefix: str = "", required: bool = True) -> Text:
        """Read a text in both languages: ``<name>_zh`` and ``<name>_en``, both or neither."""
        values = {"zh-CN": row[f"{name}_zh"], "en": row[f"{name}_en"]}
        if not required and not any(values.values()):
            return {}
        for language, key in (("zh-CN", "zh"), ("en", "en")):
            if not values[language]:
                self.wrong(f"{prefix}{name}_{key}", "required")
            elif len(values[language]) > _MOST_CHARS:
                self.wrong(f"{prefix}{name}_{key}", "long")
        return values

    def pairs(self, row: Mapping[str, Any], name: str, *, prefix: str) -> list[Text]:
        """Read lines of both languages, the first beside the first, and so on."""
        chinese, english = lines(row[f"{name}_zh"]), lines(row[f"{name}_en"])
        for key, found in (("zh", chinese), ("en", english)):
            if not found:
                self.wrong(f"{prefix}{name}_{key}", "required")
            elif any(len(line) > _MOST_CHARS for line in found):
                self.wrong(f"{prefix}{name}_{key}", "long")
        if chinese and english and len(chinese) != len(english):
            self.wrong(f"{prefix}{name}_en", "lines")
        return [{"zh-CN": zh, "en": en} for zh, en in zip(chinese, english, strict=False)]

    def day(self, row: Mapping[str, Any], name: str, *, required: bool, end: bool | None = None) -> str:
        """Read a day; with ``end`` its first or last second in China."""
        value = row[name]
        if not value:
            if required:
                self.wrong(name, "required")
            return ""
        try:
            date.fromisoformat(value)
        except ValueError:
            self.wrong(name, "date")
            return ""
        return value if end is None else f"{value}T{'23:59:59' if end else '00:00:00'}+08:00"

    def half(self, row: Mapping[str, Any], name: str, *, prefix: str = "", required: bool = False) -> float:
        """Read a positive number of credits, in steps of a half; 0 where there is none."""
        value = row[name]
        if not value:
            if required:
                self.wrong(f"{prefix}{name}", "required")
            return 0
        if not _NUMBER.fullmatch(value) or not 0 < float(value) <= 1000:
            self.wrong(f"{prefix}{name}", "half")
            return 0
        number = float(value)
        return int(number) if number.is_integer() else number

    def whole(
        self, row: Mapping[str, Any], name: str, *, most: int, prefix: str = "", required: bool = False
    ) -> int:
        """Read a whole number from 1 to ``most``; 0 where there is none."""
        value = row[name]
        if not value:
            if required:
                self.wrong(f"{prefix}{name}", "required")
            return 0
        if not _WHOLE.fullmatch(value) or int(value) > most:
            self.wrong(f"{prefix}{name}", "whole")
            return 0
        return int(value)

    def choice(self, row: Mapping[str, Any], name: str, allowed: Sequence[str], *, prefix: str = "") -> str:
        """Read one of a list."""
        value = str(row[name])
        if value not in allowed:
            self.wrong(f"{prefix}{name}", "choose")
        return value

    def each(self, values: Sequence[str], pattern: re.Pattern[str], name: str, code: str) -> list[str]:
        """Check that every value has a form."""
        if not all(pattern.fullmatch(value) for value in values):
            self.wrong(name, code)
        return list(values)

    def address(self, value: str, name: str) -> str:
        """Check that a value is an absolute address or URN."""
        parts = urlsplit(value)
        if not parts.scheme or not (parts.netloc or parts.path) or not value.isascii() or " " in value:
            self.wrong(name, "address")
        return value
