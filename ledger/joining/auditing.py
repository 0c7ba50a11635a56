"""Audit a log against the consensus that gave it: which validators a height has, and what they committed.

An update of the validators takes effect two blocks after the one that made it, and the root of the log stands
in the header of the block after; both follow from the log. Of the blocks before CometBFT's first, a single
operator's receipts are all there is.

Spec: LEDGER.md, sections 4.1 (pitfalls) and 4.5.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from crypto.keys import PublicKey
from ledger.core.blocks import parse_block
from ledger.core.reading import Reader
from ledger.engines.cometbft.home import chain_name
from ledger.joining import consensus, light
from ledger.joining.errors import AuditError, NoCommitError
from ledger.joining.light import CheckedCommit

UPDATE_DELAY = 2
"""Validator updates of block H act from block H+2."""

Fetch = Callable[[int], Mapping[str, Any]]
"""Returns CometBFT's ``signed_header`` of a height."""


def audit(reader: Reader, height: int, *, genesis: bytes, fetch: Fetch) -> CheckedCommit:
    """Check what the validators committed at a height against the log.

    Args:
        reader: One committed state of the ledger.
        height: A block of CometBFT's.
        genesis: CometBFT's genesis.json.
        fetch: Returns the signed header.

    Raises:
        NoCommitError: There is none of that height, or the log has not come so far.
        AuditError: The commit does not hold, or commits to another root than the log's.
    """
    first = consensus.initial_height(genesis)
    if height < first:
        raise NoCommitError(
            f"CometBFT's first block is {first}: name that one or a later one; before it, only receipts tell "
            "who signed"
        )
    keys = validators_at(reader, height, first=first, named=consensus.validators(genesis))
    checked = light.check_commit(
        fetch(height), chain_name=chain_name(reader.chain_id), validators=set(keys.values())
    )
    root = reader.root(size_at(reader, height - 1))
    if checked.height != height or checked.app_hash != root:
        # A log that was imported does not know of blocks without an entry, so its end is tried as well.
        if height > reader.head().height + 1:
            raise NoCommitError(
                f"the log of LEDGER_HOME ends with block {reader.head().height}, before block {height}: name "
                "one that it holds, or let its node catch up"
            )
        raise AuditError(f"block {height} commits to another root than the log has after the block before")
    return checked


def validators_at(reader: Reader, height: int, *, first: int, named: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the consensus keys that count at a height, by DID.

    Args:
        reader: One committed state of the ledger.
        height: The block.
        first: CometBFT's first block.
        named: The keys in CometBFT's genesis, for signers of whom the log names none.

    Raises:
        AuditError: The log does not lead to a key for each.
    """
    size = size_at(reader, max(height - UPDATE_DELAY, first - 1))
    if size == 1:
        signers: list[str] = list(reader.genesis.signers)
        keys: dict[str, Any] = dict.fromkeys(signers)
    else:
        signers = reader.past_value("signers", size=size)
        keys = {did: reader.past_value("validator", did, size=size) for did in signers}
    raw = {
        did: named.get(did) if key is None else PublicKey.from_cose_key(key).raw for did, key in keys.items()
    }
    found = {did: key for did, key in raw.items() if key is not None}
    if len(found) != len(raw):
        raise AuditError("neither the log nor CometBFT's genesis names a key for every signer")
    return found


def size_at(reader: Reader, height: int) -> int:
    """Return how many entries the log had after the block of a height."""
    # Heights grow along the log, so the last block entry up to this one is found by halves.
    low, high = 1, reader.head().size
    while low < high:
        middle = (low + high) // 2
        position = reader.store.block_from(middle)
        if position is None or parse_block(reader.entry(position)).height > height:
            high = middle
        else:
            low = position + 1
    return low


def from_folder(folder: Path) -> Fetch:
    """Return saved answers of CometBFT's RPC: ``<height>.json`` as ``/commit`` gave it."""

    def fetch(height: int) -> Mapping[str, Any]:
        place = folder / f"{height}.json"
        if not place.is_file():
            raise NoCommitError(
                f"{place.name} is not among the saved commits: save there what CometBFT answers to "
                f"/commit?height={height}"
            )
        return signed_header(place.read_bytes())

    return fetch


def from_rpc(address: str) -> Fetch:
    """Return a question to CometBFT's RPC at ``host:port``."""

    def fetch(height: int) -> Mapping[str, Any]:
        try:
            answer = httpx.get(f"http://{address}/commit", params={"height": height}, trust_env=False)
        except httpx.HTTPError as error:
            raise NoCommitError(
                f"CometBFT does not answer at LEDGER_RPC ({address}): start the node, or name a folder of "
                "saved commits with --saved"
            ) from error
        return signed_header(answer.content)

    return fetch


def signed_header(answer: bytes) -> Mapping[str, Any]:
    """Return the signed header in an answer to ``/commit``, with or without JSON-RPC's envelope.

    Raises:
        NoCommitError: CometBFT has no such block, or not any more.
        AuditError: There is none.
    """
    try:
        value = json.loads(answer)
        refusal = value.get("error")
        if refusal is not None:
            raise NoCommitError(f"CometBFT says: {refusal['data']}; name a block that it has")
        found = value.get("result", value)["signed_header"]
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise AuditError("the answer holds no signed header") from error
    if not isinstance(found, Mapping):
        raise AuditError("the answer holds no signed header")
    return found
