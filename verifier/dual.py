"""Dual certificates: a school's and a skill's, shown together, belong together on the page.

Employers have to look for both; one scan then gives one result. Whether they are one person's is read from
what the two state: the same name, and where both state them the same last digits of the same document.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.catalogue import CATALOGUE
from vc.credentials import CredentialFacts
from verifier.verdicts import Verdict
from verifier.verification import Verification


@dataclass(frozen=True)
class Pair:
    """Certificates of both tracks, shown in one presentation.

    Attributes:
        education: Those of the school.
        skill: Those of skills.
        same_name: Whether all of them state one person.
    """

    education: tuple[Verification, ...]
    skill: tuple[Verification, ...]
    same_name: bool


def pair(results: Sequence[Verification]) -> Pair | None:
    """Return the two tracks among several results, or None unless both are there.

    What is not authentic states nothing, so it is part of no pair.
    """
    education = tuple(one for one in results if _group(one) == "education")
    skill = tuple(one for one in results if _group(one) == "skill")
    if not education or not skill:
        return None
    stated = [one.facts for one in (*education, *skill) if one.facts is not None]
    return Pair(education, skill, all(_one_person(stated[0], other) for other in stated[1:]))


def _group(verification: Verification) -> str | None:
    facts = verification.facts
    if facts is None or verification.verdict is Verdict.NOT_AUTHENTIC:
        return None
    entry = CATALOGUE.get(facts.credential_type or "")
    return None if entry is None else entry.group


def _one_person(first: CredentialFacts, second: CredentialFacts) -> bool:
    if first.name != second.name:
        return False
    same_kind = first.id_document == second.id_document
    tails = (first.id_tail, second.id_tail)
    return not same_kind or None in tails or tails[0] == tails[1]
