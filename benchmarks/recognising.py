"""Recognition: one certificate against 1,000 agreements in force, and many certificates against one.

The agreements are those of two certificate bodies, a college and a credit bank, multiplied. In the first lot
an agreement accepts certificates of one body in twenty, as in a consortium of many; in the second all 1,000
accept the certificate, which no consortium will have and which is the most that there is to do. Prepared
agreements are what a service keeps while the ledger's state is the same; "from documents" is what it costs
when that has changed: every document checked against its schema and the lint, read and indexed.
"""

import copy
from collections.abc import Mapping
from typing import Any

import schemas
from benchmarks.measuring import duration, rate, say
from vc import dates
from vc.credentials import facts
from vc.recognition import (
    Account,
    Agreement,
    Source,
    describe,
    evaluate,
    prepare,
    recognise,
    source_from,
)

AGREEMENTS = 1_000
CERTIFICATES = 2_000
AT = dates.parse("2026-11-21T10:00:00+08:00")
_STARTED = dates.parse("2026-02-01T00:00:00Z")
_BODIES = 20


def run() -> None:
    """Measure both lots of agreements, then certificates one after another."""
    source = _certificate()
    many = [_agreement(place, _body(place % _BODIES)) for place in range(AGREEMENTS)]
    all_accept = [_agreement(place, source.facts.issuer_id or "") for place in range(AGREEMENTS)]
    _lot("1 body in 20", source, many)
    _lot("all accept it", source, all_accept)
    _certificates(source, all_accept[0])


def _lot(what: str, source: Source, agreements: list[Agreement]) -> None:
    members = frozenset(agreement_party for one in agreements for agreement_party in one.signed)
    prepared = prepare(agreements)
    found = recognise(source, prepared, members=members, at=AT)
    say(f"{AGREEMENTS:,} agreements, {what}", f"{len(found)} accept it")
    asked: Mapping[str, Any] = {"members": members, "at": AT}
    duration("  recognise, prepared", lambda: recognise(source, prepared, **asked))
    duration(
        "  recognise, prepared, with a learner's account", lambda: _with_account(source, prepared, asked)
    )
    duration("  recognise, prepared, every sentence read", lambda: _told(source, prepared, asked))
    duration("  recognise, from documents", lambda: recognise(source, agreements, **asked), rounds=5)


def _with_account(source: Source, prepared: Any, asked: Mapping[str, Any]) -> None:
    recognise(source, prepared, account=Account("did:web:yunling.edu.example", "460305"), **asked)


def _told(source: Source, prepared: Any, asked: Mapping[str, Any]) -> None:
    for evaluation in recognise(source, prepared, **asked):
        evaluation.to_json()


def _certificates(source: Source, agreement: Agreement) -> None:
    credential = schemas.example("SkillLevelCertificate")
    terms = prepare([agreement]).in_force(at=AT)[0]
    members = frozenset(agreement.signed)

    def evaluated() -> None:
        for _ in range(CERTIFICATES):
            evaluate(source, terms, members=members, at=AT)

    def read_and_evaluated() -> None:
        for _ in range(CERTIFICATES):
            read = source_from(facts(credential), verdict="valid", anchored=True, possession=False)
            evaluate(read, terms, members=members, at=AT)

    rate("certificates evaluated against one agreement", evaluated, count=CERTIFICATES, rounds=5)
    rate("  their facts read out of the credential as well", read_and_evaluated, count=CERTIFICATES, rounds=5)
    duration("one agreement told in words", lambda: describe(agreement.document, names={}))


def _certificate() -> Source:
    return source_from(
        facts(schemas.example("SkillLevelCertificate")), verdict="valid", anchored=True, possession=True
    )


def _body(place: int) -> str:
    return "did:web:huaheng-skills.example" if place == 0 else f"did:web:body-{place}.example"


def _agreement(place: int, issuer: str) -> Agreement:
    document = copy.deepcopy(schemas.example("RecognitionAgreement"))
    document["id"] = f"urn:vocred:agreement:B-2026-{place:04}"
    document["version"] = 1
    document.pop("supersedes", None)
    document["accepts"]["issuer"] = [issuer]
    return Agreement(
        document=document,
        started=_STARTED,
        ended=None,
        signed=frozenset(party["id"] for party in document["parties"]),
    )
