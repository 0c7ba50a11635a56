"""CometBFT's own process: where the program is, and what has to be in place before it starts.

The supervisor runs this in a process of its own, which becomes CometBFT by ``exec``: no wrapper stays
between the two that could die alone.

Spec: LEDGER.md, sections 4.8 and 4.9.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ledger.core.reading import Reader
from ledger.engines.cometbft.home import DOUBLE_SIGN_CHECK, Addresses, CometHome
from ledger.errors import EngineError
from ledger.settings import CometSettings, LedgerSettings
from web.errors import SettingsError

PROGRAM = "cometbft"
INSTALL = "CGO_ENABLED=0 go install github.com/cometbft/cometbft/cmd/cometbft@v0.38.25"

_POLL_SECONDS = 0.1


def binary(settings: CometSettings, *, interpreter: str = sys.executable, search: str | None = None) -> Path:
    """Find the program: where the setting says, else beside the interpreter, else in PATH.

    Args:
        settings: The node's.
        interpreter: Path of the running Python.
        search: Folders like those of PATH, which is the default.

    Raises:
        SettingsError: It is not there.
    """
    if settings.binary:
        return _executable(Path(settings.binary), said="LEDGER_COMETBFT")
    beside = Path(interpreter).parent / PROGRAM
    if beside.is_file():
        return beside
    found = shutil.which(PROGRAM, path=search)
    if found is None:
        raise SettingsError(f"there is no {PROGRAM}: run `{INSTALL}` or set LEDGER_COMETBFT to its path")
    return Path(found)


def prepare(settings: LedgerSettings, *, tell: Callable[[str], None]) -> list[str]:
    """Write CometBFT's settings and return the command that runs it.

    Args:
        settings: The node's.
        tell: Receives a line for the operator.

    Raises:
        SettingsError: The program is missing, or the engine is another one.
        EngineError: CometBFT has no genesis or keys here, or lost its blocks.
    """
    if settings.comet is None:
        raise SettingsError("LEDGER_ENGINE is not cometbft")
    program = binary(settings.comet)
    home = CometHome(settings.comet_home)
    initial = home.read_genesis().initial_height
    home.require_keys()
    home.make()
    _check_blocks(settings, home, initial=initial)
    addresses = Addresses(p2p=settings.comet.p2p, rpc=settings.comet.rpc, peers=settings.comet.peers)
    home.write_config(addresses, moniker=settings.url)
    if home.remembers_less:
        tell(
            "this validator signed more than it remembers: it takes part once "
            f"{DOUBLE_SIGN_CHECK} blocks came without its signature [DOUBLE_SIGN_GUARD]"
        )
    return [str(program), "start", "--home", str(home.path)]


def wait_for_application(home: CometHome, *, alive: Callable[[], bool]) -> bool:
    """Wait until the application answers; False when ``alive`` says that nobody waits any more.

    CometBFT would try again only after three seconds.
    """
    while alive():
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(str(home.socket))
            except OSError:
                time.sleep(_POLL_SECONDS)
                continue
            return True
    return False


def _check_blocks(settings: LedgerSettings, home: CometHome, *, initial: int) -> None:
    """Refuse a ledger that is ahead of CometBFT, which could not play the blocks that it has not.

    Raises:
        EngineError: It is.
    """
    with Reader.open(settings.database) as reader:
        height = reader.head().height
    if height >= initial and not home.has_blocks:
        raise EngineError(
            f"CometBFT's blocks are gone, and the log stands at block {height}: put the log back to before "
            f"block {initial} with `vocred ledger import`, and the other nodes bring the rest"
        )


def _executable(path: Path, *, said: str) -> Path:
    if not path.is_file() or not os.access(path, os.X_OK):
        raise SettingsError(f"{said} must name the {PROGRAM} program")
    return path
