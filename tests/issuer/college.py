"""A college's issuer in a temporary folder, on a real ledger, with two officers and a clock of its own."""

import json
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from crypto.keys import PrivateKey
from crypto.multibase import base64url_encode
from issuer import (
    anchoring,
    approval,
    batches,
    institution,
    issuance,
    offers,
    officers,
    printing,
    records,
    settings,
    standing,
)
from issuer.audit import Actor
from issuer.batches import NewRow
from issuer.migrations import migrations
from issuer.parts import Parts, make_parts
from ledger.statements import key_possession
from schemas.catalogue import CATALOGUE
from tests.ledger.consortium import key
from tests.ledger.living_node import LivingNode
from vc import did_key
from web import database
from web.database import transaction
from web.migrations import migrate

URL = "http://127.0.0.1:8701"
DID = "did:web:yunling.edu.example"
NAME = "云岭示范职业技术学院"
GRADUATION = "GraduationCertificate"
MAKER, CHECKER = Actor("zhang", "web"), Actor("li", "web")
PASSPHRASES = {"zhang": "correct horse battery", "li": "staple under the moon"}
FAST_HASH = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$mWgXkqXHBzTBbLqv3wS8ZAh0h4M4c6UyvHfxzX3DDDQ"


def environment(home: Path) -> dict[str, str]:
    """Return the settings of an issuer in ``home``."""
    return {
        "ISSUER_HOME": str(home),
        "ISSUER_URL": URL,
        "ISSUER_LEDGER_URL": "http://127.0.0.1:8700",
        "ISSUER_VERIFIER_URL": "http://127.0.0.1:8705",
        "ISSUER_WALLET_URL": "http://127.0.0.1:8704",
        "ISSUER_ANCHOR_SECONDS": "2",
        "ISSUER_INSECURE_LOOPBACK": "1",
    }


def graduate(serial: int, **changes: str) -> dict[str, str]:
    """Return the values of one row of a register of graduates."""
    return {
        "type": GRADUATION,
        "map": GRADUATION,
        "name": f"林{'一二三四五六七八九十'[serial % 10]}",
        "gender": "女",
        "birthDate": "2005-03-14",
        "idType": "居民身份证",
        "idNumber": f"{serial % 10000:04}",
        "majorCode": "460305",
        "majorName": "工业机器人技术",
        "level": "专科（高职）",
        "years": "3",
        "mode": "普通全日制",
        "enrol": "2023-09-01",
        "grad": "2026-06-30",
        "conclusion": "毕业",
        "certNo": f"99901120260600{serial:04}",
        **changes,
    }


def new_row(serial: int, **changes: str) -> NewRow:
    """Return one ready row."""
    fields = graduate(serial, **changes)
    return NewRow(
        line=serial + 1,
        pile="ready",
        fields=fields,
        number=fields["certNo"],
        person_key=f"person-{serial}",
        content_digest=serial.to_bytes(32, "big"),
        class_name="机电2301",
    )


