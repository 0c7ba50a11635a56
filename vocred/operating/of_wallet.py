"""What ``vocred doctor`` checks of a wallet beside its files. What holders sealed stays sealed."""

from vocred.operating import standing_with_ledger
from vocred.operating.checks import Check
from vocred.operating.files import RESTORE, opened
from vocred.operating.instances import Instance
from wallet import store_invariants
from web.errors import DatabaseDamagedError


def checks(instance: Instance, *, now: int) -> list[Check]:
    """Return what needs no ledger."""
    del now
    return [Check("rules hold", lambda: _rules(instance), RESTORE)]


def ledger_checks(instance: Instance, *, now: int) -> list[Check]:
    """Return what asks the ledger."""
    return standing_with_ledger.checks(instance, now=now)


def _rules(instance: Instance) -> str:
    assert instance.database is not None
    with opened(instance.database) as db:
        for complaint in store_invariants.BROKEN:
            count = store_invariants.broken(db, complaint)
            if count:
                raise DatabaseDamagedError(f"{complaint} ({count} times)")
        held = db.execute("SELECT count(*) FROM credential").fetchone()[0]
    return f"{len(store_invariants.BROKEN)} rules hold, {held} certificates"
