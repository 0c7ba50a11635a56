"""``vocred backup``: a consistent copy of a service's data, while the service goes on.

1. SQLite's own backup copies each database in one read transaction: writers are not held up, and the copy is
   the database as it was at one moment, never a torn one as ``cp`` would make.
2. The copy is checked (pages, indexes, references) before it counts: a backup of damage is no backup.
3. Databases and pin go into one file behind a manifest, which gets its name only when it is on the disk.

The service's secret and keys are not in it: they are kept elsewhere, once.
"""

import json
import os
import tempfile
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from sqlite_utils import Database
from sqlite_utils.utils import sqlite3

from ledger.core.reading import Reader
from ledger.proof.pins import PinStore
from vocred.operating import archive, instances
from vocred.operating.archive import Manifest
from vocred.operating.errors import OperatingError
from vocred.operating.instances import SERVICES, Instance
from web.database import check_whole, connect_to_read, reading
from web.migrations import applied


@click.command()
@click.argument("service", type=click.Choice(SERVICES))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def backup(service: str, file: Path, as_json: bool) -> None:
    """Copy SERVICE's data to FILE, which must not exist yet. The service may run."""
    started = time.monotonic()
    manifest = make(service, os.environ, file, now=int(time.time()))
    seconds = time.monotonic() - started
    if as_json:
        document = {"file": str(file), "bytes": file.stat().st_size, "seconds": round(seconds, 3)}
        click.echo(json.dumps({**document, "manifest": _shown(manifest)}, ensure_ascii=False))
        return
    click.echo(f"backed up {service} to {file}: {file.stat().st_size / 1e6:.1f} MB in {seconds:.1f} s")


def make(service: str, environ: Mapping[str, str], file: Path, *, now: int) -> Manifest:
    """Make a backup.

    Args:
        service: The service.
        environ: Its settings.
        file: The new file.
        now: Seconds since 1970.

    Returns:
        What the backup says of itself.

    Raises:
        OperatingError: There is a file of that name.
        DatabaseDamagedError: The data are damaged: an older backup is worth more.
    """
    instance = instances.read(service, environ)
    if file.exists():
        raise OperatingError(f"{file.name} exists: backups are not written over one another")
    # Beside the target, so that the last step is a rename; both disks' worth of space is needed there.
    with tempfile.TemporaryDirectory(prefix=".vocred-backup-", dir=file.absolute().parent) as name:
        folder = Path(name)
        files = copy_databases(instance, folder)
        manifest = _manifest(instance, files, now=now)
        if instance.pin.is_file():
            files[instances.PIN_FILE] = instance.pin
        manifest = archive.write(folder / "backup", files, manifest=manifest, secret=instance.secret)
        settle(folder / "backup", file)
    return manifest


def copy_databases(instance: Instance, folder: Path) -> dict[str, Path]:
    """Copy every database of an instance, each as it is at one moment, and check the copies.

    Returns:
        The copies by their names.

    Raises:
        DatabaseDamagedError: A copy is not whole.
    """
    return {path.name: _copy(path, folder / path.name) for path in sorted(instance.home.glob("*.db"))}


def settle(source: Path, target: Path) -> None:
    """Give a complete file its name once it is on the disk; after this, neither is lost by a power cut."""
    descriptor = os.open(source, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(source, target)
    directory = os.open(target.absolute().parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def schema_of(instance: Instance, db: Database) -> list[str]:
    """Return the version of a database's schema, as a manifest tells it."""
    if instance.migrations is None:
        return [str(db.execute("PRAGMA user_version").fetchone()[0])]
    return applied(db, instance.migrations)


def _copy(path: Path, place: Path) -> Path:
    place.touch(mode=0o600)
    source = connect_to_read(path)
    with reading():
        target = sqlite3.connect(place)
        try:
            source.conn.backup(target)
            # The copy travels as one file: nothing of it may stay behind in a log.
            target.execute("PRAGMA journal_mode=DELETE")
            check_whole(Database(target))
        finally:
            target.close()
            source.close()
    return place


def _manifest(instance: Instance, files: Mapping[str, Path], *, now: int) -> Manifest:
    schema: list[str] = []
    counts: dict[str, int] = {}
    if instance.database is not None:
        db = Database(sqlite3.connect(files[instance.database.name]))
        schema = schema_of(instance, db)
        counts = {
            name: db[name].count for name in sorted(db.table_names()) if not name.startswith(("_", "sqlite"))
        }
        db.close()
    return Manifest(
        service=instance.service,
        program=version("vocred"),
        url=instance.url,
        made=now,
        schema=schema,
        counts=counts,
        ledger=_head(instance, files),
        secret=archive.fingerprint(instance.secret),
    )


def _head(instance: Instance, files: Mapping[str, Path]) -> dict[str, Any] | None:
    """Return where the ledger stood: its own head, or the highest checkpoint that a service saw."""
    if instance.service == "ledger":
        with Reader.open(files["ledger.db"]) as reader:
            head = reader.head()
            return {"chain": reader.chain_id, "size": head.size, "root": head.root.hex()}
    if not instance.pin.is_file():
        return None
    pin = PinStore(instance.pin).load()
    return {"chain": pin.chain_id, "size": pin.size, "root": pin.root.hex()}


def _shown(manifest: Manifest) -> dict[str, Any]:
    return {name: value for name, value in vars(manifest).items() if name != "secret"}
