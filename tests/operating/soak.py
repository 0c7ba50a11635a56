"""The long forms of what the suite runs short: ``python -m tests.operating.soak``; ``make soak`` runs it too.

    VOCRED_KILLS=1000           rounds of kill -9 under commands and services
    VOCRED_POWER_CUTS=10000     simulated power cuts, of a service's database and of a ledger's
    VOCRED_AIR_GAPPED=10000     certificates verified with and without a network, from what is stapled
    VOCRED_TORTURE_SECONDS=600  four processes that write and checkpoint at once
    VOCRED_STEADY_SECONDS=86400 a service under steady load: memory, descriptors, threads, write-ahead log

Each is set to its long form unless the environment says otherwise. The exit status is that of the first that
fails; seeds are printed.
"""

import os
import subprocess
import sys

LONG = {
    "VOCRED_POWER_CUTS": ("10000", "tests/operating/test_disks.py"),
    "VOCRED_KILLS": ("1000", "tests/e2e/test_kills.py"),
    "VOCRED_AIR_GAPPED": (
        "10000",
        "tests/verifier/test_gathering.py::test_verdicts_without_any_network_are_those_with_it",
    ),
    "VOCRED_TORTURE_SECONDS": ("600", "tests/operating/test_torture.py"),
    "VOCRED_STEADY_SECONDS": ("86400", "tests/operating/test_steady.py"),
}


def main() -> int:
    """Run the long forms one after another; return the exit status."""
    for name, (long, path) in LONG.items():
        environment = {**os.environ, name: os.environ.get(name) or long}
        print(f"soak: {path} with {name}={environment[name]}", flush=True)
        command = [sys.executable, "-m", "pytest", path, "-s", "-q", "-p", "no:cacheprovider"]
        status = subprocess.run(command, env=environment, check=False).returncode
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
