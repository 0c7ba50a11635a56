"""Four processes write to one database and checkpoint it at once: it stays whole and loses nothing.

``VOCRED_TORTURE_SECONDS`` says for how long (ten minutes in ``make soak``).
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from web.database import check_whole, connect

SECONDS = float(os.environ.get("VOCRED_TORTURE_SECONDS") or 4)
PROCESSES = 4
TORTURER = Path(__file__).with_name("torturer.py")
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.case("OPS-006")
@pytest.mark.timeout(int(SECONDS) * 2 + 120)
def test_writers_and_checkpoints_at_once_leave_a_whole_database(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    db = connect(path, create=True)
    db.execute("CREATE TABLE pair (writer INTEGER, number INTEGER, filling BLOB) STRICT")
    processes = [
        subprocess.Popen(
            [sys.executable, str(TORTURER), str(path), str(number), str(SECONDS)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        for number in range(PROCESSES)
    ]
    counts = [int(process.communicate(timeout=SECONDS * 2 + 60)[0]) for process in processes]
    assert [process.returncode for process in processes] == [0] * PROCESSES
    check_whole(db)
    for writer, count in enumerate(counts[1:], start=1):
        assert count > 0
        rows = db.execute(
            "SELECT number, count(*) FROM pair WHERE writer = ? GROUP BY number ORDER BY number", [writer]
        ).fetchall()
        kept = range(max(0, count - 51), count)
        assert rows == [(number, 2) for number in kept]
    db.close()
    print(f"torture: {sum(counts[1:])} commits by {PROCESSES - 1} processes, {counts[0]} checkpoints")
