"""The one answer to a request: what fits, what the holder chose, and what became of it.

    keep      write the request down; it waits
    choices   the certificates that fit, for each thing that is asked
    agree     sign a presentation of each chosen certificate, and post them; once
    decline   say no; once
    made      what was presented to whom, for the list of shares

A request is taken out of its waiting state before anything leaves: a second click, page or process finds it
taken. What cannot be known afterwards, because the line broke, is called unsure and never sent again.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

from sqlite_utils import Database

from crypto import strict_json
from crypto.errors import CryptoError
from vc import data_integrity, dcql, did_key, openid4vp
from vc.errors import AnswerError
from wallet import holding
from wallet.accounts import Wallet
from wallet.answering import store
from wallet.answering.requests import Asked
from wallet.errors import AnsweredError, ChoiceError, RequestOverError
from wallet.holding import Held
from wallet.parts import Parts
from web import limits
from web.database import transaction
from web.errors import FetchError

logger = logging.getLogger(__name__)

State = Literal["waiting", "sending", "sent", "declined", "refused", "unsure"]
"""``sending`` is seen only where a process died while it sent: it reads as unsure."""

ANSWER_BYTES = 64 * 1024
UNANSWERED = timedelta(days=1)
FORM = "application/x-www-form-urlencoded"
ANSWERED = "/bank/answered?response_code="
"""Below a bank's address in the registry; what follows is the code."""

_RESPONSE_CODE = re.compile(r"[A-Za-z0-9_-]{22,128}", re.ASCII)


@dataclass(frozen=True)
class Presentation:
    """A request with what its holder made of it.

    Attributes:
        request_id: The id under which this wallet keeps it.
        asked: Who asks for what.
        purpose: What it is for, by language, where the wallet itself started it; empty otherwise.
        conversion: The conversion that it belongs to, or None.
        only: The certificates that it may be answered with, or None for any.
        state: What became of it.
        titles: What was presented is called, by language.
        code: What whoever asked gave as the reason of a refusal, or None.
        next_url: Where whoever asked wants the holder's browser to go on, or None; never for a conversion.
        response_code: For a conversion: what the bank gave to the wallet that answered, and to nobody else.
        made_at: When it came.
    """

    request_id: str
    asked: Asked
    purpose: dict[str, str]
    conversion: str | None
    only: tuple[str, ...] | None
    state: State
    titles: tuple[dict[str, str], ...]
    code: str | None
    next_url: str | None = field(repr=False)
    response_code: str | None = field(repr=False)
    made_at: datetime


@dataclass(frozen=True)
class Choice:
    """One thing that is asked, and what would answer it.

    Attributes:
        query_id: Its id in the query.
        fitting: The certificates that fit, the usual one first.
        usual: The one that is proposed, or None where the request can be answered without.
    """

    query_id: str
    fitting: tuple[Held, ...]
    usual: str | None


def keep(
    db: Database,
    wallet: Wallet,
    asked: Asked,
    *,
    parts: Parts,
    now: datetime,
    purpose: Mapping[str, str] | None = None,
    conversion: str | None = None,
    only: tuple[str, ...] | None = None,
) -> Presentation:
    """Write a request down until its holder has answered.

    Args:
        db: The wallet's database.
        wallet: The holder's wallet, open.
        asked: What :func:`wallet.answering.requests.look_up` found.
        parts: The collaborators.
        now: The time.
        purpose: What it is for, where the wallet itself knows.
        conversion: The conversion that waits for it.
        only: The certificates that it may be answered with.
    """
    request_id = parts.random(16).hex()
    content = {
        "asked": asked.to_json(),
        "purpose": dict(purpose or {}),
        "conversion": conversion,
        "only": None if only is None else list(only),
        "titles": [],
        "code": None,
        "next": None,
        "response_code": None,
    }
    with transaction(db):
        store.forget_unanswered(db, wallet.account_id, made_before=int((now - UNANSWERED).timestamp()))
        store.add(
            db,
            {
                "id": request_id,
                "account": wallet.account_id,
                "sealed": _seal(wallet, content, request_id, parts=parts),
                "state": "waiting",
                "made_at": int(now.timestamp()),
            },
        )
    return one(db, wallet, request_id)


def one(db: Database, wallet: Wallet, request_id: str) -> Presentation:
    """Give one request.

    Raises:
        NothingThereError: This wallet has no such request.
    """
    return _presentation(store.one(db, wallet.account_id, request_id), wallet)


def made(db: Database, wallet: Wallet) -> list[Presentation]:
    """List the requests that were answered, newest first."""
    listed = [_presentation(row, wallet) for row in store.every(db, wallet.account_id)]
    return [item for item in listed if item.state != "waiting"]


