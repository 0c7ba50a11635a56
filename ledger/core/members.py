"""What a member's record says when it is admitted, be it in the genesis or by vote."""

from collections.abc import Mapping
from typing import Any

from ledger.core import fields

ACCREDITOR = "accreditor"

MEMBERS = ("did", "names", "code", "roles", "types", "governance", "submission", "receipt")


def read_member(value: Any) -> Mapping[str, Any]:
    """Check a member's record.

    Args:
        value: {did, names, code, roles, types, governance, submission?, receipt?}.

    Returns:
        The record itself.

    Raises:
        Reject: TX_MALFORMED.

    Spec: LEDGER.md, section 4.2.
    """
    record = fields.record(value, *MEMBERS)
    fields.did(record["did"])
    fields.names(record["names"])
    fields.credit_code(record["code"])
    roles = fields.ordered(record["roles"], fields.role, least=1, most=fields.MAX_ROLES)
    types = fields.ordered(record["types"], fields.credential_type, most=fields.MAX_TYPES)
    if bool(types) != (ACCREDITOR in roles):
        raise fields.malformed("an accreditor names the types that it may grant, nobody else does")
    fields.public_key(record["governance"])
    fields.optional(record["submission"], fields.public_key)
    fields.optional(record["receipt"], fields.public_key)
    return record
