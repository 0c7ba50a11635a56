"""What the members may change about the rules themselves: a parameter, and the version from a height on.

The record of an upgrade names one version, the next after the one in force; so until its height comes the
rules are those of the version below it, and the height may still be moved. A program that does not know a
version stops before it applies the first block of it: it would come to another state than the others.

Spec: LEDGER.md, sections 4.2, 4.3 and 4.10.
"""

from typing import Any, Final

from ledger.core import fields
from ledger.core.state import State
from ledger.errors import Reject, UpgradeRequiredError

FIRST: Final = 1
NEWEST: Final = 1
"""The newest version that this program knows. A change of any rule comes with a version of its own."""


def at_height(state: State, height: int) -> int:
    """Return the version of the rules that is in force in the block of a height."""
    record = state.get("upgrade")
    if record is None:
        return FIRST
    version: int = record["version"]
    return version if height >= record["height"] else version - 1


def check(state: State, *, known: int) -> None:
    """Refuse to apply the state's block by rules that this program does not know.

    Args:
        state: The state before the block, with its height.
        known: The newest version that the program knows.

    Raises:
        UpgradeRequiredError: The members decided on a later one.
    """
    version = at_height(state, state.height)
    if version > known:
        raise UpgradeRequiredError(
            f"from block {state.get('upgrade')['height']} on the rules are those of version {version}, this "
            f"program knows version {known}: install a newer one; nothing was applied or signed"
        )


def upgrade(state: State, body: Any) -> None:
    """Let the next version of the rules be in force from a height on, or move that height.

    Raises:
        Reject: NOT_PERMITTED: not the next version, or a height that has come.
    """
    content = fields.record(body, "app_version", "height")
    version = fields.integer(content["app_version"], least=FIRST + 1)
    height = fields.integer(content["height"], least=1)
    present = at_height(state, state.height)
    if version != present + 1:
        raise Reject("NOT_PERMITTED", f"the next version of the rules is {present + 1}")
    if height <= state.height:
        raise Reject("NOT_PERMITTED", "the height of an upgrade lies ahead of the block that decides it")
    state.put(("upgrade",), {"version": version, "height": height})


def change_params(state: State, body: Any) -> None:
    """Change how many issuer numbers each accreditor may give."""
    numbers_ = fields.integer(fields.record(body, "numbers")["numbers"], most=fields.NUMBERS)
    state.put(("params",), {"numbers": numbers_})


def numbers(state: State) -> int:
    """Return how many issuer numbers each accreditor may give."""
    params = state.get("params")
    return state.genesis.numbers if params is None else int(params["numbers"])
