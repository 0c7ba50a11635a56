"""The file that a backup is: a tar of the service's databases and pin, behind a manifest.

    manifest.json   first: what this is, of which instance, and size and SHA-256 of each file behind it
    issuer.db       a whole database, made by SQLite while the service went on
    pin             the highest checkpoint that was seen

Where the service has a secret, the manifest carries a fingerprint of it and an HMAC under it: a backup of
another instance, or one that somebody changed, is told apart before anything of it is used. Secrets and keys
are never in a backup: whoever finds one can read what the database holds in the clear, and sign nothing.
"""

import hashlib
import hmac
import io
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from crypto import jcs, sealing, strict_json
from crypto.errors import CryptoError
from vocred.operating.errors import RestoreRefusedError

FORMAT = "vocred/backup/1"
MANIFEST = "manifest.json"
_MANIFEST_BYTES = 1024 * 1024
_CHUNK = 1024 * 1024
_MEMBERS = {
    "format",
    "service",
    "program",
    "url",
    "made",
    "schema",
    "counts",
    "ledger",
    "files",
    "secret",
    "mac",
}


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself.

    Attributes:
        service: The service.
        program: The version of the program that made it.
        url: The instance's public address.
        made: When, in seconds since 1970.
        schema: Names of the schema's steps; ``["2"]`` for the ledger's database.
        counts: Rows by table.
        ledger: ``{"chain", "size", "root"}`` of the highest checkpoint, or of the ledger itself.
        files: ``{"name", "bytes", "sha256"}`` of each.
        secret: A fingerprint of the instance's secret; None where it has none.
    """

    service: str
    program: str
    url: str
    made: int
    schema: list[str]
    counts: dict[str, int]
    ledger: dict[str, Any] | None
    files: list[dict[str, Any]] = field(default_factory=list)
    secret: str | None = None

    def encode(self, secret: bytes | None) -> bytes:
        """Return the manifest's bytes, with an HMAC under the instance's secret."""
        fields = {"format": FORMAT, **vars(self)}
        mac = None if secret is None else _mac(fields, secret)
        return jcs.canonicalize({**fields, "mac": mac})


def fingerprint(secret: bytes | None) -> str | None:
    """Return what tells two instances' secrets apart and reveals neither."""
    return None if secret is None else sealing.hkdf(secret, info="vocred/backup/1/name", length=16).hex()


def write(path: Path, files: Mapping[str, Path], *, manifest: Manifest, secret: bytes | None) -> Manifest:
    """Write a backup.

    Args:
        path: The new file; its owner alone may read it.
        files: The files by the names that they get.
        manifest: What the backup says of itself, still without its files.
        secret: The instance's secret.

    Returns:
        The manifest with its files.
    """
    listed = [
        {"name": name, "bytes": source.stat().st_size, "sha256": _digest(source)}
        for name, source in files.items()
    ]
    whole = Manifest(**{**vars(manifest), "files": listed})
    path.touch(mode=0o600)
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        body = whole.encode(secret)
        archive.addfile(_member(MANIFEST, len(body)), io.BytesIO(body))
        for name, source in files.items():
            with source.open("rb") as content:
                archive.addfile(_member(name, source.stat().st_size), content)
    return whole


@contextmanager
def opened(path: Path, *, secret: bytes | None) -> Iterator[tuple[Manifest, tarfile.TarFile]]:
    """Open a backup and check its manifest.

    Raises:
        RestoreRefusedError: It is no backup, is torn, or its manifest was made under another secret.
    """
    try:
        with tarfile.open(path, "r:") as archive:
            yield _manifest(archive, secret=secret), archive
    except (tarfile.TarError, EOFError, OSError) as error:
        raise RestoreRefusedError("the file is torn, or no backup") from error


def extract(archive: tarfile.TarFile, manifest: Manifest, folder: Path) -> None:
    """Write a backup's files into a folder, each compared with the manifest.

    Raises:
        RestoreRefusedError: One is missing, torn or changed, or there is one that the manifest does not name.
    """
    wanted = {each["name"]: each for each in manifest.files}
    for member in archive:
        if member.name == MANIFEST:
            continue
        named = wanted.pop(member.name, None)
        content = archive.extractfile(member) if member.isreg() else None
        if named is None or content is None or member.size != named["bytes"]:
            raise RestoreRefusedError(f"{Path(member.name).name} is not what the manifest names")
        if _copy(content, folder / named["name"]) != named["sha256"]:
            raise RestoreRefusedError(f"{named['name']} is torn, or was changed")
    if wanted:
        raise RestoreRefusedError(f"{min(wanted)} is missing")


def _manifest(archive: tarfile.TarFile, *, secret: bytes | None) -> Manifest:
    first = archive.next()
    content = archive.extractfile(first) if first is not None and first.isreg() else None
    if first is None or content is None or first.name != MANIFEST or first.size > _MANIFEST_BYTES:
        raise RestoreRefusedError("the file does not begin with a manifest")
    fields = _fields(content.read())
    mac = fields.pop("mac")
    if fields["secret"] != fingerprint(secret):
        raise RestoreRefusedError("the backup was made under another secret.key: it is another instance's")
    if secret is not None and not hmac.compare_digest(str(mac), _mac(fields, secret)):
        raise RestoreRefusedError("the manifest was changed")
    fields.pop("format")
    return Manifest(**fields)


def _fields(body: bytes) -> dict[str, Any]:
    try:
        fields = strict_json.parse(body, max_bytes=_MANIFEST_BYTES)
    except CryptoError as error:
        raise RestoreRefusedError("the manifest is torn") from error
    if not isinstance(fields, dict) or fields.keys() != _MEMBERS or fields["format"] != FORMAT:
        raise RestoreRefusedError("the file is no backup of a kind that this program reads")
    names = [each.get("name") for each in fields["files"]]
    if any(not isinstance(name, str) or Path(name).name != name or name.startswith(".") for name in names):
        raise RestoreRefusedError("the manifest names a file outside the backup")
    return dict(fields)


def _mac(fields: Mapping[str, Any], secret: bytes) -> str:
    key = sealing.hkdf(secret, info="vocred/backup/1/mac", length=32)
    return hmac.digest(key, jcs.canonicalize(dict(fields)), hashlib.sha256).hex()


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member


def _digest(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _copy(content: Any, place: Path) -> str:
    digest = hashlib.sha256()
    target: BinaryIO
    with place.open("xb") as target:
        place.chmod(0o600)
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            target.write(chunk)
    return digest.hexdigest()
