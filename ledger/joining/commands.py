"""``vocred ledger init, endpoint, invite, join, renew, migrate, resume, pin``; ``log_commands`` has more.

Each command is a few lines around a module of this package; what it refuses leaves everything as it was.
What needs a database, or what CometBFT needs, is imported when a command asks for it: most commands of a
desk need neither.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ledger import desk
from ledger.core.genesis import DEFAULT_DELAY
from ledger.core.members import ACCREDITOR
from ledger.joining import log_commands
from ledger.joining.errors import JoiningError
from ledger.joining.log_commands import comet_settings, say_log, urls
from ledger.settings import COMETBFT, DATABASE, EMBEDDED, ENGINES, KEYS, PIN

if TYPE_CHECKING:
    from ledger.joining.invitation import Invitation
    from ledger.proof.bundle import Bundle

a_place = click.Path(dir_okay=False, path_type=Path)


@click.command()
@desk.as_member
@click.option("--did", required=True, help="The operator's DID.")
@click.option("--name-zh", required=True, help="Its name in Chinese.")
@click.option("--name-en", required=True, help="Its name in English.")
@click.option("--credit-code", required=True, help="Its unified social credit code.")
@click.option("--role", "roles", multiple=True, default=("operator",), show_default=True)
@click.option("--type", "types", multiple=True, help="A type that it may grant; it is an accreditor then.")
@click.option("--delay", type=click.IntRange(0), default=DEFAULT_DELAY, show_default=True)
@click.option("--engine", type=click.Choice(ENGINES), help="Else LEDGER_ENGINE, else embedded.")
@click.option(
    "--desk",
    "apart",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the governance key goes, such as a medium apart from the node; else LEDGER_HOME.",
)
@desk.as_json
def init(
    *,
    member: str,
    did: str,
    name_zh: str,
    name_en: str,
    credit_code: str,
    roles: Sequence[str],
    types: Sequence[str],
    delay: int,
    engine: str | None,
    apart: Path | None,
    as_json_: bool,
) -> None:
    """Begin a new ledger, with MEMBER as its first member: the key ceremony.

    The governance key is sealed under LEDGER_PASSPHRASE_<MEMBER>; receipt, validator and node keys stay on
    the node. Votes on members and keys take effect --delay seconds after they are decided; it never changes.
    """
    from ledger.joining import founding

    home, now = desk.home(make=True), desk.now()
    if (home / DATABASE).exists() or (home / PIN).exists():
        raise JoiningError("there is a ledger in LEDGER_HOME already; nothing was changed")
    record = {
        "did": did,
        "names": {"zh": name_zh, "en": name_en},
        "code": credit_code,
        "roles": sorted({*roles, *([ACCREDITOR] if types else [])}),
        "types": sorted(set(types)),
    }
    consensus = _engine(engine) == COMETBFT
    founding.require_founder(record, delay=delay, now=now)
    officer = home if apart is None else apart
    made = desk.make_key(officer, member, did=did, algorithm="Ed25519")
    keys = founding.node_keys(home, consensus=consensus)
    genesis = founding.begin(home, member=record, governance=made.key.public, keys=keys, delay=delay, now=now)
    if officer != home:
        founding.write_file(officer / PIN, (home / PIN).read_bytes())
    governance = founding.governance_line(made.key.public, officer / KEYS / f"{member}.key")
    lines = (governance, *keys.lines(home))
    protocol, file = founding.write_protocol(home, did=did, chain_id=genesis.chain_id, now=now, keys=lines)
    desk.say(as_json_, protocol.to_text(), pin=str(home / PIN), protocol=str(file), **protocol.to_json())


@click.command()
@click.option("--node", help="The node's HTTP address for everybody.")
@click.option("--mirror", help="Where it keeps lists and forms; else the node's.")
@click.option("--receipts", help="Where other members fetch its signatures; else the node's.")
@desk.as_member
@desk.as_json
def endpoint(node: str | None, mirror: str | None, receipts: str | None, member: str, as_json_: bool) -> None:
    """Tell everybody where MEMBER's node is; naming no address takes it back."""
    ledger, now = desk.client(), desk.now()
    addresses = {"node": node, "mirror": mirror, "receipts": receipts}
    desk.submit(ledger, member, "endpoint.put", addresses, at=now)
    said = ", ".join(f"{name} {address}" for name, address in addresses.items() if address)
    desk.say(as_json_, said or "no address any more", **addresses)


