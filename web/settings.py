"""Reading a service's settings from its environment, once, and refusing unsafe ones.

A service's own settings are a frozen dataclass that extends ``ServiceSettings``:

    @dataclass(frozen=True, kw_only=True)
    class VerifierSettings(ServiceSettings):
        ledger_url: str

    def read(environ: Mapping[str, str]) -> VerifierSettings:
        env = Environment(environ, prefix="VERIFIER")
        return VerifierSettings(**env.service(make_secret=True), ledger_url=env.urls("LEDGER_URL"))

Order in ``Environment.service``: home, public URL, the rule on loopback over *every* configured URL, secret.
There is no default secret and no code that asks whether it is being tested.
"""

import ipaddress
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from web import limits
from web.errors import SettingsError

SECRET_FILE = "secret.key"  # noqa: S105 - a file name
_YES, _NO = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}


@dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    """What every service knows of itself.

    Attributes:
        home: Directory of this instance's database, secret and pin.
        url: Public base URL, without a trailing slash; the only source of absolute links.
        secret_key: At least 32 random bytes, or None for a service without sessions.
        insecure_loopback: True allows http and loopback addresses; every configured URL is loopback then.
        proxy_hops: How many proxies in front may be believed about the client's address.
        metrics_from: Networks that may read ``/metrics``, beside this machine itself.
    """

    home: Path
    url: str
    secret_key: bytes | None = None
    insecure_loopback: bool = False
    proxy_hops: int = 0
    metrics_from: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()


class Environment:
    """The variables of one service: those that start with its prefix and an underscore."""

    def __init__(self, environ: Mapping[str, str], *, prefix: str) -> None:
        self._environ = environ
        self.prefix = prefix

    def text(self, name: str, *, default: str | None = None) -> str:
        """Return the variable, stripped.

        Raises:
            SettingsError: It is missing or empty and there is no default.
        """
        value = self._environ.get(f"{self.prefix}_{name}", "").strip() or default
        if value is None:
            raise SettingsError(f"set {self.prefix}_{name}")
        return value

    def integer(self, name: str, *, default: int, least: int = 0, most: int = 1_000_000) -> int:
        """Return the variable as a number from ``least`` to ``most``, else raise ``SettingsError``."""
        text = self.text(name, default=str(default))
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise SettingsError(f"{self.prefix}_{name} must be a whole number from {least} to {most}")
        return int(text)

    def flag(self, name: str) -> bool:
        """Return whether the variable says yes; absent means no, anything unclear is refused."""
        value = self.text(name, default="0").lower()
        if value not in _YES | _NO:
            raise SettingsError(f"{self.prefix}_{name} must be 1 or 0")
        return value in _YES

    def url(self, name: str, *, default: str | None = None) -> str:
        """Return the variable as a base URL: scheme and host, perhaps port and path, no trailing slash.

        Raises:
            SettingsError: It is missing, or no such URL.
        """
        return _base_url(self.text(name, default=default), variable=f"{self.prefix}_{name}")

    def urls(self, name: str) -> str:
        """Return one or several base URLs with commas between them, each as ``url`` returns it.

        Raises:
            SettingsError: There is none, or one is no such URL.
        """
        parts = _parts(self.text(name))
        if not parts:
            raise SettingsError(f"set {self.prefix}_{name}")
        return ",".join(_base_url(part, variable=f"{self.prefix}_{name}") for part in parts)

    def directory(self, name: str, *, make: bool = False) -> Path:
        """Return the variable as the path of a directory that exists, else raise ``SettingsError``.

        Args:
            name: The variable, without its prefix.
            make: Make the directory, readable by its owner alone, where there is none.
        """
        path = Path(self.text(name))
        if make:
            _make_directory(path, variable=f"{self.prefix}_{name}")
        if not path.is_dir():
            raise SettingsError(f"{self.prefix}_{name} must name an existing directory")
        return path.resolve()

    def file(self, name: str) -> Path | None:
        """Return the variable as the path of a file that exists, or None when it is not set."""
        text = self.text(name, default="")
        if not text:
            return None
        if not Path(text).is_file():
            raise SettingsError(f"{self.prefix}_{name} must name an existing file")
        return Path(text).resolve()

    def networks(self, name: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        """Return the variable as networks such as ``10.0.0.0/8``, separated by commas; none when absent.

        Raises:
            SettingsError: One is no network.
        """
        parts = [part.strip() for part in self.text(name, default="").split(",")]
        try:
            return tuple(ipaddress.ip_network(part) for part in parts if part)
        except ValueError as error:
            raise SettingsError(
                f"{self.prefix}_{name} must be networks such as 10.0.0.0/8, separated by commas"
            ) from error

    def insecure_loopback(self) -> bool:
        """Return whether http and loopback addresses are allowed, and refuse unsafe mixtures.

        Raises:
            SettingsError: The flag is set and a URL is not loopback, or it is not set and one is not https.
        """
        allowed = self.flag("INSECURE_LOOPBACK")
        for variable, value in sorted(self._environ.items()):
            if (
                not variable.startswith(f"{self.prefix}_")
                or not variable.endswith("URL")
                or not value.strip()
            ):
                continue
            for part in _parts(value):
                self._check_loopback(_base_url(part, variable=variable), variable=variable, allowed=allowed)
        return allowed

    def _check_loopback(self, address: str, *, variable: str, allowed: bool) -> None:
        if allowed and not is_loopback(address):
            raise SettingsError(
                f"{self.prefix}_INSECURE_LOOPBACK needs loopback addresses only; {variable} is none"
            )
        if not allowed and not address.startswith("https://"):
            raise SettingsError(f"{variable} must start with https://")

    def service(
        self, *, make_home: bool = False, make_secret: bool = False, sessions: bool = True
    ) -> dict[str, Any]:
        """Return the fields of ``ServiceSettings``.

        Args:
            make_home: Make the home at first use; otherwise its absence is refused.
            make_secret: Make the secret, and the home, at first use; otherwise their absence is refused.
            sessions: False for a service that signs nobody in; it has no secret.

        Raises:
            SettingsError: Something is missing, wrong or unsafe.
        """
        home = self.directory("HOME", make=make_home or make_secret)
        secret = None
        if sessions:
            secret = make_secret_key(home) if make_secret else read_secret_key(home)
        return {
            "home": home,
            "url": self.url("URL"),
            "secret_key": secret,
            "insecure_loopback": self.insecure_loopback(),
            "proxy_hops": self.integer("PROXY_HOPS", default=0, most=5),
            "metrics_from": self.networks("METRICS_FROM"),
        }


def _make_directory(path: Path, *, variable: str) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"{variable} names a directory that cannot be made: {error.strerror}") from error


