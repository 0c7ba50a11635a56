"""No dependency is older than the first version that is safe to use."""

import re
import tomllib
from pathlib import Path

import pytest

from web.database import require_sqlite

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([0-9][0-9A-Za-z.]*)", re.MULTILINE)


def floors() -> dict[str, dict[str, object]]:
    """Return what may be used."""
    return tomllib.loads((ROOT / "floors.toml").read_text(encoding="utf-8"))


def pinned(lock: str) -> dict[str, str]:
    """Return the versions that a lock file pins, by the project's normalised name."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in _PINNED.findall(text)}


def numbers(version: str) -> tuple[int, ...]:
    """Return a version's leading numbers."""
    return tuple(int(part) for part in re.match(r"[0-9.]*[0-9]", version).group().split("."))


def beneath(found: dict[str, str]) -> list[str]:
    """Return which of some versions are too old, or are not to be used at all."""
    rules = floors()
    old = [
        name
        for name, (least, _why) in rules["floors"].items()
        if name in found and numbers(found[name]) < numbers(least)
    ]
    return sorted(old + [name for name in rules["refused"] if name in found])


@pytest.mark.case("OPS-040")
@pytest.mark.parametrize("lock", LOCKS)
def test_no_dependency_is_beneath_its_floor(lock: str) -> None:
    assert beneath(pinned(lock)) == []


@pytest.mark.case("OPS-040")
@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("jwcrypto", "1.5.6"),
        ("python-jose", "3.4.0"),
        ("pyjwt", "2.11.0"),
        ("authlib", "1.6.3"),
        ("urllib3", "2.6.3"),
        ("flask", "3.1.2"),
        ("werkzeug", "3.0.6"),
        ("pyld", "2.0.4"),
        ("cryptography", "50.0.1"),
    ],
)
def test_an_older_one_would_fail(name: str, version: str) -> None:
    assert beneath({name: version}) == [name]


@pytest.mark.case("OPS-040")
def test_every_floor_is_of_something_that_is_used_or_may_come_with_it() -> None:
    used = pinned("requirements.lock") | pinned("requirements-dev.lock")
    assert {"cryptography", "flask", "jwcrypto", "pyld", "pysqlite3", "werkzeug"} <= used.keys()
    assert all(why for _least, why in floors()["floors"].values())


@pytest.mark.case("OPS-040")
def test_the_sqlite_in_use_does_not_corrupt_its_log() -> None:
    require_sqlite()
