"""The requests to a credit bank, and its answers read no further than their shape.

    POST <bank>/bank/applications        which agreement, rules, college and programme: a request to present
    GET  <bank>/bank/applications/<id>   how it stands, and offers of the credit records
    GET  <bank>/bank/account             the account's statement

What belongs to a person is asked for with two secrets: the application's token, which shows that this wallet
applied, and the response code, which shows that it was this wallet that presented the certificate. With the
token alone a bank tells the bare state.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args
from urllib.parse import quote

from crypto import strict_json
from crypto.errors import CryptoError
from wallet.errors import ApplicationRefusedError, BankUnreachableError, NothingThereError
from web import limits
from web.errors import FetchError, RateLimitedError
from web.fetcher import Fetch, Response

ANSWER_BYTES = 512 * 1024
MOST_RESULTS = 64
MOST_ENTRIES = 5_000
LONGEST_TEXT = 2_000

State = Literal["waiting", "submitted", "registered", "returned", "declined"]

_ID = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


@dataclass(frozen=True)
class Application:
    """An application that the bank opened, and the request by which it asks for the certificate."""

    application_id: str
    token: str = field(repr=False)
    client_id: str
    request_uri: str = field(repr=False)

    @property
    def link(self) -> str:
        """The request as a link, to be read like any other."""
        return (
            f"openid4vp://?client_id={quote(self.client_id, safe='')}"
            f"&request_uri={quote(self.request_uri, safe='')}"
        )


@dataclass(frozen=True)
class Key:
    """What opens an application at its bank.

    Attributes:
        token: What the bank gave when the application was opened.
        response_code: What it gave when the certificate was presented, or None where nothing was yet.
    """

    token: str = field(repr=False)
    response_code: str | None = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """The headers that show it."""
        shown = {"authorization": f"Bearer {self.token}"}
        return shown if self.response_code is None else {**shown, "response-code": self.response_code}


@dataclass(frozen=True)
class Granted:
    """One rule's credit, as the bank or the wallet's own preview states it.

    Attributes:
        rule: The rule's id.
        kind: 免修, 学分置换, 成绩替代 or 存入.
        course_code: The course's code, or None for a deposit.
        course_name: Its name by language; empty for a deposit.
        credits: How many.
        unit: Their unit.
        grade: The grade that goes with it, or None.
        line: The sentence, by language.
    """

    rule: str
    kind: str
    course_code: str | None
    course_name: dict[str, str]
    credits: float | None
    unit: str | None
    grade: str | None
    line: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Offered:
    """An offer of a credit record: where it lies, and which record it is."""

    offer_uri: str = field(repr=False)
    record: str


@dataclass(frozen=True)
class Standing:
    """How an application stands.

    Attributes:
        state: The bank's word.
        results: What it registered, or would.
        reason_code: Why it was returned, as a code, or None.
        reason: The same in words, by language.
        note: An officer's own words, or None.
        offers: Credit records that may be claimed now.
        account: The account's number, where the bank gives it.
    """

    state: State
    results: tuple[Granted, ...] = ()
    reason_code: str | None = None
    reason: Mapping[str, str] = field(default_factory=dict)
    note: str | None = None
    offers: tuple[Offered, ...] = ()
    account: str | None = None


def apply(url: str, body: Mapping[str, Any], *, fetcher: Fetch, earlier: Key | None = None) -> Application:
    """Open an application; it names no person.

    Args:
        url: The bank's address in the registry.
        body: The agreement, its version, the rules, the type, the college and the programme.
        fetcher: The one way to ask another service.
        earlier: What opens an application that was registered, where this one is to be for the same account;
            it tells the bank whose it is.

    Raises:
        ApplicationRefusedError: The bank does not take it; ``reason`` is its code.
        BankUnreachableError: Nothing that counts came back.
    """
    try:
        answer = fetcher.post(
            f"{url}/bank/applications",
            json=dict(body),
            accept="application/json",
            headers={} if earlier is None else earlier.headers,
            max_bytes=ANSWER_BYTES,
        )
    except FetchError as error:
        raise BankUnreachableError("the credit bank does not answer") from error
    document = _object(answer)
    if answer.status != 201:
        raise _refusal(answer.status, document)
    return Application(
        application_id=_id(document, "application"),
        token=_id(document, "token"),
        client_id=_text(document, "client_id"),
        request_uri=_text(document, "request_uri"),
    )


def standing(url: str, application_id: str, *, key: Key, fetcher: Fetch) -> Standing:
    """Ask how an application stands.

    Raises:
        NothingThereError: The bank has no such application any more.
        BankUnreachableError: Nothing that counts came back.
    """
    document = _get(f"{url}/bank/applications/{application_id}", key=key, fetcher=fetcher)
    state = document.get("state")
    if state not in get_args(State):
        raise BankUnreachableError("the credit bank's answer names no state that is known")
    reason = document.get("reason")
    told = reason if isinstance(reason, dict) else {}
    account = document.get("account")
    return Standing(
        state=state,
        results=tuple(_granted(item) for item in _objects(document, "results", most=MOST_RESULTS)),
        reason_code=_code(told.get("code")),
        reason=words(told),
        note=_note(told.get("note")),
        offers=tuple(_offered(item) for item in _objects(document, "offers", most=MOST_RESULTS)),
        account=account[:64] if isinstance(account, str) else None,
    )


def account(url: str, *, key: Key, fetcher: Fetch) -> dict[str, Any]:
    """Ask for the account's statement; its entries are read by ``statement``.

    Raises:
        NothingThereError: There is no account yet.
        BankUnreachableError: Nothing that counts came back.
    """
    return _get(f"{url}/bank/account", key=key, fetcher=fetcher)


def _get(url: str, *, key: Key, fetcher: Fetch) -> dict[str, Any]:
    try:
        answer = fetcher.get(
            url,
            accept="application/json",
            headers=key.headers,
            max_bytes=ANSWER_BYTES,
        )
    except FetchError as error:
        raise BankUnreachableError("the credit bank does not answer") from error
    if answer.status in {401, 403, 404, 410}:
        raise NothingThereError("the credit bank has no such application")
    document = _object(answer)
    if answer.status != 200:
        raise BankUnreachableError(f"the credit bank answered {answer.status}")
    return document


def _refusal(status: int, document: Mapping[str, Any]) -> Exception:
    if status == 429:
        return RateLimitedError("the credit bank asks to wait a moment")
    if 400 <= status < 500:
        reason = _code(document.get("code"))
        return ApplicationRefusedError("the credit bank does not take the application", reason=reason)
    return BankUnreachableError(f"the credit bank answered {status}")


def granted_from(result: Any) -> Granted:
    """Write a result of the wallet's own evaluation in the same words as the bank's."""
    return Granted(
        rule=result.rule,
        kind=result.kind,
        course_code=result.course.code if result.course else None,
        course_name=dict(result.course.name) if result.course else {},
        credits=result.credits,
        unit=result.unit,
        grade=result.grade,
        line=dict(result.line),
    )


def _granted(item: Mapping[str, Any]) -> Granted:
    course = item.get("course")
    named = course if isinstance(course, dict) else {}
    return Granted(
        rule=str(item.get("rule", ""))[:64],
        kind=str(item.get("kind", ""))[:16],
        course_code=short(named.get("code")),
        course_name=words(named.get("name")),
        credits=number(item.get("credits")),
        unit=short(item.get("unit")),
        grade=short(item.get("grade")),
        line=words(item.get("line")),
    )


def _offered(item: Mapping[str, Any]) -> Offered:
    return Offered(_text(item, "credential_offer_uri"), _text(item, "record"))


def number(value: object) -> float | None:
    """Read a number of credits; anything else is none."""
    found = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 10_000
    return float(value) if found else None  # type: ignore[arg-type]


def words(value: object) -> dict[str, str]:
    """Read a sentence in both languages, under the names that the registry or the protocol gives them."""
    if isinstance(value, str):
        return {"zh-CN": value[:LONGEST_TEXT]}
    told = value if isinstance(value, dict) else {}
    found = {}
    for language, names in (("zh-CN", ("zh-CN", "zh")), ("en", ("en",))):
        texts = [told[name] for name in names if isinstance(told.get(name), str)]
        if texts:
            found[language] = texts[0][:LONGEST_TEXT]
    return found


def _objects(document: Mapping[str, Any], name: str, *, most: int) -> list[dict[str, Any]]:
    value = document.get(name) or []
    if not isinstance(value, list) or len(value) > most or not all(isinstance(item, dict) for item in value):
        raise BankUnreachableError(f"the credit bank's {name} cannot be read")
    return value


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= limits.URL_CHARS or not value.isascii():
        raise BankUnreachableError(f"the credit bank's answer has no {name}")
    return value


def _id(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise BankUnreachableError(f"the credit bank's answer has no {name}")
    return value


def _note(value: object) -> str | None:
    return value[:LONGEST_TEXT] if isinstance(value, str) and value.strip() else None


def _code(value: object) -> str | None:
    return value if isinstance(value, str) and _CODE.fullmatch(value) else None


def short(value: object) -> str | None:
    """Read a short text; anything else is none."""
    return value[:200] if isinstance(value, str) and value else None


def _object(answer: Response) -> dict[str, Any]:
    try:
        document = strict_json.parse(answer.body, max_bytes=ANSWER_BYTES)
    except CryptoError as error:
        raise BankUnreachableError(f"the credit bank answered {answer.status} unreadably") from error
    if not isinstance(document, dict):
        raise BankUnreachableError(f"the credit bank answered {answer.status} unreadably")
    return document
