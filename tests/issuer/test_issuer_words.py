"""Whatever the issuer says in Chinese it also says in English."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import issuer
from issuer.importing import CODES
from web.i18n import catalogues, read_catalogue

ISSUER = Path(issuer.__file__).parent
SHARED = ISSUER.parent / "web"
REFUSALS = ("FileRefusedError", "FileTooLargeError", "ColumnsMissingError")
_CALL = re.compile(r"""\b_\(\s*"((?:[^"\\]|\\.)*)\"""")
_PLACES = re.compile(r"%\((\w+)\)s")


def _said() -> Iterator[str]:
    for template in ISSUER.rglob("templates/**/*.html"):
        yield from _CALL.findall(template.read_text(encoding="utf-8"))
    for source in ISSUER.rglob("*.py"):
        tree = ast.parse(source.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                first = node.args[0]
                if node.func.id in {"gettext", *REFUSALS} and isinstance(first, ast.Constant):
                    yield str(first.value)
    yield from (code.text for code in CODES.values())


def _english() -> dict[str, str]:
    paths = [path for folder in (ISSUER, SHARED) for path in catalogues(folder / "translations")]
    return {str(message.id): str(message.string) for path in paths for message in read_catalogue(path)}


def test_every_sentence_has_its_english():
    english = _english()
    assert sorted({sentence for sentence in _said() if not english.get(sentence)}) == []


def test_english_names_nothing_that_the_chinese_does_not():
    for chinese, english in _english().items():
        assert set(_PLACES.findall(english)) <= set(_PLACES.findall(chinese)), english


def test_english_is_english():
    chinese = re.compile("[\u4e00-\u9fff]")
    mixed = {text for text in _english().values() if chinese.search(re.sub("“[^”]*”", "", text))}
    assert mixed == set()
