"""An account as its learner, an officer and outside credit-bank platforms see it.

The export has one row for each conversion that was ever registered, cancelled ones too, so that the other
side can reconcile by the source's digest. Cells that a spreadsheet would take for formulas are escaped.

Spec: CREDENTIALS.md, section 10, "Export (CSV)".
"""

import json
from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from crypto.multibase import base64url_encode
from issuer.bank import accounts, store
from vc import dates
from web.spreadsheets import csv_file

COLUMNS: Mapping[str, str] = {
    "account": "账户",
    "name": "姓名",
    "documentTail": "证件末四位",
    "sourceIssuer": "来源机构",
    "sourceType": "来源类型",
    "sourceCode": "来源代码",
    "sourceLevel": "来源等级",
    "sourceNumber": "来源编号",
    "sourceAwarded": "来源发证日期",
    "agreement": "协议",
    "rule": "规则",
    "kind": "类别",
    "college": "学校",
    "courseCode": "课程代码",
    "courseName": "课程名称",
    "credits": "学分",
    "unit": "学分单位",
    "grade": "成绩",
    "recordDate": "登记日期",
    "state": "状态",
    "sourceDigest": "来源摘要",
}
"""The export's columns by the name in JSON, with their Chinese title."""

_STATES = {"review": "underReview"}
_SHA256_MULTIHASH = b"\x12\x20"


def statement(db: Database, account_id: str) -> dict[str, Any]:
    """Return the statement of an account: every entry, and what counts, unit by unit.

    Units are never converted into one another: ``balance`` and ``unit`` are given where there is one unit
    only, ``balances`` always.

    Raises:
        UnknownError: There is no account of that number.
    """
    account = accounts.get(db, account_id)
    found = store.conversions(db, account_id)
    balances: dict[str, float] = {}
    for conversion in found:
        if conversion["state"] != "cancelled":
            balances[conversion["unit"]] = balances.get(conversion["unit"], 0.0) + conversion["credits"]
    document: dict[str, Any] = {
        "account": account_id,
        "name": account["name"],
        "openedOn": _day(account["opened_at"]),
        "entries": [_entry(db, conversion) for conversion in found],
        "balances": [{"unit": unit, "credits": total} for unit, total in sorted(balances.items())],
    }
    if len(balances) == 1:
        ((document["unit"], document["balance"]),) = balances.items()
    return document


def export_rows(db: Database) -> list[dict[str, str]]:
    """Return every conversion as texts by the names of ``COLUMNS``."""
    return [_exported(found) for found in store.export_rows(db)]


def export_csv(db: Database) -> bytes:
    """Return the export as CSV in UTF-8 with a byte order mark, as spreadsheets here expect it."""
    rows = ([row[name] for name in COLUMNS] for row in export_rows(db))
    return csv_file([COLUMNS.values(), *rows])


def state(found: Mapping[str, Any]) -> str:
    """Return a conversion's state in the word of protocols: active, underReview or cancelled."""
    return _STATES.get(found["state"], str(found["state"]))


def digest(found: Mapping[str, Any]) -> str:
    """Return the digest of the form that was converted, as the CreditRecord states it."""
    return "u" + base64url_encode(_SHA256_MULTIHASH + bytes(found["form_digest"]))


def _entry(db: Database, found: Mapping[str, Any]) -> dict[str, Any]:
    source = store.source(db, found["source_id"])
    assert source is not None  # foreign key
    application = store.application(db, found["application_id"])
    assert application is not None  # foreign key
    entry: dict[str, Any] = {
        "record": f"urn:uuid:{found['record_id']}",
        "agreement": f"{found['agreement_id']}#{found['version']}",
        "rule": found["rule"],
        "kind": found["kind"],
        "credits": found["credits"],
        "unit": found["unit"],
        "state": state(found),
        "date": _day(found["registered_at"]),
        "line": found["line"],
        "source": {**json.loads(source["facts"]), "issuer": source["issuer"], "digest": digest(found)},
    }
    if found["course_code"] is not None:
        entry["course"] = {"code": found["course_code"], "name": found["course_name"]}
        entry["college"] = found["college"]
    if application["programme"]:
        entry["programme"] = application["programme"]
    if found["grade"] is not None:
        entry["grade"] = found["grade"]
    if found["ended_at"] is not None:
        entry["endedOn"] = _day(found["ended_at"])
    return entry


def _exported(found: Mapping[str, Any]) -> dict[str, str]:
    source = json.loads(found["facts"])
    values = {
        "account": found["account_id"],
        "name": found["name"],
        "documentTail": found["document_tail"],
        "sourceIssuer": found["issuer"],
        "sourceType": source["type"],
        "sourceCode": source["code"],
        "sourceLevel": source["level"],
        "sourceNumber": source["number"],
        "sourceAwarded": source["awarded"],
        "agreement": f"{found['agreement_id']}#{found['version']}",
        "rule": found["rule"],
        "kind": found["kind"],
        "college": found["college"],
        "courseCode": found["course_code"],
        "courseName": (found["course_name"] or {}).get("zh-CN"),
        "credits": f"{found['credits']:g}",
        "unit": found["unit"],
        "grade": found["grade"],
        "recordDate": _day(found["registered_at"]),
        "state": state(found),
        "sourceDigest": digest(found),
    }
    return {name: "" if text is None else str(text) for name, text in values.items()}


def _day(at: int) -> str:
    return dates.from_seconds(at).astimezone(dates.CHINA).date().isoformat()
