"""Answer a question about a credential, whatever it was asked with: a document, a presentation, a share, a
printed code.

Pages, the HTTP API and the command line call these four functions, so all of them say the same. Nothing that
was typed or posted is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from crypto.errors import CryptoError
from ledger.client import LedgerClient
from ledger.mirror.client import MirrorClient
from ledger.nodes import Nodes
from vc import credentials, documents, printed_code, shares
from vc.errors import DocumentError
from vc.shares import Package, ShareLink
from verifier import opening
from verifier.errors import EvidenceUnavailableError, NoSuchCertificateError, UnreadableRequestError
from verifier.gathering import Gatherer, Memory
from verifier.verdicts import Outcome
from verifier.verification import Verification, unopened, verify, verify_presentation
from web.fetcher import Fetch

Source = Literal["document", "presentation", "share", "code"]

CODE_PATH = "/C#"


@dataclass(frozen=True)
class Collaborators:
    """What every verification of one process shares.

    Attributes:
        ledger: The ledger's client with the verifier's pin.
        fetch: The one vetted fetcher.
        origin: The verifier's own origin, in lower case: shares are made for it.
        memory: What is remembered between verifications.
        mirrors: The consortium's mirrors, which are asked before an issuer; None: there are none.
        nodes: The nodes whose explorers readers may open; None: none is known.
    """

    ledger: LedgerClient
    fetch: Fetch
    origin: str
    memory: Memory = field(default_factory=Memory)
    mirrors: MirrorClient | None = None
    nodes: Nodes | None = None

    @property
    def node_url(self) -> str:
        """The node that readers are led to: the first that was not silent just now; empty without one."""
        return "" if self.nodes is None else self.nodes.in_order()[0]

    def gatherer(self, *, now: datetime, staples: Package | None = None) -> Gatherer:
        """Return the evidence for one question."""
        return Gatherer(
            ledger=self.ledger,
            fetch=self.fetch,
            memory=self.memory,
            now=int(now.timestamp()),
            staples=staples,
            mirrors=self.mirrors,
        )


@dataclass(frozen=True)
class Answer:
    """What was asked with, and what was found.

    Attributes:
        source: What the question came with.
        results: One verification for each credential.
        matched: For a code: whether the typed name is the certificate's; None where none was typed.
    """

    source: Source
    results: tuple[Verification, ...]
    matched: bool | None = None


def answer_document(document: Mapping[str, Any], *, collaborators: Collaborators, now: datetime) -> Answer:
    """Verify a credential or presentation that was parsed by the strict front door.

    Raises:
        UnreadableRequestError: It is neither.
    """
    types = document.get("type")
    listed = types if isinstance(types, list) else [types]
    gatherer = collaborators.gatherer(now=now)
    if "VerifiablePresentation" in listed:
        return Answer("presentation", _presented(document, gatherer=gatherer, now=now))
    if "VerifiableCredential" not in listed:
        raise UnreadableRequestError("the document is neither a credential nor a presentation")
    return Answer("document", (verify(document, evidence=gatherer, now=now),))


def answer_share(package: Package, *, share_id: str, collaborators: Collaborators, now: datetime) -> Answer:
    """Verify the package of a share that was opened with its link.

    Raises:
        UnreadableRequestError: It holds no presentation that can be read.
    """
    gatherer = collaborators.gatherer(now=now, staples=package)
    results = _presented(
        package.presentation,
        gatherer=gatherer,
        now=now,
        challenge=share_id,
        domain=collaborators.origin,
    )
    return Answer("share", results)


def answer_link(link: ShareLink, *, collaborators: Collaborators, now: datetime) -> Answer:
    """Open a share by its link and verify it; a page with script opens it in the browser instead.

    Raises:
        UnreadableRequestError: The link opens on another verifier, or its package cannot be read.
        ShareUnknownError, ShareGoneError: See ``opening.open_share``.
    """
    if link.origin != collaborators.origin:
        raise UnreadableRequestError("this link opens on another verifier")
    try:
        blob = opening.open_share(link.share_id, link.token, gatherer=collaborators.gatherer(now=now))
    except EvidenceUnavailableError as error:
        return Answer("share", (unopened(error.code, outcome=Outcome.UNAVAILABLE, now=now),))
    try:
        package = shares.decode_package(shares.open_package(blob, key=link.key, share_id=link.share_id))
    except CryptoError as error:
        raise UnreadableRequestError("the share's package cannot be opened") from error
    return answer_share(package, share_id=link.share_id, collaborators=collaborators, now=now)


def answer_code(
    typed: str, *, collaborators: Collaborators, now: datetime, name: str | None = None
) -> Answer:
    """Find the certificate that a printed code stands for, and verify it.

    Args:
        typed: The code as typed, or the link of its QR.
        collaborators: What the process shares.
        now: The moment of the question.
        name: The name on the paper, for the match check; nothing of it is kept.

    Raises:
        CodeError: Mistyped, or a code for another box.
    """
    code = printed_code.parse(code_of(typed), purpose="certificate")
    gatherer = collaborators.gatherer(now=now)
    try:
        opened = opening.open_code(code, gatherer=gatherer, now=now)
    except NoSuchCertificateError as error:
        return Answer("code", (unopened(error.code, outcome=Outcome.FAILED, now=now),))
    except EvidenceUnavailableError as error:
        return Answer("code", (unopened(error.code, outcome=Outcome.UNAVAILABLE, now=now),))
    return answer_form(opened, gatherer=gatherer, now=now, name=name)


def answer_form(
    opened: opening.OpenedForm, *, gatherer: Gatherer, now: datetime, name: str | None = None
) -> Answer:
    """Verify a paper form that its code opened, here or in a browser.

    Args:
        opened: The form, and the body that the code names.
        gatherer: The evidence.
        now: The moment of the question.
        name: The name on the paper, for the match check.
    """
    result = verify(opened.document, evidence=gatherer, now=now, expected_issuer=opened.issuer_id)
    matched = None
    if name is not None and result.facts is not None:
        matched = credentials.same_name(name, result.facts)
    return Answer("code", (result,), matched=matched)


def code_of(text: str) -> str:
    """Return the code in a link of a QR, or the text itself."""
    head, separator, fragment = text.strip().partition("#")
    is_link = (
        bool(separator) and head.lower().startswith(("http://", "https://")) and head.endswith(("/C", "/c"))
    )
    return fragment if is_link else text


def _presented(
    presentation: Mapping[str, Any],
    *,
    gatherer: Gatherer,
    now: datetime,
    challenge: str | None = None,
    domain: str | None = None,
) -> tuple[Verification, ...]:
    try:
        documents.check(dict(presentation))
        return verify_presentation(
            presentation, evidence=gatherer, now=now, challenge=challenge, domain=domain
        )
    except (DocumentError, CryptoError) as error:
        raise UnreadableRequestError(f"the presentation cannot be read: {error}") from error
