"""A service whose files are damaged does not start; health and figures say how one that runs is."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from issuer import create_app
from issuer.migrations import migrations
from tests.issuer.college import College, new_row
from vocred.operating import instances
from vocred.operating.errors import RunningError
from vocred.operating.starting import started
from web import health, metrics
from web.app import create_service
from web.errors import DatabaseDamagedError, DatabaseNewerError, MigrationPendingError, StorageFullError
from web.migrations import migrate
from web.settings import ServiceSettings

PLACE = "127.0.0.1"


def client(
    app: Flask, *, address: str = PLACE, headers: dict[str, str] | None = None
) -> Callable[[str], object]:
    """Return what asks an application from an address."""
    return lambda path: app.test_client().get(path, environ_base={"REMOTE_ADDR": address}, headers=headers)


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    """Return a service without a database, behind one proxy, whose figures another network may read."""
    import ipaddress

    settings = ServiceSettings(
        home=tmp_path, url="https://v.example", metrics_from=(ipaddress.ip_network("10.1.0.0/16"),)
    )
    return create_service("verifier", settings=settings, import_name="web")


# Starting


@pytest.mark.case("OPS-014")
@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:40] + b"\xff" * 10 + content[50:],
        lambda content: content[: len(content) // 2],
        lambda content: content[:100] + bytes(4000) + content[4100:],
        lambda content: b"not a database" * 500,
    ],
)
def test_a_damaged_database_is_not_served_and_stays_as_it_is(
    college: College, damage: Callable[[bytes], bytes]
) -> None:
    college.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    college.db.close()
    path = college.parts.settings.database
    sound = path.read_bytes()
    path.write_bytes(damage(sound))
    with (
        pytest.raises(DatabaseDamagedError, match="vocred restore"),
        started("issuer", workers=1, environ=college.environ),
    ):
        pytest.fail("it started")
    assert path.read_bytes() == damage(sound)
    path.write_bytes(sound)
    college.reopen()


@pytest.mark.case("OPS-014")
def test_the_command_ends_with_one_line(college: College) -> None:
    college.db.close()
    path = college.parts.settings.database
    content = path.read_bytes()
    path.write_bytes(b"torn" * 1000)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "vocred", "serve", "issuer"],
        env=college.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "[DB_CORRUPT]" in done.stderr
    assert "vocred restore" in done.stderr
    assert "Traceback" not in done.stderr
    path.write_bytes(content)
    college.reopen()


@pytest.mark.case("OPS-014")
@pytest.mark.parametrize("content", [b"", None])
def test_a_database_that_is_gone_is_not_made_anew(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "issuer.db"
    migrate(path, migrations, once=True)
    path.unlink()
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DatabaseDamagedError):
        migrate(path, migrations, once=True)
    assert not path.exists() or not path.stat().st_size


@pytest.mark.case("OPS-014", "OPS-020")
def test_a_database_of_another_schema_is_not_served(college: College) -> None:
    college.db.execute("INSERT INTO _sqlite_migrations VALUES (99, 'issuer', 'm099_later', 'now')")
    with pytest.raises(DatabaseNewerError, match="m099_later"):
        create_app(college.environ, parts=college.parts)
    college.db.execute("DELETE FROM _sqlite_migrations WHERE id = 99 OR name LIKE 'm015%'")
    with pytest.raises(MigrationPendingError, match="vocred issuer migrate"):
        create_app(college.environ, parts=college.parts)


def test_a_home_is_held_while_its_service_runs(college: College) -> None:
    with (
        started("issuer", workers=1, environ=college.environ),
        pytest.raises(RunningError),
        instances.stopped(college.home),
    ):
        pytest.fail("it was taken")
    with instances.stopped(college.home):
        pass


# Health


def test_a_service_that_is_well_says_so(app: Flask) -> None:
    answer = client(app)("/health")
    assert answer.status_code == 200
    assert answer.json["status"] == "well"
    assert answer.json["service"] == "verifier"


def test_health_is_answered_under_any_name(app: Flask) -> None:
    assert client(app, headers={"Host": "127.0.0.1:8705"})("/health").status_code == 200
    assert client(app, headers={"Host": "127.0.0.1:8705"})("/").status_code == 400


def test_an_alarm_leaves_the_service_in_use_and_a_failure_does_not(app: Flask) -> None:
    def full() -> None:
        raise StorageFullError("3 MiB are free")

    health.check(app, "log", full, alarm=True)
    alarm = client(app)("/health")
    assert (alarm.status_code, alarm.json["status"]) == (200, "alarm")
    assert alarm.json["reasons"] == [{"check": "log", "code": "STORAGE_FULL", "detail": "3 MiB are free"}]
    health.check(app, "disk", full)
    failing = client(app)("/health")
    assert (failing.status_code, failing.json["status"]) == (503, "failing")
    assert "Retry-After" in failing.headers


def test_a_check_that_breaks_tells_nothing_of_how(app: Flask) -> None:
    def broken() -> None:
        raise KeyError("/srv/secret")

    health.check(app, "odd", broken)
    answer = client(app)("/health")
    assert answer.status_code == 503
    assert "secret" not in answer.text


def test_a_torn_database_is_a_failure(college: College) -> None:
    app = create_app(college.environ, parts=college.parts, clock=lambda: college.now)
    assert client(app)("/health").json["status"] == "well"
    college.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    college.db.close()
    path = college.parts.settings.database
    content = path.read_bytes()
    path.write_bytes(b"torn" * 1000)
    answer = client(app)("/health")
    assert answer.status_code == 503
    assert {reason["code"] for reason in answer.json["reasons"]} >= {"DB_CORRUPT"}
    page = app.test_client().get("/status/1", headers={"Host": "127.0.0.1:8701"})
    assert page.status_code == 503
    assert page.json["code"] == "DB_CORRUPT"
    path.write_bytes(content)
    college.reopen()


# Figures


def test_figures_count_requests_refusals_and_time(app: Flask) -> None:
    ask = client(app)
    ask("/health")
    client(app, headers={"Host": "other.example"})("/")
    figures = ask("/metrics").text
    assert 'vocred_verifier_requests_total{endpoint="health.show",method="GET",status="200"} 1.0' in figures
    assert 'vocred_verifier_refusals_total{code="HOST_NOT_ALLOWED"} 1.0' in figures
    assert 'vocred_verifier_request_seconds_count{endpoint="health.show"} 1.0' in figures
    assert 'vocred_verifier_check_passed{check="space"} 1.0' in figures


def test_no_stranger_makes_new_figures(app: Flask) -> None:
    for number in range(5):
        app.test_client().open(f"/nowhere/{number}", method=f"ODD{number}")
    lines = [line for line in client(app)("/metrics").text.splitlines() if "requests_total{" in line]
    assert lines == ['vocred_verifier_requests_total{endpoint="none",method="other",status="404"} 5.0']


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        (PLACE, {}, 200),
        ("::1", {}, 200),
        ("::ffff:127.0.0.1", {}, 200),
        ("10.1.2.3", {}, 200),
        ("10.2.2.3", {}, 403),
        ("203.0.113.9", {}, 403),
        (PLACE, {"X-Forwarded-For": PLACE}, 403),
        (PLACE, {"Forwarded": "for=127.0.0.1"}, 403),
    ],
)
def test_figures_are_read_from_here_and_from_the_networks_named(
    app: Flask, address: str, headers: dict[str, str], status: int
) -> None:
    assert client(app, address=address, headers=headers)("/metrics").status_code == status


def test_behind_a_proxy_it_is_the_client_that_counts(tmp_path: Path) -> None:
    settings = ServiceSettings(home=tmp_path, url="https://v.example", proxy_hops=1)
    app = create_service("verifier", settings=settings, import_name="web")
    assert client(app)("/metrics").status_code == 200
    assert client(app, headers={"X-Forwarded-For": "203.0.113.9"})("/metrics").status_code == 403


def test_a_figure_that_cannot_be_read_is_left_out(app: Flask) -> None:
    def broken() -> float:
        raise OSError("gone")

    metrics.gauge(app, "odd_bytes", "Odd", broken)
    metrics.gauge(app, "by_kind", "By kind", lambda: {("a",): 1, ("b",): 2}, ("kind",))
    figures = client(app)("/metrics")
    assert figures.status_code == 200
    assert "odd_bytes " not in figures.text.replace("# HELP", "").replace("# TYPE", "").replace(
        "vocred_verifier_odd_bytes Odd", ""
    ).replace("vocred_verifier_odd_bytes gauge", "")
    assert 'vocred_verifier_by_kind{kind="b"} 2.0' in figures.text


def test_an_issuers_figures_tell_what_waits(college: College) -> None:
    college.issue(new_row(1), new_row(2))
    app = create_app(college.environ, parts=college.parts, clock=lambda: college.now + 5)
    figures = client(app)("/metrics").text
    assert "vocred_issuer_pending_anchors 2.0" in figures
    assert "vocred_issuer_oldest_pending_seconds 5.0" in figures
    assert "vocred_issuer_database_bytes" in figures
    assert "vocred_issuer_write_ahead_log_bytes" in figures
    college.anchor()
    assert "vocred_issuer_pending_anchors 0.0" in client(app)("/metrics").text
    college.issue(new_row(3))
    late = create_app(college.environ, parts=college.parts, clock=lambda: college.now + 1000)
    reasons = client(late)("/health").json["reasons"]
    assert [reason["check"] for reason in reasons] == ["anchoring"]