def is_loopback(url: str) -> bool:
    """Return whether the URL's host is this machine by its own name: ``localhost`` or a loopback address."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def make_secret_key(home: Path) -> bytes:
    """Return the instance's secret, making it (file mode 0600) when there is none.

    Raises:
        SettingsError: There is one, and it is unsafe.
    """
    try:
        descriptor = os.open(home / SECRET_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return read_secret_key(home)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(limits.SECRET_BYTES))
        file.flush()
        os.fsync(file.fileno())
    return read_secret_key(home)


def read_secret_key(home: Path) -> bytes:
    """Return the instance's secret.

    Raises:
        SettingsError: It is missing, too short, one repeated byte, or readable by others.
    """
    path = home / SECRET_FILE
    try:
        secret, mode = path.read_bytes(), path.stat().st_mode
    except OSError as error:
        raise SettingsError(f"{SECRET_FILE} is missing in the service's home directory") from error
    if len(secret) < limits.SECRET_BYTES or len(set(secret)) < limits.SECRET_BYTES // 4:
        raise SettingsError(f"{SECRET_FILE} must hold at least {limits.SECRET_BYTES} random bytes")
    if mode & 0o077:
        raise SettingsError(f"{SECRET_FILE} must be readable by its owner only (chmod 600)")
    return secret


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _base_url(text: str, *, variable: str) -> str:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise SettingsError(f"{variable} is not a URL") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise SettingsError(f"{variable} must be a URL such as https://verify.example")
    if parts.username is not None or parts.query or parts.fragment or not text.isascii():
        raise SettingsError(f"{variable} must be scheme, host and perhaps a path, nothing more")
    return text.rstrip("/")