class College:
    """An issuer that the consortium has registered and accredited for graduation certificates."""

    def __init__(self, folder: Path) -> None:
        # The first member may accredit for every type; most tests ask for graduation certificates alone.
        self.node = LivingNode(_folder(folder, "ledger"), count=1, types=sorted(CATALOGUE))
        self.home = _folder(folder, "issuer")
        self.environ = environment(self.home)
        read = settings.read(self.environ, make_secret=True)
        migrate(read.database, migrations)
        self.parts: Parts = replace(make_parts(read), ledger=self.node.client("college-pins"))
        self.db: Database = database.connect(read.database)
        with transaction(self.db):
            institution.found(
                self.db,
                self.parts,
                did=DID,
                names={"zh-CN": NAME, "en": "Yunling Model Polytechnic"},
                codes={"credit": "12990000MB9999013F", "institution": "99901"},
                now=self.now,
            )
            for actor in (MAKER, CHECKER):
                officers.add(
                    self.db,
                    actor=officers.HOST,
                    name=actor.name,
                    roles=officers.ROLES,
                    passphrase_hash=FAST_HASH,
                    now=self.now,
                )

    @property
    def now(self) -> int:
        """The one clock of ledger and issuer; ``wait`` moves it."""
        return self.node.now

    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.node.now += seconds

    def close(self) -> None:
        """Let go of the files."""
        self.db.close()
        self.node.close()

    def reopen(self) -> None:
        """Begin anew from what is on disk, as after a kill: whatever was not committed is gone."""
        self.db.close()
        self.db = database.connect(self.parts.settings.database)

    def register(self, *types: str) -> None:
        """Have the consortium register this issuer under number 7 and accredit it."""
        submission = institution.submission_key(self.db, self.parts.secret)
        governance = key("college/governance")
        chain_id = self.node.consortium.chain_id
        proofs = {
            role: key_possession(signer, chain_id=chain_id, did=DID, role=role)
            for role, signer in (("submission", submission), ("governance", governance))
        }
        body = {
            "did": DID,
            "number": 7,
            "document": self.document_digest,
            "submission": submission.public.cose_key,
            "governance": governance.public.cose_key,
            "names": {"zh": NAME, "en": "Yunling Model Polytechnic"},
            "urls": {"claims": URL, "store": f"{URL}/store", "lists": f"{URL}/status"},
            "possession": proofs,
        }
        self.node.accept(self.node.founder, "issuer.put", body)
        for name in types or (GRADUATION,):
            self.grant(name)
        self.wait(1)
        standing.refresh(self.db, self.parts.ledger, now=self.now)

    def grant(self, name: str, *, until: int | None = None) -> None:
        """Grant this issuer a type, or end the grant."""
        body = {"issuer": DID, "type": name, "from": self.now - 1000, "until": until}
        self.node.accept(self.node.founder, "accredit", body)

    @property
    def document_digest(self) -> bytes:
        import hashlib

        return hashlib.sha256(institution.document(self.db)).digest()

    def submit_batch(self, *rows: NewRow, credential_type: str = GRADUATION) -> tuple[str, str]:
        """Make a batch and submit it; return its id and the act's."""
        batch_id = batches.create(
            self.db,
            self.parts,
            actor=MAKER,
            credential_type=credential_type,
            rows=rows,
            source_name="graduates.csv",
            source=b"file",
            report={},
            now=self.now,
        )
        act = approval.submit(
            self.db, self.parts, actor=MAKER, kind="approve-batch", subject=batch_id, now=self.now
        )
        return batch_id, act

    def approve(self, *acts: str) -> list[approval.Outcome]:
        """Have the second officer approve."""
        return approval.approve(self.db, self.parts, actor=CHECKER, act_ids=acts, now=self.now)

    def issue(self, *rows: NewRow, credential_type: str = GRADUATION) -> str:
        """Have a batch approved and signed; return its id."""
        batch_id, act = self.submit_batch(*rows, credential_type=credential_type)
        (outcome,) = self.approve(act)
        assert outcome.error is None, outcome.error
        issuance.run_all(self.db, self.parts, now=self.now)
        return batch_id

    def anchor(self) -> anchoring.AnchoringState:
        """Do one round with the ledger."""
        self.wait(1)
        return anchoring.anchor_pending(self.db, self.parts, now=self.now, at_once=True)

    def two(self, kind: str, subject: str, **arguments: Any) -> approval.Outcome:
        """Have one officer submit an act and the other approve it."""
        act = approval.submit(
            self.db,
            self.parts,
            actor=MAKER,
            kind=kind,
            subject=subject,
            arguments=arguments,
            now=self.now,
        )
        return self.approve(act)[0]

    def first_record(self, batch_id: str) -> records.Record:
        """Return the first record of a batch."""
        return records.search(self.db, batch_id=batch_id)[0]

    def slip(self, record_id: str) -> dict[str, Any]:
        """Have a slip made."""
        return printing.single_slip(self.db, self.parts, record_id=record_id, actor=MAKER, now=self.now)

    def offer(self, slip_id: str) -> str:
        """Mint an offer and return its pre-authorized code."""
        minted = offers.mint_for(self.db, self.parts, slip_id=slip_id, now=self.now)
        return offers.pre_authorized_code(self.parts, minted.uri.rpartition("/")[2])


class WalletKey:
    """A wallet's key that makes key proofs, good and bad."""

    def __init__(self, seed: str = "wallet", algorithm: str = "Ed25519") -> None:
        self.key: PrivateKey = key(seed, algorithm)

    @property
    def did(self) -> str:
        return did_key.did(self.key.public)

    @property
    def kid(self) -> str:
        return did_key.verification_method(self.key.public)

    def proof(self, *, nonce: str | None, now: int, **changes: Any) -> str:
        """Make a key proof; ``header_x`` changes the header, ``x`` the payload, None leaves a member out."""
        alg = "EdDSA" if self.key.algorithm == "Ed25519" else "ES256"
        header: dict[str, Any] = {"typ": "openid4vci-proof+jwt", "alg": alg, "kid": self.kid}
        payload: dict[str, Any] = {"aud": URL, "iat": now, "nonce": nonce}
        for name, value in changes.items():
            target = header if name.startswith("header_") else payload
            target[name.removeprefix("header_")] = value
        parts = [
            base64url_encode(json.dumps({k: v for k, v in part.items() if v is not None}).encode())
            for part in (header, payload)
        ]
        signed = ".".join(parts)
        return f"{signed}.{base64url_encode(self.key.sign(signed.encode()))}"


def _folder(parent: Path, name: str) -> Path:
    folder = parent / name
    folder.mkdir()
    return folder


def fresh_id() -> str:
    """Return a random UUID."""
    return str(uuid.uuid4())
