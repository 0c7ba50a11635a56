"""An application for credit, from the learner's choice to the credit record in the wallet.

    apply      open the application at the bank, and keep its request until the holder agrees
    refresh    ask the bank how every application stands, and take the credit records that it offers

A kill between opening an application and writing it down leaves the bank with an application about nobody,
which ends by itself. A credit record is taken by the ordinary claim, which a kill does not lose, and is
looked for among what is held before it is claimed again.
"""

import logging
from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote

from sqlite_utils import Database

from vc import recognition
from wallet import holding, issuers, looking_up, receiving
from wallet.accounts import Wallet
from wallet.answering import answers, requests
from wallet.answering.answers import Presentation
from wallet.converting import bank
from wallet.converting.agreements import Option
from wallet.converting.bank import Key, Offered, Standing
from wallet.converting.kept import Conversion, add, every, keep, one
from wallet.errors import (
    BankUnreachableError,
    CannotCheckError,
    CredentialRejectedError,
    NoAgreementError,
    NothingThereError,
    OfferError,
    UnknownIssuerError,
)
from wallet.holding import Held
from wallet.parts import Parts
from web.errors import FetchError, RateLimitedError

logger = logging.getLogger(__name__)

_NOT_NOW = (OfferError, CannotCheckError, CredentialRejectedError, FetchError, RateLimitedError)

OPEN_STATES = ("waiting", "submitted", "registered")
"""Of these the bank may have something new to say; what was returned or declined stays so."""


def apply(
    db: Database,
    wallet: Wallet,
    item: Held,
    option: Option,
    *,
    college: str | None,
    programme: str | None,
    rules: Collection[str] | None,
    parts: Parts,
    now: datetime,
) -> Presentation:
    """Open an application at the credit bank, and fetch the request by which it asks for the certificate.

    Nothing about the holder leaves: the bank hears an agreement, a college, a programme and a type. Only for
    a certificate that states no identity document it also hears whose account it is (``earlier``).

    Args:
        db: The wallet's database.
        wallet: The holder's wallet, open.
        item: The certificate.
        option: What the agreement gives for it; something of it is granted.
        college: DID of the learner's college, or None.
        programme: Code of the programme, or None.
        rules: The rules that the learner wants; None: all that are granted.
        parts: The collaborators.
        now: The time.

    Returns:
        The request, which waits for the holder's consent.

    Raises:
        NoAgreementError: Nothing is granted.
        ConversionError: The bank does not take it, or does not answer.
        RequestError: The bank's request is one that may not be answered.
        CannotCheckError: The registry could not be asked.
    """
    if not option.granted:
        raise NoAgreementError("no rule of the agreement grants anything for this certificate now")
    url = _bank_url(option.bank.did, parts=parts, now=now)
    opened = bank.apply(
        url,
        _application(item, option, college=college, programme=programme, rules=rules),
        earlier=earlier(db, wallet, item, bank_did=option.bank.did),
        fetcher=parts.fetcher,
    )
    asked = requests.look_up(opened.link, parts=parts, now=now, expected=option.bank.did)
    conversion_id = parts.random(16).hex()
    request = answers.keep(
        db,
        wallet,
        asked,
        parts=parts,
        now=now,
        purpose=_purpose(option),
        conversion=conversion_id,
        only=(item.credential_id,),
    )
    content = {
        **_chosen(item, option, college=college, programme=programme),
        **_not_yet_answered(),
        "bank_url": url,
        "application_id": opened.application_id,
        "token": opened.token,
        "request_id": request.request_id,
    }
    add(db, wallet, conversion_id, content, parts=parts, now=now)
    return request


def _application(
    item: Held, option: Option, *, college: str | None, programme: str | None, rules: Collection[str] | None
) -> dict[str, Any]:
    """Return what the bank hears: no word about the holder."""
    body = {
        "agreement": option.agreement_id,
        "version": option.evaluation.version,
        "rules": None if rules is None else sorted(rules),
        "credentialType": item.facts.credential_type,
        "college": college,
        "programme": programme,
        "issuer": item.facts.issuer_id,
    }
    return {name: value for name, value in body.items() if value is not None}


