"""The forms by which an officer proposes something in plain words: one for each thing that can be decided.

A form names its fields and makes the action from what was filled in. Whatever is not of the form that the
ledger takes is said beside its field; whether the ledger takes it as things stand, it says itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext, lazy_gettext

from crypto.errors import CryptoError
from issuer.governance.filling import Field, FieldError, Given, Option, Scene
from issuer.governance.questions import credential_type, member_role
from ledger import proposing
from ledger.core import fields as shapes
from ledger.core.members import ACCREDITOR, read_member
from ledger.core.registry import read_grant, read_issuer
from ledger.errors import LedgerError
from ledger.registry import member_key
from schemas.catalogue import CATALOGUE
from web.i18n import pick

ROLES = ("college", "enterprise", "certificateBody", "association", "government", "creditBank", ACCREDITOR)
MOST_LISTED = 2000


@dataclass(frozen=True)
class Form:
    """One thing that can be proposed.

    Attributes:
        slug: Its name in the address.
        title: What it proposes.
        lead: When one proposes that.
        fields: Its fields, by what there is to choose from.
        make: Makes the action from what was filled in.
        file: The field that is at fault when the action is not of the form that the ledger takes.
    """

    slug: str
    title: Any
    lead: Any
    fields: Callable[[Scene], list[Field]]
    make: Callable[[Given, Scene], list[Any]]
    file: str


def make(form: Form, given: Given, scene: Scene) -> list[Any]:
    """Return the action that was filled in.

    Raises:
        FieldError: A field is empty, or holds what the ledger would not take whatever the votes.
    """
    try:
        action = form.make(given, scene)
        _check(action)
    except (LedgerError, CryptoError) as error:
        # What is in no list is said beside its own field, not beside a file's.
        _check_choices(form, given, scene)
        raise FieldError(form.file, _why(error)) from error
    _check_choices(form, given, scene)
    return action


def _check_choices(form: Form, given: Given, scene: Scene) -> None:
    for field in form.fields(scene):
        if field.kind == "select" and given.text(field.name) not in dict(field.options):
            raise FieldError(field.name, gettext("请从列表里选择。"))


def _why(error: Exception) -> str:
    return gettext("内容不完整或不正确：%(detail)s", detail=str(error))


def _check(action: list[Any]) -> None:
    """Check the shape of what files brought; members, keys in use and votes are the ledger's to check.

    Raises:
        Reject: It is not of the form that the ledger takes.
    """
    name, body = action
    if name == "admit":
        read_member(body["member"])
    elif name == "issuer.put":
        read_issuer(body)
    elif name == "accredit":
        read_grant(body)
    elif name == "wallet.put":
        shapes.wallet_tag(body["tag"])
        shapes.url(body["url"])
        shapes.public_key(body["key"])
    elif name == "signer.set":
        shapes.did(body["member"])
        for role in ("receipt", "validator"):
            shapes.optional(body[role], shapes.public_key)
    elif name == "rotate-lost-key":
        shapes.did(body["did"])
        (shapes.digest if body["role"] == proposing.DOCUMENT else shapes.public_key)(body["value"])


def _admit(given: Given, _scene: Scene) -> list[Any]:
    types = given.several("types")
    roles = [role for role in given.several("roles") if role in ROLES]
    if not roles:
        raise FieldError("roles", gettext("请至少选择一项。"))
    if bool(types) != (ACCREDITOR in roles):
        raise FieldError("types", gettext("资格认可方须选择它可以认可的类型，其他成员不选。"))
    return proposing.admit(
        given.document("keys"),
        names={"zh": given.text("name_zh"), "en": given.text("name_en")},
        credit_code=given.text("credit_code"),
        roles=roles,
        types=types,
    )


def _admit_fields(_scene: Scene) -> list[Field]:
    keys = gettext("由新成员交来：它的“治理密钥”页上的内容，或 vocred ledger keygen、join 打印的 JSON。")
    return [
        Field("keys", gettext("新成员的公钥文件"), "file", keys),
        Field("name_zh", gettext("中文名称")),
        Field("name_en", gettext("英文名称")),
        Field("credit_code", gettext("统一社会信用代码"), hint=gettext("一个单位只能加入一次。")),
        Field(
            "roles", gettext("身份"), "checkbox", options=tuple((role, member_role(role)) for role in ROLES)
        ),
        Field(
            "types",
            gettext("可以认可的类型（只有资格认可方）"),
            "checkbox",
            required=False,
            options=_types(),
        ),
    ]


def _put_issuer(given: Given, scene: Scene) -> list[Any]:
    registration = given.document("registration")
    did = str(registration.get("did"))
    snapshot, _ = scene.ledger.snapshot([member_key(did)], now=scene.now)
    member = snapshot.member(did)
    number = given.number("number") if given.filled("number") else None
    return proposing.put_issuer(
        registration,
        number=proposing.free_number(scene.ledger, did=did, now=scene.now) if number is None else number,
        governance=None if member is None else member.governance_key.cose_key,
        keys=given.optional_document("keys"),
    )


def _issuer_fields(_scene: Scene) -> list[Field]:
    return [
        Field(
            "registration",
            gettext("发证机构的登记文件"),
            "file",
            gettext("由它用 vocred issuer registration 打印。"),
        ),
        Field(
            "keys",
            gettext("它的治理公钥文件"),
            "file",
            gettext("它若已是成员，不必提供。"),
            required=False,
        ),
        Field("number", gettext("登记号"), "number", gettext("不填则取最小的空号。"), required=False),
    ]


def _accredit(given: Given, _scene: Scene) -> list[Any]:
    start = given.moment("start")
    if start is None:
        raise FieldError("start", gettext("请填写日期。"))
    end = given.moment("end", days=1)
    if end is not None and end <= start:
        raise FieldError("end", gettext("结束日期不能早于开始日期。"))
    return proposing.accredit(given.text("issuer"), credential_type=given.text("type"), start=start, end=end)


def _accredit_fields(scene: Scene) -> list[Field]:
    return [
        _issuer_field(scene),
        Field("type", gettext("证书类型"), "select", options=_types()),
        Field("start", gettext("自哪天起"), "date"),
        Field("end", gettext("到哪天为止（含）"), "date", gettext("不填则没有期限。"), required=False),
    ]


def _signer(given: Given, scene: Scene) -> list[Any]:
    action = proposing.set_signer(given.document("keys"))
    silent = proposing.unannounced(scene.ledger, action[1]["member"], now=scene.now)
    if silent:
        names = gettext("、").join(pick(scene.roll.names(did)) for did in silent)
        said = gettext(
            "%(names)s还没有登记节点的地址，别人找不到它的签名。请先用 vocred ledger endpoint 登记，再提出。",
            names=names,
        )
        raise FieldError("keys", said)
    return action


def _signer_fields(_scene: Scene) -> list[Field]:
    return [
        Field("keys", gettext("节点的公钥文件"), "file", gettext("由该成员用 vocred ledger join 打印。")),
    ]


def _lost(given: Given, _scene: Scene) -> list[Any]:
    return proposing.rotate_lost_key(
        given.document("keys"), role=given.text("role"), compromised_since=given.moment("since")
    )


def _lost_fields(_scene: Scene) -> list[Field]:
    roles = (
        ("governance", gettext("治理密钥")),
        ("submission", gettext("提交密钥")),
        ("document", gettext("DID 文档")),
    )
    file = gettext("治理密钥：它的“治理密钥”页上的内容；其他：vocred issuer registration 打印的登记文件。")
    return [
        Field("role", gettext("换什么"), "select", options=roles),
        Field("keys", gettext("新的公钥或登记文件"), "file", file),
        Field("since", *_theft()),
    ]


def _theft() -> tuple[str, str, str, bool]:
    """Return label, kind, hint and need of the field that tells since when a key was stolen."""
    hint = gettext("从那时起到换新为止存证的证书不再被采信。没有失窃就不填。")
    return gettext("可能从何时起落入他人之手"), "datetime-local", hint, False


def _suspend(given: Given, scene: Scene) -> list[Any]:
    start, end = given.moment("start"), given.moment("end")
    start = scene.now if start is None else start
    # To the ledger a suspension that ends before it begins is one that is lifted; that has a form of its own.
    if end is not None and end <= max(start, scene.now):
        raise FieldError("end", gettext("恢复的日期要晚于开始的日期，也要晚于今天。"))
    return proposing.suspend_issuer(given.text("issuer"), start=start, end=end)


def _suspend_fields(scene: Scene) -> list[Field]:
    return [
        _issuer_field(scene),
        Field("start", gettext("自哪天起"), "date", gettext("不填则自通过之时起。"), required=False),
        Field("end", gettext("哪天恢复"), "date", gettext("不填则没有期限。"), required=False),
    ]


def _lift(given: Given, scene: Scene) -> list[Any]:
    did = given.text("issuer")
    begin = scene.suspended.get(did)
    if begin is None:
        raise FieldError("issuer", gettext("它目前没有被暂停。"))
    return proposing.suspend_issuer(did, start=begin, end=begin)


def _lift_fields(scene: Scene) -> list[Field]:
    options = tuple((did, pick(scene.issuers[did])) for did in scene.suspended)
    return [Field("issuer", gettext("目前被暂停的发证机构"), "select", options=options)]


def _upgrade(given: Given, scene: Scene) -> list[Any]:
    version, height = given.number("version"), given.number("height")
    if height <= scene.height:
        raise FieldError("height", gettext("这个区块已经过去，请填写以后的区块。"))
    return proposing.upgrade(app_version=version, height=height)


def _upgrade_fields(scene: Scene) -> list[Field]:
    known = scene.upgrade
    said = (
        gettext("目前是第 1 版。")
        if known is None
        else gettext("已定：自第 %(height)s 号区块起为第 %(n)s 版。", height=known.height, n=known.version)
    )
    number = "2" if known is None else str(known.version + 1)
    hint = gettext("已到第 %(n)s 号区块。留足各成员升级程序的时间。", n=scene.height)
    return [
        Field("version", gettext("规则的版本"), "number", said, value=number),
        Field("height", gettext("自哪一号区块起"), "number", hint),
    ]


def _members(scene: Scene, dids: Any = None) -> tuple[Option, ...]:
    chosen = scene.roll.members if dids is None else dids
    return tuple((did, pick(scene.roll.names(did))) for did in sorted(chosen))


def _issuer_field(scene: Scene) -> Field:
    options = tuple((did, pick(names)) for did, names in sorted(scene.issuers.items()))
    return Field("issuer", gettext("发证机构"), "select", options=options)


def _types() -> tuple[Option, ...]:
    return tuple((name, credential_type(name)) for name in sorted(CATALOGUE))


FORMS: tuple[Form, ...] = (
    Form(
        "admit",
        lazy_gettext("接纳一个新成员"),
        lazy_gettext("它先在自己的服务里创建治理密钥，把公钥交给您。"),
        _admit_fields,
        _admit,
        "keys",
    ),
    Form(
        "remove",
        lazy_gettext("请一个成员退出"),
        lazy_gettext("它失去表决权；它已签发的证书不受影响。"),
        lambda scene: [Field("member", gettext("成员"), "select", options=_members(scene))],
        lambda given, _scene: proposing.remove(given.text("member")),
        "member",
    ),
    Form(
        "signer",
        lazy_gettext("让一个节点参与签署账本，或更换它的密钥"),
        lazy_gettext("成员架设好节点以后，把节点的公钥交给您。"),
        _signer_fields,
        _signer,
        "keys",
    ),
    Form(
        "signer-stop",
        lazy_gettext("让一个节点不再签署"),
        lazy_gettext("该成员仍是成员，仍有表决权。"),
        lambda scene: [
            Field("member", gettext("成员"), "select", options=_members(scene, scene.roll.signers))
        ],
        lambda given, _scene: proposing.stop_signing(given.text("member")),
        "member",
    ),
    Form(
        "lost-key",
        lazy_gettext("为丢失密钥的单位换新密钥"),
        lazy_gettext("它丢失了治理密钥，自己已经无法更换。"),
        _lost_fields,
        _lost,
        "keys",
    ),
    Form(
        "issuer",
        lazy_gettext("登记一个发证机构，或更新它的登记"),
        lazy_gettext("登记以后，还要另行认可它签发哪类证书。"),
        _issuer_fields,
        _put_issuer,
        "registration",
    ),
    Form(
        "accredit",
        lazy_gettext("认可一个发证机构签发某类证书"),
        lazy_gettext("也可以改变或提前结束由表决认可的资格。"),
        _accredit_fields,
        _accredit,
        "issuer",
    ),
    Form(
        "suspend",
        lazy_gettext("暂停一个发证机构"),
        lazy_gettext("暂停期间它不能签发；以前的证书不受影响。"),
        _suspend_fields,
        _suspend,
        "issuer",
    ),
    Form(
        "lift",
        lazy_gettext("解除对一个发证机构的暂停"),
        lazy_gettext("通过后它立即可以继续签发。"),
        _lift_fields,
        _lift,
        "issuer",
    ),
    Form(
        "close",
        lazy_gettext("永久关闭一个发证机构"),
        lazy_gettext("不能撤回；它已存证的证书继续有效。"),
        lambda scene: [_issuer_field(scene)],
        lambda given, _scene: proposing.close_issuer(given.text("issuer")),
        "issuer",
    ),
    Form(
        "wallet",
        lazy_gettext("登记一个学生钱包服务"),
        lazy_gettext("登记以后，分享链接可以指向它。"),
        lambda _scene: [
            Field("registration", gettext("钱包的登记文件"), "file", gettext("含 tag、url、key、keyProof。"))
        ],
        lambda given, _scene: proposing.put_wallet(given.document("registration")),
        "registration",
    ),
    Form(
        "params",
        lazy_gettext("改变登记号的数目"),
        lazy_gettext("每个资格认可方不经表决可以登记多少个新发证机构。"),
        lambda _scene: [Field("numbers", gettext("每个资格认可方可以分配"), "number")],
        lambda given, _scene: proposing.change_params(numbers=given.number("numbers")),
        "numbers",
    ),
    Form(
        "upgrade",
        lazy_gettext("启用新版本的账本规则"),
        lazy_gettext("各成员在那个区块之前升级程序。"),
        _upgrade_fields,
        _upgrade,
        "height",
    ),
)
"""In the order in which the page lists them. Agreements have pages of their own."""


def find(slug: str) -> Form | None:
    """Return the form of an address, or None."""
    return next((form for form in FORMS if form.slug == slug), None)
