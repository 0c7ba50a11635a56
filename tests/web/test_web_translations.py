"""Every sentence of every page has its English, and no English is left over."""

import ast
import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

from web.i18n import catalogues, read_catalogue

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("web", "issuer", "wallet", "verifier", "ledger")
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
OPTIONS = {"**/templates/**.html": {"trimmed": "false", "silent": "false"}}
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}


def _messages(package: str) -> set[str]:
    found = extract_from_dir(
        str(ROOT / package), method_map=METHODS, options_map=OPTIONS, keywords=KEYWORDS, comment_tags=()
    )
    return {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found} - {""}


def _constants(package: str) -> set[str]:
    """Return every text constant of the package's modules: some sentences are translated from a table."""
    return {
        node.value
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def _english(package: str) -> dict[str, str]:
    texts = {}
    for message in (
        each for path in catalogues(ROOT / package / "translations") for each in read_catalogue(path)
    ):
        if message.id:
            key = message.id if isinstance(message.id, str) else message.id[0]
            texts[key] = message.string if isinstance(message.string, str) else message.string[0]
    return texts


@pytest.mark.parametrize("package", PACKAGES)
def test_every_sentence_has_its_english(package: str) -> None:
    english = {**_english("web"), **_english(package)}
    assert not {message for message in _messages(package) if not english.get(message)}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_english_is_left_over(package: str) -> None:
    assert not _english(package).keys() - _messages(package) - _constants(package)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_translation_names_no_placeholder_that_its_sentence_lacks(package: str) -> None:
    names = re.compile(r"%\((\w+)\)[sd]")
    for message, english in _english(package).items():
        assert set(names.findall(english)) <= set(names.findall(message)), message


@pytest.mark.parametrize("package", PACKAGES)
def test_english_pages_have_no_chinese_sentence(package: str) -> None:
    for message, english in _english(package).items():
        assert not re.search(r"[，。！？；：]", english), message