def _chosen(item: Held, option: Option, *, college: str | None, programme: str | None) -> dict[str, Any]:
    """Return what the learner chose, as the wallet keeps it."""
    return {
        "credential_id": item.credential_id,
        "title": _title(item),
        "source": recognition.source_key(item.facts),
        "source_id": item.facts.credential_id,
        "agreement_id": option.agreement_id,
        "version": option.evaluation.version,
        "agreement_title": dict(option.evaluation.title),
        "college": college,
        "college_names": next((dict(body.names) for body in option.colleges if body.did == college), {}),
        "programme": programme,
        "bank": option.bank.did,
        "bank_names": option.bank.names,
        "results": [bank.granted_from(result).to_json() for result in option.granted],
    }


def _not_yet_answered() -> dict[str, Any]:
    """Return the members that the bank's answers will fill."""
    return {
        "response_code": None,
        "reason_code": None,
        "reason": {},
        "note": None,
        "records": [],
        "account": None,
    }


def earlier(db: Database, wallet: Wallet, item: Held, *, bank_did: str) -> Key | None:
    """Give what shows a bank that an application is for the account that it knows already.

    A certificate that states a document needs none: the bank compares name and document. One that states none
    can only be registered for an account that another certificate opened.

    Returns:
        What opens an application that this bank registered, or None where none is needed or there is none.
    """
    if item.facts.id_tail:
        return None
    return next(
        (
            one.key
            for one in every(db, wallet)
            if one.bank == bank_did and one.state == "registered" and one.response_code is not None
        ),
        None,
    )


def refresh(db: Database, wallet: Wallet, *, parts: Parts, now: datetime) -> bool:
    """Ask how every open application stands, and take the credit records that are offered.

    Returns:
        Whether every bank could be asked, and everything that it offered is in the wallet.
    """
    outcomes = [
        refresh_one(db, wallet, item.conversion_id, parts=parts, now=now)
        for item in every(db, wallet)
        if item.state in OPEN_STATES and not _finished(item)
    ]
    return all(outcomes)


def refresh_one(db: Database, wallet: Wallet, conversion_id: str, *, parts: Parts, now: datetime) -> bool:
    """Ask how one application stands, and take what is offered for it.

    Returns:
        Whether the bank could be asked, and everything that it offered is in the wallet.

    Raises:
        NothingThereError: This wallet has no such application.
    """
    item = _with_code(db, wallet, one(db, wallet, conversion_id), parts=parts)
    try:
        found = bank.standing(item.bank_url, item.application_id, key=item.key, fetcher=parts.fetcher)
    except NothingThereError:
        keep(db, wallet, item, parts=parts, state="gone")
        return True
    except BankUnreachableError as error:
        logger.info("conversion_not_refreshed bank=%s reason=%s", item.bank, error)
        return False
    keep(db, wallet, item, parts=parts, **_changes(item, found))
    current = one(db, wallet, conversion_id)
    return _take_records(db, wallet, current, found, parts=parts, now=now)


def _with_code(db: Database, wallet: Wallet, item: Conversion, *, parts: Parts) -> Conversion:
    """Keep the response code with the application, once the answer that brought it was written down.

    It stays sealed with the answer too: a kill between the two rows loses nothing.
    """
    if item.response_code is not None:
        return item
    code = answers.one(db, wallet, item.request_id).response_code
    if code is None:
        return item
    keep(db, wallet, item, parts=parts, response_code=code)
    return one(db, wallet, item.conversion_id)


def _finished(item: Conversion) -> bool:
    """Tell whether a registered application has all its credit records here."""
    return item.state == "registered" and 0 < len(item.results) <= len(item.records)


