"""``vocred serve``: what dies is started again, a wish to stop ends all, bad settings end it at once."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from tests.ports import free_port
from vocred import serving
from vocred.cli import cli, main

CODE = "91530000MA0000000X"

FAKE = """
import os
from pathlib import Path
from flask import Flask, request
from web.errors import SettingsError


def create_app():
    if os.environ.get("FAKE_BAD"):
        raise SettingsError("set FAKE_URL")
    app = Flask(__name__)

    @app.get("/")
    def home():
        return str(os.getpid())

    @app.post("/")
    def size():
        return str(len(request.get_data()))

    return app


def run(stop):
    log = Path(os.environ["FAKE_LOG"])
    log.write_text(log.read_text() + "start\\n" if log.exists() else "start\\n")
    stop.wait()
    log.write_text(log.read_text() + "end\\n")
"""
SUPERVISE = """
import sys
from vocred import serving
serving.BACKGROUND["fake_service"] = ("fake_service:run",)
sys.exit(serving.supervise("fake_service", address="127.0.0.1", port=int(sys.argv[1]), workers=1))
"""


class _Service:
    """A supervised service of two routes and one background worker, in processes of its own."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        (folder / "fake_service.py").write_text(FAKE)
        self.log = folder / "log"
        self.port = free_port()
        path = os.pathsep.join([str(folder), environment["PYTHONPATH"]])
        self.process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISE, str(self.port)],
            env={**environment, "PYTHONPATH": path, "FAKE_LOG": str(self.log)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ask(self, method: str = "GET", body: object = None) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request(method, "/", body=body, encode_chunked=False)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def eventually(self, work: Callable[[], object], *, seconds: float = 30.0) -> object:
        end = time.monotonic() + seconds
        while True:
            try:
                if found := work():
                    return found
            except (OSError, http.client.HTTPException):
                pass
            assert time.monotonic() < end, "it did not happen"
            time.sleep(0.1)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.communicate(timeout=30)


@pytest.fixture
def start(tmp_path: Path, guarded_environment: dict[str, str]) -> Iterator[Callable[..., _Service]]:
    services: list[_Service] = []

    def begin(**more: str) -> _Service:
        services.append(_Service(tmp_path, {**guarded_environment, **more}))
        return services[-1]

    yield begin
    for service in services:
        service.close()


@pytest.mark.e2e
def test_a_killed_worker_and_a_killed_server_are_started_again(start: Callable[..., _Service]) -> None:
    service = start()
    worker = int(service.eventually(service.ask))
    server = psutil.Process(worker).ppid()
    os.kill(worker, signal.SIGKILL)
    second = int(service.eventually(lambda: (found := service.ask()) != str(worker) and found))
    os.kill(server, signal.SIGKILL)
    service.eventually(lambda: (found := service.ask()) not in {str(worker), str(second)} and found)


@pytest.mark.e2e
def test_a_wish_to_stop_ends_server_and_background_cleanly(start: Callable[..., _Service]) -> None:
    service = start()
    assert "ready at" in service.process.stdout.readline()
    service.eventually(service.log.exists)
    service.process.terminate()
    service.process.communicate(timeout=30)
    assert service.process.returncode == 0
    assert service.log.read_text() == "start\nend\n"


@pytest.mark.e2e
def test_a_killed_supervisor_leaves_no_process_behind(start: Callable[..., _Service]) -> None:
    service = start()
    service.eventually(service.ask)
    children = psutil.Process(service.process.pid).children(recursive=True)
    service.process.kill()
    gone, alive = psutil.wait_procs(children, timeout=30)
    assert not alive
    assert gone


@pytest.mark.e2e
def test_refused_settings_end_everything_and_say_what_to_set(start: Callable[..., _Service]) -> None:
    service = start(FAKE_BAD="1")
    _, complaint = service.process.communicate(timeout=30)
    assert service.process.returncode == 1
    assert "set FAKE_URL" in complaint
    assert "Traceback" not in complaint


def test_a_place_that_is_not_there_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("LEDGER_HOME", str(home))
    monkeypatch.setenv("LEDGER_PASSPHRASE_M", "correct horse")
    words = ["--did", "did:web:m.example", "--name-zh", "甲", "--name-en", "M", "--credit-code", CODE]
    for command in (["init", "--as", "m", *words], ["export", str(tmp_path / "nowhere" / "log")]):
        monkeypatch.setattr(sys, "argv", ["vocred", "ledger", *command])
        with contextlib.suppress(SystemExit):
            main()
    (line,) = capsys.readouterr().err.splitlines()
    assert "nowhere" in line
    assert line.endswith("[FILE_ERROR]")


def test_a_taken_port_is_one_line_and_not_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert serving.run_web("ledger", "127.0.0.1", port, 1) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"127.0.0.1:{port}" in line
    assert "LEDGER_PORT" in line


@pytest.mark.e2e
@pytest.mark.case("FILE-016")
def test_a_body_of_unknown_length_is_read(start: Callable[..., _Service]) -> None:
    service = start()
    service.eventually(service.ask)
    assert service.ask("POST", iter([b"x" * 1000] * 50)) == "50000"


def test_a_part_that_keeps_dying_is_started_more_and_more_slowly() -> None:
    part = serving._Part("x", [sys.executable, "-c", "raise SystemExit(3)"])
    pauses, now = [], 0.0
    for _ in range(4):
        now += 100.0
        part.keep_alive(now=now)
        part.process.wait()
        part.keep_alive(now=now + 1)
        pauses.append(part.due - now - 1)
        assert part.process is None
    assert pauses == sorted(pauses)
    assert pauses[-1] > pauses[0]


def test_a_part_waits_for_its_pause() -> None:
    part = serving._Part("x", [sys.executable, "-c", ""], due=50.0)
    assert part.keep_alive(now=49.0)
    assert part.process is None


def test_a_part_whose_settings_were_refused_is_not_started_again() -> None:
    part = serving._Part("x", [sys.executable, "-c", f"raise SystemExit({serving.REFUSED})"])
    part.keep_alive(now=0.0)
    part.process.wait()
    assert not part.keep_alive(now=1.0)


def test_the_ledger_runs_with_one_worker() -> None:
    answer = CliRunner().invoke(cli, ["serve", "ledger", "--workers", "2"])
    assert answer.exit_code == 2
    assert "one worker" in answer.output


def test_the_command_line_lists_its_commands_without_importing_a_service() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from vocred.cli import cli;"
        "print(CliRunner().invoke(cli, ['--help']).output);"
        "print([m for m in ('issuer', 'wallet', 'verifier', 'ledger', 'flask') if m in sys.modules])"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for command in ("demo", "issuer", "ledger", "serve", "verify", "wallet"):
        assert command in output
    assert output.strip().endswith("[]")


def test_cometbft_is_killed_when_the_application_that_answers_it_has_died():
    # CometBFT ends by itself then, but has been seen to hang half-way: as this one does.
    hangs = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    comet = serving._Part("cometbft", [sys.executable, "-c", hangs])
    web = serving._Part("web", [sys.executable, "-c", ""])
    comet.keep_alive(now=0.0)
    serving._end_without_application([comet, web])
    assert comet.process.wait(timeout=30) == -signal.SIGKILL


def test_cometbft_is_left_alone_while_its_application_runs():
    sleeps = [sys.executable, "-c", "import time; time.sleep(60)"]
    comet, web = serving._Part("cometbft", sleeps), serving._Part("web", sleeps)
    try:
        for part in (comet, web):
            part.keep_alive(now=0.0)
        serving._end_without_application([comet, web])
        assert comet.process.poll() is None
    finally:
        for part in (comet, web):
            part.process.kill()
            part.process.wait()


def test_only_the_ledger_has_an_engine() -> None:
    refused = CliRunner().invoke(cli, ["serve", "issuer", "--engine", "cometbft"])
    assert refused.exit_code == 2
    assert "only the ledger has an engine" in refused.output


def test_cometbft_is_stopped_before_the_application_that_answers_it(tmp_path: Path) -> None:
    script = (
        "import signal, sys, time; "
        "signal.signal(signal.SIGTERM, lambda *_: (open(sys.argv[1], 'a').write(sys.argv[2]), sys.exit())); "
        "open(sys.argv[1] + sys.argv[2], 'w'); time.sleep(60)"
    )
    log = tmp_path / "log"
    parts = [
        serving._Part(name, [sys.executable, "-c", script, str(log), name[0]]) for name in ("web", "cometbft")
    ]
    for part in parts:
        part.keep_alive(now=0.0)
    end = time.monotonic() + 30
    while not all((tmp_path / f"log{part.name[0]}").exists() for part in parts):
        assert time.monotonic() < end, "they did not start"
        time.sleep(0.05)
    serving._stop(parts)
    assert log.read_text() == "cw"
