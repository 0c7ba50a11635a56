"""The vectors of recognition as values, and short ways to make further cases out of them."""

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from vc import dates
from vc.credentials import CredentialFacts, facts
from vc.facts import Mark
from vc.recognition import Account, Agreement, Conversion, Source, source_from

VECTORS = json.loads(Path(__file__).with_name("recognition-vectors.json").read_text("utf-8"))

AT = dates.parse("2026-06-05T10:00:00+08:00")
COLLEGE = "did:web:yunling.edu.example"
BANK = "did:web:creditbank.yunling.example"
HUAHENG = "did:web:huaheng-skills.example"
MINGJIANG = "did:web:mingjiang-skills.example"
XINGHENG = "did:web:xingheng.example"
MEMBERS = tuple(VECTORS["ledgerDefault"]["members"])
UNIT = "学分（16学时/学分）"

# A withdrawn form and a suspended issuer are told as revoked, as the verifier tells them.
VERDICTS = {
    "valid": "valid",
    "valid-note": "note",
    "revoked": "revoked",
    "suspended": "revoked",
    "withdrawn-form": "revoked",
    "not-authentic": "notAuthentic",
    "could-not-check": "couldNotCheck",
}


def merged(base: Any, patch: Any) -> Any:
    """Apply an RFC 7396 merge patch."""
    if not isinstance(patch, dict):
        return patch
    result = dict(base) if isinstance(base, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def facts_from(stated: dict[str, Any]) -> CredentialFacts:
    """Read the facts of a vector."""
    moments = {key: stated.get(key) for key in ("awardedDate", "validFrom", "validUntil")}
    read = {key: None if text is None else dates.parse(text) for key, text in moments.items()}
    return replace(
        facts({}),
        credential_id=stated["id"],
        credential_type=stated["type"],
        issuer_id=stated["issuer"],
        achievement_id=stated["achievement"],
        human_code=stated["humanCode"],
        level_code=stated["levelCode"],
        number=stated["number"],
        conclusion=stated.get("conclusion"),
        awarded=read["awardedDate"],
        valid_from=read["validFrom"],
        valid_until=read["validUntil"],
        marks=tuple(
            Mark(item["name"], item["value"], item.get("min"), item.get("max")) for item in stated["results"]
        ),
    )


def source_of(stated: dict[str, Any]) -> Source:
    """Return the source of a vector's facts."""
    return source_from(
        facts_from(stated),
        verdict=VERDICTS[stated["verdict"]],
        anchored=stated["anchored"],
        possession=stated.get("possession", True),
        complete=stated.get("complete", True),
    )


def vector_source(vector: dict[str, Any]) -> Source:
    """Return the source of a vector."""
    return source_of(merged(VECTORS["facts"][vector["facts"]["base"]], vector["facts"].get("patch", {})))


def vector_agreement(vector: dict[str, Any]) -> tuple[Agreement, list[str]]:
    """Return the agreement of a vector, and the members."""
    named = vector["agreement"]
    document = merged(VECTORS["agreements"][named["base"]], named.get("patch", {}))
    state = {**VECTORS["ledgerDefault"], **named.get("ledger", {})}
    return (
        Agreement(
            document=document,
            started=dates.parse(state["start"]),
            ended=None if state["end"] is None else dates.parse(state["end"]),
            signed=[party["id"] for party in document["parties"]],
        ),
        state["members"],
    )


def vector_account(vector: dict[str, Any]) -> Account | None:
    """Return the account of a vector, or nobody's."""
    account = vector["account"]
    if account is None:
        return None
    return Account(
        account["college"], account["programme"], tuple(map(_vector_conversion, account["conversions"]))
    )


def _vector_conversion(stated: dict[str, Any]) -> Conversion:
    return Conversion(
        agreement_id=stated["agreement"],
        version=int(stated["version"]),
        rule=stated["rule"],
        kind=stated["kind"],
        source=stated["source"],
        college=stated["college"],
        course_code=stated["course"],
        credits=stated["credits"],
        unit=stated["creditUnit"],
        state={"review": "underReview"}.get(stated["state"], stated["state"]),
        source_ids=tuple(stated["sourceIds"]),
    )


def document(base: str = "YL", **patch: Any) -> dict[str, Any]:
    """Return a document of the vectors, with a merge patch."""
    return merged(copy.deepcopy(VECTORS["agreements"][base]), patch)


def agreement(stated: dict[str, Any], **changes: Any) -> Agreement:
    """Return a document in force, signed by all of its parties."""
    values = {
        "document": stated,
        "started": dates.parse(VECTORS["ledgerDefault"]["start"]),
        "ended": None,
        "signed": [party["id"] for party in stated["parties"]],
        **changes,
    }
    return Agreement(**values)


def certificate(base: str = "M", **changes: Any) -> Source:
    """Return a good certificate of the vectors; changes are those of its facts."""
    source = source_of(VECTORS["facts"][base])
    return replace(source, facts=replace(source.facts, **changes))


def account(*conversions: Conversion, programme: str = "460305") -> Account:
    """Return the account of a student of the vectors' college."""
    return Account(COLLEGE, programme, conversions)


def conversion(**changes: Any) -> Conversion:
    """Return a conversion of another certificate under the vectors' first agreement."""
    values = {
        "agreement_id": "urn:vocred:agreement:YL-2026-0012",
        "version": 3,
        "rule": "R9",
        "kind": "免修",
        "source": "another",
        "college": COLLEGE,
        "course_code": "RB9",
        "credits": 1.0,
        "unit": UNIT,
        "state": "active",
        **changes,
    }
    return Conversion(**values)
