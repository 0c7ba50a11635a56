"""``vocred restore``: put a backup in the place of a stopped service's data, or say why not.

1. The service is stopped, and cannot start before this ends.
2. The manifest: this service, this instance's secret and address, a schema that this program knows.
3. The files: each as long, and with the digest, that the manifest says; each database whole.
4. What the data say of themselves: keys that the secret opens, the ledger that the pin is of, a log whose
   tree is its own.
5. What others know: a backup that the ledger, or this node's own signature, is ahead of is refused. Forms
   signed since would be unknown here, and their places on status lists would be given away again.
6. The old data are moved aside, never overwritten; the new files get their names one by one, the database
   last, so that a kill leaves either the old database or the new one.

An issuer's restored database asks the registry before it signs anything, whatever could be asked here.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlite_utils import Database

from issuer import examining as issuer_examining
from issuer import store as issuer_store
from issuer.errors import UnsoundError
from issuer.secret import Secret
from ledger import examining
from ledger.core.reading import Reader
from ledger.engines.signed import adopt, read_signed
from ledger.errors import HistoryError, LedgerError
from ledger.proof.errors import PinError
from ledger.proof.pins import Pin, PinStore
from ledger.transport import LedgerUnavailableError, Transport
from vocred.operating import archive, files, instances, of_issuer
from vocred.operating.archive import Manifest
from vocred.operating.backup import schema_of, settle
from vocred.operating.errors import BehindLedgerError, RestoreRefusedError
from vocred.operating.instances import PIN_FILE, SERVICES, Instance, StillPins
from web.database import check_whole, connect, reading, transaction
from web.errors import DatabaseDamagedError


@dataclass(frozen=True)
class Restored:
    """What was done.

    Attributes:
        manifest: What the backup said of itself.
        aside: Where the data lie that were here before; None where there were none.
        compared: Whether the ledger was asked; else the service asks before it signs.
    """

    manifest: Manifest
    aside: Path | None
    compared: bool


@click.command()
@click.argument("service", type=click.Choice(SERVICES))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--behind", is_flag=True, help="Restore even though the ledger knows more; nothing is signed then."
)
@click.option(
    "--newest", is_flag=True, help="Ledger: no newer copy exists, its root was compared with others'."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def restore(service: str, file: Path, behind: bool, newest: bool, as_json: bool) -> None:
    """Put the backup FILE in SERVICE's place. The service must be stopped; what is there is moved aside."""
    started = time.monotonic()
    done = put(service, os.environ, file, behind=behind, newest=newest, now=int(time.time()))
    seconds = round(time.monotonic() - started, 3)
    if as_json:
        aside = None if done.aside is None else str(done.aside)
        document = {"service": service, "made": done.manifest.made, "aside": aside, "compared": done.compared}
        click.echo(json.dumps({**document, "seconds": seconds}))
        return
    made = datetime.fromtimestamp(done.manifest.made, UTC).isoformat()
    click.echo(f"restored {service} as of {made} in {seconds:.1f} s")
    if done.aside is not None:
        click.echo(f"what was here before lies in {done.aside}")
    if not done.compared:
        click.echo("the ledger was not asked: the service asks before it signs")
    click.echo(f"now: vocred doctor {service}, then start the service")


def put(
    service: str,
    environ: Mapping[str, str],
    file: Path,
    *,
    behind: bool = False,
    newest: bool = False,
    now: int,
    http: Transport | None = None,
) -> Restored:
    """Restore a backup.

    Args:
        service: The service.
        environ: Its settings.
        file: The backup.
        behind: Restore an issuer's although the ledger knows more.
        newest: Declare a ledger's to be the newest copy there is.
        now: Seconds since 1970.
        http: How the ledger is asked.

    Raises:
        RunningError: The service runs.
        RecoveryRequiredError: The instance's secret is missing.
        RestoreRefusedError: The backup is torn, was changed, or is another's.
        BehindLedgerError: It is older than what the ledger or this node's signature knows.
    """
    instance = instances.read(service, environ, http=http)
    with (
        instances.stopped(instance.home),
        archive.opened(file, secret=instance.secret) as (manifest, content),
        tempfile.TemporaryDirectory(prefix=".vocred-restore-", dir=instance.home) as name,
    ):
        _check_manifest(instance, manifest)
        folder = Path(name)
        archive.extract(content, manifest, folder)
        with reading():
            _check_databases(instance, manifest, folder)
            compared = _check_content(instance, folder, behind=behind, newest=newest, now=now)
            _prepare(instance, folder)
        aside = _move_aside(instance, folder, now=now)
        _settle_all(instance, folder)
        if newest and service == "ledger":
            adopt(instance.home / "ledger.db")
    return Restored(manifest, aside, compared)


def _check_manifest(instance: Instance, manifest: Manifest) -> None:
    if manifest.service != instance.service:
        raise RestoreRefusedError(f"the backup is of the service {manifest.service}")
    if manifest.url != instance.url:
        raise RestoreRefusedError(f"the backup is of {manifest.url}, this is {instance.url}")
    if instance.migrations is not None:
        known = {migration.name for migration in instance.migrations._migrations}
        unknown = [name for name in manifest.schema if name not in known]
        if unknown:
            raise RestoreRefusedError(f"a newer program made the backup ({unknown[-1]}): install that one")