def _changes(item: Conversion, found: Standing) -> dict[str, Any]:
    results = found.results or item.results
    return {
        "state": found.state,
        "results": [result.to_json() for result in results],
        "reason_code": found.reason_code,
        "reason": dict(found.reason),
        "note": found.note,
        "account": found.account or item.account,
    }


def _take_records(
    db: Database, wallet: Wallet, item: Conversion, found: Standing, *, parts: Parts, now: datetime
) -> bool:
    """Claim the credit records that the bank offers, and finish claims of them that had to wait."""
    complete = True
    waiting = [claim for claim in receiving.unfinished(db, wallet) if claim.offered.issuer_id == item.bank]
    acts: list[Callable[[], object]] = [
        *(partial(receiving.complete, db, wallet, claim.claim_id, parts=parts, now=now) for claim in waiting),
        *(partial(_claim, db, wallet, item, offer, parts=parts, now=now) for offer in found.offers),
    ]
    for act in acts:
        try:
            act()
        except _NOT_NOW as error:
            # A list that is not on the ledger yet, a bank that is away: it is taken at the next look.
            logger.info("record_not_taken bank=%s reason=%s", item.bank, type(error).__name__)
            complete = False
    held = _records(db, wallet, item, now=now)
    if held != item.records:
        keep(db, wallet, one(db, wallet, item.conversion_id), parts=parts, records=list(held))
    return complete


def _claim(
    db: Database, wallet: Wallet, item: Conversion, offer: Offered, *, parts: Parts, now: datetime
) -> None:
    """Claim one credit record, if it is not held yet, and if it is the bank that offers it."""
    if any(one.facts.credential_id == offer.record for one in holding.held(db, wallet, now=now)):
        return
    if not offer.offer_uri.startswith(item.bank_url + "/"):
        raise CredentialRejectedError("issuer", "the offer lies elsewhere than the registry says")
    link = f"openid-credential-offer://?credential_offer_uri={quote(offer.offer_uri, safe='')}"
    offered = looking_up.look_up(link, parts=parts, now=now)
    if offered.issuer_id != item.bank:
        raise CredentialRejectedError("issuer", "the credit record is offered by another body than the bank")
    receiving.receive(db, wallet, offered, pin=None, parts=parts, now=now)


def _records(db: Database, wallet: Wallet, item: Conversion, *, now: datetime) -> tuple[str, ...]:
    """Find the credit records that came of an application, by what they state."""
    rules = {result.rule for result in item.results}
    return tuple(
        one.credential_id
        for one in holding.held(db, wallet, now=now)
        if one.facts.credential_type == "CreditRecord"
        and one.facts.issuer_id == item.bank
        and one.facts.source_credential == item.source_id
        and one.facts.rule_id in rules
        and (one.facts.agreement or "").rpartition("#")[0] == item.agreement_id
    )


def _bank_url(did: str, *, parts: Parts, now: datetime) -> str:
    try:
        return issuers.by_did(did, parts=parts, now=now).record.claims_url
    except UnknownIssuerError as error:
        raise BankUnreachableError("the registry knows no address of the credit bank") from error


def _purpose(option: Option) -> dict[str, str]:
    """Say what the presentation is for, in both languages."""
    title = option.evaluation.title
    courses = {
        "zh-CN": "、".join(_named(result.course, "zh-CN") for result in option.granted),
        "en": ", ".join(_named(result.course, "en") for result in option.granted),
    }
    return {
        "zh-CN": f"按《{title['zh-CN']}》申请学分：{courses['zh-CN']}",
        "en": f"Apply for credit under “{title['en']}”: {courses['en']}",
    }


def _named(course: Any, language: str) -> str:
    deposit = {"zh-CN": "存入学分银行", "en": "deposit at the credit bank"}
    return str(course.name[language]) if course else deposit[language]


def _title(item: Held) -> dict[str, str]:
    named = item.facts.achievement_name or item.facts.title or ""
    return {"zh-CN": named, "en": item.facts.achievement_name_en or named}
