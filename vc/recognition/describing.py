"""An agreement in plain sentences, both languages: all of what an evaluation will do, and nothing else.

People sign and vote on these sentences, so each says what is compared with what and who gets what. They are
made of the terms that ``evaluate`` reads (``vc.recognition.terms``), never of words that somebody typed
beside them. What an agreement only declares (duties, rights, rewards, penalties) is told as such.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from vc.recognition import describing_parties, describing_rules, describing_terms
from vc.recognition.model import Agreement, Names, Text
from vc.recognition.terms import read


@dataclass(frozen=True)
class Clause:
    """One sentence or a few that belong together.

    Attributes:
        where: The member of the document that it tells, as ``rules/0``; empty for what always holds.
        text: The sentence.
    """

    where: str
    text: Text


@dataclass(frozen=True)
class Section:
    """Clauses under one heading.

    Attributes:
        key: objective, parties, accepts, rules, limits, period or incentives.
        heading: The heading.
        clauses: Its sentences, in order.
    """

    key: str
    heading: Text
    clauses: tuple[Clause, ...]


@dataclass(frozen=True)
class Description:
    """An agreement in words.

    Attributes:
        title: Its title.
        agreement_id: Its URN.
        version: Its version.
        sections: What it says, in order; a section without clauses is left out.
    """

    title: Text
    agreement_id: str
    version: int
    sections: tuple[Section, ...]

    def to_json(self) -> list[dict[str, Any]]:
        """Return the sections as reports write them."""
        return [
            {
                "section": section.key,
                "heading": dict(section.heading),
                "clauses": [{"where": clause.where, **clause.text} for clause in section.clauses],
            }
            for section in self.sections
        ]


_HEADINGS: Mapping[str, Text] = {
    "objective": {"zh-CN": "目标", "en": "Objective"},
    "parties": {"zh-CN": "各方的权利与义务", "en": "The parties, their duties and rights"},
    "accepts": {"zh-CN": "承认哪些证书", "en": "Which certificates are accepted"},
    "rules": {"zh-CN": "承认什么", "en": "What they are recognised as"},
    "limits": {"zh-CN": "限额与登记", "en": "Limits and registration"},
    "period": {"zh-CN": "期限与变更", "en": "Period and change"},
    "incentives": {"zh-CN": "奖励与惩戒", "en": "Rewards and penalties"},
}


def describe(document: Mapping[str, Any], *, names: Names) -> Description:
    """Tell what an agreement says and what its evaluation will do.

    Args:
        document: A document that ``check_agreement`` accepts.
        names: Names of the bodies in it.

    Returns:
        The sentences.
    """
    # Nothing of the ledger's state enters: the document is the same before the vote and after it.
    terms = read(Agreement(document, datetime.min.replace(tzinfo=UTC), None, ()))
    told = {
        "objective": describing_parties.objective(document),
        "parties": describing_parties.parties(document, names),
        "accepts": describing_terms.accepts(document, terms, names),
        "rules": describing_rules.clauses(terms, names),
        "limits": describing_terms.limits(terms, names),
        "period": describing_terms.period(document, terms),
        "incentives": describing_parties.incentives(document, names),
    }
    sections = (
        Section(key, _HEADINGS[key], tuple(Clause(where, text) for where, text in clauses))
        for key, clauses in told.items()
    )
    return Description(
        title=terms.title,
        agreement_id=terms.agreement_id,
        version=terms.version,
        sections=tuple(section for section in sections if section.clauses),
    )
