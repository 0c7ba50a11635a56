"""An engine in a process of its own, to be killed: ``python -m`` this module, the database, the time."""

import sys
import threading
from pathlib import Path

from ledger.engines.cometbft.engine import CometEngine
from ledger.engines.cometbft.home import CometHome


def main(path: Path, now: int) -> None:
    home = CometHome(path.parent / "comet")
    CometEngine.open(path, keys=[], home=home, rpc="127.0.0.1:9", clock=lambda: now)
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