def _check_databases(instance: Instance, manifest: Manifest, folder: Path) -> None:
    """Check that every database is whole, and the service's own the one that the manifest describes."""
    names = {each["name"] for each in manifest.files}
    if instance.database is not None and instance.database.name not in names:
        raise RestoreRefusedError("the backup holds no database of this service")
    for path in folder.glob("*.db"):
        with files.opened(path) as db:
            try:
                check_whole(db)
            except DatabaseDamagedError as error:
                raise RestoreRefusedError(f"{path.name} is damaged: {error}") from error
            if path.name == _own(instance) and schema_of(instance, db) != manifest.schema:
                raise RestoreRefusedError("the database's schema is not the one that the manifest names")


def _check_content(instance: Instance, folder: Path, *, behind: bool, newest: bool, now: int) -> bool:
    """Check what the data say of themselves, and what others know; True where the ledger was asked."""
    if instance.service == "ledger":
        _check_log(instance, folder / "ledger.db", newest=newest)
        return True
    pin = _newest_pin(instance, folder)
    if instance.service != "issuer" or pin is None:
        return instance.service != "issuer"
    with files.opened(folder / "issuer.db") as db:
        try:
            issuer_examining.check_keys(db, Secret(instance.secret or b"", random=os.urandom))
        except UnsoundError as error:
            raise RestoreRefusedError(str(error)) from error
        return _compare(instance, db, pin, behind=behind, now=now)


def _compare(instance: Instance, db: Database, pin: Pin, *, behind: bool, now: int) -> bool:
    """Ask the ledger how many statements it has of this issuer; False where it is silent."""
    try:
        missing = of_issuer.behind(instance, db, pins=StillPins(instance.pin, begin=pin), now=now)
    except LedgerUnavailableError:
        return False
    except LedgerError as error:
        raise RestoreRefusedError(f"the ledger's answer does not check: {error}") from error
    if missing and not behind:
        raise BehindLedgerError(
            f"the ledger holds {missing} statements of this issuer that the backup lacks: find a newer "
            "backup; with --behind it is restored to look things up, and signs nothing"
        )
    return True


def _check_log(instance: Instance, path: Path, *, newest: bool) -> None:
    """Check that the log is whole, of the ledger that was here, and not behind what was signed from here."""
    try:
        with Reader.open(path) as reader:
            examining.check_tree(reader)
            examining.check_map(reader)
            signed = read_signed(instance.home / "ledger.db")
            if instance.pin.is_file() and PinStore(instance.pin).load().chain_id != reader.chain_id:
                raise RestoreRefusedError("the backup is of another ledger than this node's pin")
            if signed is not None:
                _check_signed(reader, signed)
            elif not newest and reader.head().height:
                raise BehindLedgerError(
                    "nothing here tells what this node signed: compare the backup's root with what members "
                    "hold, then restore it with --newest"
                )
    except LedgerError as error:
        raise RestoreRefusedError(f"the log is not whole: {error}") from error


def _check_signed(reader: Reader, signed: tuple[int, bytes]) -> None:
    try:
        examining.check_signed(reader, signed)
    except HistoryError as error:
        raise BehindLedgerError(
            f"{error}: find a newer copy, or let the node begin anew from the other members"
        ) from error


def _newest_pin(instance: Instance, folder: Path) -> Pin | None:
    """Return the higher of the pin that is here and the backup's, and leave it to be put in place."""
    try:
        pins = [PinStore(path).load() for path in (instance.pin, folder / PIN_FILE) if path.is_file()]
    except PinError as error:
        raise RestoreRefusedError(str(error)) from error
    if len({pin.chain_id for pin in pins}) > 1:
        raise RestoreRefusedError("the backup's pin is of another ledger than the one that is here")
    if not pins:
        return None
    highest = max(pins, key=lambda pin: (pin.epoch, pin.size))
    (folder / PIN_FILE).write_bytes(replace(highest, single=any(pin.single for pin in pins)).to_bytes())
    return highest


def _prepare(instance: Instance, folder: Path) -> None:
    """Let a restored issuer know nothing of its standing: it asks, and so is compared, before it signs."""
    if instance.service != "issuer":
        return
    db = connect(folder / "issuer.db")
    with transaction(db):
        issuer_store.forget_standing(db)
    db.execute("PRAGMA journal_mode=DELETE")
    db.close()


def _move_aside(instance: Instance, folder: Path, *, now: int) -> Path | None:
    """Move what will be replaced into a folder of its own, logs included."""
    names = [path.name for path in folder.iterdir() if path.is_file()]
    here = [
        path
        for name in names
        for path in (instance.home / f"{name}{suffix}" for suffix in ("", "-wal", "-shm", "-journal"))
        if path.exists()
    ]
    if not here:
        return None
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = Path(tempfile.mkdtemp(prefix=f"before-{stamp}-", dir=instance.home))
    # The database goes last here and comes last below: a kill between leaves no database, which no service
    # makes anew, and everything that was there in the folder aside.
    for path in sorted(here, key=lambda path: path.name.startswith(_own(instance))):
        if path.name == PIN_FILE:
            shutil.copy2(path, aside)
        else:
            path.rename(aside / path.name)
    return aside


def _settle_all(instance: Instance, folder: Path) -> None:
    made = [path for path in folder.iterdir() if path.is_file()]
    for path in sorted(made, key=lambda path: path.name == _own(instance)):
        settle(path, instance.home / path.name)


def _own(instance: Instance) -> str:
    return PIN_FILE if instance.database is None else instance.database.name
