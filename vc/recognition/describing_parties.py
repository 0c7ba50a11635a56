"""What an agreement declares: its objective, what each party owes and may ask, rewards and penalties.

None of it changes an evaluation.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vc.recognition.model import Names, Text
from vc.recognition.phrases import both, listed, pair, plain
from vc.recognition.wording import body, number

_ROLES: Mapping[str, Text] = {
    "recognising-body": {"zh-CN": "承认方（颁证机构）", "en": "recognising certificate body"},
    "recognising-college": {"zh-CN": "承认方（院校）", "en": "recognising college"},
    "recognising-employer": {"zh-CN": "承认方（用人单位）", "en": "recognising employer"},
    "awarding-body": {"zh-CN": "颁证机构", "en": "awarding body"},
    "credit-bank": {"zh-CN": "学分银行", "en": "credit bank"},
    "supervisor": {"zh-CN": "监督方", "en": "supervisor"},
}

_MEASURES: Mapping[str, str] = {
    "撤销率": "share of revoked certificates",
    "复核取消率": "share of conversions cancelled on review",
}
_PENALTIES: Mapping[str, str] = {
    "警告": "a warning",
    "公示": "a public notice",
    "暂停自动互认": "suspending automatic recognition",
    "终止协议": "ending the agreement",
}


def objective(document: Mapping[str, Any]) -> Iterator[tuple[str, Text]]:
    """Say what the agreement is for, and which occupations it serves."""
    yield "objective", document["objective"]
    for place, occupation in enumerate(document.get("occupation", ())):
        framework, code = f"{occupation['framework']} {occupation['edition']}", occupation.get("code")
        said = f"{occupation['name']}（{framework}{f'，{code}' if code else ''}）"
        yield f"occupation/{place}", pair(f"面向的职业：{said}。", f"Occupation served: {said}.")


def parties(document: Mapping[str, Any], names: Names) -> Iterator[tuple[str, Text]]:
    """Say who takes part, in which role, and what each owes and may ask."""
    for place, party in enumerate(document["parties"]):
        yield (
            f"parties/{place}",
            both(
                (
                    "{who}：{role}。义务：{duties}。权利：{rights}。",
                    "{who}: {role}. Duties: {duties}. Rights: {rights}.",
                ),
                who=body(party["id"], names),
                role=_ROLES[party["role"]],
                duties=_items(party["duties"]),
                rights=_items(party["rights"]),
            ),
        )


def incentives(document: Mapping[str, Any], names: Names) -> Iterator[tuple[str, Text]]:
    """Say what is rewarded and what is proposed against whom."""
    for place, reward in enumerate(document.get("rewards", ())):
        yield (
            f"rewards/{place}",
            both(
                ("每转换一次，{to}得{n}积分。", "Points that {to} gets for each conversion: {n}."),
                to=body(reward["to"], names),
                n=plain(str(reward["perConversion"])),
            ),
        )
    for place, penalty in enumerate(document.get("penalties", ())):
        yield (
            f"penalties/{place}",
            both(
                (
                    "{to}在{months}个月内的{measure}超过{percent}%的，提议{kind}，另行表决。",
                    "If the {measure} of {to} is over {percent} % within {months} months, "
                    "{kind} is proposed, and voted on separately.",
                ),
                to=body(penalty["to"], names),
                months=plain(number(penalty["months"])),
                measure=pair(penalty["measure"], _MEASURES[penalty["measure"]]),
                percent=plain(number(penalty["overPercent"])),
                kind=pair(penalty["kind"], _PENALTIES[penalty["kind"]]),
            ),
        )
    if document.get("rewards") or document.get("penalties"):
        yield (
            "",
            pair(
                "奖励与惩戒不改变对任何证书的认定。",
                "Rewards and penalties change nothing in how a certificate is judged.",
            ),
        )


def _items(texts: Sequence[Text]) -> Text:
    # Whoever wrote them may have ended each with a full stop of its own.
    return listed([pair(text["zh-CN"].rstrip("。"), text["en"].rstrip(".")) for text in texts], mark="；")
