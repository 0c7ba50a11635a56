"""Two languages: Chinese, in which the messages are written, and English from ``.po`` files.

The language of a page is, in this order, ``?lang=``, the cookie that an earlier ``?lang=`` left, and the
browser's own list. The catalogues are read as text when they are first needed: no compiled file is kept
that could be older than its source.
"""

import io
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from threading import Lock
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, Response, g, has_request_context, request, url_for
from flask.globals import request_ctx
from flask_babel import Babel, Domain
from werkzeug.datastructures import LanguageAccept

LANGUAGES = ("zh-CN", "en")
COOKIE = "vocred-lang"
_LOCALES = {"zh-CN": "zh_CN", "en": "en"}
_CHINESE = re.compile("[\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_YEAR_SECONDS = 365 * 24 * 3600
CHINA = timezone(timedelta(hours=8), "UTC+8")
"""The time in which pages show when something happened; the consortium's own."""


def init_app(app: Flask, *, directories: Iterable[Path]) -> None:
    """Speak two languages, with the English of each directory's ``en/LC_MESSAGES/*.po``."""
    babel = Babel(app, default_locale="zh_CN", locale_selector=lambda: _LOCALES[language()])
    babel.domain_instance = _TextDomain(tuple(directories))
    app.after_request(_remember)
    app.jinja_env.globals.update(
        groups=groups,
        in_language=in_language,
        lang_of=lang_of,
        language=language,
        languages=LANGUAGES,
        pick=pick,
        switch_url=switch_url,
    )
    app.jinja_env.filters.update(day=day, moment=moment, iso=iso, groups=groups)


def language() -> str:
    """Return the language of the current request: ``zh-CN`` or ``en``."""
    if not has_request_context():
        return LANGUAGES[0]
    if "language" not in g:
        g.language = _chosen() or _accepted(request.accept_languages)
    return g.language


def in_language(zh: str, en: str) -> str:
    """Return the text of the two that fits the request's language."""
    return zh if language() == "zh-CN" else en


def pick(texts: Mapping[str, str] | str | None) -> str:
    """Return the text in the request's language from a map such as ``{"zh-CN": …, "en": …}``.

    A map without that language gives its first text; a plain string is returned as it is.
    """
    if not texts or isinstance(texts, str):
        return texts or ""
    wanted = language()
    for key in (wanted, wanted.partition("-")[0]):
        if texts.get(key):
            return texts[key]
    return next(iter(texts.values()))


def lang_of(text: str) -> str:
    """Return the language of a text from elsewhere: Chinese where it has Chinese characters."""
    return "zh-CN" if _CHINESE.search(text or "") else "en"


def switch_url(to: str) -> str:
    """Return the current page's address in the other language.

    A page reached by POST gives its own path where that can be read too, and the first page otherwise.
    """
    arguments = {**request.args.to_dict(), **(request.view_args or {}), "lang": to}
    if request.endpoint is None or request.method not in {"GET", "HEAD"}:
        adapter = request_ctx.url_adapter
        readable = adapter is not None and "GET" in adapter.allowed_methods()
        return ("" if readable else "/") + "?lang=" + to
    return url_for(request.endpoint, **arguments)


def day(value: date | datetime | str | None) -> str:
    """Write a date: ``2026-06-30``, or ``30 Jun 2026`` in English. A datetime counts in China's time."""
    if not value:
        return ""
    moment_ = _parse(value)
    written = moment_.astimezone(CHINA).date() if isinstance(moment_, datetime) else moment_
    return in_language(written.isoformat(), f"{written.day} {_MONTHS[written.month - 1]} {written.year}")


def moment(value: datetime | int | str | None) -> str:
    """Write a date with hours and minutes in China's time, which English pages name."""
    if value is None or value == "":
        return ""
    parsed = datetime.fromtimestamp(value, UTC) if isinstance(value, int) else _parse(value)
    if not isinstance(parsed, datetime):
        return day(parsed)
    local = parsed.astimezone(CHINA)
    return in_language(f"{local:%Y-%m-%d %H:%M}", f"{day(local)}, {local:%H:%M} (UTC+8)")


def iso(value: datetime | int | str) -> str:
    """Write a moment for machines: RFC 3339 in UTC."""
    parsed = datetime.fromtimestamp(value, UTC) if isinstance(value, int) else _parse(value)
    return (
        parsed.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(parsed, datetime) else str(parsed)
    )


def groups(text: str, size: int = 4) -> list[str]:
    """Cut a code or digest into groups that an eye can follow."""
    return [text[start : start + size] for start in range(0, len(text), size)]


def read_catalogue(path: Path) -> Catalog:
    """Read one ``.po`` file."""
    with path.open("rb") as file:
        return read_po(file, locale="en")


def catalogues(directory: Path) -> list[Path]:
    """Return the ``.po`` files of a directory of translations: one for each part of a service."""
    return sorted((directory / "en" / "LC_MESSAGES").glob("*.po"))


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class _TextDomain(Domain):
    """Messages straight from ``.po`` files, several directories merged."""

    def __init__(self, directories: tuple[Path, ...]) -> None:
        super().__init__(domain="messages")
        self._directories = directories
        self._lock = Lock()
        self._english: Translations | None = None

    def get_translations(self) -> NullTranslations:
        if language() == "zh-CN":
            return NullTranslations()
        with self._lock:
            if self._english is None:
                self._english = self._load()
        return self._english

    def _load(self) -> Translations:
        merged = Translations()
        for directory in self._directories:
            for path in catalogues(directory):
                compiled = io.BytesIO()
                write_mo(compiled, read_catalogue(path))
                compiled.seek(0)
                merged.merge(Translations(compiled))
        return merged


def _chosen() -> str | None:
    for wish in (request.args.get("lang"), request.cookies.get(COOKIE)):
        if wish in LANGUAGES:
            return wish
    return None


def _accepted(accept: LanguageAccept) -> str:
    """Return Chinese unless the browser prefers something else: then English, which most can read."""
    first = accept.best or "zh-CN"
    if first == "*" or first.lower().startswith("zh"):
        return "zh-CN"
    return "en"


def _remember(response: Response) -> Response:
    if response.mimetype != "text/html":
        return response
    wish = request.args.get("lang")
    if wish in LANGUAGES and wish != request.cookies.get(COOKIE):
        response.set_cookie(
            COOKIE, wish, max_age=_YEAR_SECONDS, httponly=True, samesite="Lax", secure=request.is_secure
        )
    response.headers["Content-Language"] = language()
    return response


def _parse(value: Any) -> date | datetime:
    if isinstance(value, (date, datetime)):
        return value
    return datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)
