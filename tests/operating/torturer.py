"""One of the processes that write to one database together: ``python torturer.py PATH NUMBER SECONDS``."""

import sys
import time
from pathlib import Path

from web.database import connect, transaction


def main(path: Path, number: int, seconds: float) -> int:
    """Write pairs of rows; the first process checkpoints instead, in every way that there is."""
    db, end, count = connect(path), time.monotonic() + seconds, 0
    while time.monotonic() < end:
        if number == 0:
            for kind in ("PASSIVE", "FULL", "RESTART", "TRUNCATE"):
                db.execute(f"PRAGMA wal_checkpoint({kind})").fetchone()
            count += 4
            continue
        with transaction(db):
            for _ in range(2):
                db.execute("INSERT INTO pair VALUES (?, ?, randomblob(900))", [number, count])
            db.execute("DELETE FROM pair WHERE writer = ? AND number < ?", [number, count - 50])
        count += 1
    db.close()
    print(count)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
