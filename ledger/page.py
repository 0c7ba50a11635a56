"""The node's read-only page: who belongs, who may issue what, what is in force, what is voted on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, render_template
from flask_babel import gettext as _

from crypto import cbor, strict_json
from crypto.multibase import base64url_encode
from ledger import listing
from ledger.core import governance
from ledger.core.reading import Reader
from ledger.proposals import EXPIRED
from ledger.registry import agreement_key
from ledger.running import engine, is_single_operator, now
from web.errors import NotFoundError
from web.i18n import day, pick

ENTRIES = 12
DECIDED = 10

blueprint = Blueprint("ledger_page", __name__)


@blueprint.get("/")
def registry() -> str:
    """Show the register of the consortium as of the newest block."""
    at = now()
    with engine().reader() as reader:
        names = names_of(reader)
        listed = listing.proposals(reader, now=at)
        head = reader.head()
        return render_template(
            "ledger/registry.html",
            now=at,
            single_operator=is_single_operator(reader.head_block()),
            chain_id=reader.chain_id,
            size=head.size,
            root=head.root.hex(),
            time=head.time,
            names=names,
            registry=listing.registry(reader),
            agreements=[_agreement(reader, item, at=at) for item in listing.agreements(reader)],
            open_votes=voted(reader, now=at),
            decided=[_voted(item, names) for item in listed if item["status"] != governance.OPEN][:DECIDED],
            entries=listing.last_statements(reader, count=ENTRIES),
            on_day=_day,
            kinds=_kinds(),
        )


@blueprint.get("/agreements/<agreement_id>")
def agreement(agreement_id: str) -> str:
    """Show an agreement with every version, who signed it, and the votes behind it."""
    at = now()
    with engine().reader() as reader:
        history = listing.agreement_history(reader, agreement_id, now=at)
        if history is None:
            raise NotFoundError("no agreement of that id was ever in force")
        names = names_of(reader)
        digests = {version["digest"]: bytes.fromhex(version["digest"]) for version in history["versions"]}
        newest = history["versions"][-1]
        return render_template(
            "ledger/agreement.html",
            now=at,
            single_operator=is_single_operator(reader.head_block()),
            names=names,
            history=history,
            title=_title(reader, newest["digest"]),
            ended=newest["ended"],
            pending=[_voted(item, names) for item in history["pending"]],
            kept={text: reader.document(digest) is not None for text, digest in digests.items()},
            dry_runs={text: listing.dry_runs(reader, digest) for text, digest in digests.items()},
            state_key=_state_key,
            on_day=_day,
        )


def names_of(reader: Reader) -> dict[str, str]:
    """Return the name of every member and issuer in the page's language, by DID."""
    named = [*reader.values("issuer", length=2), *reader.values("member", length=2)]
    return {key[1]: pick(value["names"]) for key, value in named}


def voted(reader: Reader, *, now: int) -> list[dict[str, Any]]:
    """Return the proposals that may be voted on, each with the question in one sentence, newest first."""
    names = names_of(reader)
    return [_voted(item, names) for item in reversed(listing.open_proposals(reader, now=now))]


def _agreement(reader: Reader, item: dict[str, Any], *, at: int) -> dict[str, Any]:
    """Return an agreement with its title, if its document is kept here."""
    in_force = item["started"] <= at and item["ended"] is None
    return {**item, "title": _title(reader, item["digest"]), "in_force": in_force}


def _title(reader: Reader, digest: str) -> str:
    """Return the title in the document with a digest, or nothing where it is not kept here."""
    document = reader.document(bytes.fromhex(digest))
    found = strict_json.parse(document) if document is not None else None
    title = found.get("title") if isinstance(found, dict) else None
    if not isinstance(title, dict) or not all(isinstance(text, str) for text in title.values()):
        return ""
    return pick(title)


def _state_key(agreement_id: str, version: int) -> str:
    """Return how the proof of a version's record is asked for."""
    return base64url_encode(cbor.encode(agreement_key(agreement_id, version)))


def _voted(item: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Return a proposal with the question in one sentence and the place of its line."""
    count = len(item["yes"])
    return {
        **item,
        "question": _question(item["action"], item["about"], names),
        "state": _states().get(item["status"], item["status"]),
        "percent": 100 * count // item["members"],
    }


def _question(action: str, about: dict[str, Any], names: dict[str, str]) -> str:
    def called(did: str) -> str:
        return names.get(did, did)

    sentences: dict[str, Callable[[], str]] = {
        "admit": lambda: _("接纳%(name)s为联盟成员", name=pick(about["names"])),
        "remove": lambda: _("请%(name)s退出联盟", name=called(about["member"])),
        "issuer.put": lambda: _("登记发证机构%(name)s", name=pick(about["names"])),
        "accredit": lambda: _(
            "认可%(name)s签发 %(type)s，自 %(start)s 起",
            name=called(about["issuer"]),
            type=about["type"],
            start=_day(about["from"]),
        ),
        "wallet.put": lambda: _("登记学生钱包 %(tag)s：%(url)s", tag=about["tag"], url=about["url"]),
        "agreement.start": lambda: _(
            "让协议 %(id)s 第 %(version)s 版生效", id=about["id"], version=about["version"]
        ),
        "agreement.amend": lambda: _(
            "用第 %(version)s 版取代协议 %(id)s 的现行版本", id=about["id"], version=about["version"]
        ),
        "agreement.end": lambda: _("终止协议 %(id)s", id=about["id"]),
    }
    return sentences.get(action, lambda: action)()


def _states() -> dict[str, str]:
    return {
        governance.OPEN: _("表决中"),
        governance.ENACTED: _("已通过，等待生效"),
        governance.DONE: _("已通过并生效"),
        governance.VOID: _("已通过，但已无法生效"),
        governance.WITHDRAWN: _("已撤回"),
        EXPIRED: _("到期未通过"),
    }


def _kinds() -> dict[str, str]:
    return {
        "anchor": _("证书摘要存证"),
        "status": _("状态更新"),
        "issuer.put": _("登记发证机构"),
        "accredit": _("认可发证资格"),
        "endpoint.put": _("公布服务地址"),
        "propose": _("提案"),
        "vote": _("投票"),
        "withdraw": _("撤回提案"),
    }


def _day(seconds: int) -> str:
    return day(datetime.fromtimestamp(seconds, UTC))
