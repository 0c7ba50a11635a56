"""A learner's application: opened without a word about a person, then answered once by a presentation.

    POST /bank/applications     agreement, version, rules, type, college, programme, certificate's issuer
                                -> an id, a token for the wallet, and the address of a request object
    GET  <request_uri>          the signed request for one certificate of that type and issuer
    POST /bank/responses        direct_post: the presentation, or the wallet's refusal
                                -> for a presentation that was taken, a redirect_uri with the response code
    GET  /bank/applications/…   with the token alone: the bare state
                                with the response code too: what became of it, offers of the CreditRecords

Five secrets, each for one reader: the token (the wallet that applied, for as long as the application lasts),
the request's address, the state, the nonce, and the response code (the wallet that answered). The last three
follow from the application's id under the instance's secret and are kept nowhere, so that a request that is
fetched twice is the same; of the others the database keeps hashes. A presentation that does not answer the
request leaves it open for the honest one, up to ten times.

Whoever applies can have somebody else's wallet answer. What is about a person is therefore told only to a
caller that shows both the token and the response code: one wallet applied and answered. A wallet that never
got the code, because the line broke, cannot get it again: a second answer is a replay. Its credit stays in
the account, and an officer hands the record out by an ordinary slip.

Spec: OpenID4VP 1.0, sections 5, 8, 13.3 and 14.2; OPENID4VC.md, section 3.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlite_utils import Database

from crypto import jcs
from crypto.errors import CryptoError
from crypto.multibase import base64url_encode
from issuer import institution
from issuer.bank import conversions, credit_records, presenting, role, store, verifying, world
from issuer.bank.desk import Desk
from issuer.bank.errors import (
    ApplicationsFullError,
    CannotCheckError,
    NoAgreementError,
    PresentationRefusedError,
    PresentationReplayedError,
    ResponseCodeError,
)
from issuer.bank.reasons import reason
from issuer.errors import InvalidActError, UnknownError
from issuer.parts import Parts
from schemas.catalogue import CATALOGUE, VOCABULARY
from vc import dates, dcql, openid4vp
from vc.errors import OpenId4VpError
from vc.recognition import Agreement
from web.database import transaction

REQUEST_SECONDS = int(openid4vp.REQUEST_LIFETIME.total_seconds())
QUERY_ID = "certificate"
CREDIT_KINDS = frozenset({"存入", "免修", "学分置换", "成绩替代"})
MOST_OPEN = 5_000
MOST_TRIES = 10
_SECRET_BYTES = 32
_FORGET_SECONDS = 24 * 3600
_AGREEMENT = re.compile(r"urn:vocred:agreement:[A-Za-z0-9._-]{1,64}")
_DID = re.compile(r"did:web:[A-Za-z0-9._%:-]{3,200}")
_CODE = re.compile(r"[A-Za-z0-9._-]{1,32}")


@dataclass(frozen=True)
class Wish:
    """What a learner applies for.

    Attributes:
        agreement_id: The agreement's URN.
        version: The version whose preview the learner saw.
        rules: The rules chosen, or None: all.
        credential_type: Name of the certificate's type.
        certificate_issuer: DID of the certificate's issuer.
        college: DID of the learner's college; empty for a deposit.
        programme: Code of the programme there; empty for a deposit.
    """

    agreement_id: str
    version: int
    rules: tuple[str, ...] | None
    credential_type: str
    certificate_issuer: str
    college: str
    programme: str


@dataclass(frozen=True)
class Opened:
    """An application that was opened.

    Attributes:
        id: Its id.
        token: The secret of the wallet that opened it.
        client_id: Who asks, as the request object says it.
        request_uri: Where the request object is.
        expires_in: Seconds.
    """

    id: str
    token: str = field(repr=False)
    client_id: str
    request_uri: str = field(repr=False)
    expires_in: int


def read_wish(body: object) -> Wish:
    """Read what a stranger applies for.

    Raises:
        InvalidActError: A member is missing or not of its form.
    """
    if not isinstance(body, dict):
        raise InvalidActError("the body has to be a JSON object")
    rules, version = body.get("rules"), body.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or not 1 <= version <= 10_000:
        raise InvalidActError("version is not the number of a version")
    if rules is not None and (
        not isinstance(rules, list)
        or not 1 <= len(rules) <= 64
        or not all(isinstance(rule, str) and _CODE.fullmatch(rule) for rule in rules)
    ):
        raise InvalidActError("rules is a list of ids of rules, or null")
    credential_type = body.get("credentialType")
    if not isinstance(credential_type, str) or credential_type not in CATALOGUE:
        raise InvalidActError("credentialType is no type of the catalogue")
    return Wish(
        agreement_id=_member(body, "agreement", _AGREEMENT),
        version=version,
        rules=None if rules is None else tuple(dict.fromkeys(rules)),
        credential_type=credential_type,
        certificate_issuer=_member(body, "issuer", _DID),
        college=_member(body, "college", _DID, optional=True),
        programme=_member(body, "programme", _CODE, optional=True),
    )


def begin(
    db: Database, parts: Parts, desk: Desk, *, wish: Wish, account_id: str | None = None, now: int
) -> Opened:
    """Open an application.

    Args:
        db: The connection.
        parts: The collaborators.
        desk: Whom the bank asks.
        wish: What is applied for.
        account_id: The account that it is for, where the learner has shown that it is theirs
            (``account_of``).
        now: Seconds since 1970.

    Raises:
        NotACreditBankError: This institution is none.
        NoAgreementError: The version in force is another, or is none of this bank's.
        ApplicationsFullError: Too many wait already.
        CannotCheckError: The ledger cannot be asked now.
    """
    role.require(db, desk, now=now)
    agreement = world.look(wish.agreement_id, desk=desk, now=now).in_force(now=now)
    return open_application(db, parts, wish=wish, agreement=agreement, account_id=account_id, now=now)


def open_application(
    db: Database,
    parts: Parts,
    *,
    wish: Wish,
    agreement: Agreement | None,
    account_id: str | None = None,
    now: int,
) -> Opened:
    """Write an application down, once it is known which version decides.

    Args:
        db: The connection.
        parts: The collaborators.
        wish: What is applied for.
        agreement: The version in force, or None.
        account_id: The account that it is for, where the learner has shown that it is theirs.
        now: Seconds since 1970.

    Raises:
        NoAgreementError: The version in force is another, or is none of this bank's.
        ApplicationsFullError: Too many wait already.
    """
    did = institution.load(db).did
    _check_wish(wish, agreement, bank=did)
    token, request_id = (base64url_encode(parts.random(_SECRET_BYTES)) for _ in range(2))
    application_id = f"app-{parts.random(10).hex()}"
    with transaction(db):
        store.forget_applications(db, before=now - _FORGET_SECONDS)
        if store.count_open(db, now=now) >= MOST_OPEN:
            raise ApplicationsFullError("too many applications wait for a presentation")
        store.add_application(
            db,
            {
                "id": application_id,
                "token_hash": _hash(token),
                "request_hash": _hash(request_id),
                "state_hash": _hash(presenting.state(parts, application_id)),
                "agreement_id": wish.agreement_id,
                "version": wish.version,
                "chosen": None if wish.rules is None else list(wish.rules),
                "credential_type": wish.credential_type,
                "certificate_issuer": wish.certificate_issuer,
                "college": wish.college,
                "programme": wish.programme,
                "created_at": now,
                "expires_at": now + REQUEST_SECONDS,
                "account_id": account_id,
            },
        )
    return Opened(
        id=application_id,
        token=token,
        client_id=openid4vp.client_id(did),
        request_uri=f"{parts.settings.url}/bank/requests/{request_id}",
        expires_in=REQUEST_SECONDS,
    )


def request_object(db: Database, parts: Parts, *, request_id: str, now: int) -> str:
    """Return the signed request of an application that still waits; fetching it twice gives the same.

    Raises:
        UnknownError: No such request, or it is over.
    """
    application = store.application_of_hash(db, "request_hash", _hash(request_id))
    if application is None or not _waits(application, now=now):
        raise UnknownError("no request is open under this address")
    key = institution.signing_key(db, parts.secret)
    return openid4vp.make_request(
        key=key.private,
        verification_method=key.verification_method,
        response_uri=f"{parts.settings.url}/bank/responses",
        nonce=presenting.nonce(parts, application["id"]),
        state=presenting.state(parts, application["id"]),
        dcql_query=_query(application),
        now=dates.from_seconds(application["created_at"]),
        lifetime=timedelta(seconds=application["expires_at"] - application["created_at"]),
    )


def respond(db: Database, parts: Parts, desk: Desk, *, form: Mapping[str, str], now: int) -> str | None:
    """Take what a wallet posted in answer to a request.

    Returns:
        The response code, for the wallet that answered; None where it declined.

    Raises:
        PresentationRefusedError: It does not answer the request, which stays open for one that does.
        PresentationReplayedError: The request was answered before, or is over.
        NotAccreditedError: This institution may sign no CreditRecord at the moment; the request stays open.
    """
    try:
        answer = openid4vp.read_response(form, asked=[QUERY_ID])
    except (OpenId4VpError, CryptoError) as error:
        raise PresentationRefusedError(str(error), code=error.code) from error
    application = store.application_of_hash(db, "state_hash", _hash(answer.state))
    if application is None:
        raise PresentationRefusedError("no request is open for this state")
    if not _waits(application, now=now):
        raise PresentationReplayedError("the request was answered already, or is over")
    if answer.error is not None:
        _decline(db, application, now=now)
        return None
    try:
        _decide(db, parts, desk, application, answer.presentations[QUERY_ID][0], now=now)
    except PresentationReplayedError:
        raise
    except PresentationRefusedError:
        with transaction(db):
            store.count_try(db, application["id"])
        raise
    except CannotCheckError:
        # The holder has done everything right; the wallet is told, and may apply again.
        conversions.put_back(db, application_id=application["id"], why="could-not-check", now=now)
    return presenting.response_code(parts, application["id"])


def of_token(db: Database, *, application_id: str, token: str) -> dict[str, Any]:
    """Return the application of a token.

    Raises:
        UnknownError: They do not go together; which of them is wrong is not told.
    """
    found = store.application_of_hash(db, "token_hash", _hash(token))
    if found is None or found["id"] != application_id:
        raise UnknownError("no application of that id and token")
    return found


def registered_of_token(db: Database, token: str) -> dict[str, Any]:
    """Return the application of a token if something was registered by it.

    Only then was it confirmed that the account is the holder's.

    Raises:
        UnknownError: No such token, or nothing was registered by it.
    """
    found = store.application_of_hash(db, "token_hash", _hash(token))
    if found is None or found["state"] != "registered" or found["account_id"] is None:
        raise UnknownError("no account is open to this token")
    return found


def check_code(parts: Parts, application: Mapping[str, Any], code: str | None) -> None:
    """Check that whoever shows an application's token is also the wallet that answered its request.

    Raises:
        ResponseCodeError: The code is missing, or another.

    Spec: OpenID4VP 1.0, sections 13.3 and 14.2.
    """
    right = presenting.response_code(parts, application["id"]).encode()
    if not hmac.compare_digest((code or "").encode("utf-8", "surrogatepass"), right):
        raise ResponseCodeError("the response code of the wallet that answered is needed")


def bare_state(application: Mapping[str, Any], *, now: int) -> dict[str, Any]:
    """Return what the token alone is told: how far an application is, and nothing about a person."""
    state = application["state"]
    if state == "waiting" and not _waits(application, now=now):
        return {"state": "returned", "results": [], "reason": reason("request-expired")}
    return {"state": state, "results": []}


def told(db: Database, parts: Parts, application: Mapping[str, Any], *, now: int) -> dict[str, Any]:
    """Return what the wallet is told that applied and answered (``check_code``).

    With it come fresh offers of what the wallet has not claimed yet.
    """
    state = application["state"]
    if state == "waiting":
        return bare_state(application, now=now)
    document: dict[str, Any] = {"state": state, "results": application["results"]}
    if application["reason"] is not None:
        document["reason"] = json.loads(application["reason"])
    if state == "registered":
        document["account"] = application["account_id"]
        document["offers"] = [
            {"credential_offer_uri": uri, "record": f"urn:uuid:{found['record_id']}"}
            for found in store.conversions_of_application(db, application["id"])
            if found["state"] != "cancelled"
            and (uri := credit_records.offer(db, parts, record_id=found["record_id"], now=now)) is not None
        ]
    return document


def _decide(
    db: Database,
    parts: Parts,
    desk: Desk,
    application: Mapping[str, Any],
    presentation: dict[str, Any],
    *,
    now: int,
) -> None:
    if application["tries"] >= MOST_TRIES:
        raise PresentationReplayedError("the request had too many answers that were none")
    did = institution.load(db).did
    credential = presenting.check(
        presentation,
        query=dcql.parse(_query(application)),
        query_id=QUERY_ID,
        challenge=presenting.nonce(parts, application["id"]),
        domain=openid4vp.client_id(did),
        now=dates.from_seconds(now),
    )
    verified = verifying.verify(credential, desk=desk, now=now)
    conversions.submit(
        db,
        parts,
        application_id=application["id"],
        form=jcs.canonicalize(credential),
        verified=verified,
        world=world.look(application["agreement_id"], desk=desk, now=now),
        now=now,
    )


def _check_wish(wish: Wish, agreement: Agreement | None, *, bank: str) -> None:
    """Refuse what no presentation could make good, before anybody presents anything."""
    if agreement is None or agreement.document["version"] != wish.version:
        raise NoAgreementError("that version of the agreement is not in force")
    document = agreement.document
    if not any((party["id"], party["role"]) == (bank, "credit-bank") for party in document["parties"]):
        raise NoAgreementError("this institution is not the agreement's credit bank")
    accepts = document["accepts"]
    if accepts["credentialType"] != VOCABULARY + wish.credential_type:
        raise NoAgreementError("the agreement does not accept that type")
    if wish.certificate_issuer not in accepts.get("issuer", [wish.certificate_issuer]):
        raise NoAgreementError("the agreement does not accept that issuer")
    known = {rule["id"] for rule in document["rules"] if rule["kind"] in CREDIT_KINDS}
    if not known or not set(wish.rules or ()) <= known:
        raise NoAgreementError("the agreement has no such rule about credit")


def _query(application: Mapping[str, Any]) -> dict[str, Any]:
    """Return the DCQL query: one certificate of one type, by one issuer."""
    claim = {"path": ["issuer", "id"], "values": [application["certificate_issuer"]]}
    return dcql.for_type(application["credential_type"], query_id=QUERY_ID, claims=[claim])


def _decline(db: Database, application: Mapping[str, Any], *, now: int) -> None:
    with transaction(db):
        store.move_application(
            db,
            application["id"],
            before=("waiting",),
            after="declined",
            reason=json.dumps(reason("declined"), ensure_ascii=False),
            decided_at=now,
            decided_by=credit_records.HOLDER,
        )


def _waits(application: Mapping[str, Any], *, now: int) -> bool:
    return application["state"] == "waiting" and now < application["expires_at"]


def _member(body: Mapping[str, Any], name: str, shape: re.Pattern[str], *, optional: bool = False) -> str:
    value = body.get(name)
    if optional and value in (None, ""):
        return ""
    if not isinstance(value, str) or not shape.fullmatch(value):
        raise InvalidActError(f"{name} is missing or not of its form")
    return value


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
