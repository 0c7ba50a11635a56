"""CometBFT's genesis, which members make from the log and never take on trust.

Every member of it follows from the log that it begins from: ledger, first height, root, validators, and our
own consensus parameters. Only the time is chosen, and the key of a signer that the log names without one
(the first member's): both have to be the same at every node, so the file itself travels.

Spec: LEDGER.md, section 4.8.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crypto import strict_json
from crypto.errors import CryptoError
from crypto.keys import PublicKey
from ledger.core.reading import Reader
from ledger.engines.cometbft.home import genesis_document
from ledger.joining.errors import JoiningError, OtherLedgerError

MAX_GENESIS_BYTES = 256 * 1024
_KEY_BYTES = 32


def signers_keys(reader: Reader) -> dict[str, bytes | None]:
    """Return every signer's consensus key as the log has it; None where it names none."""
    keys = {did: reader.value("validator", did) for did in reader.value("signers")}
    return {did: None if key is None else PublicKey.from_cose_key(key).raw for did, key in keys.items()}


def make_genesis_file(reader: Reader, *, validators: Mapping[str, bytes], time: int) -> bytes:
    """Return the genesis with which CometBFT goes on from a log.

    Args:
        reader: The log; its head is the last block before CometBFT's first.
        validators: Every signer's consensus key by DID.
        time: Seconds, later than the last entry.
    """
    return json.dumps(_document(reader, validators=validators, time=time), indent=2).encode()


def check_genesis_file(content: bytes, reader: Reader) -> None:
    """Compare CometBFT's genesis with what the log demands.

    Raises:
        OtherLedgerError: It is for another ledger, or begins from another log.
        JoiningError: It names other validators or parameters, or is no genesis.
    """
    given = _parsed(content)
    validators = _validators(given)
    wanted = _document(reader, validators=validators, time=_time(given))
    for name in ("chain_id", "initial_height", "app_hash"):
        if given.get(name) != wanted[name]:
            raise OtherLedgerError(f"CometBFT's genesis has another {name} than the log")
    named = signers_keys(reader)
    if set(validators) != set(named):
        raise JoiningError("CometBFT's genesis names other validators than the log's signers")
    if any(key not in (None, validators[did]) for did, key in named.items()):
        raise JoiningError("CometBFT's genesis gives a signer another key than the log")
    if len(set(validators.values())) != len(validators):
        raise JoiningError("CometBFT's genesis gives two signers one key")
    if given != wanted:
        raise JoiningError("CometBFT's genesis has other parameters than this program's")
    if _time(given) < reader.head().time:
        raise JoiningError("CometBFT's genesis is earlier than the last entry of the log")


def initial_height(content: bytes) -> int:
    """Return the number of the first block that CometBFT makes."""
    value = _parsed(content).get("initial_height")
    if not isinstance(value, str) or not value.isascii() or not value.isdigit() or len(value) > 18:
        raise JoiningError("CometBFT's genesis names no first block")
    return int(value)


def _document(reader: Reader, *, validators: Mapping[str, bytes], time: int) -> dict[str, Any]:
    head = reader.head()
    return genesis_document(
        chain_id=reader.chain_id,
        time=time,
        initial_height=head.height + 1,
        app_hash=head.root,
        validators=validators,
    )


def _parsed(content: bytes) -> Mapping[str, Any]:
    try:
        value = strict_json.parse(content, max_bytes=MAX_GENESIS_BYTES)
    except CryptoError as error:
        raise JoiningError("CometBFT's genesis cannot be read") from error
    if not isinstance(value, dict):
        raise JoiningError("CometBFT's genesis cannot be read")
    return value


def validators(content: bytes) -> dict[str, bytes]:
    """Return every validator's consensus key by the DID that CometBFT's genesis calls it."""
    return _validators(_parsed(content))


def _validators(given: Mapping[str, Any]) -> dict[str, bytes]:
    try:
        rows = [
            (row["name"], base64.b64decode(row["pub_key"]["value"], validate=True))
            for row in given["validators"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise JoiningError("CometBFT's genesis names no validators") from error
    if len(dict(rows)) != len(rows) or not all(
        type(name) is str and len(key) == _KEY_BYTES for name, key in rows
    ):
        raise JoiningError("CometBFT's genesis names a validator twice, or without a key")
    return dict(rows)


def _time(given: Mapping[str, Any]) -> int:
    try:
        return int(datetime.fromisoformat(given["genesis_time"]).timestamp())
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise JoiningError("CometBFT's genesis has no time") from error
