"""Numbers for certificates that the body numbers itself: a blank number is filled when the batch is approved.

The pattern is the institution's preference ``number_pattern``, or ``number_pattern.<type>`` for one type:
plain text with ``{code}`` (of the standard, certification, course or contest), ``{year}`` (of the award) and
``{serial}`` (five digits, counted on for each text around it). The ministry numbers graduates, and an
apprentice's agreement has a number already: a blank one there is refused by importing.
"""

import json
from collections.abc import Mapping

from sqlite_utils import Database

from issuer import preferences, store, store_records

PATTERN = "{code}-{year}-{serial}"
_SERIAL = "{serial}"
_COUNTER = "serial."
_AWARDED = ("awardDate", "awarded", "grad")
_CODES = ("certCode", "eventCode")
_PREFIXES: Mapping[str, str] = {
    "TeacherTrainingRecord": "TT",
    "CreditRecord": "CR",
    "EmployerEvaluation": "EE",
    "MemberAccreditation": "MA",
}
"""What stands for the code where a type's records have none."""


def assign(db: Database, *, batch_id: str, credential_type: str) -> int:
    """Fill the blank numbers of a batch, inside the caller's transaction.

    Returns:
        How many rows got one.
    """
    pattern = preferences.get(
        db, f"number_pattern.{credential_type}", preferences.get(db, "number_pattern", PATTERN)
    )
    rows = store_records.rows_without_number(db, batch_id)
    for row in rows:
        fields = store_records.fields_of(row)
        number = _next(db, credential_type, pattern, fields)
        store_records.number_row(
            db, batch_id, row["position"], number=number, fields={**fields, "certNo": number}
        )
    return len(rows)


def _next(db: Database, credential_type: str, pattern: str, fields: Mapping[str, str]) -> str:
    """Return the next number that neither a record nor a waiting row has."""
    year = next((fields[key] for key in _AWARDED if fields.get(key)), "")[:4]
    code = next((fields[key] for key in _CODES if fields.get(key)), _PREFIXES.get(credential_type, ""))
    start = pattern.replace("{code}", code).replace("{year}", year)
    if _SERIAL not in start:
        start += _SERIAL
    serial = int(json.loads(store.preference(db, _COUNTER + start) or "0"))
    while True:
        serial += 1
        number = start.replace(_SERIAL, f"{serial:05}")
        taken = store_records.record_of_number(db, credential_type, number)
        if taken is None and store_records.pending_row(db, credential_type, "number", number) is None:
            store.save_preference(db, _COUNTER + start, json.dumps(serial))
            return number
