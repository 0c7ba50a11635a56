"""Two hundred honest questions at once are answered while as many dishonest ones are refused.

Figures are printed; of time only a hang is a failure.
"""

import asyncio
import copy
import json
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.e2e.papers import Papers
from vc import printed_code

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

HONEST, DISHONEST = 200, 200
HANG_SECONDS = 30
VISIBLE_SECONDS = 60


@dataclass(frozen=True)
class Question:
    """What is posted, and what the answer has to be."""

    kind: str
    body: bytes
    honest: bool


@dataclass(frozen=True)
class Answer:
    """What came back, and after how many seconds."""

    question: Question
    status: int
    body: Mapping[str, Any]
    seconds: float


def ask_all(url: str, questions: Sequence[Question]) -> list[Answer]:
    """Post every question at the same moment, each on a connection of its own."""

    async def one(client: httpx.AsyncClient, question: Question) -> Answer:
        began = time.monotonic()
        got = await client.post(
            f"{url}/api/verify", content=question.body, headers={"Content-Type": "application/json"}
        )
        return Answer(question, got.status_code, got.json(), time.monotonic() - began)

    async def everybody() -> list[Answer]:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        async with httpx.AsyncClient(limits=limits, timeout=HANG_SECONDS, trust_env=False) as client:
            return list(await asyncio.gather(*(one(client, question) for question in questions)))

    return asyncio.run(everybody())


def honest_questions(papers: Papers) -> Iterator[Question]:
    """Yield what employers ask without end: certificates, printed codes and shares, in turn."""
    while True:
        for credential in papers.held:
            for code in random.Random(1).sample(papers.codes, 3):
                yield _question("code", {"code": code}, honest=True)
            yield _question("credential", {"verifiableCredential": credential}, honest=True)
        yield _question("share", papers.share, honest=True)


def dishonest_questions(papers: Papers) -> Iterator[Question]:
    """Yield changed certificates, changed shares, invented codes and hostile bodies, in turn."""
    chance = random.Random(2)
    while True:
        for change in CHANGES:
            credential = copy.deepcopy(dict(chance.choice(papers.held)))
            change(credential)
            yield _question("changed", {"verifiableCredential": credential}, honest=False)
        share = copy.deepcopy(dict(papers.share))
        CHANGES[0](share["share"]["package"]["presentation"]["verifiableCredential"][0])
        yield _question("changed share", share, honest=False)
        invented = printed_code.make(1, random=chance.randbytes(12), purpose="certificate").text
        yield _question("invented code", {"code": invented}, honest=False)
        for kind, body in _hostile_bodies(papers):
            yield Question(kind, body, honest=False)


def _change_name(credential: dict[str, Any]) -> None:
    credential["credentialSubject"]["name"] = "另一个人"


def _change_date(credential: dict[str, Any]) -> None:
    credential["validFrom"] = "2020-06-30T00:00:00+08:00"


def _change_index(credential: dict[str, Any]) -> None:
    entry = credential["credentialStatus"]
    entry["statusListIndex"] = str((int(entry["statusListIndex"]) + 1) % 131_072)


def _change_proof(credential: dict[str, Any]) -> None:
    (proof,) = credential["proof"]
    value = proof["proofValue"]
    proof["proofValue"] = value[:20] + ("2" if value[20] != "2" else "3") + value[21:]


def _change_holder(credential: dict[str, Any]) -> None:
    credential["credentialSubject"]["id"] = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"


def _drop_status(credential: dict[str, Any]) -> None:
    del credential["credentialStatus"]


CHANGES: tuple[Callable[[dict[str, Any]], None], ...] = (
    _change_name,
    _change_date,
    _change_index,
    _change_proof,
    _change_holder,
    _drop_status,
)


def _hostile_bodies(papers: Papers) -> list[tuple[str, bytes]]:
    text = json.dumps({"verifiableCredential": papers.held[0]})
    return [
        ("not JSON", b"\x00\xff not JSON"),
        ("nested", b'{"verifiableCredential":' * 300 + b"1" + b"}" * 300),
        ("duplicate key", b'{"code": "1", "code": "2"}'),
        ("number", b'{"verifiableCredential": {"x": 1e999}}'),
        ("too large", b'{"verifiableCredential": {"x": "' + b"a" * 600_000 + b'"}}'),
        ("cut off", text[: len(text) // 2].encode()),
        ("two questions", text[:-1].encode() + b', "code": "0001"}'),
        ("mistyped code", b'{"code": "0001-0000"}'),
    ]


def _question(kind: str, body: Mapping[str, Any], *, honest: bool) -> Question:
    return Question(kind, json.dumps(body, ensure_ascii=False).encode(), honest)


def figures(answers: Sequence[Answer], *, seconds: float) -> str:
    """Return the line that a run prints."""
    times = sorted(answer.seconds for answer in answers)
    p99 = times[min(len(times) - 1, len(times) * 99 // 100)]
    return (
        f"{len(answers)} answers in {seconds:.2f} s = {len(answers) / seconds:.0f}/s, "
        f"p50 {statistics.median(times):.2f} s, p99 {p99:.2f} s"
    )


def refused(answer: Answer) -> bool:
    """Return whether a dishonest question got what it deserves: a refusal, or "do not rely on this"."""
    if answer.status == 200:
        return answer.body["verdict"] == "notAuthentic" and not answer.body["verified"]
    return 400 <= answer.status < 500 and "code" in answer.body


def test_200_honest_questions_at_once_are_valid_while_dishonest_ones_are_refused(papers: Papers) -> None:
    honest, dishonest = honest_questions(papers), dishonest_questions(papers)
    questions = [next(honest) for _ in range(HONEST)] + [next(dishonest) for _ in range(DISHONEST)]
    random.Random(3).shuffle(questions)
    began = time.monotonic()
    answers = ask_all(papers.town.url("verifier"), questions)
    seconds = time.monotonic() - began
    told = [answer for answer in answers if answer.question.honest]
    print(f"honest: {figures(told, seconds=seconds)}; all: {figures(answers, seconds=seconds)}")
    print(dict(Counter((answer.question.kind, answer.status) for answer in answers)))
    wrong = [answer.body for answer in told if answer.body.get("verdict") != "valid"]
    assert not wrong, wrong[0]
    believed = [answer for answer in answers if not answer.question.honest and not refused(answer)]
    assert not believed, believed[0]
    assert len(told) == HONEST


@pytest.mark.case("STAT-022")
def test_revocation_is_seen_within_a_minute_while_others_ask(papers: Papers) -> None:
    town, honest = papers.town, honest_questions(papers)
    (record, code), question = papers.spare[0], None
    question = _question("revoked", {"code": code}, honest=True)
    url = town.url("verifier")
    assert ask_all(url, [question])[0].body["verdict"] == "valid"
    words = ("--reason", "机构撤销", "--as", "han", "--approved-by", "shen", "--json")
    with ThreadPoolExecutor(1) as pool:
        revoking = pool.submit(town.world.run, "college", "issuer", "revoke", record, *words)
        while not revoking.done():
            answers = ask_all(url, [next(honest) for _ in range(20)])
            assert {answer.body["verdict"] for answer in answers} == {"valid"}
        revoking.result()
    acknowledged = time.monotonic()
    while True:
        *others, answer = ask_all(url, [*(next(honest) for _ in range(20)), question])
        assert {other.body["verdict"] for other in others} == {"valid"}
        if answer.body["verdict"] == "revoked":
            break
        assert time.monotonic() - acknowledged < VISIBLE_SECONDS, answer.body
    print(f"revoked was seen {time.monotonic() - acknowledged:.2f} s after it was acknowledged")
