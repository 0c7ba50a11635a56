"""Agreements checked, read and indexed once, for whoever evaluates more than one certificate.

Checking a document against its schema costs more than evaluating it. ``prepare`` does it once; what it gives
depends on the agreements alone, so a caller may keep it as long as the ledger's state is the same.
"""

from collections.abc import Collection, Iterable, Mapping
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
        unread: Of each id, versions that are not understood, and when they started.
    """

    versions: Mapping[str, tuple[Terms, ...]]
    accepting: Mapping[tuple[str, str], tuple[str, ...]]
    unread: Mapping[str, tuple[tuple[int, datetime], ...]]

    def in_force(self, *, at: datetime) -> tuple[Terms, ...]:
        """Return the one version of each agreement that is in force at a moment, where there is one."""
        found = (self._in_force(known, at) for known in self.versions)
        return tuple(terms for terms in found if terms is not None)

    def candidates(self, facts: CredentialFacts, *, at: datetime) -> tuple[Terms, ...]:
        """Return those in force that name the certificate's type and issuer, in the order of ids."""
        asked = (facts.credential_type or "", facts.issuer_id or "")
        found = (self._in_force(known, at) for known in self.accepting.get(asked, ()))
        return tuple(terms for terms in found if terms is not None and asked[1] in terms.issuers)

    def _in_force(self, known: str, at: datetime) -> Terms | None:
        # The highest version that has started decides, even where it is over: it revives no older one.
        started = [terms for terms in self.versions[known] if terms.since <= at]
        if not started:
            return None
        terms, ended = started[-1], started[-1].agreement.ended
        if at > terms.until or (ended is not None and at >= ended):
            return None
        # One that is not understood may have taken its place: nobody can tell, so it counts no more.
        hidden = any(version > terms.version and since <= at for version, since in self.unread.get(known, ()))
        return None if hidden else terms


def prepare(agreements: Iterable[Agreement]) -> Prepared:
    """Check, read and index agreements.

    Args:
        agreements: Every version that may be in force, in any order.

    Returns:
        The agreements. A document that is malformed or holds a member that is not understood recognises
        nothing; from its start neither do older versions of the same agreement.
    """
    known = list(agreements)
    sound = [agreement for agreement in known if _sound(agreement)]
    terms = sorted(map(read, sound), key=lambda one: (one.agreement_id, one.version, one.since))
    versions = {of: tuple(group) for of, group in groupby(terms, key=lambda one: one.agreement_id)}
    return Prepared(versions, _accepting(versions), _unread(known, sound))


def in_force(agreements: Iterable[Agreement], *, at: datetime) -> list[Agreement]:
    """Return the agreements in force: of each id the highest version that has started, if it still runs.

    An expired version revives no older one, nor does one whose document is not understood.
    """
    return [terms.agreement for terms in prepare(agreements).in_force(at=at)]


def _sound(agreement: Agreement) -> bool:
    try:
        check_agreement(agreement.document)
    except AgreementError:
        return False
    return True


def _accepting(versions: Mapping[str, tuple[Terms, ...]]) -> dict[tuple[str, str], tuple[str, ...]]:
    found: dict[tuple[str, str], list[str]] = {}
    for known, group in versions.items():
        for pair in {(one.credential_type, issuer) for one in group for issuer in one.issuers}:
            found.setdefault(pair, []).append(known)
    return {pair: tuple(several) for pair, several in found.items()}


def _unread(
    agreements: Iterable[Agreement], sound: Collection[Agreement]
) -> dict[str, tuple[tuple[int, datetime], ...]]:
    found: dict[str, tuple[tuple[int, datetime], ...]] = {}
    read_already = {id(agreement) for agreement in sound}
    for agreement in agreements:
        known, version = agreement.document.get("id"), agreement.document.get("version")
        if id(agreement) not in read_already and isinstance(known, str) and isinstance(version, int):
            found[known] = (*found.get(known, ()), (version, agreement.started))
    return found
