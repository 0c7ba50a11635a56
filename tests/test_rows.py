"""Every urgent demand of the founding papers that recognition answers is named by a test."""

import ast
from pathlib import Path

TESTS = Path(__file__).parent

URGENT = {
    "S24": "agreements take effect, change and end only with more than 51 % of the members",
    "S25": "preset rules are carried out by themselves, and by everybody alike",
    "S26": "each party's role, rights and duties are written down, and each party signs",
    "S27": "an agreement states its objective and concerns training alone",
    "S28": "rules are declarative, checked, tried on past certificates, versioned and hashed",
    "S32": "a committee's page: members, proposals, turnout",
    "S39": "achievements are aligned with occupations, tasks and job standards",
    "S40": "jobs, courses, contests and certificates stand in one record of a learner",
    "S48": "an apprenticeship names its agreement and two tutors with distinct duties",
    "S53": "education and skills are shown side by side, in one scan and one result",
    "S54": "results of any training can be claimed from another body",
    "S55": "every credit has its unit; none is converted silently",
    "S56": "a credit bank keeps accounts, statements and reconciliation by source",
    "S57": "one slip carries every certificate of a graduate",
    "S58": "recognised without a second test, by whom and under which agreement",
    "S61": "1+X certificates with their three levels",
    "S62": "who allowed this body to issue, and since when",
    "S63": "micro-credentials of associations: hours, assessment, identity check",
    "S64": "credits gather across institutions and years, and can be taken along",
    "S70": "teachers' training is recorded: hours, outcome, level",
    "S71": "teachers hold the proof in the same wallet",
    "S75": "enterprise practice needs the enterprise's signature and hours",
    "S80": "awards of contests are proofs for the search of a job",
}
"""What each row asks for, in a sentence."""


def _named() -> set[str]:
    """Return the rows that tests name; nothing is imported."""
    named: set[str] = set()
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Attribute) and called.attr == "row":
                named |= {argument.value for argument in node.args if isinstance(argument, ast.Constant)}
    return named


def test_every_urgent_demand_has_a_test_that_names_it() -> None:
    assert sorted(URGENT.keys() - _named()) == []
