"""What the wallet knows of its holder's account at the credit bank.

That is the credit records that it holds, and the applications that are on their way. It is what a preview
rests on; the bank keeps the whole account and has the last word.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlite_utils import Database

from vc import recognition
from vc.credentials import CredentialFacts
from vc.recognition import Account, Conversion
from wallet import holding
from wallet.accounts import Wallet
from wallet.converting.kept import Conversion as Application
from wallet.converting.kept import every


def account_of(
    db: Database, wallet: Wallet, *, college: str | None, programme: str | None, now: datetime
) -> Account:
    """Put together what the wallet knows of a learner's account.

    Args:
        db: The wallet's database.
        wallet: The holder's wallet, open.
        college: DID of the college where the learner is enrolled, or None.
        programme: Code of the programme there, or None.
        now: The time.
    """
    held = [item for item in holding.held(db, wallet, now=now) if item.facts.credential_id]
    sources = {item.facts.credential_id or "": item.facts for item in held}
    registered = [
        _of_record(item.facts, sources)
        for item in held
        if item.facts.credential_type == "CreditRecord" and item.status.kind not in {"revoked", "withdrawn"}
    ]
    return Account(
        college=college,
        programme=programme,
        conversions=(*registered, *_on_their_way(every(db, wallet), registered)),
    )


def _of_record(facts: CredentialFacts, sources: dict[str, CredentialFacts]) -> Conversion:
    """Read a credit record as the entry of the account that it is."""
    agreement_id, _, version = (facts.agreement or "").rpartition("#")
    source = sources.get(facts.source_credential or "")
    return Conversion(
        agreement_id=agreement_id,
        version=int(version) if version.isascii() and version.isdigit() else 0,
        rule=facts.rule_id or "",
        kind=facts.conversion_kind or "",
        # A source that is no longer held goes by its id, which does for the very certificate itself.
        source=recognition.source_key(source) if source else facts.source_credential or "",
        college=facts.college_id,
        course_code=facts.course_code,
        credits=facts.credits_earned or 0.0,
        unit=facts.credit_unit or "",
        state="active",
        source_ids=(facts.source_credential,) if facts.source_credential else (),
    )


def _on_their_way(applications: Iterable[Application], registered: list[Conversion]) -> list[Conversion]:
    """Read applications that were handed in as entries, but for those whose credit record is held by now."""
    known = {(entry.source, entry.rule, entry.agreement_id) for entry in registered}
    return [
        Conversion(
            agreement_id=item.agreement_id,
            version=item.version,
            rule=result.rule,
            kind=result.kind,
            source=item.source,
            college=item.college if result.course_code else None,
            course_code=result.course_code,
            credits=result.credits or 0.0,
            unit=result.unit or "",
            state="active",
        )
        for item in applications
        if item.state in {"submitted", "registered"}
        for result in item.results
        if (item.source, result.rule, item.agreement_id) not in known
    ]
