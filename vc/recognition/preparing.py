"""Agreements checked, read and indexed once, for whoever evaluates more than one certificate.

Checking a document against its schema costs more than evaluating it. ``prepare`` does it once; what it gives
depends on the agreements alone, so a caller may keep it as long as the ledger's state is the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from vc.credentials import CredentialFacts
from vc.errors import AgreementError
from vc.recognition.lint import check_agreement
from vc.recognition.model import Agreement
from vc.recognition.terms import Terms, read


@dataclass(frozen=True)
class Prepared:
    """Agreements that may be in force, ready to be evaluated.

    Attributes:
        versions: Of each id, in the order of ids, its versions from the lowest.
        accepting: Which ids have a version that accepts a type of an issuer.
    """

    versions: Mapping[str, tuple[Terms, ...]]
    accepting: Mapping[tuple[str, str], tuple[str, ...]]

    def in_force(self, *, at: datetime) -> tuple[Terms, ...]:
        """Return the one version of each agreement that is in force at a moment, where there is one."""
        found = (_in_force(versions, at) for versions in self.versions.values())
        return tuple(terms for terms in found if terms is not None)

    def candidates(self, facts: CredentialFacts, *, at: datetime) -> tuple[Terms, ...]:
        """Return those in force that name the certificate's type and issuer, in the order of ids."""
        asked = (facts.credential_type or "", facts.issuer_id or "")
        found = (_in_force(self.versions[known], at) for known in self.accepting.get(asked, ()))
        return tuple(terms for terms in found if terms is not None and asked[1] in terms.issuers)


def prepare(agreements: Iterable[Agreement]) -> Prepared:
    """Check, read and index agreements.

    Args:
        agreements: Every version that may be in force, in any order.

    Returns:
        The agreements without those whose document is malformed or holds a member that is not understood.
    """
    terms = [read(agreement) for agreement in agreements if _sound(agreement)]
    terms.sort(key=lambda one: (one.agreement_id, one.version, one.since))
    versions = {known: tuple(group) for known, group in groupby(terms, key=lambda one: one.agreement_id)}
    accepting: dict[tuple[str, str], list[str]] = {}
    for known, several in versions.items():
        for pair in {(one.credential_type, issuer) for one in several for issuer in one.issuers}:
            accepting.setdefault(pair, []).append(known)
    return Prepared(versions, {pair: tuple(known) for pair, known in accepting.items()})


def in_force(agreements: Iterable[Agreement], *, at: datetime) -> list[Agreement]:
    """Return the agreements in force: of each id the highest version that has started, if it still runs.

    An expired version revives no older one, and a document that is malformed is never in force.
    """
    return [terms.agreement for terms in prepare(agreements).in_force(at=at)]


def _sound(agreement: Agreement) -> bool:
    try:
        check_agreement(agreement.document)
    except AgreementError:
        return False
    return True


def _in_force(versions: tuple[Terms, ...], at: datetime) -> Terms | None:
    # The highest version that has started decides, even where it is over: it revives no older one.
    started = [terms for terms in versions if terms.since <= at]
    if not started:
        return None
    terms, ended = started[-1], started[-1].agreement.ended
    return terms if at <= terms.until and (ended is None or at < ended) else None
