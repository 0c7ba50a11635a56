"""What ``vocred doctor`` checks of a verifier: it keeps nothing but a pin."""

from ledger.proof.pins import PinStore
from vocred.operating import standing_with_ledger
from vocred.operating.checks import Check
from vocred.operating.instances import Instance


def checks(instance: Instance, *, now: int) -> list[Check]:
    """Return what needs no ledger."""
    del now
    advice = "get the consortium's pin again, and compare it by telephone"
    return [Check("pin can be read", lambda: _pin(instance), advice)]


def ledger_checks(instance: Instance, *, now: int) -> list[Check]:
    """Return what asks the ledger."""
    return standing_with_ledger.checks(instance, now=now)


def _pin(instance: Instance) -> str:
    pin = PinStore(instance.pin).load()
    return f"epoch {pin.epoch}, {len(pin.signers)} signers, {pin.size} entries"
