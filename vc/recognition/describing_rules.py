"""Each rule of an agreement in a sentence or two."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from vc.recognition.model import Course, Names, Text
from vc.recognition.phrases import both, joined, listed, pair, plain
from vc.recognition.sentences import KIND_NAMES, SCOPES
from vc.recognition.terms import DEPOSIT, EQUIVALENCE, IMPLIED_RULE, NO_SECOND_TEST, WHOLE_TEST, Rule, Terms
from vc.recognition.wording import amount, body, level, number, target_text, unit

_SENTENCES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "head": ("规则{rule}：", "Rule {rule}: "),
        "head-when": (
            "规则{rule}，仅限{conditions}的证书：",
            "Rule {rule}, only for certificates {conditions}: ",
        ),
        "issuer_id": ("{x}颁发", "awarded by {x}"),
        "achievement_id": ("标准为{x}", "of the standard {x}"),
        "human_code": ("代码为{x}", "with the code {x}"),
        "level_code": ("等级为{x}", "of level {x}"),
        "equivalent": (
            "{who}承认它等同于{target}{own}。",
            "{who} recognises it as equivalent to {target}{own}.",
        ),
        "equivalent-each": (
            "{who}各自承认它等同于{target}{own}。",
            "{who} each recognise it as equivalent to {target}{own}.",
        ),
        "waived": (
            "{who}承认它，无需重复认证{part}{purpose}{own}。",
            "{who} accepts it without a second test{part}{purpose}{own}.",
        ),
        "waived-each": (
            "{who}各自承认它，无需重复认证{part}{purpose}{own}。",
            "{who} each accept it without a second test{part}{purpose}{own}.",
        ),
        "own": ("；其中自己颁发的证书除外", "; none says so of its own certificates"),
        "deposit": (
            "可存入{who}：{credits}。每份证书只存入一次；已用于课程的不再存入，存入后用于课程的，存入随之终止。",
            "It may be deposited with {who}: {credits}. A certificate is deposited once, and not where it "
            "was used for a course; using it for a course later ends the deposit.",
        ),
        "course": (
            "{who}的学生{programmes}可以申请{kind}：{course}，{credits}；{grade}。",
            "Students of {who}{programmes} may apply for {kind}: {course}, {credits}; {grade}.",
        ),
        "course-each": (
            "{who}的学生{programmes}可以各自向本校申请{kind}：{course}，{credits}；{grade}。",
            "Students of {who}{programmes} may apply, each at their own college, for {kind}: {course}, "
            "{credits}; {grade}.",
        ),
        "programmes": ("（限专业{x}）", " (of the programmes {x} only)"),
        "creditsEarned": (
            "按证书所载的学分数，以{unit}计，向下取至0.5，不足0.5的不转换，最多{most}",
            "as many {unit} as it states credits, rounded down to 0.5, none below 0.5, at most {most}",
        ),
        "learningHours": (
            "按证书所载的学习学时每{hours}计1，以{unit}计，向下取至0.5，不足0.5的不转换，最多{most}",
            "one for every {hours} learning hours that it states, in {unit}, rounded down to 0.5, none below "
            "0.5, at most {most}",
        ),
        "no-grade": ("不给成绩", "no grade is given"),
        "fixed": ("成绩记为“{x}”", "the grade is “{x}”"),
        "score": (
            "成绩取证书上的“{x}”（满分100，不取整），没有唯一可用的该项成绩时不转换",
            "the grade is its mark “{x}” (out of 100, never rounded), and without exactly one such mark "
            "nothing is converted",
        ),
        "bands": (
            "成绩按证书上的“{x}”（满分100，不取整）：{bands}；更低或没有唯一可用的该项成绩时不转换",
            "the grade goes by its mark “{x}” (out of 100, never rounded): {bands}; below, or without "
            "exactly one such mark, nothing is converted",
        ),
        "band": ("{min}分及以上为“{grade}”", "“{grade}” from {min}"),
        "automatic": ("符合条件的自动登记。", " It is registered automatically."),
        "officer": ("由学分银行的工作人员确认后登记。", " An officer of the credit bank confirms it."),
    }
)
_NOTHING = plain("")


def clauses(terms: Terms, names: Names) -> Iterator[tuple[str, Text]]:
    """Tell every rule, the implied one as what ``noSecondaryCertification`` means."""
    for place, rule in enumerate(terms.rules):
        implied = rule.rule_id == IMPLIED_RULE
        where = "accepts/noSecondaryCertification" if implied else f"rules/{place}"
        yield where, joined(_head(rule, names), _said(rule, terms, names))


def _head(rule: Rule, names: Names) -> Text:
    if not rule.when:
        return both(_SENTENCES["head"], rule=plain(rule.rule_id))
    conditions = [_condition(fact, sorted(values), names) for fact, values in rule.when]
    return both(
        _SENTENCES["head-when"],
        rule=plain(rule.rule_id),
        conditions=listed(conditions, mark="、"),
    )


def _condition(fact: str, values: list[str], names: Names) -> Text:
    if fact == "issuer_id":
        words = [body(value, names) for value in values]
    else:
        words = [level(value) if fact == "level_code" else plain(value) for value in values]
    return both(_SENTENCES[fact], x=listed(words, mark="或", last="or"))


def _said(rule: Rule, terms: Terms, names: Names) -> Text:
    who, each = listed([body(party, names) for party in rule.by]), "-each" if len(rule.by) > 1 else ""
    if rule.kind == EQUIVALENCE:
        assert rule.target is not None
        return both(
            _SENTENCES[f"equivalent{each}"], who=who, target=target_text(rule.target), own=_own(rule, terms)
        )
    if rule.kind == NO_SECOND_TEST:
        return both(
            _SENTENCES[f"waived{each}"],
            who=who,
            part=_part(rule.scope),
            purpose=_purpose(rule.purpose),
            own=_own(rule, terms),
        )
    confirmed = both(_SENTENCES[rule.confirm])
    if rule.kind == DEPOSIT:
        return joined(both(_SENTENCES["deposit"], who=who, credits=_credits(rule)), confirmed)
    assert rule.course is not None
    granted = both(
        _SENTENCES[f"course{each}"],
        who=who,
        programmes=_programmes(rule.course),
        kind=pair(rule.kind, KIND_NAMES[rule.kind]),
        course=_course(rule.course),
        credits=_credits(rule),
        grade=_grade(rule.grade),
    )
    return joined(granted, confirmed)


def _own(rule: Rule, terms: Terms) -> Text:
    # Said only where it can happen: one that speaks is among those whose certificates the rule is about.
    about = dict(rule.when).get("issuer_id", terms.issuers)
    return _NOTHING if about.isdisjoint(rule.by) else both(_SENTENCES["own"])


def _part(scope: str | None) -> Text:
    if scope in (None, WHOLE_TEST):
        return _NOTHING
    return pair(f"（仅限{scope}部分）", f" of the {SCOPES[scope or '']} part only")


def _purpose(purpose: Text | None) -> Text:
    return _NOTHING if purpose is None else pair(f"，用途：{purpose['zh-CN']}", f", for: {purpose['en']}")


def _programmes(course: Course) -> Text:
    if not course.programmes:
        return _NOTHING
    return both(_SENTENCES["programmes"], x=listed([plain(code) for code in course.programmes]))


def _course(course: Course) -> Text:
    named = [course.code] if course.url is None else [course.code, course.url]
    return pair(
        f"{course.name['zh-CN']}（{'，'.join(named)}）",
        f"{course.name['en']} ({', '.join(named)})",
    )


def _credits(rule: Rule) -> Text:
    worth, of = rule.credits, rule.unit or ""
    if not isinstance(worth, Mapping):
        return amount(worth or 0, of)
    return both(
        _SENTENCES[worth["from"]],
        unit=unit(of),
        hours=plain(str(worth.get("hoursPerCredit"))),
        most=plain(number(worth["max"])),
    )


def _grade(asked: Mapping[str, Any] | None) -> Text:
    if asked is None:
        return both(_SENTENCES["no-grade"])
    if "fixed" in asked:
        return both(_SENTENCES["fixed"], x=plain(asked["fixed"]))
    name = plain(asked["from"].partition(":")[2])
    if "bands" not in asked:
        return both(_SENTENCES["score"], x=name)
    descending = sorted(asked["bands"], key=lambda band: float(band["min"]), reverse=True)
    bands = [
        both(_SENTENCES["band"], min=plain(number(band["min"])), grade=plain(band["grade"]))
        for band in descending
    ]
    return both(_SENTENCES["bands"], x=name, bands=listed(bands))
