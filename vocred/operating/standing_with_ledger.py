"""Checks of a service against the ledger: its pin, and its clock."""

from ledger import timekeeping
from ledger.proof.pins import PinStore
from vocred.operating.checks import Check
from vocred.operating.errors import ClockError
from vocred.operating.instances import Instance

_PIN = "get the consortium's pin again, and compare it by telephone"
_CLOCK = "set the clock right (timedatectl, chrony), then look again"


def checks(instance: Instance, *, now: int) -> list[Check]:
    """Return what every service that asks the ledger has to agree with it on."""
    return [
        Check("the ledger continues the pin", lambda: _continues(instance, now), _PIN),
        Check("clock is the ledger's", lambda: _clock(instance, now), _CLOCK),
    ]


def _continues(instance: Instance, now: int) -> str:
    pin = PinStore(instance.pin).load()
    snapshot, _ = instance.ledger().snapshot([], now=now)
    return f"{snapshot.size} entries, {pin.size} were known; checkpoint {max(0, now - snapshot.time)} s old"


def _clock(instance: Instance, now: int) -> str:
    skew = timekeeping.skew(instance.ledger(), now=now)
    if timekeeping.is_apart(skew):
        raise ClockError(f"this clock is {skew} seconds ahead of the ledger's")
    return "cannot be told: the ledger is silent" if skew is None else f"{abs(skew)} seconds apart"
