"""What ``vocred doctor`` checks of a ledger's node beside its files.

Each check of the log goes its own way (``ledger.examining``). The replay applies every rule of the ledger to
the whole log anew, into a database that is thrown away: a minute or two for every hundred thousand entries.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from ledger import examining, timekeeping
from ledger.core.reading import Reader
from ledger.engines.signed import read_signed
from ledger.joining import founding
from ledger.settings import read_keys
from ledger.transport import capped_transport
from vocred.operating.checks import Check
from vocred.operating.errors import ClockError, RecoveryRequiredError
from vocred.operating.instances import Instance
from vocred.operating.peers import times_of

_AGAIN = (
    "stop the node, keep a copy, and let it begin anew from the other members (docs/operations/failures.md)"
)
_SIGNED = "never sign on: restore a newer copy, or begin anew from the other members"
_KEYS = (
    "put this member's own keys back; if they are lost, `vocred ledger join --did DID --json > new.json` "
    "here, and `vocred ledger propose signer.set --keys new.json` at a desk (docs/operations/failures.md)"
)
_CLOCK = "set the clock right (timedatectl, chrony), then look again"


def checks(instance: Instance, *, now: int) -> list[Check]:
    """Return what needs no other node."""
    return [
        Check("tree is the log's, by two ways", _look(instance, examining.check_tree, "entries"), _AGAIN),
        Check("block entries follow one another", _look(instance, examining.check_blocks, "blocks"), _AGAIN),
        Check("nothing is doubled", _look(instance, examining.check_numbers, "statements"), _AGAIN),
        Check("map is the state's", _look(instance, examining.check_map, "keys"), _AGAIN),
        Check("state is what the statements make", lambda: _replay(instance), _AGAIN),
        Check("what was signed is in the log", lambda: _signed(instance), _SIGNED),
        Check("receipt keys are the state's", lambda: _keys(instance), _KEYS),
        Check("log is not from the future", lambda: _not_future(instance, now), _CLOCK),
    ]


def ledger_checks(instance: Instance, *, now: int) -> list[Check]:
    """Return what asks other members' nodes."""
    return [Check("clock is the other nodes'", lambda: _clock(instance, now), _CLOCK)]


def _look(instance: Instance, check: Callable[[Reader], int], what: str) -> Callable[[], str]:
    def look() -> str:
        with Reader.open(_database(instance)) as reader:
            return f"{check(reader)} {what}"

    return look


def _replay(instance: Instance) -> str:
    with Reader.open(_database(instance)) as reader, tempfile.TemporaryDirectory() as folder:
        return f"{examining.replay(reader, Path(folder) / 'replayed.db')} keys came out the same"


def _signed(instance: Instance) -> str:
    path = _database(instance)
    with Reader.open(path) as reader:
        keys, signed = read_keys(instance.home), read_signed(path)
        registered = [key for key in keys if reader.value("key", key.public.thumbprint) is not None]
        if not registered and signed is None:
            # It follows, or the members have not voted for its key yet.
            return "this node signs nothing"
        return f"size {examining.check_signed(reader, signed)}"


def _keys(instance: Instance) -> str:
    keys = [key.public.cose_key for key in read_keys(instance.home)]
    with Reader.open(_database(instance)) as reader:
        members = [did for did in reader.value("signers") if reader.value("member", did)["receipt"] in keys]
        for did in reader.value("signers"):
            lacking = ["receipt"] if _is_here(reader, did, instance) and did not in members else []
            if did in members or lacking:
                lacking += _other_validator(reader, did, instance)
            if lacking:
                raise RecoveryRequiredError(
                    f"{did} is registered as a signer with keys that are not in this home "
                    f"({', '.join(lacking)}), so its signature is missing"
                )
    if keys and not members:
        return "this node signs nothing yet: no signer has its receipt key"
    return f"signs for {', '.join(members)}" if members else "this node signs nothing"


def _is_here(reader: Reader, did: str, instance: Instance) -> bool:
    """Return whether a member said that its node is at this one's address."""
    return (reader.value("endpoint", did) or {}).get("node") == instance.url


def _other_validator(reader: Reader, did: str, instance: Instance) -> list[str]:
    """Return ["validator"] where the log names another validator key than CometBFT has here.

    The log names none for who signed from its beginning on, until the members vote for one.
    """
    registered, comet = reader.value("validator", did), founding.comet_home(instance.home)
    if registered is None or not (comet.config / "priv_validator_key.json").is_file():
        return []
    return [] if founding.validator_key(comet).public.cose_key == registered else ["validator"]


def _not_future(instance: Instance, now: int) -> str:
    with Reader.open(_database(instance)) as reader:
        ahead = reader.head().time - now
    if ahead > timekeeping.MOST_SECONDS:
        raise ClockError(f"the last entry is {ahead} seconds ahead of this clock")
    return f"last entry {max(0, -ahead)} s ago"


def _clock(instance: Instance, now: int) -> str:
    with Reader.open(_database(instance)) as reader:
        urls = [record["node"] for _, record in reader.values("endpoint", length=2) if record.get("node")]
    others = [url for url in urls if url != instance.url]
    times = times_of(others, http=instance.http or capped_transport())
    if not times:
        return "no other node answers" if others else "no other node is known"
    skew = now - times[len(times) // 2]
    if timekeeping.is_apart(skew):
        raise ClockError(f"this clock is {skew} seconds ahead of the other nodes'")
    return f"{abs(skew)} seconds from {len(times)} other nodes"


def _database(instance: Instance) -> Path:
    assert instance.database is not None
    return instance.database
