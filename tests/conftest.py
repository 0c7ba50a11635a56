"""What every test may use: official vectors, a guard on sockets, and what holds for every refused request."""

import hashlib
import importlib.util
import json
import logging
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from sqlite_utils import Database

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"
GUARD = Path(__file__).parent / "socket_guard"
LEFT_OUT = "needs the official vectors in ../shared/data"
NO_COMETBFT = "needs cometbft: run `make cometbft`"
REQUIRE_COMETBFT = "VOCRED_REQUIRE_COMETBFT"
TOGETHER = {
    "tests/network/": "real nodes",
    "tests/ledger/cometbft/test_comet_single_node.py": "real nodes",
    "tests/vocred/test_demo_consortium.py": "real nodes",
    "tests/e2e/test_browser_explorer.py": "one town",
    "tests/e2e/test_concurrent_verification.py": "one town",
    "tests/e2e/test_outbound.py": "one town",
}
"""Tests of one process: two networks are too many for two cores, and a town takes a minute to build."""


# How long an example takes says nothing about the code: the machine is shared.
settings.register_profile("whole", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=25)
settings.load_profile("whole")


def _install_guard() -> Any:
    spec = importlib.util.spec_from_file_location("tests_socket_guard", GUARD / "sitecustomize.py")
    guard = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = guard
    spec.loader.exec_module(guard)
    return guard


socket_guard = _install_guard()


def find_cometbft() -> str | None:
    """Return the consensus engine's binary: the one that is named, beside the interpreter, or in PATH."""
    named = os.environ.get("LEDGER_COMETBFT")
    beside = Path(sys.executable).parent
    return shutil.which(named) if named else shutil.which("cometbft", path=beside) or shutil.which("cometbft")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the tests of a file in one process, and the files that belong together.

    xdist's own groups do nothing with this pytest: they rename tests, whose names are fixed by then.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            path = nodeid.partition("::")[0]
            return next((name for start, name in TOGETHER.items() if path.startswith(start)), path)

    return ByFile(config, log)


def pytest_configure() -> None:
    """Refuse a run that must have CometBFT and does not find it, rather than leave its tests out."""
    if os.environ.get(REQUIRE_COMETBFT) == "1" and find_cometbft() is None:
        raise pytest.UsageError(f"{REQUIRE_COMETBFT} is set, and the run {NO_COMETBFT}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that stand up a whole service with a ledger: ``make check`` waits for none.

    Where there is no CometBFT, the tests of real nodes are left out.
    """
    if find_cometbft() is None:
        for item in items:
            if item.get_closest_marker("consortium"):
                item.add_marker(pytest.mark.skip(NO_COMETBFT))
    whole = [ROOT / "tests" / service for service in ("issuer", "wallet")]
    pure = ROOT / "tests" / "issuer" / "importing"
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in whole) and not item.path.is_relative_to(pure):
            item.add_marker("integration")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run when anything tried to leave this machine, even where the error was swallowed."""
    if socket_guard.violations and not session.exitstatus:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say in one line each what was left out and what tried to leave."""
    skipped = terminalreporter.stats.get("skipped", [])
    for reason in (LEFT_OUT, NO_COMETBFT):
        count = sum(reason in str(report.longrepr) for report in skipped)
        if count:
            terminalreporter.write_line(f"{count} tests left out: each {reason}")
    for violation in socket_guard.violations:
        terminalreporter.write_line(f"outbound connection: {violation}", red=True)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of official vectors and samples, or skip."""
    if not SHARED.is_dir():
        pytest.skip(LEFT_OUT)
    return SHARED


@pytest.fixture(scope="session")
def guarded_environment() -> dict[str, str]:
    """Return an environment for child processes in which sockets reach loopback only."""
    path = os.pathsep.join(filter(None, [str(GUARD), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path}


@pytest.fixture
def outbound() -> Iterator[Callable[[], list[str]]]:
    """Let a test provoke the guard: return what it has seen in this test; it is forgotten afterwards."""
    before = len(socket_guard.violations)
    yield lambda: socket_guard.violations[before:]
    del socket_guard.violations[before:]


_LEAKS = re.compile(
    r"Traceback|File \"|/(?:root|home|usr|tmp|work)/|sqlite|SELECT |INSERT |UPDATE |site-packages", re.I
)


class Hostile:
    """Sends a hostile request and checks what holds for every one of them (SECURITY.md, U1 to U8)."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog

    def refused(
        self,
        send: Callable[[], Any],
        *,
        code: str | None = None,
        status: int | None = None,
        state: Callable[[], object] | None = None,
        honest: Callable[[], Any] | None = None,
        secrets: Iterable[str] = (),
        page: bool = False,
    ) -> Any:
        """Check the universal post-conditions and return the answer.

        Args:
            send: Sends the request, returns Flask's or httpx's response.
            code: The code, or OAuth error, that the answer must carry.
            status: The status that it must have.
            state: Returns a digest of the service's state, the same before and after.
            honest: Sends an honest request, which must succeed right afterwards.
            secrets: Texts that neither the answer nor any log line may contain.
            page: True for a page's form, which is answered with a page.
        """
        before = state() if state else None
        self._caplog.clear()
        with self._caplog.at_level(logging.DEBUG):
            answer = send()
        text = answer.get_data(as_text=True) if hasattr(answer, "get_data") else answer.text
        self._check_status(answer, status)
        if page:
            assert answer.headers["Content-Type"].startswith("text/html")
        else:
            self._check_problem(answer, text, code)
        logged = "\n".join(record.getMessage() for record in self._caplog.records)
        assert not any(record.exc_info for record in self._caplog.records), logged
        assert page or not _LEAKS.search(text), text
        for secret in secrets:
            assert secret not in text
            assert secret not in logged
        assert before is None or state() == before
        if honest:
            assert honest().status_code < 400
        return answer

    def _check_status(self, answer: Any, status: int | None) -> None:
        assert 400 <= answer.status_code < 500 or answer.status_code in {503, 507}
        assert answer.status_code < 500 or "Retry-After" in answer.headers
        assert status is None or answer.status_code == status

    def _check_problem(self, answer: Any, text: str, code: str | None) -> None:
        media_type = answer.headers["Content-Type"].partition(";")[0]
        body = json.loads(text)
        if media_type == "application/problem+json":
            from web.problems import REGISTRY

            assert body["code"] in REGISTRY
            assert {"type", "title", "status"} <= body.keys()
            assert code is None or body["code"] == code, body
        else:
            assert media_type == "application/json"
            assert code is None or body["error"] == code, body


@pytest.fixture
def hostile(caplog: pytest.LogCaptureFixture) -> Hostile:
    """Return the checker of what holds for every refused request."""
    return Hostile(caplog)


@pytest.fixture(scope="session")
def database_digest() -> Callable[..., str]:
    """Return a function that digests every row of a database, but for the tables named in ``ignore``."""

    def digest(path: Path, *, ignore: Iterable[str] = ()) -> str:
        db = Database(path)
        try:
            rows = {
                table.name: sorted(repr(tuple(row)) for row in db.execute(f"select * from [{table.name}]"))
                for table in db.tables
                if table.name not in set(ignore)
            }
        finally:
            db.close()
        return hashlib.sha256(repr(sorted(rows.items())).encode()).hexdigest()

    return digest
