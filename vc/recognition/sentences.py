"""Every sentence of an evaluation, by the code of what it says, in Chinese and in English."""

from collections.abc import Mapping
from types import MappingProxyType

SENTENCES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        # The agreement
        "not-yet": (
            "协议自{d}起生效，现在还不适用。",
            "The agreement takes effect on {d}; it does not apply yet.",
        ),
        "ended": ("协议已于{d}终止或被新版本取代。", "The agreement was ended or replaced on {d}."),
        "expired": ("协议已于{d}到期。", "The agreement expired on {d}."),
        # The certificate
        "verdict": (
            "证书的核验结论不是有效，因此不予承认。",
            "The certificate did not verify as valid, so nothing is recognised.",
        ),
        "validity-over": (
            "证书不在有效期内（有效期至{d}）。",
            "The certificate is outside its period of validity (until {d}).",
        ),
        "validity-ahead": (
            "证书不在有效期内（自{d}起有效）。",
            "The certificate is outside its period of validity (from {d}).",
        ),
        "incomplete": (
            "缺少必要的会签，因此不予承认。",
            "A countersignature that it needs is missing, so nothing is recognised.",
        ),
        "not-passed": (
            "证书的结论不是毕业，因此不予承认。",
            "The certificate's conclusion is not a graduation, so nothing is recognised.",
        ),
        "type": ("协议不承认此类证书。", "The agreement does not accept certificates of this type."),
        "issuer": ("协议不承认该机构的证书。", "The agreement does not accept this issuer's certificates."),
        "achievement": (
            "协议不承认该标准（或该标准的这一版本）。",
            "The agreement does not accept this standard, or not this edition of it.",
        ),
        "code": ("协议不承认该标准代码（{x}）。", "The agreement does not accept this code ({x})."),
        "level": ("协议不承认该等级（{x}）。", "The agreement does not accept this level ({x})."),
        "no-award-date": (
            "证书没有发证日期，无法判断是否在协议承认的期限内。",
            "The certificate has no award date, so nobody can tell whether it is within the dates accepted.",
        ),
        "not-yet-awarded": ("发证日期{d}还未到。", "The date of award, {d}, has not come."),
        "too-old": (
            "证书颁发已超过{n}个月（最后一天为{d}）。",
            "The certificate was awarded more than {n} months ago (the last day was {d}).",
        ),
        "awarded-too-early": (
            "协议只承认{d}及以后颁发的证书。",
            "The agreement accepts only certificates awarded on or after {d}.",
        ),
        "awarded-too-late": (
            "协议只承认{d}及以前颁发的证书。",
            "The agreement accepts only certificates awarded on or before {d}.",
        ),
        # Who speaks
        "when": ("规则{rule}不适用于该证书。", "Rule {rule} does not apply to this certificate."),
        "party-left": (
            "{by}已不是联盟成员，规则{rule}不再代表它。",
            "{by} is no longer a member of the consortium; rule {rule} no longer speaks for it.",
        ),
        "not-signed": (
            "{by}没有签署协议的这一版本，规则{rule}不代表它。",
            "{by} did not sign this version of the agreement; rule {rule} does not speak for it.",
        ),
        "own": ("该证书就是{by}颁发的。", "{by} issued the certificate itself."),
        "no-keeper": (
            "学分银行{bank}已不是联盟成员或未签署这一版本，无法登记。",
            "The credit bank, {bank}, is no longer a member or did not sign this version: "
            "nothing can be registered.",
        ),
        # Levels and tests
        "equivalent": (
            "{by}承认它等同于{target}（规则{rule}）。",
            "{by} recognises it as equivalent to {target} (rule {rule}).",
        ),
        "waived": (
            "{by}承认它，无需重复认证{scope}{purpose}（规则{rule}）。",
            "{by} accepts it without a second test{scope}{purpose} (rule {rule}).",
        ),
        # Credit
        "granted": (
            "按规则{rule}，{by}予以{kind}：{course}，{worth}{grade}。",
            "By rule {rule}, {by} grants {kind}: {course}, {worth}{grade}.",
        ),
        "granted-deposit": (
            "按规则{rule}，{by}予以存入：{worth}。",
            "By rule {rule}, {by} takes a deposit of {worth}.",
        ),
        "available": (
            "{by}的学生{programmes}可按规则{rule}申请{kind}：{course}，{worth}{grade}。",
            "Students of {by}{programmes} may apply by rule {rule} for {kind}: {course}, {worth}{grade}.",
        ),
        "available-deposit": (
            "可按规则{rule}向{by}申请存入：{worth}。",
            "By rule {rule} it may be deposited with {by}: {worth}.",
        ),
        "not-enrolled": (
            "规则{rule}只适用于{by}的学生。",
            "Rule {rule} is for students of {by} only.",
        ),
        "programme": (
            "规则{rule}不适用于该专业（{x}）。",
            "Rule {rule} is not for this programme ({x}).",
        ),
        "programme-unknown": (
            "规则{rule}只适用于指定专业，而账户中没有专业代码。",
            "Rule {rule} is for certain programmes, and the account names none.",
        ),
        "not-chosen": ("未选择规则{rule}。", "Rule {rule} was not chosen."),
        "not-anchored": (
            "证书尚未存证，请稍后再申请。",
            "The certificate is not anchored yet: apply later.",
        ),
        "no-possession": (
            "未能证明证书由本人持有。",
            "It was not proved that the holder shows the certificate.",
        ),
        "source-used": (
            "该证书已按此规则或为此课程转换过（规则{rule}）。",
            "This certificate was already converted by this rule or for this course (rule {rule}).",
        ),
        "deposit-used": (
            "该证书已存入过，只能存入一次。",
            "This certificate was already deposited: only once.",
        ),
        "course-done": (
            "课程{course}已有转换记录，一门课程只转换一次。",
            "The course {course} already has a conversion: once per course.",
        ),
        "converted": (
            "该证书已用于课程转换，不再存入。",
            "The certificate is used for a course, so it is not deposited as well.",
        ),
        "no-credits": (
            "证书中没有可用于计算学分的数（{x}）。",
            "The certificate has no usable number from which to reckon credits ({x}).",
        ),
        "unit": (
            "账户中有按本协议以不同单位登记的转换；不同单位不做换算。",
            "The account holds conversions of this agreement in another unit; units are never converted.",
        ),
        "cap": (
            "本协议每人上限{limit}，已用{used}，本规则需要{credits}。",
            "The agreement's limit is {limit} per learner; {used} used, {credits} needed.",
        ),
        "source-cap": (
            "本协议每份证书在{by}的上限为{limit}，已用{used}，本规则需要{credits}。",
            "The agreement's limit is {limit} per certificate at {by}; {used} used, {credits} needed.",
        ),
        "no-mark": (
            "证书中没有可用的成绩（{x}）。",
            "The certificate has no usable mark ({x}).",
        ),
    }
)

PARTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "grade": ("，成绩{}", ", grade {}"),
        "purpose": ("，用途：{}", ", for: {}"),
        "programmes": ("（专业{}）", " (programmes {})"),
        "scope": ("（仅限{}部分）", " of the {} part only"),
    }
)
"""Parts of a sentence that are left out where there is nothing to say."""

SCOPES = MappingProxyType({"理论": "theory", "实操": "practical"})
KIND_NAMES = MappingProxyType(
    {
        "存入": "deposit",
        "免修": "exemption",
        "学分置换": "credit transfer",
        "成绩替代": "replacement of the grade",
        "等级等效": "equivalence of level",
        "免于重复认证": "no second test",
    }
)
