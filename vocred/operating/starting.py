"""What ``vocred serve`` does before a service starts: look at its files, and let it be known that it runs.

A damaged database is not served: neither read, for it may say something else than was written, nor written,
for that would spread the damage. Nothing is repaired or made anew here; the message says what to do.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from vocred.operating.instances import running
from web.database import check_whole, connect_to_read
from web.errors import DatabaseDamagedError

METRICS_FOLDER = "metrics"
_SHARED_FILES = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def started(service: str, *, workers: int, environ: Mapping[str, str] = os.environ) -> Iterator[None]:
    """Look at a service's files, and hold its home for as long as the block lasts.

    Args:
        service: The service.
        workers: How many web processes it will have: several share files for their figures.
        environ: Its settings.

    Raises:
        DatabaseDamagedError: A database is torn; nothing was started.
    """
    home = Path(environ.get(f"{service.upper()}_HOME", "").strip() or os.devnull)
    if not home.is_dir():
        # The first start, or a setting that the service itself refuses with better words.
        yield
        return
    with running(home):
        check_files(home)
        if workers > 1:
            os.environ[_SHARED_FILES] = str(_empty(home / METRICS_FOLDER))
        yield


def check_files(home: Path) -> None:
    """Check quickly that every database in a home is whole.

    Raises:
        DatabaseDamagedError: One is not; the message says what to do.
    """
    for path in sorted(home.glob("*.db")):
        try:
            db = connect_to_read(path)
            try:
                check_whole(db, quickly=True)
            finally:
                db.close()
        except DatabaseDamagedError as error:
            raise DatabaseDamagedError(
                f"{path.name} is damaged ({error}); keep a copy, then restore the newest backup: "
                "vocred restore"
            ) from error


def _empty(folder: Path) -> Path:
    """Return the folder without what dead processes left in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    return folder
