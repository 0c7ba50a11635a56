"""A college on a real ledger, in a folder: its own database and keys, registered and accredited.

The ledger's node is the real application with the embedded engine; it is asked in this process, without a
network. Time begins an hour ago, so that server processes with real clocks can take ledger and issuer over.
"""

import hashlib
import time
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask.testing import FlaskClient
from sqlite_utils import Database

from issuer import (
    anchoring,
    approval,
    batches,
    create_app,
    institution,
    issuance,
    officers,
    printing,
    settings,
    standing,
)
from issuer.audit import Actor
from issuer.importing import ImportCheck, ImportInstitution, check
from issuer.migrations import migrations
from issuer.parts import Parts, make_parts
from ledger.statements import key_possession
from tests.ledger.consortium import key
from tests.ledger.living_node import LivingNode
from vc.dates import CHINA
from vc.printed_code import PrintedCode
from verifier.answering import Collaborators
from web import database
from web.database import transaction
from web.fetcher import Response
from web.migrations import migrate

DID = "did:web:yunling.edu.example"
NAME = "云岭示范职业技术学院"
CODE = "99901"
GRADUATION = "GraduationCertificate"
MAKER, CHECKER = Actor("han", "command line"), Actor("shen", "command line")
NUMBER = 1
_ACCREDITED_SINCE = 1_740_758_400  # 2025-03-01 at +08:00
_FOUNDED_BEFORE = 3_600
_HASH = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$mWgXkqXHBzTBbLqv3wS8ZAh0h4M4c6UyvHfxzX3DDDQ"


@dataclass(frozen=True)
class InProcess:
    """The verifier's fetcher over the issuer's application, without a network."""

    client: FlaskClient

    def get(self, url: str, **options: Any) -> Response:
        """Ask the issuer."""
        answer = self.client.get(urlsplit(url).path, headers={"Accept": options.get("accept", "*/*")})
        return Response(answer.status_code, dict(answer.headers), answer.data, url)

    def post(self, url: str, **_options: Any) -> Response:
        """Answer that there is nothing: no share is opened here."""
        return Response(404, {}, b"", url)


