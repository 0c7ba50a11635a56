"""An issuer under steady load: its memory, descriptors, threads and write-ahead log stay where they are.

``VOCRED_STEADY_SECONDS`` says for how long (24 h in ``make soak``); the suite takes half a minute.
"""

import gc
import os
import threading
import time
from pathlib import Path

import psutil
import pytest

from issuer import create_app
from tests.issuer.college import College, new_row

SECONDS = int(os.environ.get("VOCRED_STEADY_SECONDS") or 20)
MOST_LOG_BYTES = 64 * 1024 * 1024
MOST_GROWTH_PER_HOUR = 1024 * 1024
SHORT = 3600
"""A shorter run is too short for a slope; there growth as a whole is bounded instead."""

PATHS = ("/health", "/metrics", "/.well-known/did.json", "/status/1", "/store/index", "/nowhere", "/status/9")


@pytest.mark.case("OPS-036")
@pytest.mark.timeout(SECONDS * 2 + 300)
def test_nothing_grows_under_steady_load(college: College) -> None:
    college.issue(*(new_row(serial) for serial in range(1, 4)))
    college.anchor()
    app = create_app(college.environ, parts=college.parts, clock=lambda: college.now)
    client, me = app.test_client(), psutil.Process()
    headers = {"Host": "127.0.0.1:8701"}

    def serve(seconds: float) -> int:
        end, count = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            for path in PATHS:
                assert client.get(path, headers=headers).status_code in {200, 404}
            count += len(PATHS)
            college.db.execute("UPDATE status_list SET changed_at = 1")
            if count % 700 == 0:
                college.anchor()
        return count

    serve(SECONDS / 4)  # caches fill
    before = _measured(me)
    count = serve(SECONDS)
    after = _measured(me)
    growth = after["memory"] - before["memory"]
    print(f"steady: {count} requests in {SECONDS} s, memory {growth / 1024:+.0f} KiB, {before} -> {after}")
    assert after["descriptors"] <= before["descriptors"] + 2
    assert after["threads"] <= before["threads"]
    assert _log_size(college.parts.settings.database) <= MOST_LOG_BYTES
    allowed = MOST_GROWTH_PER_HOUR * SECONDS / 3600 if SECONDS >= SHORT else 16 * MOST_GROWTH_PER_HOUR
    assert growth <= allowed


def _measured(process: psutil.Process) -> dict[str, int]:
    gc.collect()
    return {
        "memory": process.memory_info().rss,
        "descriptors": process.num_fds(),
        "threads": threading.active_count(),
    }


def _log_size(database: Path) -> int:
    log = database.with_name(database.name + "-wal")
    return log.stat().st_size if log.exists() else 0
