"""What a certificate is to an agreement: the one place where facts become a ``Source``.

Verifier, wallet and credit bank each verify in their own way; what they found is said here in the same words.
"""

import unicodedata

from vc.credentials import CredentialFacts
from vc.recognition.model import Conversion, Source, Verdict


def source_from(
    facts: CredentialFacts,
    *,
    verdict: Verdict,
    anchored: bool,
    possession: bool,
    complete: bool | None = None,
) -> Source:
    """Say what was verified about a certificate.

    Args:
        facts: What it states.
        verdict: What verification said.
        anchored: Whether a receipt of this very form checked.
        possession: Whether the holder proved possession of its key, for this audience and now; a share's
            link proves none, nor does paper.
        complete: Whether every endorsement that it requires verified; None: nobody looked, so it is complete
            only if it requires none.

    Returns:
        The source.
    """
    return Source(
        facts=facts,
        verdict=verdict,
        anchored=anchored,
        possession=possession,
        complete=not facts.required_endorsers if complete is None else complete,
    )


def source_key(facts: CredentialFacts) -> str:
    """Return what names a certificate across its forms and corrections.

    Returns:
        ``issuer|type|number``, the number of the certificate (or else of the apprentice agreement) in NFKC
        and upper case without white space; the credential's id where it has no number.

    Spec: CREDENTIALS.md, section 10, "Credit".
    """
    folded = unicodedata.normalize("NFKC", facts.number or facts.agreement_number or "").upper()
    number = "".join(folded.split())
    if not number:
        return facts.credential_id or ""
    return f"{facts.issuer_id}|{facts.credential_type}|{number}"


def same_source(conversion: Conversion, facts: CredentialFacts) -> bool:
    """Return whether a conversion rests on this certificate, or on one that it corrects."""
    return conversion.source == source_key(facts) or facts.credential_id in conversion.source_ids
