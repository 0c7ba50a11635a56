"""Settings: what is read, and what refuses to start."""

from pathlib import Path

import pytest

from web.errors import SettingsError
from web.settings import Environment, ServiceSettings, make_secret_key, read_secret_key


def _service(home: Path, **values: str) -> ServiceSettings:
    environ = {"X_HOME": str(home), "X_URL": "https://x.example/", **{f"X_{k}": v for k, v in values.items()}}
    return ServiceSettings(**Environment(environ, prefix="X").service(make_secret=True))


def test_a_public_address_loses_its_trailing_slash(tmp_path: Path) -> None:
    assert _service(tmp_path).url == "https://x.example"


def test_loopback_is_allowed_when_every_address_is_loopback(tmp_path: Path) -> None:
    settings = _service(
        tmp_path, URL="http://127.0.0.1:8705", LEDGER_URL="http://localhost:8700", INSECURE_LOOPBACK="1"
    )
    assert settings.insecure_loopback


@pytest.mark.parametrize(
    "values",
    [
        {"URL": "http://x.example"},
        {"LEDGER_URL": "http://127.0.0.1:8700"},
        {"INSECURE_LOOPBACK": "1"},
        {"INSECURE_LOOPBACK": "1", "URL": "http://127.0.0.1:1", "LEDGER_URL": "https://ledger.example"},
        {"INSECURE_LOOPBACK": "maybe"},
        {"URL": "x.example"},
        {"URL": "https://user@x.example"},
        {"URL": "https://x.example/?q"},
        {"URL": "https://x.example:0"},
        {"URL": "https://x.example:port"},
        {"URL": ""},
        {"PROXY_HOPS": "-1"},
        {"PROXY_HOPS": "99"},
        {"HOME": "/dev/null/at/all"},
    ],
)
def test_unsafe_or_unclear_settings_are_refused(tmp_path: Path, values: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="X_"):
        _service(tmp_path, **values)


def test_a_secret_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    secret = make_secret_key(tmp_path)
    assert make_secret_key(tmp_path) == read_secret_key(tmp_path) == secret
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.case("WEB-005", "OPS-034")
@pytest.mark.parametrize("content", [b"", b"short", b"changeme" * 3, b"\0" * 64])
def test_a_weak_secret_refuses_to_start(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secret.key").write_bytes(content)
    (tmp_path / "secret.key").chmod(0o600)
    with pytest.raises(SettingsError):
        read_secret_key(tmp_path)


def test_a_secret_that_others_can_read_refuses_to_start(tmp_path: Path) -> None:
    make_secret_key(tmp_path)
    (tmp_path / "secret.key").chmod(0o644)
    with pytest.raises(SettingsError, match="600"):
        read_secret_key(tmp_path)


def test_there_is_no_default_secret(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        read_secret_key(tmp_path)


def test_a_home_is_made_for_its_owner_alone_by_what_may_make_a_secret(tmp_path: Path) -> None:
    home = tmp_path / "srv" / "issuer"
    with pytest.raises(SettingsError):
        Environment({"X_HOME": str(home), "X_URL": "https://x.example"}, prefix="X").service()
    assert not home.exists()
    assert _service(home).home == home
    assert home.stat().st_mode & 0o777 == 0o700


def test_a_setting_may_name_several_addresses(tmp_path):
    environ = {"X_LEDGER_URL": " https://a.example/ ,https://b.example,"}
    assert Environment(environ, prefix="X").urls("LEDGER_URL") == "https://a.example,https://b.example"


@pytest.mark.parametrize("text", ["", ",", "https://a.example,ftp://b.example", "https://a.example,b"])
def test_every_one_of_several_addresses_is_checked(text):
    with pytest.raises(SettingsError):
        Environment({"X_LEDGER_URL": text}, prefix="X").urls("LEDGER_URL")


@pytest.mark.parametrize(
    ("urls", "flag"),
    [
        ("https://a.example,http://127.0.0.1:8700", "0"),
        ("http://127.0.0.1:8700,https://a.example", "1"),
    ],
)
def test_one_unsafe_address_among_several_is_refused(tmp_path, urls, flag):
    environ = {"X_LEDGER_URL": urls, "X_INSECURE_LOOPBACK": flag}
    with pytest.raises(SettingsError):
        Environment(environ, prefix="X").insecure_loopback()
