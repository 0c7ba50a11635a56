"""CometBFT's directory: its keys, its genesis and its settings.

    <ledger home>/comet/config/{config.toml, genesis.json, node_key.json, priv_validator_key.json}
    <ledger home>/comet/data/                 blocks and consensus state; never copied between nodes
    <ledger home>/comet/app.sock              where it asks us

The keys are Ed25519, in CometBFT's own JSON. Every setting that differs from CometBFT's defaults is written
down with its reason; LEDGER.md, section 4.8, lists them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crypto.keys import ED25519, PrivateKey
from ledger.errors import EngineError

BLOCK_BYTES = 1024 * 1024
EVIDENCE_SECONDS = 30 * 24 * 3600
IDLE_BLOCK_SECONDS = 600
NODE_KEY, VALIDATOR_KEY = "node_key.json", "priv_validator_key.json"
POWER = 10
"""Voting power of every validator: all weigh the same. It is not 1, because a node that starts asks itself
whether it alone holds a third of all power, and CometBFT divides whole numbers: of four, each with power 1,
each would hold 4 / 3 = 1. Such a node does not fetch the blocks that it lacks; it votes on them once more."""

DOUBLE_SIGN_CHECK = 10
"""Blocks that have to come without this validator's signature before it takes part, where it is guarded."""

OWN_VOTE = "own_vote.json"
"""The newest height at which a block holds this validator's vote."""
_KEY_TYPE, _PUBLIC_TYPE = "tendermint/PrivKeyEd25519", "tendermint/PubKeyEd25519"


@dataclass(frozen=True)
class Addresses:
    """Where a node listens and whom it calls.

    Attributes:
        p2p: ``host:port`` for other nodes.
        rpc: ``127.0.0.1:port``; on loopback, for us alone.
        peers: ``<node id>@host:port`` of the nodes it stays connected with.
    """

    p2p: str
    rpc: str
    peers: Sequence[str] = ()


@dataclass(frozen=True)
class CometGenesis:
    """What CometBFT began with.

    Attributes:
        chain_name: What it calls the ledger.
        initial_height: The number of its first block.
        validators: The first consensus keys, 32 bytes, by their members' DIDs.
    """

    chain_name: str
    initial_height: int
    validators: Mapping[str, bytes]


@dataclass(frozen=True)
class CometHome:
    """The directory of one CometBFT process."""

    path: Path

    @property
    def socket(self) -> Path:
        """Where the application listens."""
        return self.path / "app.sock"

    @property
    def config(self) -> Path:
        """The directory of settings and keys."""
        return self.path / "config"

    def make(self) -> None:
        """Make the directory with new keys, readable by their owner alone; keys that are there stay."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.config, self.path / "data"):
            folder.mkdir(mode=0o700, exist_ok=True)
        self._make_key(NODE_KEY, lambda key: {"priv_key": _private(key)})
        self._make_key(VALIDATOR_KEY, _validator_file)
        state = self.path / "data" / "priv_validator_state.json"
        if not state.exists():
            _write(state, {"height": "0", "round": 0, "step": 0})

    def require_keys(self) -> None:
        """Refuse to go on without the keys of this node: new ones would be another node's.

        Raises:
            EngineError: One is missing.
        """
        for name in (NODE_KEY, VALIDATOR_KEY):
            if not (self.config / name).is_file():
                raise EngineError(f"{name} of CometBFT is missing: restore it, or join with new keys")

    @property
    def has_genesis(self) -> bool:
        """Whether a ledger goes on with CometBFT here."""
        return (self.config / "genesis.json").exists()

    @property
    def has_blocks(self) -> bool:
        """Whether CometBFT was ever started here; its blocks are its own to read."""
        return (self.path / "data" / "blockstore.db").exists()

    @property
    def node_id(self) -> str:
        """The identifier by which other nodes know this one."""
        return hashlib.sha256(self._public(NODE_KEY)).digest()[:20].hex()

    @property
    def validator(self) -> bytes:
        """The consensus key's public half, 32 bytes."""
        return self._public(VALIDATOR_KEY)

    def write_genesis(
        self,
        *,
        chain_id: str,
        time: int,
        initial_height: int,
        app_hash: bytes,
        validators: Mapping[str, bytes],
    ) -> None:
        """Write the genesis that ``genesis_document`` describes."""
        document = genesis_document(
            chain_id=chain_id,
            time=time,
            initial_height=initial_height,
            app_hash=app_hash,
            validators=validators,
        )
        _write(self.config / "genesis.json", document)

    def read_genesis(self) -> CometGenesis:
        """Read what ``write_genesis`` wrote, here or at the member that invited this one.

        Raises:
            EngineError: There is none, or it is none.
        """
        try:
            value = json.loads((self.config / "genesis.json").read_bytes())
            validators = {
                str(each["name"]): base64.b64decode(each["pub_key"]["value"]) for each in value["validators"]
            }
            return CometGenesis(str(value["chain_id"]), int(value["initial_height"]), validators)
        except OSError as error:
            raise EngineError("CometBFT has no genesis here: run `vocred ledger init` or `join`") from error
        except (ValueError, KeyError, TypeError) as error:
            raise EngineError("genesis.json of CometBFT is damaged") from error

    def write_config(self, addresses: Addresses, *, moniker: str) -> None:
        """Write ``config.toml``, at each start: settings are read in one place, the environment.

        Args:
            addresses: Where to listen and whom to call.
            moniker: The node's name for people.
        """
        text = _CONFIG.format(
            moniker=json.dumps(moniker),
            socket=json.dumps(f"unix://{self.socket}"),
            rpc=json.dumps(f"tcp://{addresses.rpc}"),
            p2p=json.dumps(f"tcp://{addresses.p2p}"),
            peers=json.dumps(",".join(addresses.peers)),
            # Strangers may take all places at the door; for these there is always one.
            known=json.dumps(",".join(peer.partition("@")[0] for peer in addresses.peers)),
            idle=f'"{IDLE_BLOCK_SECONDS}s"',
            double_sign_check=DOUBLE_SIGN_CHECK if self.is_guarded else 0,
        )
        (self.config / "config.toml").write_text(text, encoding="utf-8")

    @property
    def signed_height(self) -> int:
        """The newest height at which this validator remembers to have signed; 0 where its memory is new."""
        return int(json.loads((self.path / "data" / "priv_validator_state.json").read_bytes())["height"])

    @property
    def is_guarded(self) -> bool:
        """Whether this validator may have signed more than it remembers.

        CometBFT then does not take part before ten blocks have come without its signature. With memory in
        order it must not ask: after a restart of all nodes the last blocks carry everybody's.
        """
        return self.signed_height == 0 or self.remembers_less

    @property
    def remembers_less(self) -> bool:
        """Whether a block holds a vote of this validator that it does not remember."""
        return self._voted_height() > self.signed_height

    def note_vote(self, height: int) -> None:
        """Compare a vote of this validator that is in a block with what it remembers of having signed.

        Its memory is on the disk before a vote leaves, so it is never behind, unless it is a backup's.

        Raises:
            EngineError: It remembers less, and CometBFT was not started with the check. It is from now on.
        """
        guarded = self.is_guarded
        _write(self.path / "data" / OWN_VOTE, {"height": str(height)})
        if not guarded and self.remembers_less:
            raise EngineError(f"this validator signed at height {height} and does not remember it")

    def _voted_height(self) -> int:
        try:
            return int(json.loads((self.path / "data" / OWN_VOTE).read_bytes())["height"])
        except (OSError, ValueError):
            # Never written, or cut off by a crash: the next block tells.
            return 0

    def _make_key(self, name: str, content: Any) -> None:
        path = self.config / name
        if not path.exists():
            _write(path, content(PrivateKey.generate(ED25519)))

    def _public(self, name: str) -> bytes:
        value = json.loads((self.config / name).read_bytes())
        return base64.b64decode(value["priv_key"]["value"])[32:]


