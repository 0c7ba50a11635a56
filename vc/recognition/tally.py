"""What a learner's account holds already, and what this application adds to it, rule after rule.

A course is taken once, whatever agreement, kind or source; a deposit is a balance that ends when its source
is used for a course, so it counts for nothing there; what is under review still counts, what was cancelled
does not.
"""

from math import fsum

from vc.recognition.model import Account, Conversion, Source
from vc.recognition.refusals import Refused
from vc.recognition.sources import same_source, source_key
from vc.recognition.terms import DEPOSIT, Rule, Terms


class Tally:
    """The count of one application under one agreement. Lives for one call of ``evaluate``."""

    def __init__(self, account: Account, *, source: Source, terms: Terms) -> None:
        self._terms = terms
        self._source = source_key(source.facts)
        counted = [entry for entry in account.conversions if entry.state != "cancelled"]
        self._own = [entry for entry in counted if same_source(entry, source.facts)]
        own_deposits = [entry for entry in self._own if entry.kind == DEPOSIT]
        self._counted = [
            entry
            for entry in counted
            if entry.agreement_id == terms.agreement_id and entry not in own_deposits
        ]
        self._taken = {(entry.college, entry.course_code) for entry in counted if entry.kind != DEPOSIT}
        self._added: list[Conversion] = []

    def check_course(self, rule: Rule, *, college: str) -> None:
        """Check that the source was not used for this yet, and that the course is free.

        Raises:
            Refused: source-used or course-done.
        """
        assert rule.course is not None
        course = (college, rule.course.code)
        for entry in self._own:
            same_rule = (entry.agreement_id, entry.rule) == (self._terms.agreement_id, rule.rule_id)
            if same_rule or (entry.kind != DEPOSIT and (entry.college, entry.course_code) == course):
                raise Refused("source-used")
        if course in self._taken:
            raise Refused("course-done")

    def check_deposit(self) -> None:
        """Check that the source is neither deposited nor used for a course, before or in this application.

        Raises:
            Refused: converted or source-used.
        """
        if any(entry.kind != DEPOSIT for entry in (*self._own, *self._added)):
            raise Refused("converted")
        if self._own or self._added:
            raise Refused("source-used", sentence="deposit-used")

    def check_limits(self, rule: Rule, *, college: str | None, wanted: float) -> None:
        """Check that all of a rule's credits fit under both limits of the agreement.

        Raises:
            Refused: unit, cap or source-cap.
        """
        if any(entry.unit != rule.unit for entry in self._counted):
            raise Refused("unit")
        used = fsum(entry.credits for entry in self._counted)
        cap = self._terms.max_per_learner
        if cap is not None and used + wanted > cap:
            raise Refused("cap", cap=cap, used=used, credits=wanted, unit=rule.unit)
        here = [entry for entry in self._counted if entry.college == college]
        drawn = fsum(entry.credits for entry in here if entry in self._own or entry in self._added)
        cap = self._terms.max_per_source
        if cap is not None and drawn + wanted > cap:
            raise Refused("source-cap", cap=cap, used=drawn, credits=wanted, unit=rule.unit)

    def add(self, rule: Rule, *, college: str | None, granted: float) -> None:
        """Count what a rule grants before the next rule is asked."""
        entry = Conversion(
            agreement_id=self._terms.agreement_id,
            version=self._terms.version,
            rule=rule.rule_id,
            kind=rule.kind,
            source=self._source,
            college=college,
            course_code=None if rule.course is None else rule.course.code,
            credits=granted,
            unit=rule.unit or "",
            state="active",
        )
        self._added.append(entry)
        self._counted.append(entry)
        if rule.course is not None:
            self._taken.add((college, rule.course.code))
