"""In whose name a rule speaks: only for a party that is a member and signed this version."""

from collections.abc import Collection

from vc.recognition.refusals import Refused
from vc.recognition.terms import DEPOSIT, EQUIVALENCE, NO_SECOND_TEST, Rule, Terms


def check_speaker(
    party: str, *, rule: Rule, terms: Terms, members: Collection[str], issuer: str | None
) -> None:
    """Check that a rule speaks for a party about a certificate of an issuer.

    Args:
        party: DID of the party.
        rule: The rule.
        terms: The agreement.
        members: DIDs of the consortium's members.
        issuer: DID of the certificate's issuer.

    Raises:
        Refused: party-left, not-signed, own or no-keeper.

    Spec: CREDENTIALS.md, section 10, "Who speaks".
    """
    if party not in members:
        raise Refused("party-left")
    if party not in terms.agreement.signed:
        raise Refused("not-signed")
    if rule.kind in (EQUIVALENCE, NO_SECOND_TEST):
        # A body does not recognise its own certificate; a college may well credit its own.
        if party == issuer:
            raise Refused("own")
    elif rule.kind != DEPOSIT:
        _check_keeper(terms, members)


def _check_keeper(terms: Terms, members: Collection[str]) -> None:
    # Credit has to be registered by somebody: none once the credit bank left.
    if terms.bank is None or terms.bank not in members or terms.bank not in terms.agreement.signed:
        raise Refused("no-keeper", bank=terms.bank)