@click.command()
@click.option("--out", type=a_place, required=True, help="The file to hand over.")
@click.option("--peer", help="host:port under which other nodes reach this one; else LEDGER_P2P.")
@desk.as_json
def invite(out: Path, peer: str | None, as_json_: bool) -> None:
    """Write what a newcomer needs to run a node: pin, CometBFT's genesis, log, peers; no secret.

    A log with a history goes with a checkpoint that a quorum signed, which LEDGER_URL is asked for.
    """
    from ledger.core.reading import Reader
    from ledger.joining import founding, inviting

    home, now, comet = desk.home(), desk.now(), comet_settings()
    founding.require_node(home)
    founding.comet_genesis(home)
    own = inviting.peer_address(founding.comet_home(home).node_id, peer or comet.p2p)
    with Reader.open(home / DATABASE) as reader:
        size = inviting.first_size(home, reader)
    made = inviting.invite(
        home,
        out,
        peers=[own, *comet.peers],
        nodes=urls(),
        checkpoint=None if size == inviting.GENESIS_ENTRY else _signed_checkpoint(size),
        now=now,
    )
    _say_invitation(as_json_, out, made)


@click.command()
@click.argument("file", type=desk.a_file, required=False)
@click.option("--did", required=True, help="The member whose node this is to be.")
@click.option("--ledger", "mark", help="The ledger's mark, as another member read it out.")
@click.option(
    "--keys", type=desk.a_file, help="What keygen printed for the member (--json), to hand over both."
)
@click.option(
    "--keys-lost",
    is_flag=True,
    help="The keys that the log names for DID are lost: follow with new ones until they are voted.",
)
@desk.as_json
def join(
    *,
    file: Path | None,
    did: str,
    mark: str | None,
    keys: Path | None,
    keys_lost: bool,
    as_json_: bool,
) -> None:
    """Make a node of LEDGER_HOME, from the invitation in FILE, and print what the members vote on.

    The invitation's log is replayed under the signatures of a quorum. Which ledger it is to be says the pin
    (LEDGER_PIN) or --ledger. Without FILE only the keys are made: for a ledger that is about to move.
    The JSON is what `propose admit --keys` and `propose signer.set --keys` take.
    """
    from ledger.joining import founding, newcomer, registration

    officer = None if keys is None else desk.read_json(keys)
    if officer is not None:
        registration.require_same(officer, did=did)
    home, now = desk.home(make=True), desk.now()
    pin = desk.pin(home) if desk.pin_file(home).is_file() else None
    more: dict[str, Any] = {}
    if file is None:
        chain_id, made = desk.pin(home).chain_id, founding.node_keys(home, consensus=True)
    else:
        joined = newcomer.join(home, file, did=did, pin=pin, mark=mark, now=now, keys_lost=keys_lost)
        chain_id, made = joined.invitation.chain_id, joined.keys
        settings = founding.write_settings(home, peers=joined.peers)
        more = {"settings": settings, "signs": joined.signs}
        more |= {"size": joined.head.size, "root": joined.head.root.hex()}
    registered = registration.of_node(made, did=did, chain_id=chain_id)
    if officer is not None:
        registered = registration.merge(registered, officer)
    protocol, paper = founding.write_protocol(
        home, did=did, chain_id=chain_id, now=now, keys=made.lines(home)
    )
    more |= {"protocol": str(paper), "ceremony": protocol.to_json()}
    desk.say(as_json_, protocol.to_text(), **{**registered, **more})


@click.command()
@click.option("--did", required=True, help="The member whose node this is.")
@desk.as_json
def renew(did: str, as_json_: bool) -> None:
    """Make another receipt key for the node of LEDGER_HOME, and print what the members vote on.

    The node uses both after its next start: the present key until the vote's effect, then the new one. The
    JSON is what `propose signer.set --keys` takes.
    """
    from ledger.core.reading import Reader
    from ledger.joining import founding, registration
    from ledger.joining.ceremony import RECEIPT, MadeKey

    home, now = desk.home(), desk.now()
    founding.require_node(home)
    with Reader.open(home / DATABASE) as reader:
        founding.require_own(home, reader, did=did)
    chain_id = desk.pin(home).chain_id
    key, place = founding.another_receipt_key(home)
    line = MadeKey(RECEIPT, key.public.thumbprint, str(place))
    protocol, _ = founding.write_protocol(home, did=did, chain_id=chain_id, now=now, keys=[line])
    registered = registration.of_node(founding.NodeKeys(key), did=did, chain_id=chain_id)
    desk.say(as_json_, protocol.to_text(), ceremony=protocol.to_json(), **registered)