class College:
    """An issuer that is registered and accredited for graduation certificates."""

    def __init__(self, folder: Path, *, url: str = "http://127.0.0.1:8701") -> None:
        for name in ("ledger", "issuer"):
            (folder / name).mkdir()
        self.url = url
        self.node = LivingNode(folder / "ledger", count=1)
        self.node.now = int(time.time()) - _FOUNDED_BEFORE
        self.home = folder / "issuer"
        read = settings.read(self.environment(ledger_url="http://127.0.0.1:8700"), make_secret=True)
        migrate(read.database, migrations)
        self.parts: Parts = replace(make_parts(read), ledger=self.node.client("college-pins"))
        self.db: Database = database.connect(read.database)
        self._found()
        self._register()

    def environment(self, *, ledger_url: str) -> dict[str, str]:
        """Return the issuer's settings."""
        return {
            "ISSUER_HOME": str(self.home),
            "ISSUER_URL": self.url,
            "ISSUER_LEDGER_URL": ledger_url,
            "ISSUER_VERIFIER_URL": "http://127.0.0.1:8705",
            "ISSUER_WALLET_URL": "http://127.0.0.1:8704",
            "ISSUER_INSECURE_LOOPBACK": "1",
        }

    @property
    def now(self) -> int:
        """The clock of ledger and issuer; each look at it is a second later."""
        self.node.now += 1
        return self.node.now

    def close(self) -> None:
        """Let go of the files."""
        self.db.close()
        self.node.close()

    def check(self, register: bytes) -> ImportCheck:
        """Check a register of graduates."""
        return check(
            register,
            filename="graduates.csv",
            credential_type=GRADUATION,
            institution=ImportInstitution(name=NAME, code=CODE),
            today=datetime.now(CHINA).date(),
            issued=batches.lookup(self.db, self.parts, GRADUATION),
        )

    def submit(self, checked: ImportCheck, register: bytes) -> str:
        """Make a batch of a checked register, have it approved, and return its id."""
        batch_id = batches.create(
            self.db,
            self.parts,
            actor=MAKER,
            credential_type=GRADUATION,
            rows=batches.new_rows(self.parts, checked),
            source_name=checked.filename,
            source=register,
            report={},
            now=self.now,
        )
        batches.confirm(self.db, actor=MAKER, batch_id=batch_id, now=self.now)
        act = approval.submit(
            self.db, self.parts, actor=MAKER, kind="approve-batch", subject=batch_id, now=self.now
        )
        (outcome,) = approval.approve(self.db, self.parts, actor=CHECKER, act_ids=[act], now=self.now)
        if outcome.error is not None:
            raise outcome.error
        return batch_id

    def sign(self) -> None:
        """Sign and seal what is approved."""
        issuance.run_all(self.db, self.parts, now=self.now)

    def anchor(self, batch_id: str) -> None:
        """Do rounds with the ledger until the batch may be printed."""
        while not batches.progress(self.db, batch_id).printable:
            state = anchoring.anchor_pending(self.db, self.parts, now=self.now, at_once=True)
            if state.problem is not None:
                raise RuntimeError(f"the ledger is not reached: {state.problem}")

    def issue(self, register: bytes) -> str:
        """Take a register all the way to anchored certificates and return the batch's id."""
        batch_id = self.submit(self.check(register), register)
        self.sign()
        self.anchor(batch_id)
        return batch_id

    def codes(self, batch_id: str, *, count: int) -> list[PrintedCode]:
        """Return the printed codes of the first certificates of a batch."""
        sheets = printing.certificates(
            self.db, self.parts, batch_id=batch_id, actor=MAKER, now=self.now, limit=count
        )
        return [sheet.code for sheet in sheets]

    def verifier(self) -> Collaborators:
        """Return what a verifier in this process works with: its own pin, the node, and the issuer."""
        app = create_app(
            self.environment(ledger_url="http://127.0.0.1:8700"),
            parts=self.parts,
            clock=lambda: float(self.node.now),
        )
        return Collaborators(
            ledger=self.node.client("verifier-pins"),
            fetch=InProcess(app.test_client()),
            origin="http://127.0.0.1:8705",
        )

    def _found(self) -> None:
        with transaction(self.db):
            institution.found(
                self.db,
                self.parts,
                did=DID,
                names={"zh-CN": NAME, "en": "Yunling Demonstration Vocational and Technical College"},
                codes={"credit": "12990000MB9999013F", "institution": CODE},
                now=self.now,
            )
            for actor in (MAKER, CHECKER):
                officers.add(
                    self.db,
                    actor=officers.HOST,
                    name=actor.name,
                    roles=officers.ROLES,
                    passphrase_hash=_HASH,
                    now=self.now,
                )

    def _register(self) -> None:
        """Have the one member of the consortium register and accredit the college."""
        submission, governance = institution.submission_key(self.db, self.parts.secret), key("college")
        keys = {"submission": submission, "governance": governance}
        chain_id = self.node.consortium.chain_id
        body = {
            "did": DID,
            "number": NUMBER,
            "document": hashlib.sha256(institution.document(self.db)).digest(),
            **{role: each.public.cose_key for role, each in keys.items()},
            "names": {"zh": NAME, "en": "Yunling Demonstration Vocational and Technical College"},
            "urls": {"claims": self.url, "store": f"{self.url}/store", "lists": f"{self.url}/status"},
            "possession": {
                role: key_possession(each, chain_id=chain_id, did=DID, role=role)
                for role, each in keys.items()
            },
        }
        self.node.accept(self.node.founder, "issuer.put", body)
        grant = {"issuer": DID, "type": GRADUATION, "from": _ACCREDITED_SINCE, "until": None}
        self.node.accept(self.node.founder, "accredit", grant)
        standing.refresh(self.db, self.parts.ledger, now=self.now)
