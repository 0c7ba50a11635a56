"""The README's promise: the functions of a credential's life are where it says they are."""

import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
LIFE = re.findall(
    r"\b((?:issuer|wallet|verifier|ledger)(?:\.[a-z_]+){2})\b",
    README.read_text(encoding="utf-8").partition("## The life of a credential")[2].partition("\n## ")[0],
)


def test_readme_names_the_life_of_a_credential():
    assert len(LIFE) == 10


def test_everything_that_the_readme_names_exists():
    for name in LIFE:
        module, _, function = name.rpartition(".")
        assert hasattr(import_module(module), function) or find_spec(name), name