@click.command()
@click.option("--out", type=a_place, required=True, help="The invitation for every signer.")
@click.option("--peer", help="host:port under which other nodes reach this one; else LEDGER_P2P.")
@click.option("--fewer", is_flag=True, help="Go on with fewer than four signers: one may stop all others.")
@desk.as_json
def migrate(out: Path, peer: str | None, fewer: bool, as_json_: bool) -> None:
    """Move the embedded ledger of LEDGER_HOME to CometBFT; its node has been stopped.

    Four or more members have been voted to sign. Then this node is served with LEDGER_ENGINE=cometbft, and
    the other signers join by the invitation. The log, and every old receipt, stay as they are. Name the
    other signers' nodes in LEDGER_PEERS, and everybody will know everybody.
    """
    from ledger.joining import moving

    comet, fewest = comet_settings(), 1 if fewer else moving.FEWEST_SIGNERS
    made = moving.migrate(
        desk.home(),
        out,
        peer=peer or comet.p2p,
        others=comet.peers,
        nodes=urls(),
        now=desk.now(),
        fewest=fewest,
    )
    _say_invitation(as_json_, out, made)


@click.command()
@click.option("--checkpoint", type=desk.a_file, required=True, help="The newest that a quorum signed.")
@click.option("--out", type=a_place, required=True, help="The invitation for every other signer.")
@click.option("--peer", help="host:port under which other nodes reach this one; else LEDGER_P2P.")
@desk.as_json
def resume(checkpoint: Path, out: Path, peer: str | None, as_json_: bool) -> None:
    """Let the consensus begin anew at the log of LEDGER_HOME; its node has been stopped.

    For when a third or more of the signers' disks, or all copies but one, are lost: the members agree on the
    copy that reaches farthest. `vocred ledger checkpoint`, asked while that copy's node runs, says what a
    quorum signed. The other signers put their homes aside and join by the invitation with the keys that
    they kept. The log, and every receipt, stay as they are.
    """
    from ledger.joining import resuming
    from ledger.proof.bundle import Bundle

    comet = comet_settings()
    made = resuming.resume(
        desk.home(),
        out,
        peer=peer or comet.p2p,
        others=comet.peers,
        nodes=urls(),
        checkpoint=Bundle.decode(checkpoint.read_bytes()),
        now=desk.now(),
    )
    _say_invitation(as_json_, out, made)


@click.command("pin")
@click.argument("file", type=a_place)
@desk.as_json
def pin_(file: Path, as_json_: bool) -> None:
    """Write the pin of the present signers to FILE, to be handed over by a person.

    The way from the pin of this desk to it is checked link by link. Where several members sign now, the new
    pin no longer says "single operator": that is this person's word, so compare the mark with members.
    """
    from ledger.joining import founding, repinning

    made = repinning.present_pin(desk.client(), now=desk.now())
    founding.write_file(file, made.to_bytes())
    mark = repinning.mark(made)
    line = f"{file}: epoch {made.epoch}, {len(made.signers)} signers, mark {mark}"
    desk.say(
        as_json_,
        line,
        file=str(file),
        chainId=made.chain_id,
        epoch=made.epoch,
        signers=[signer.member for signer in made.signers],
        mark=mark,
    )


def _engine(named: str | None) -> str:
    found = named or desk.setting("LEDGER_ENGINE") or EMBEDDED
    if found not in ENGINES:
        raise JoiningError("LEDGER_ENGINE is embedded or cometbft")
    return found


def _signed_checkpoint(size: int) -> Bundle:
    """Ask the nodes for what a quorum signed, linked from the first epoch and from a log of that size."""
    from ledger.proof.bundle import Bundle
    from ledger.transport import LedgerUnavailableError, capped_transport, fetch

    http = desk.outside().http or capped_transport()
    for url in urls():
        with contextlib.suppress(LedgerUnavailableError):
            return Bundle.decode(fetch(http, f"{url.rstrip('/')}/v1/checkpoint?epoch=1&from={size}"))
    raise JoiningError("LEDGER_URL names no node that gives a signed checkpoint")


def _say_invitation(as_json_: bool, out: Path, made: Invitation) -> None:
    from ledger.joining.ceremony import in_fours

    mark = in_fours(made.chain_id.rpartition(":")[2])
    line = f"{out}: {made.size} entries, peers {', '.join(made.peers)}\nledger {mark}"
    more = {"file": str(out), "mark": mark, "peers": list(made.peers), "nodes": list(made.nodes)}
    say_log(as_json_, line, made.chain_id, made.size, made.root, **more)


COMMANDS = (init, endpoint, invite, join, renew, migrate, resume, pin_, *log_commands.COMMANDS)
"""The commands of this package, as ``ledger.cli`` adds them."""