def choices(db: Database, wallet: Wallet, item: Presentation, *, now: datetime) -> list[Choice]:
    """List what would answer each part of a request; empty where nothing can answer it."""
    held = _presentable(db, wallet, item, now=now)
    query = item.asked.query
    usual = dcql.select(query, [one.credential for one in held])
    if usual is None:
        return []
    by_credential = {id(one.credential): one for one in held}
    found = []
    for asked in query.credentials:
        fitting = tuple(one for one in held if dcql.fits(asked, one.credential))
        if not fitting:
            continue
        proposed = usual.get(asked.query_id) if _needed(query, asked.query_id) else None
        first = by_credential[id(proposed[0])].credential_id if proposed else None
        found.append(Choice(asked.query_id, fitting, first))
    return found


def agree(
    db: Database,
    wallet: Wallet,
    request_id: str,
    chosen: Mapping[str, str],
    *,
    parts: Parts,
    now: datetime,
) -> Presentation:
    """Answer a request with the chosen certificates.

    Args:
        db: The wallet's database.
        wallet: The holder's wallet, open.
        request_id: The request.
        chosen: By query id, the certificate that answers it.
        parts: The collaborators.
        now: The time.

    Returns:
        The request with what became of it: sent, refused, or unsure.

    Raises:
        NothingThereError: This wallet has no such request.
        ChoiceError: What was chosen does not answer it; nothing was sent.
        RequestOverError: Its time is over; nothing was sent.
        AnsweredError: It was answered before; nothing was sent now.
    """
    item = one(db, wallet, request_id)
    if item.asked.expires <= now:
        raise RequestOverError("the request has expired")
    answer = _chosen(db, wallet, item, chosen, now=now)
    token = openid4vp.vp_token(
        {query_id: [_signed(held, item.asked, now=now)] for query_id, held in answer.items()}
    )
    form = openid4vp.response(item.asked.request, token=token)
    titles = [_titles(held) for held in answer.values()]
    _take(db, wallet, request_id)
    return _post(db, wallet, item, form, titles=titles, done="sent", parts=parts)


def decline(db: Database, wallet: Wallet, request_id: str, *, parts: Parts, now: datetime) -> Presentation:
    """Say no. Whoever asked cannot tell whether nothing fitted or the holder did not want to.

    Raises:
        NothingThereError: This wallet has no such request.
        AnsweredError: It was answered before.
    """
    item = one(db, wallet, request_id)
    _take(db, wallet, request_id)
    if item.asked.expires <= now:
        return _finish(db, wallet, item, state="declined", changes={}, parts=parts)
    form = openid4vp.refusal(item.asked.request)
    return _post(db, wallet, item, form, titles=[], done="declined", parts=parts)


def _take(db: Database, wallet: Wallet, request_id: str) -> None:
    with transaction(db):
        if not store.move(db, wallet.account_id, request_id, was="waiting", state="sending"):
            raise AnsweredError("this request was answered before")


def _presentable(db: Database, wallet: Wallet, item: Presentation, *, now: datetime) -> list[Held]:
    """List what may be presented: a void copy proves nothing, and would only embarrass its holder."""
    return [
        held
        for held in holding.held(db, wallet, now=now)
        if held.status.kind not in {"revoked", "withdrawn"}
        and (item.only is None or held.credential_id in item.only)
    ]


def _needed(query: dcql.Query, query_id: str) -> bool:
    """Tell whether a credential query stands in a required set; optional ones are not proposed."""
    if query.credential_sets is None:
        return True
    return any(
        query_id in option for wanted in query.credential_sets if wanted.required for option in wanted.options
    )


def _chosen(
    db: Database, wallet: Wallet, item: Presentation, chosen: Mapping[str, str], *, now: datetime
) -> dict[str, Held]:
    held = {one.credential_id: one for one in _presentable(db, wallet, item, now=now)}
    try:
        answer = {query_id: held[credential_id] for query_id, credential_id in chosen.items()}
        dcql.check_answer(item.asked.query, {query_id: [one.credential] for query_id, one in answer.items()})
    except (KeyError, AnswerError) as error:
        raise ChoiceError("what was chosen does not answer the request") from error
    return answer


def _signed(held: Held, asked: Asked, *, now: datetime) -> dict[str, Any]:
    """Sign a presentation of one certificate, for this request and this verifier alone.

    Spec: OpenID4VP 1.0, appendix B.1.3.
    """
    holder = did_key.did(held.key.public)
    return data_integrity.sign(
        openid4vp.presentation([held.credential], holder=holder),
        key=held.key,
        verification_method=did_key.verification_method(held.key.public),
        purpose="authentication",
        created=now,
        challenge=asked.request.nonce,
        domain=asked.request.client_id,
    )


