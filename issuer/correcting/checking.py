"""The checks that an import makes, made of a correction; only what the correction itself brings in counts.

What was issued is checked along with it and taken off again: its document has four characters left, and its
columns may have been read by other rules than today's.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlite_utils import Database

from issuer import institution
from issuer.correcting import replacing
from issuer.importing import FileRefusedError, ImportInstitution, check
from issuer.importing.columns import column_map
from issuer.records import Record
from vc.dates import CHINA
from web.spreadsheets import csv_file

Found = Mapping[str, Any]


def problems(
    issued: Mapping[str, str],
    wanted: Mapping[str, str],
    *,
    credential_type: str,
    institution: ImportInstitution,
    today: date,
) -> dict[str, Found]:
    """Return what is wrong with the wanted values and was not with the issued ones.

    Args:
        issued: Values by column key, as the record keeps them.
        wanted: Those that are to be changed.
        credential_type: The record's type.
        institution: Who issues.
        today: The day in China.

    Returns:
        The first error of each column, by its key: code, message and params.
    """
    changed = {**issued, **wanted}
    before = _errors(issued, credential_type, institution, today)
    after = _errors(changed, credential_type, institution, today)
    return {
        key: found
        for key, found in after.items()
        if changed.get(key, "") != issued.get(key, "") or before.get(key, {}).get("code") != found["code"]
    }


def of_record(db: Database, record: Record, wanted: Mapping[str, str], *, now: int) -> dict[str, Found]:
    """Return what an import would say of values wanted for a record, by column key; see ``problems``."""
    asked = {
        key: text.strip()[: replacing.MOST_CHARS]
        for key, text in wanted.items()
        if key in replacing.editable(record.fields)
    }
    return problems(
        record.fields,
        asked,
        credential_type=record.credential_type,
        institution=institution.load(db).registrar,
        today=datetime.fromtimestamp(now, CHINA).date(),
    )


def _errors(
    fields: Mapping[str, str], credential_type: str, institution: ImportInstitution, today: date
) -> dict[str, Found]:
    columns = column_map(fields["map"]).columns
    try:
        rows = check(
            _file(fields),
            filename="correction.csv",
            credential_type=credential_type,
            institution=institution,
            today=today,
            issued=lambda keys: {},
        ).rows
    except FileRefusedError:
        # The rows cannot be read as a file of this type; whether the record can be signed is tried later.
        return {}
    keys = {column.header: column.key for column in columns}
    errors: dict[str, Found] = {}
    for finding in (finding for row in rows for finding in row.findings):
        if str(finding.severity) == "error" and finding.column in keys:
            said = {"code": finding.code, "message": finding.message, "params": dict(finding.params)}
            errors.setdefault(keys[finding.column], said)
    return errors


def _file(fields: Mapping[str, str]) -> bytes:
    listed = [
        column for column in column_map(fields["map"]).columns if column.required or fields.get(column.key)
    ]
    values = [fields.get(column.key, "") for column in listed]
    return csv_file([[column.header for column in listed], values])
