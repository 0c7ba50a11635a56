"""Every error that any package raises has a code of the one registry, a problem type and a title."""

import ast
from importlib import import_module
from pathlib import Path

import pytest

from web.problem_codes import REGISTRY

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("crypto", "vc", "schemas", "ledger", "web", "issuer", "wallet", "verifier")


def _modules(package: str) -> list[str]:
    paths = (ROOT / package).rglob("errors.py")
    return [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in sorted(paths)]


def _errors(package: str) -> list[type[Exception]]:
    found = {
        value
        for name in _modules(package)
        for value in vars(import_module(name)).values()
        if isinstance(value, type) and issubclass(value, Exception) and value.__module__ == name
    }
    return sorted(found, key=lambda error: error.__qualname__)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_error_has_a_code_a_type_and_a_title(package: str) -> None:
    for error in _errors(package):
        code = getattr(error, "code", None)
        if code is None:
            # Given by whoever raises it; the text of such codes is checked below.
            assert "code" in error.__init__.__code__.co_varnames, error
            continue
        assert code in REGISTRY, f"{error.__module__}.{error.__qualname__}: {code}"
        assert error.type.startswith("https://"), error
        assert error.title, error


@pytest.mark.parametrize("package", PACKAGES)
def test_every_code_given_when_an_error_is_raised_is_registered(package: str) -> None:
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            for keyword in node.keywords:
                value = keyword.value
                if keyword.arg == "code" and isinstance(value, ast.Constant) and isinstance(value.value, str):
                    assert value.value in REGISTRY, f"{path.relative_to(ROOT)}: {value.value}"
