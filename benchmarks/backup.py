"""Back up, restore and examine an issuer with 100,000 certificate records.

The first 1,000 records are issued and anchored as in life; the rest are copies of their rows under other
identifiers, with random bytes where a digest or sealed bytes differ: as long, and no easier to pack.
"""

import shutil
from pathlib import Path

from benchmarks import registers
from benchmarks.college import College
from benchmarks.measuring import folder, say, stopwatch
from vocred.operating import backup, instances, restore
from vocred.operating.files import checks
from web.database import transaction

ISSUED = 1_000
RECORDS = 10_000

_COPIES = """
INSERT INTO batch_row SELECT batch_id, position + :shift, line, pile, confirmed, number || :tail,
    person_key || :tail, randomblob(32), class_name, fields, findings, state, problem, record_id || :tail,
    holder_key FROM batch_row WHERE position < :issued;
INSERT INTO record SELECT id || :tail, batch_id, position + :shift, credential_type, number || :tail,
    person_key || :tail, achievement, holder_name, class_name, fields, randomblob(32), created_at, state,
    reason, revoked_at, replaced_by, holder_key FROM record WHERE position < :issued;
INSERT INTO form SELECT id || :tail, record_id || :tail, kind, randomblob(32), secured, :list, status_index,
    entry_id || :tail, verification_method, signed_at, holder, state, reason, ended_at, replaced_by,
    anchor_id, anchored_at FROM form WHERE list = 1;
INSERT INTO sealed_form SELECT randomblob(16), form_id || :tail, randomblob(length(blob)), index_version
    FROM sealed_form WHERE rowid <= :issued;
INSERT INTO sealed_receipt SELECT randomblob(16), randomblob(length(blob)) FROM sealed_receipt
    WHERE rowid <= :issued;
INSERT INTO printed_code SELECT form_id || :tail, randomblob(length(wrapped)) FROM printed_code
    WHERE rowid <= :issued
"""


def run() -> None:
    """Measure each act once, on disk."""
    with folder() as home:
        college = College(home)
        register = registers.graduates(ISSUED)
        college.issue(register)
        shutil.copy(home / "ledger" / "college-pins", college.home / "pin")
        with stopwatch() as copying:
            _multiply(college)
        say(f"{RECORDS:,} records, made in", f"{copying[0]:7.1f} s")
        environ = college.environment(ledger_url="http://127.0.0.1:8700")
        college.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database = college.parts.settings.database
        say("database", f"{database.stat().st_size / 1e6:7.0f} MB")
        _measure(college, environ, home / "backup")


def _measure(college: College, environ: dict[str, str], file: Path) -> None:
    with stopwatch() as making:
        backup.make("issuer", environ, file, now=college.now)
    say(
        "vocred backup", f"{making[0]:7.1f} s  ({making[1]:.1f} s of CPU); {file.stat().st_size / 1e6:.0f} MB"
    )
    with stopwatch() as examining:
        for check in checks(instances.read("issuer", environ)):
            check.look()
    say("vocred doctor, its files", f"{examining[0]:7.1f} s  ({examining[1]:.1f} s of CPU)")
    college.close()
    with stopwatch() as restoring:
        restore.put("issuer", environ, file, now=college.node.now, http=_silent)
    say("vocred restore", f"{restoring[0]:7.1f} s  ({restoring[1]:.1f} s of CPU)")


def _multiply(college: College) -> None:
    college.db.execute("PRAGMA foreign_keys = OFF")
    for number in range(1, RECORDS // ISSUED):
        values = {"shift": number * ISSUED, "tail": f"-{number}", "issued": ISSUED, "list": number + 1}
        with transaction(college.db):
            for statement in _COPIES.split(";\n"):
                names = {name: value for name, value in values.items() if f":{name}" in statement}
                college.db.execute(statement, names)
            college.db.execute(
                "INSERT OR IGNORE INTO status_list (number, size, created_at) VALUES (?, 131072, 0)",
                (number + 1,),
            )


def _silent(*_arguments: object, **_named: object) -> None:
    raise OSError("nobody is asked here")
