"""A dry run of an agreement over a college's 100,000 certificates of the last 12 months, with its progress.

The records are written straight into the college's own database: 1,204 kinds of certificates (four majors,
301 days of award). The run reads them, builds the facts of each kind, evaluates, and counts, as the worker
does. The second run takes every certificate for a kind of its own, as if no two had the same marks. One core.
"""

import json
import sys
import time
import uuid
from datetime import date, timedelta

from benchmarks.college import DID, GRADUATION, MAKER, College
from benchmarks.measuring import folder, say, stopwatch
from issuer.agreements import dry_run, texts
from issuer.agreements.dry_run import DryRun
from ledger.proposing import end_of_day
from schemas.bundle import example
from tests.issuer.college import graduate
from web.database import transaction

CERTIFICATES = 100_000
_MAJORS = ("460305", "460301", "460201", "510203")
_FIRST_DAY, _DAYS = date(2026, 1, 1), 301
_BATCH = "benchmark"


def run() -> None:
    """Fill a college's register, then run an agreement of four rules dry, twice."""
    with folder() as home:
        college = College(home)
        with stopwatch() as filling:
            _fill(college)
        say(f"{CERTIFICATES:,} records written", f"{filling[0]:7.1f} s")
        digest = _text(college)
        _measure(college, digest, "certificates of 1,204 kinds")
        personal, dry_run.PERSONAL = dry_run.PERSONAL, frozenset()
        try:
            _measure(college, digest, "certificates, no two alike")
        finally:
            dry_run.PERSONAL = personal
        college.close()


def _measure(college: College, digest: bytes, what: str) -> None:
    dry_run.begin(college.db, actor=MAKER, digest=digest, now=college.now)
    begun = time.monotonic()

    def tell(found: DryRun) -> bool:
        if found.examined % 20_000 == 0 and found.state != "done":
            taken = time.monotonic() - begun
            print(f"    {found.examined:>9,} of {found.total:,} after {taken:5.1f} s", file=sys.stderr)
        return True

    with stopwatch() as running:
        found = dry_run.run(college.db, digest=digest, now=college.now, tell=tell)
    elapsed, computed = running
    say(
        f"{found.examined:,} {what}, {len(found.rules)} rules",
        f"{elapsed:7.1f} s  ({computed:.1f} s of CPU, {found.examined / elapsed:,.0f}/s); "
        f"{found.accepted:,} recognised",
    )


def _fill(college: College) -> None:
    now = college.now
    with transaction(college.db):
        college.db.execute(
            "INSERT INTO batch (id, credential_type, source_name, source_digest, report, maker, created_at, "
            "state) VALUES (?, ?, 'register', x'00', '{}', 'han', ?, 'issued')",
            (_BATCH, GRADUATION, now),
        )
        for serial in range(CERTIFICATES):
            day = _FIRST_DAY + timedelta(days=serial % _DAYS)
            fields = graduate(
                serial,
                majorCode=_MAJORS[serial % len(_MAJORS)],
                grad=day.isoformat(),
                certNo=f"99901120260{serial:07}",
            )
            text = json.dumps(fields, ensure_ascii=False)
            college.db.execute(
                "INSERT INTO batch_row (batch_id, position, line, pile, number, person_key, content_digest, "
                "class_name, fields, findings) VALUES (?, ?, ?, 'ready', ?, '', x'00', '', '{}', '[]')",
                (_BATCH, serial, serial, fields["certNo"]),
            )
            college.db.execute(
                "INSERT INTO record (id, batch_id, position, credential_type, number, person_key, "
                "achievement, holder_name, class_name, fields, content_digest, created_at) "
                "VALUES (?, ?, ?, ?, ?, ?, '', '', '', ?, x'00', ?)",
                (
                    str(uuid.UUID(int=serial)),
                    _BATCH,
                    serial,
                    GRADUATION,
                    fields["certNo"],
                    str(serial),
                    text,
                    now,
                ),
            )


def _text(college: College) -> bytes:
    """Fix a text that accepts the college's graduates, with rules of all three kinds."""
    document = example("RecognitionAgreement")
    for party in document["parties"]:
        party["id"] = DID if party["role"] == "awarding-body" else party["id"].replace("yunling", "mingde")
    credit = {"creditUnit": "学分（16学时/学分）", "credits": 4}
    course = {"courseCode": "RB3110", "courseName": {"zh-CN": "机器人实训", "en": "Robot practice"}}
    document.update(
        version=1,
        accepts={"credentialType": f"https://w3id.org/vocred#{GRADUATION}", "issuer": [DID]},
        rules=[
            {"id": "R1", "kind": "学分置换", "when": {"humanCode": ["460305"]}, "target": course, **credit},
            {"id": "R2", "kind": "存入", **credit},
            {
                "id": "R3",
                "kind": "等级等效",
                "when": {"humanCode": ["460301"]},
                "target": {
                    "credentialType": "https://w3id.org/vocred#SkillLevelCertificate",
                    "qualificationSystem": "1+X",
                    "levelCode": "1X-2",
                },
            },
            {"id": "R4", "kind": "免于重复认证", "when": {"humanCode": ["460305", "460201"]}},
        ],
    )
    document.pop("supersedes")
    document.pop("rewards")
    document.pop("penalties")
    text = texts.fix(
        college.db,
        actor=MAKER,
        document=document,
        expires=end_of_day(college.now, days=14),
        now=college.now,
    )
    return text.digest
