"""Every P0 case of the catalogue whose feature exists is named by a test."""

import ast
import json
from pathlib import Path

TESTS = Path(__file__).parent
AREAS = {"CRED", "STAT", "VCI", "FILE", "SHARE", "LEDG", "OPS"}

NOT_YET = {
    "FILE-018": "certificates are pages for printing; PDF files come later",
    "FILE-019": "likewise: PDF files come later",
    "FILE-022": "there is no export yet",
    "OPS-035": "there is no deadline per request: canonicalisation has a budget of work instead",
    "OPS-044": "random faults disturb the ledger alone; a verifier under them for a day is not measured",
    "OPS-046": "the second implementation needs node and npm, and runs in `benchmarks peers`",
    "VCI-016": "DPoP comes later; access tokens live five minutes",
}
"""P0 cases without a test, each with the feature that does not exist yet."""


def _catalogue() -> dict[str, dict]:
    lines = (TESTS / "data" / "catalogue.jsonl").read_text(encoding="utf-8").splitlines()
    return {case["id"]: case for case in map(json.loads, lines)}


def _named() -> dict[str, set[str]]:
    """Return the ids that tests name, with the files that name them; nothing is imported."""
    named: dict[str, set[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                not isinstance(node, ast.Call)
                or not isinstance(node.func, ast.Attribute)
                or node.func.attr != "case"
            ):
                continue
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    named.setdefault(argument.value, set()).add(path.name)
    return named


def _urgent() -> set[str]:
    return {key for key, case in _catalogue().items() if case["area"] in AREAS and case["prio"] == "P0"}


def test_every_urgent_case_whose_feature_exists_has_a_test() -> None:
    assert not sorted(_urgent() - NOT_YET.keys() - _named().keys())


def test_no_test_names_a_case_that_does_not_exist() -> None:
    assert not {key: files for key, files in _named().items() if key not in _catalogue()}


def test_a_case_that_has_a_test_is_not_listed_as_missing() -> None:
    assert not NOT_YET.keys() & _named().keys()


def test_every_case_listed_as_missing_is_an_urgent_one() -> None:
    assert NOT_YET.keys() <= _urgent()
