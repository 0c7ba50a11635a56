"""Nothing leaves the machine: whatever a document names, the verifier asks only whom the registry names.

The services run with a socket guard, which writes down and refuses every look-up and connection beyond
loopback. What would be allowed on this machine, another loopback port, is watched by a listener of our own:
there nobody may even connect. The documents are signed by the accredited college's real key, so no proof
shields the verifier from what they name.
"""

import copy
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from crypto.errors import CryptoError
from crypto.keys import PrivateKey
from issuer import institution, settings
from issuer.parts import make_parts
from tests.e2e.papers import Papers
from vc import data_integrity, did_key
from vc.errors import VcError
from web import database

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

METADATA = "http://169.254.169.254/latest/meta-data"
ATTACKER = "https://attacker.example/x"
OFFERING = "offers.attacker.example"
LOOKED_UP = f"socket.getaddrinfo {OFFERING!r}"
Document = dict[str, Any]


class Trap:
    """A loopback port that nobody has any business with; it counts who connects."""

    def __init__(self) -> None:
        self.visits = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/x"
        threading.Thread(target=self._count, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()

    def _count(self) -> None:
        while True:
            try:
                visitor, _ = self._socket.accept()
            except OSError:
                return
            self.visits += 1
            visitor.close()


@pytest.fixture
def trap() -> Iterator[Trap]:
    """Set a trap and check afterwards that nobody went into it."""
    trap = Trap()
    yield trap
    trap.close()
    assert trap.visits == 0


@pytest.fixture
def quiet(papers: Papers) -> Iterator[None]:
    """Check afterwards that no service tried to leave the machine."""
    before = _lines(papers.town.guard_log)
    yield
    assert _lines(papers.town.guard_log) == before


@pytest.fixture(scope="module")
def college_signs(papers: Papers) -> Callable[[Mapping[str, Any]], Document]:
    """Return a function that signs as the accredited college does, whatever it is given."""
    read = settings.read(papers.town.world.places["college"].environment)
    db = database.connect(read.database)
    try:
        key = institution.signing_key(db, make_parts(read).secret)
    finally:
        db.close()

    def sign(document: Mapping[str, Any]) -> Document:
        unsigned = {name: value for name, value in document.items() if name != "proof"}
        now = datetime.now(UTC).replace(microsecond=0)
        method = key.verification_method
        return data_integrity.sign(unsigned, key=key.private, verification_method=method, created=now)

    return sign


@pytest.fixture
def ask(papers: Papers) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    """Return a function that asks the verifier and checks that the answer is no crash and no yes."""

    def post(body: Mapping[str, Any]) -> Mapping[str, Any]:
        url = f"{papers.town.url('verifier')}/api/verify"
        answer = httpx.post(url, json=body, timeout=30, trust_env=False)
        assert answer.status_code < 500, answer.text
        report: Mapping[str, Any] = answer.json()
        assert report.get("verdict") != "valid", report
        return report

    return post


def test_guard_refuses_and_writes_down_what_a_service_would_connect_to(
    papers: Papers, tmp_path: Path
) -> None:
    environment = papers.town.world._environment("verifier") | {"SOCKET_GUARD_LOG": str(tmp_path / "log")}
    code = "import socket; socket.create_connection(('169.254.169.254', 80), timeout=1)"
    command = [sys.executable, "-P", "-c", code]
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert "OutboundConnectionError" in finished.stderr
    assert "169.254.169.254" in (tmp_path / "log").read_text(encoding="utf-8")


def test_signed_document_is_otherwise_valid(papers: Papers, college_signs: Any) -> None:
    signed = college_signs(papers.held[0])
    url = f"{papers.town.url('verifier')}/api/verify"
    report = httpx.post(url, json={"verifiableCredential": signed}, timeout=30, trust_env=False).json()
    # It has no receipt, and is judged as of now.
    assert report["verdict"] == "note", report


@pytest.mark.parametrize("wrapped", [False, True], ids=["alone", "in a presentation"])
def test_status_list_that_no_registry_knows_is_not_fetched(
    papers: Papers, college_signs: Any, ask: Any, trap: Trap, quiet: None, wrapped: bool
) -> None:
    for url in (METADATA, ATTACKER, trap.url):
        document = _copy(papers.held[0])
        document["credentialStatus"]["statusListCredential"] = url
        report = _ask_about(college_signs(document), ask, wrapped=wrapped)
        # The proof held, so it is the registry's word alone that kept the verifier from asking there.
        proof = next(check for check in report["checks"] if check["name"] == "proof")
        assert proof["outcome"] == "passed", report


def test_named_contexts_schemas_and_services_are_not_fetched(
    papers: Papers, college_signs: Any, ask: Any, trap: Trap, quiet: None
) -> None:
    for url in (METADATA, ATTACKER, trap.url):
        for change in (
            {"@context": [*papers.held[0]["@context"], url]},
            {"@context": [url]},
            {"credentialSchema": [{"id": url, "type": "1EdTechJsonSchemaValidator2019"}]},
            {"credentialSchema": {"id": url, "type": "JsonSchema"}},
            {"refreshService": {"id": url, "type": "X"}},
            {"termsOfUse": {"id": url, "type": "X"}},
            {"evidence": [{"id": url, "type": ["Evidence"]}]},
            {"relatedResource": [{"id": url, "digestMultibase": "z" + "1" * 46}]},
            {"renderMethod": {"id": url, "type": "SvgRenderingTemplate2023"}},
        ):
            document = _copy(papers.held[0]) | change
            ask({"verifiableCredential": document})
            for signed in _if_signable(college_signs, document):
                ask({"verifiableCredential": signed})


def test_issuers_and_keys_that_no_registry_knows_are_not_resolved(
    papers: Papers, ask: Any, trap: Trap, quiet: None
) -> None:
    for did in (
        "did:web:attacker.example",
        "did:web:169.254.169.254",
        f"did:web:127.0.0.1%3A{trap.port}",
        f"http://127.0.0.1:{trap.port}/issuer",
    ):
        document = _copy(papers.held[0])
        if isinstance(document["issuer"], dict):
            document["issuer"]["id"] = did
        else:
            document["issuer"] = did
        document["proof"][0]["verificationMethod"] = f"{did}#key-1"
        _ask_about(document, ask, wrapped=False)
        _ask_about(document, ask, wrapped=True)
        elsewhere = _copy(papers.held[0])
        elsewhere["proof"][0]["verificationMethod"] = f"{did}#key-1"
        ask({"verifiableCredential": elsewhere})


def test_share_whose_holder_and_lists_are_elsewhere_opens_no_connection(
    papers: Papers, ask: Any, trap: Trap, quiet: None
) -> None:
    for url in (METADATA, ATTACKER, trap.url):
        share = _copy(papers.share)
        package = share["share"]["package"]
        package["presentation"]["holder"] = f"did:web:127.0.0.1%3A{trap.port}"
        package["statusLists"] = [each | {"id": url} for each in package["statusLists"]]
        (credential,) = package["presentation"]["verifiableCredential"]
        credential["credentialStatus"]["statusListCredential"] = url
        ask(share)


def test_offer_from_elsewhere_gets_no_further_than_the_fetchers_look_up(papers: Papers) -> None:
    log = papers.town.guard_log
    for uri in (METADATA, f"https://{OFFERING}/x", f"https://{OFFERING}:8443/offers/x"):
        offer = f"openid-credential-offer://?credential_offer_uri={uri}"
        words = ("accept", offer, "--tx-code", "123456", "--account", "zheng", "--json")
        status, output, complaint = papers.town.world.try_run("wallet", "wallet", *words)
        assert status == 1, output
        assert "Traceback" not in complaint
    assert set(_lines(log)) <= {LOOKED_UP}


def test_whole_life_of_a_certificate_left_the_machine_nowhere(papers: Papers) -> None:
    # A holder may be handed any offer; its host is looked up by the fetcher, and refused.
    assert set(_lines(papers.town.guard_log)) <= {LOOKED_UP}


def _ask_about(document: Document, ask: Any, *, wrapped: bool) -> Mapping[str, Any]:
    """Ask about a document, alone or in a presentation that its holder signed; return the report."""
    if not wrapped:
        return ask({"verifiableCredential": document})
    key = PrivateKey.from_bytes("Ed25519", bytes(range(32)))
    holder = did_key.did(key.public)
    presentation = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiablePresentation"],
        "holder": holder,
        "verifiableCredential": [document],
    }
    return ask({"verifiablePresentation": _present(presentation, key, holder)})


def _present(unsigned: Document, key: PrivateKey, holder: str) -> Document:
    now = datetime.now(UTC).replace(microsecond=0)
    method = f"{holder}#{holder.removeprefix('did:key:')}"
    return data_integrity.sign(
        unsigned, key=key, verification_method=method, created=now, purpose="authentication"
    )


def _if_signable(sign: Callable[[Document], Document], document: Document) -> list[Document]:
    """Return the document signed, or nothing where already the signing refuses it."""
    try:
        return [sign(document)]
    except (VcError, CryptoError):
        return []


def _copy(document: Mapping[str, Any]) -> Document:
    return copy.deepcopy(dict(document))


def _lines(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []
