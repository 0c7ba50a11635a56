"""What we ask CometBFT: to take a statement, and how it is; JSON-RPC on loopback."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

import httpx

from ledger.errors import EngineError, Reject

TIMEOUT = 10.0
"""Seconds; while a full block is applied, CometBFT's own question about a statement has to wait."""


class RpcError(EngineError):
    """CometBFT does not answer, or answers something else."""


@dataclass(frozen=True)
class Status:
    """How the engine is.

    Attributes:
        height: The newest block that it has.
        catching_up: Whether it still fetches blocks that others have.
        validator: Its consensus key, 32 bytes.
        power: Its voting power; 0 where it only follows.
        peers: How many nodes it is connected with.
    """

    height: int
    catching_up: bool
    validator: bytes
    power: int
    peers: int


class Rpc:
    """A client of one CometBFT process."""

    def __init__(self, url: str) -> None:
        """Speak to the process that listens at ``url`` on loopback."""
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT, trust_env=False)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def broadcast(self, tx: bytes) -> None:
        """Hand a statement to the mempool. One that waits there already is fine.

        Raises:
            Reject: CheckTx refuses it.
            RpcError: CometBFT is not there, or its mempool is full.
        """
        try:
            result = self._ask("broadcast_tx_sync", tx=base64.b64encode(tx).decode())
        except RpcError as error:
            if "tx already exists in cache" in str(error):
                return
            raise
        if result["code"]:
            raise Reject(result.get("codespace") or "TX_REFUSED", result.get("log") or "the node refuses it")

    def status(self) -> Status:
        """Ask how the engine is.

        Raises:
            RpcError: It is not there.
        """
        status, net = self._ask("status"), self._ask("net_info")
        own, sync = status["validator_info"], status["sync_info"]
        return Status(
            height=int(sync["latest_block_height"]),
            catching_up=bool(sync["catching_up"]),
            validator=base64.b64decode(own["pub_key"]["value"]),
            power=int(own["voting_power"]),
            peers=int(net["n_peers"]),
        )

    def _ask(self, method: str, **params: Any) -> dict[str, Any]:
        request = {"jsonrpc": "2.0", "id": 0, "method": method, "params": params}
        try:
            answer = json.loads(self._http.post("/", json=request).content)
        except (httpx.HTTPError, ValueError) as error:
            raise RpcError("CometBFT does not answer") from error
        if "result" not in answer:
            told = answer.get("error") or {}
            raise RpcError(f"CometBFT: {told.get('data') or told.get('message') or 'no result'}")
        result: dict[str, Any] = answer["result"]
        return result
