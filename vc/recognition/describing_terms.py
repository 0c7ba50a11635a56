"""Which certificates an agreement accepts, under which limits, and from when to when."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from vc import dates
from vc.recognition.model import Names, Text
from vc.recognition.phrases import both, listed, plain
from vc.recognition.terms import Terms
from vc.recognition.wording import amount, body, credential_type, day, level

_SENTENCES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "issuer": (
            "只承认{issuers}颁发的{type}。",
            "Accepted: {type}, awarded by {issuers} and nobody else.",
        ),
        "achievement": (
            "标准限于：{x}（逐字相同，其他版本不在内）。",
            "Its standard is {x}, letter by letter; no other edition.",
        ),
        "humanCode": ("标准代码限于：{x}。", "Its code is {x}."),
        "levelCode": (
            "等级限于：{x}；没有列出的等级，无论更高或更低，都不承认。",
            "Its level is {x}; a level that is not listed, higher or lower, is not accepted.",
        ),
        "maxAgeMonths": (
            "自发证日期起满{n}个月的当日仍承认，次日起不再承认（按北京时间的日期计算）。",
            "It is accepted up to and including the day {n} months after its award, and no longer (days in "
            "China).",
        ),
        "awardedFrom": ("发证日期在{d}及以后。", "It was awarded on {d} or later."),
        "awardedUntil": ("发证日期在{d}及以前。", "It was awarded on {d} or earlier."),
        "dated": ("没有发证日期的证书不承认。", "A certificate without a date of award is not accepted."),
        "valid": (
            "证书须核验为有效（包括“有效，但请注意”），在其有效期内，会签齐全，发证日期已到；结业证书不予承认。",
            "The certificate has to verify as valid (with a note or without), within its own period of "
            "validity, with every countersignature that it needs, its date of award come; one of mere "
            "completion (结业) is not accepted.",
        ),
        "maxCreditsPerLearner": (
            "每名学习者按本协议（各版本合计）最多{most}。",
            "A learner gets at most {most} by this agreement, all of its versions together.",
        ),
        "maxCreditsPerSource": (
            "每份证书按本协议（各版本合计）在同一院校最多{most}。",
            "One certificate gives at most {most} at one college by this agreement, all of its versions "
            "together.",
        ),
        "whole": (
            "放不下的规则整条不给，不给其中一部分。同一院校的一门课程，每名学习者只转换一次，不论依据哪份协议、"
            "哪种方式、哪份证书；一份证书按同一规则只转换一次。",
            "A rule whose credits do not all fit gives none of them. A course of a college is converted once "
            "per learner, whatever agreement, kind or certificate; one certificate is converted once by a "
            "rule.",
        ),
        "registered": (
            "学分由{bank}登记；证书须已存证，并由本人证明持有。不同单位的学分不做换算。",
            "{bank} registers the credits; the certificate has to be anchored, and its holder has to prove "
            "possession of it. Credits in another unit are never converted.",
        ),
        "period": (
            "自{start}起至{end}止有效（含首尾，北京时间）；表决通过较晚的，自通过时起。",
            "In force from {start} to {end}, both included (time in China); if it is voted in later, from "
            "then on.",
        ),
        "supersedes": (
            "取代第{n}版；在本版生效之前，以前的版本继续适用。",
            "Takes the place of version {n}; until this one is in force the earlier version applies.",
        ),
        "voted": (
            "生效、修改和终止都须超过51%的联盟成员同意；规则只代表签署了本版本且仍是成员的一方。"
            "终止不影响已登记的学分；证书被撤销的，复核依据它登记的学分。",
            "Starting, changing and ending it need the consent of more than 51 % of the members; a rule "
            "speaks for a party only if it signed this version, and while it is a member. Ending it undoes "
            "no credit; where a certificate is revoked, the credit that rests on it is reviewed.",
        ),
    }
)


def accepts(document: Mapping[str, Any], terms: Terms, names: Names) -> Iterator[tuple[str, Text]]:
    """Say which certificates are accepted at all, a sentence for each thing that is compared."""
    wanted = document["accepts"]
    yield _said(
        "accepts/issuer",
        type=credential_type(wanted["credentialType"]),
        issuers=listed([body(issuer, names) for issuer in wanted["issuer"]], last="or"),
    )
    for key, words in (("achievement", plain), ("humanCode", plain), ("levelCode", level)):
        if key in wanted:
            yield _said(f"accepts/{key}", x=listed([words(value) for value in wanted[key]], last="or"))
    yield from _award(terms)
    yield "", both(_SENTENCES["valid"])


def limits(terms: Terms, names: Names) -> Iterator[tuple[str, Text]]:
    """Say how much credit there is at most and what it needs; nothing where no rule is about credit."""
    units = [rule.unit for rule in terms.rules if rule.unit is not None]
    if not units or terms.bank is None:
        return
    for key, most in (
        ("maxCreditsPerLearner", terms.max_per_learner),
        ("maxCreditsPerSource", terms.max_per_source),
    ):
        if most is not None:
            yield _said(f"limits/{key}", most=amount(most, units[0]))
    yield "", both(_SENTENCES["whole"])
    yield "", both(_SENTENCES["registered"], bank=body(terms.bank, names))


def period(document: Mapping[str, Any], terms: Terms) -> Iterator[tuple[str, Text]]:
    """Say from when to when it holds, what it replaces, and what ends it."""
    start = dates.parse(document["effectiveFrom"])
    yield "effectiveFrom", both(_SENTENCES["period"], start=_moment(start), end=_moment(terms.until))
    superseded = document.get("supersedes")
    if superseded is not None:
        yield _said("supersedes", n=plain(superseded.partition("#")[2]))
    yield "", both(_SENTENCES["voted"])


def _award(terms: Terms) -> Iterator[tuple[str, Text]]:
    asked = False
    if terms.max_age_months is not None:
        yield _said("accepts/maxAgeMonths", n=plain(str(terms.max_age_months)))
        asked = True
    for key, limit in (("awardedFrom", terms.awarded_from), ("awardedUntil", terms.awarded_until)):
        if limit is not None:
            yield _said(f"accepts/{key}", d=plain(day(limit)))
            asked = True
    if asked:
        yield "", both(_SENTENCES["dated"])


def _said(where: str, **parts: Text) -> tuple[str, Text]:
    return where, both(_SENTENCES[where.rpartition("/")[2]], **parts)


def _moment(moment: datetime) -> Text:
    try:
        return plain(moment.astimezone(dates.CHINA).strftime("%Y-%m-%d %H:%M:%S"))
    except OverflowError:
        return plain(moment.strftime("%Y-%m-%d %H:%M:%SZ"))
