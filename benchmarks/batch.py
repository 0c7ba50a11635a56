"""A register of 1,000 and of 10,000 rows, from the file to signed, sealed, anchored and printable."""

import resource

from benchmarks import registers
from benchmarks.college import College
from benchmarks.measuring import folder, say, stopwatch

SIZES = (1_000, 10_000)


def run() -> None:
    """Take each register through an issuer of its own, on disk, and say where the time goes."""
    for count in SIZES:
        _run(count)


def _run(count: int) -> None:
    register = registers.graduates(count)
    with folder() as home:
        college = College(home)
        with stopwatch() as checking:
            checked = college.check(register)
        with stopwatch() as submitting:
            batch_id = college.submit(checked, register)
        with stopwatch() as signing:
            college.sign()
        with stopwatch() as anchoring:
            college.anchor(batch_id)
        size = sum(file.stat().st_size for file in college.home.glob("issuer.db*"))
        college.close()
    steps = {"check the file": checking, "write and approve": submitting}
    steps |= {"sign and seal": signing, "anchor, receipts and index": anchoring}
    for name, (elapsed, computed) in steps.items():
        say(f"{count:,} rows: {name}", f"{elapsed:7.1f} s  ({computed:.1f} s of CPU)")
    elapsed, computed = (sum(step[part] for step in steps.values()) for part in (0, 1))
    say(
        f"{count:,} rows: all",
        f"{elapsed:7.1f} s  ({computed:.1f} s of CPU, {count / elapsed:,.0f} rows/s elapsed); "
        f"database {size / 1e6:.0f} MB, most memory so far {_most_memory():.0f} MB",
    )


def _most_memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
