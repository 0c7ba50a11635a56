"""Run the benchmarks that are named, or all of them in the order of ``NAMES``."""

import sys
from importlib import import_module

from benchmarks.measuring import machine

NAMES = (
    "signing",
    "verifying",
    "peers",
    "recognising",
    "importing",
    "log",
    "commands",
    "verifying_over_http",
    "batch",
    "dry_runs",
    "backup",
    "consortium_bundles",
    "consortium",
)


def main(names: list[str]) -> int:
    """Run benchmarks; return the exit status."""
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        print(f"no benchmark named {', '.join(unknown)}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    print(machine(), flush=True)
    for name in names or NAMES:
        module = import_module(f"benchmarks.{name}")
        print(f"\n{name}: {(module.__doc__ or '').splitlines()[0]}", flush=True)
        module.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
