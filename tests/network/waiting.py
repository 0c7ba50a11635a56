"""Waiting for something that another process does: asked again and again, never longer than a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

import httpx

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds: several times what anything takes on a quiet machine, since tests share two cores."""

NOT_YET = (httpx.HTTPError, OSError)


def eventually(
    what: str,
    ask: Callable[[], T],
    *,
    seconds: float = PATIENCE,
    every: float = 0.1,
    tolerate: tuple[type[Exception], ...] = NOT_YET,
) -> T:
    """Ask until the answer is true, and return it.

    Args:
        what: What is waited for, for the message.
        ask: Asks once; what it raises of ``tolerate`` counts as "not yet".
        seconds: The deadline.
        every: Seconds between two questions.
        tolerate: What a process that is just starting or dying makes a question raise.

    Raises:
        AssertionError: It was not so before the deadline.
    """
    end, last = time.monotonic() + seconds, "nothing was asked"
    while time.monotonic() < end:
        try:
            answer = ask()
        except tolerate as error:
            last = repr(error)
        else:
            if answer:
                return answer
            last = repr(answer)
        time.sleep(every)
    raise AssertionError(f"{what}: not within {seconds:.0f} s; last: {last}")


def throughout(what: str, ask: Callable[[], bool], *, seconds: float, every: float = 0.25) -> None:
    """Ask again and again for so many seconds; the answer has to be true every time.

    Raises:
        AssertionError: It was not.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert ask(), what
        time.sleep(every)
