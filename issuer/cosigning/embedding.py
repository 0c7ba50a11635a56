"""Which endorsements a form carries: those that are held when it is signed, and that cover what it says.

Signing asks nobody: an endorsement was checked when it was received, and whoever verifies the form asks the
endorser's list anew. One that does not cover the form's content is left out rather than signed for nothing.
"""

import json
import logging
from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from issuer.cosigning import store
from vc import endorsements
from vc.errors import VcError

logger = logging.getLogger(__name__)


def held(db: Database, record_id: str) -> list[dict[str, Any]]:
    """Return the endorsements of a record that are held and not known to be withdrawn, oldest first."""
    return [json.loads(found["document"]) for found in store.held(db, record_id)]


def covering(credential: Mapping[str, Any], found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return those endorsements that cover an unsigned credential as it stands."""
    kept = []
    for endorsement in found:
        try:
            endorsements.check_content(endorsement, credential)
        except VcError as error:
            logger.warning("endorsement left out id=%s code=%s", endorsement.get("id"), error.code)
        else:
            kept.append(endorsement)
    return kept