def _post(
    db: Database,
    wallet: Wallet,
    item: Presentation,
    form: Mapping[str, str],
    *,
    titles: list[dict[str, str]],
    done: State,
    parts: Parts,
) -> Presentation:
    """Post an answer, once, and write down what came back."""
    try:
        answer = parts.fetcher.post(
            item.asked.request.response_uri,
            body=urlencode(form).encode(),
            content_type=FORM,
            accept="application/json",
            max_bytes=ANSWER_BYTES,
        )
    except FetchError as error:
        logger.info("answer_lost verifier=%s reason=%s", item.asked.did, type(error).__name__)
        return _finish(db, wallet, item, state="unsure", changes={"titles": titles}, parts=parts)
    told = _object(answer.body)
    if answer.status == 200:
        changes = {"titles": titles, **_way_on(told, item)}
        return _finish(db, wallet, item, state=done, changes=changes, parts=parts)
    state: State = "refused" if 400 <= answer.status < 500 else "unsure"
    changes = {"titles": titles, "code": _code(told)}
    return _finish(db, wallet, item, state=state, changes=changes, parts=parts)


def _finish(
    db: Database,
    wallet: Wallet,
    item: Presentation,
    *,
    state: State,
    changes: Mapping[str, Any],
    parts: Parts,
) -> Presentation:
    row = store.one(db, wallet.account_id, item.request_id)
    content = wallet.vault.open(row["sealed"], kind="presentation", row=item.request_id) | changes
    sealed = _seal(wallet, content, item.request_id, parts=parts)
    with transaction(db):
        store.keep(db, wallet.account_id, item.request_id, state=state, sealed=sealed)
    logger.info("request_answered verifier=%s state=%s", item.asked.did, state)
    return one(db, wallet, item.request_id)


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = strict_json.parse(body, max_bytes=ANSWER_BYTES)
    except CryptoError:
        return {}
    return found if isinstance(found, dict) else {}


def _code(told: Mapping[str, Any]) -> str | None:
    """Take the other side's code where it is a plain word; its sentences are not shown."""
    for name in ("code", "error"):
        value = told.get(name)
        if isinstance(value, str) and 0 < len(value) <= 64 and value.replace("_", "").isalnum():
            return value if value.isascii() else None
    return None


def _way_on(told: Mapping[str, Any], item: Presentation) -> dict[str, str | None]:
    """Read how it goes on: for a conversion in this wallet, by its code; else on the other side's own page.

    What this wallet started it also ends: its bank's page is not opened, and has nothing to say.
    """
    if item.conversion is None:
        return {"next": _next_url(told, item.asked)}
    return {"response_code": _response_code(told, item.asked)}


def _response_code(told: Mapping[str, Any], asked: Asked) -> str | None:
    """Take the response code out of the address of a bank, if it is exactly the one that a bank gives.

    Spec: OpenID4VP 1.0, sections 8.2 and 13.3.
    """
    url = told.get("redirect_uri")
    start = f"{asked.url}{ANSWERED}"
    if not isinstance(url, str) or not url.startswith(start):
        return None
    code = url.removeprefix(start)
    return code if _RESPONSE_CODE.fullmatch(code) else None


def _next_url(told: Mapping[str, Any], asked: Asked) -> str | None:
    """Take the address at which the holder's browser is to go on, if it is one of the same host.

    Spec: OpenID4VP 1.0, section 8.2.
    """
    url = told.get("redirect_uri")
    if not isinstance(url, str) or len(url) > limits.URL_CHARS:
        return None
    try:
        there, known = urlsplit(url), urlsplit(asked.url)
    except ValueError:
        return None
    return url if (there.scheme, there.netloc) == (known.scheme, known.netloc) else None


def _titles(held: Held) -> dict[str, str]:
    named = held.facts.title or ""
    return {"zh-CN": named, "en": holding.type_names(held.facts).get("en", named)}


def _seal(wallet: Wallet, content: dict[str, Any], request_id: str, *, parts: Parts) -> bytes:
    return wallet.vault.seal(content, kind="presentation", row=request_id, random=parts.random)


def _presentation(row: dict[str, Any], wallet: Wallet) -> Presentation:
    content = wallet.vault.open(row["sealed"], kind="presentation", row=row["id"])
    only = content["only"]
    return Presentation(
        request_id=row["id"],
        asked=Asked.from_json(content["asked"]),
        purpose=content["purpose"],
        conversion=content["conversion"],
        only=None if only is None else tuple(only),
        state=row["state"],
        titles=tuple(content["titles"]),
        code=content["code"],
        next_url=content["next"],
        # A request that was kept by an earlier release has none.
        response_code=content.get("response_code"),
        made_at=datetime.fromtimestamp(row["made_at"], UTC),
    )
