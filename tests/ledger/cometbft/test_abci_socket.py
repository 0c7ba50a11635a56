"""The socket at which CometBFT asks, byte by byte, and the messages on it."""

import io
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.engines.cometbft import abci_pb2 as abci
from ledger.engines.cometbft.server import MAX_MESSAGE, AbciServer, read_message, write_message
from tests.ledger.cometbft.paper_comet import Conversation
from tests.network.waiting import eventually

PACKAGE = Path(abci.__file__).parent
ROOT = PACKAGE.parents[2]
EXPECTED = {"ResponseCommit": {"retain_height": 3}, "ResponseFinalizeBlock": {"tx_results": 2, "app_hash": 5}}


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="abci-") as name:
        yield Path(name)


@pytest.fixture
def failures() -> list[BaseException]:
    return []


@pytest.fixture
def server(folder, failures) -> Iterator[AbciServer]:
    server = AbciServer(folder / "comet" / "app.sock", answer=answer, fail=failures.append)
    server.start()
    yield server
    server.close()


def answer(request):
    if request.echo.message == "break":
        raise ZeroDivisionError
    if request.WhichOneof("value") == "flush":
        return abci.Response(flush=abci.Empty())
    return abci.Response(echo=abci.Echo(message=request.echo.message * 2))


def test_questions_are_answered_in_their_order(server, folder):
    conversation = Conversation(folder / "comet" / "app.sock")
    assert [conversation.ask(echo={"message": text}).message for text in ("a", "b")] == ["aa", "bb"]
    conversation.close()


def test_several_connections_are_answered_at_once(server, folder):
    first, second = (Conversation(folder / "comet" / "app.sock") for _ in range(2))
    assert second.ask(echo={"message": "b"}).message == "bb"
    assert first.ask(echo={"message": "a"}).message == "aa"
    first.close()
    second.close()


def test_only_the_owner_can_reach_the_socket(server, folder):
    path = folder / "comet" / "app.sock"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_socket_that_a_dead_process_left_is_replaced(folder, failures):
    for _ in range(2):
        left = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        (folder / "app.sock").unlink(missing_ok=True)
        left.bind(str(folder / "app.sock"))
        left.close()
        server = AbciServer(folder / "app.sock", answer=answer, fail=failures.append)
        server.start()
        conversation = Conversation(folder / "app.sock")
        assert conversation.ask(echo={"message": "a"}).message == "aa"
        conversation.close()
        server.close()


def test_an_answer_that_cannot_be_given_fails_and_hangs_up(server, folder, failures):
    conversation = Conversation(folder / "comet" / "app.sock")
    with pytest.raises(ConnectionError):
        conversation.ask(echo={"message": "break"})
    assert [type(failure) for failure in failures] == [ZeroDivisionError]
    conversation.close()


@pytest.mark.parametrize("data", [b"\xff\xff\xff\xff\xff\x01", b"\x85\x80\x80\x08", b"\x03\xff\xff\xff"])
def test_what_is_no_message_fails(server, folder, failures, data):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as raw:
        raw.connect(str(folder / "comet" / "app.sock"))
        raw.sendall(data)
        eventually("it fails", lambda: failures)


def test_a_message_that_is_cut_off_is_the_end(server, folder, failures):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as raw:
        raw.connect(str(folder / "comet" / "app.sock"))
        raw.sendall(b"\x20abc")
    conversation = Conversation(folder / "comet" / "app.sock")
    assert conversation.ask(echo={"message": "a"}).message == "aa"
    conversation.close()
    assert not failures


@pytest.mark.parametrize("size", [0, 1, 127, 128, 300, 20_000, 1_100_000])
def test_a_message_of_any_length_is_read_back(size):
    stream = io.BytesIO()
    request = abci.Request(check_tx=abci.RequestCheckTx(tx=bytes(size)))
    write_message(stream, request)
    stream.seek(0)
    assert read_message(stream) == request
    assert read_message(stream) is None


def test_a_length_beyond_any_block_is_refused_before_it_is_read():
    length = abci.Request(check_tx=abci.RequestCheckTx(tx=bytes(MAX_MESSAGE)))
    stream = io.BytesIO()
    write_message(stream, length)
    stream.seek(0)
    with pytest.raises(ValueError, match="longer"):
        read_message(stream)


def test_threads_end_with_their_connections(server, folder):
    before = threading.active_count()
    conversation = Conversation(folder / "comet" / "app.sock")
    conversation.ask(echo={"message": "a"})
    conversation.close()
    eventually("they end", lambda: threading.active_count() <= before)


def test_the_generated_module_is_what_the_compiler_makes_now(tmp_path):
    command = [sys.executable, "-m", "grpc_tools.protoc", "-I.", f"--python_out={tmp_path}"]
    command += [f"--pyi_out={tmp_path}", "ledger/engines/cometbft/abci.proto"]
    subprocess.run(command, cwd=ROOT, check=True)
    for name in ("abci_pb2.py", "abci_pb2.pyi"):
        made = tmp_path / "ledger" / "engines" / "cometbft" / name
        assert made.read_bytes() == (PACKAGE / name).read_bytes(), "run `make abci`"


def test_the_numbers_of_fields_are_comets():
    for message, numbers in EXPECTED.items():
        fields = getattr(abci, message).DESCRIPTOR.fields_by_name
        assert {name: fields[name].number for name in numbers} == numbers
