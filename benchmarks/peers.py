"""The same credential beside another implementation of the standards: how many times as fast, per core.

The peer is npm's @digitalbazaar/vc with its Data Integrity suite, contexts at hand, in one Node process; its
rounds and ours alternate. Both issue and verify the example of a graduation certificate; each also verifies
what the other signed. Ours makes all checks of the front door, structure and schema. Needs node and npm; says
so where they are missing.
"""

import json
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import schemas
from benchmarks.measuring import ROUNDS, folder, say, show
from crypto.keys import PrivateKey, PublicKey
from crypto.multibase import base58btc_encode
from schemas.bundle import example
from vc import cryptosuites, data_integrity, structure

HERE = Path(__file__).parent / "peer"
COUNT, PEERS_COUNT = 200, 40
_MULTIKEY, _DID_CONTEXT = "https://w3id.org/security/multikey/v1", "https://www.w3.org/ns/did/v1"
_DID = "did:web:yunling.edu.example"
_METHOD = f"{_DID}#key-1"
_NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)


class Peer:
    """The other implementation, asked line by line."""

    def __init__(self, home: Path) -> None:
        for name in ("package.json", "package-lock.json", "measure.mjs"):
            shutil.copy(HERE / name, home)
        subprocess.run(
            ["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=home, check=True, capture_output=True
        )
        self._process = subprocess.Popen(
            ["node", "measure.mjs"], cwd=home, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def ask(self, act: str, **request: Any) -> dict[str, Any]:
        """Send one request and return its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": act, **request}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "failed" in answer:
            raise RuntimeError(f"the peer could not {act}: {answer['failed']}")
        return answer

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.communicate()


def run() -> None:
    """Measure both, if the peer can be had."""
    if not (shutil.which("node") and shutil.which("npm")):
        say("left out", "node and npm are not here")
        return
    with folder() as home:
        peer = Peer(home)
        try:
            _compare(peer)
        finally:
            peer.close()


def _compare(peer: Peer) -> None:
    key = PrivateKey.generate("Ed25519")
    credential = example("GraduationCertificate")
    theirs = peer.ask("set-up", credential=credential, documents=_documents(key.public), key=_multikey(key))
    ours = _issue(credential, key)
    _verify(theirs["issued"], key.public)
    say("each verifies what the other signed", str(peer.ask("check", credential=ours)["verified"]))
    for what, act, ask in (
        ("issue", lambda: _issue(credential, key), "issue"),
        ("verify, known shape", lambda: _verify(ours, key.public), "verify"),
    ):
        _ratio(what, act, lambda ask=ask: peer.ask(ask, count=PEERS_COUNT)["seconds"] / PEERS_COUNT)
    with _general_path():
        _ratio(
            "verify, never-seen shape",
            lambda: _verify(ours, key.public),
            lambda: peer.ask("verify", count=PEERS_COUNT)["seconds"] / PEERS_COUNT,
        )


def _ratio(what: str, act: Callable[[], object], peers: Callable[[], float]) -> None:
    """Alternate rounds of both and print each one's rate, and their ratio round by round."""
    act(), act(), act()
    peers()
    own, others = [], []
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(COUNT):
            act()
        own.append((time.process_time() - start) / COUNT)
        others.append(peers())
    show(f"{what}: ours", [1 / each for each in own], unit=" /s of CPU")
    show(f"{what}: the peer", [1 / each for each in others], unit=" /s of CPU")
    ratios = [other / mine for mine, other in zip(own, others, strict=True)]
    say(
        f"{what}: ours is faster by",
        f"{statistics.median(ratios):.1f} times ({min(ratios):.1f} to {max(ratios):.1f})",
    )


def _issue(credential: dict[str, Any], key: PrivateKey) -> dict[str, Any]:
    structure.validate(credential)
    return data_integrity.sign(credential, key=key, verification_method=_METHOD, created=_NOW)


def _verify(credential: dict[str, Any], key: PublicKey) -> None:
    structure.validate(credential)
    data_integrity.verify(
        credential, resolve=lambda _method, _purpose: key, purpose="assertionMethod", now=datetime.now(UTC)
    )


@contextmanager
def _general_path() -> Iterator[None]:
    """Canonicalise as if no document had been seen before."""
    cryptosuites.SHAPES.enabled = False
    try:
        yield
    finally:
        cryptosuites.SHAPES.enabled = True


def _multikey(key: PrivateKey) -> dict[str, str]:
    secret = base58btc_encode(bytes.fromhex("8026") + key.to_bytes())
    return {**_public(key.public), "secretKeyMultibase": secret}


def _public(key: PublicKey) -> dict[str, str]:
    return {
        "@context": _MULTIKEY,
        "id": _METHOD,
        "type": "Multikey",
        "controller": _DID,
        "publicKeyMultibase": key.multibase,
    }


def _documents(key: PublicKey) -> dict[str, Any]:
    """Return everything that the peer may look up: contexts, the issuer's document and its key."""
    contexts = {url: json.loads(body) for url, body in schemas.contexts().items()}
    named = [_DID_CONTEXT, _MULTIKEY]
    document = {"@context": named, "id": _DID, "assertionMethod": [_public(key)]}
    return {**contexts, _DID: document, _METHOD: _public(key)}