def genesis_document(
    *, chain_id: str, time: int, initial_height: int, app_hash: bytes, validators: Mapping[str, bytes]
) -> dict[str, Any]:
    """Return CometBFT's genesis, which has to be the same, in everything that counts, at every node.

    Args:
        chain_id: The ledger's.
        time: Seconds; later than the last entry of the log.
        initial_height: The number of the first block.
        app_hash: The root of the log so far.
        validators: Each signer's consensus key by the member's DID.
    """
    return {
        "genesis_time": datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%S.000000000Z"),
        "chain_id": chain_name(chain_id),
        "initial_height": str(initial_height),
        "consensus_params": {
            "block": {"max_bytes": str(BLOCK_BYTES), "max_gas": "-1"},
            "evidence": {
                "max_age_num_blocks": "100000",
                "max_age_duration": str(EVIDENCE_SECONDS * 10**9),
                "max_bytes": "65536",
            },
            "validator": {"pub_key_types": ["ed25519"]},
            "version": {"app": "1"},
            "abci": {"vote_extensions_enable_height": "0"},
        },
        "validators": [
            {
                "address": hashlib.sha256(key).digest()[:20].hex().upper(),
                "pub_key": {"type": _PUBLIC_TYPE, "value": base64.b64encode(key).decode()},
                "power": str(POWER),
                "name": name,
            }
            for name, key in sorted(validators.items())
        ],
        "app_hash": app_hash.hex().upper(),
    }


def chain_name(chain_id: str) -> str:
    """Return what CometBFT calls a ledger: at most 50 characters, from the chain id's hash.

    Spec: LEDGER.md, section 4.8.
    """
    return "vocred-" + chain_id.rpartition(":")[2][:40]


_CONFIG = """\
# Written by vocred; LEDGER.md, section 4.8, gives the reasons.
version = "0.38.25"
proxy_app = {socket}
abci = "socket"
moniker = {moniker}
db_backend = "goleveldb"
db_dir = "data"
log_level = "error"
log_format = "plain"
genesis_file = "config/genesis.json"
priv_validator_key_file = "config/priv_validator_key.json"
priv_validator_state_file = "data/priv_validator_state.json"
node_key_file = "config/node_key.json"
filter_peers = false

[rpc]
laddr = {rpc}
max_body_bytes = 2000000

[p2p]
laddr = {p2p}
persistent_peers = {peers}
unconditional_peer_ids = {known}
pex = false
addr_book_strict = false
allow_duplicate_ip = true
handshake_timeout = "10s"
dial_timeout = "3s"

[mempool]
type = "flood"
recheck = true
size = 20000
max_txs_bytes = 67108864
cache_size = 40000
max_tx_bytes = 262144

[statesync]
enable = false

[blocksync]
version = "v0"

[consensus]
wal_file = "data/cs.wal/wal"
timeout_propose = "1s"
timeout_propose_delta = "500ms"
timeout_prevote = "500ms"
timeout_prevote_delta = "500ms"
timeout_precommit = "500ms"
timeout_precommit_delta = "500ms"
timeout_commit = "500ms"
double_sign_check_height = {double_sign_check}
create_empty_blocks = false
create_empty_blocks_interval = {idle}

[tx_index]
indexer = "null"

[storage]
discard_abci_responses = false
"""


def _validator_file(key: PrivateKey) -> dict[str, Any]:
    public = key.public.raw
    return {
        "address": hashlib.sha256(public).digest()[:20].hex().upper(),
        "pub_key": {"type": _PUBLIC_TYPE, "value": base64.b64encode(public).decode()},
        "priv_key": _private(key),
    }


def _private(key: PrivateKey) -> dict[str, str]:
    return {"type": _KEY_TYPE, "value": base64.b64encode(key.to_bytes() + key.public.raw).decode()}


def _write(path: Path, value: Any) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=2)
