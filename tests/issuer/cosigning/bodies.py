"""A college and an enterprise, each with an issuer of its own, on one ledger, in one temporary folder.

Their services talk through a fetcher that leads to the other's application: what passes is HTTP all the same.
"""

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from sqlite_utils import Database

from issuer import (
    anchoring,
    approval,
    batches,
    create_app,
    institution,
    issuance,
    officers,
    settings,
    standing,
)
from issuer.audit import Actor
from issuer.batches import NewRow
from issuer.cosigning.network import Network
from issuer.migrations import migrations
from issuer.parts import Parts, make_parts
from ledger.statements import key_possession
from tests.issuer.college import FAST_HASH
from tests.ledger.consortium import key
from tests.ledger.living_node import LivingNode
from web import database
from web.database import transaction
from web.errors import FetchError
from web.fetcher import Response
from web.migrations import migrate

APPRENTICESHIP, TRAINING = "ApprenticeshipRecord", "TeacherTrainingRecord"
COLLEGE, ENTERPRISE = "did:web:yunling.edu.example", "did:web:xingheng.example"
COLLEGE_URL, ENTERPRISE_URL = "http://127.0.0.1:8701", "http://127.0.0.1:8702"
ENTERPRISE_NAME = "星衡智能装备有限公司（虚构）"
MAKER, CHECKER, MENTOR = Actor("zhang", "web"), Actor("li", "web"), Actor("zheng", "web")


def apprentice(serial: int = 1, **changes: str) -> dict[str, str]:
    """Return the values of one row of a register of apprentices."""
    return {
        "type": APPRENTICESHIP,
        "map": APPRENTICESHIP,
        "name": f"林{'一二三四五六七八九十'[serial % 10]}",
        "idType": "居民身份证",
        "idNumber": f"{serial:04}",
        "certNo": f"XTZ-2025-{serial:04}",
        "certCode": "IROM",
        "certName": "工业机器人方向",
        "level": "助理工程师",
        "position": "机器人工作站调试岗（学徒）",
        "start": "2025-09-01",
        "end": "2026-06-15",
        "theoryHours": "320",
        "practiceHours": "960",
        "enterpriseDid": ENTERPRISE,
        "enterprise": ENTERPRISE_NAME,
        "schoolTutor": "周明远",
        "schoolTutorTitle": "副教授",
        "enterpriseTutor": "郑启航",
        "enterpriseTutorTitle": "高级技师",
        "schoolMark": "88",
        "enterpriseMark": "92",
        "awardDate": "2026-06-20",
        **changes,
    }


def teacher(serial: int = 1, **changes: str) -> dict[str, str]:
    """Return the values of one row of a register of teachers' practice."""
    return {
        "type": TRAINING,
        "map": TRAINING,
        "kind": "企业实践",
        "name": "周明远",
        "certNo": f"YLJS-QYSJ-2026-{serial:03}",
        "position": "工艺工程师（挂职）",
        "start": "2026-05-06",
        "end": "2026-06-28",
        "practiceHours": "320",
        "enterpriseDid": ENTERPRISE,
        "enterprise": ENTERPRISE_NAME,
        "narrative": "参与焊接机器人产线改造。",
        "awardDate": "2026-06-30",
        **changes,
    }


def new_row(fields: dict[str, str], serial: int = 1) -> NewRow:
    """Return one ready row."""
    return NewRow(
        line=serial + 1,
        pile="ready",
        fields=fields,
        number=fields.get("certNo", ""),
        person_key=f"person-{serial}",
        content_digest=serial.to_bytes(32, "big"),
        class_name="机电2301",
    )


@dataclass
class Wire:
    """The network between the bodies; what is ``down`` does not answer."""

    apps: dict[str, Flask] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def get(self, url: str, *, accept: str = "*/*", **_: Any) -> Response:
        """Fetch something public."""
        return self._ask("GET", url, headers={"Accept": accept})

    def post(self, url: str, *, json: Any = None, **_: Any) -> Response:
        """Send a message."""
        return self._ask("POST", url, json=json)

    def _ask(self, method: str, url: str, **options: Any) -> Response:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        self.asked.append(url)
        if origin in self.down or origin not in self.apps:
            raise FetchError("the service is away")
        answer = self.apps[origin].test_client().open(parts.path, method=method, base_url=origin, **options)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status_code, headers, answer.data, url)


class Body:
    """One institution's issuer: registered, accredited for some types, with three officers."""

    def __init__(
        self, folder: Path, *, node: LivingNode, wire: Wire, did: str, url: str, name: str, number: int
    ) -> None:
        self.node, self.wire, self.did, self.url, self.name, self.number = node, wire, did, url, name, number
        folder.mkdir()
        self.environ = {
            "ISSUER_HOME": str(folder),
            "ISSUER_URL": url,
            "ISSUER_LEDGER_URL": "http://127.0.0.1:8700",
            "ISSUER_VERIFIER_URL": "http://127.0.0.1:8705",
            "ISSUER_WALLET_URL": "http://127.0.0.1:8704",
            "ISSUER_ANCHOR_SECONDS": "2",
            "ISSUER_INSECURE_LOOPBACK": "1",
        }
        read = settings.read(self.environ, make_secret=True)
        migrate(read.database, migrations)
        self.parts: Parts = replace(make_parts(read), ledger=node.client(f"pins-{number}"))
        self.db: Database = database.connect(read.database)
        self.network = Network(self.parts.ledger, wire)
        with transaction(self.db):
            institution.found(
                self.db,
                self.parts,
                did=did,
                names={"zh-CN": name, "en": did.removeprefix("did:web:")},
                codes={"credit": "12990000MB9999013F", "institution": ""},
                now=self.now,
            )
            for actor, roles in (
                (MAKER, officers.ROLES),
                (CHECKER, officers.ROLES),
                (MENTOR, [officers.MENTOR]),
            ):
                officers.add(
                    self.db,
                    actor=officers.HOST,
                    name=actor.name,
                    roles=roles,
                    passphrase_hash=FAST_HASH,
                    now=self.now,
                )
        self.app = create_app(self.environ, parts=self.parts, clock=lambda: self.now)
        self.app.extensions["issuer.cosigning"] = lambda _parts: self.network
        wire.apps[url] = self.app

    @property
    def now(self) -> int:
        """The one clock of all."""
        return self.node.now

    def register(self, *types: str) -> None:
        """Have the consortium register this body and accredit it."""
        submission = institution.submission_key(self.db, self.parts.secret)
        governance = key(f"{self.did}/governance")
        chain_id = self.node.consortium.chain_id
        body = {
            "did": self.did,
            "number": self.number,
            "document": hashlib.sha256(institution.document(self.db)).digest(),
            "submission": submission.public.cose_key,
            "governance": governance.public.cose_key,
            "names": {"zh": self.name, "en": self.name},
            "urls": {"claims": self.url, "store": f"{self.url}/store", "lists": f"{self.url}/status"},
            "possession": {
                role: key_possession(signer, chain_id=chain_id, did=self.did, role=role)
                for role, signer in (("submission", submission), ("governance", governance))
            },
        }
        self.node.accept(self.node.founder, "issuer.put", body)
        for name in types:
            grant = {"issuer": self.did, "type": name, "from": self.now - 1000, "until": None}
            self.node.decide(["accredit", grant])
        self.node.now += 1
        standing.refresh(self.db, self.parts.ledger, now=self.now)

    def batch(self, *fields: dict[str, str]) -> str:
        """Make a batch and leave it a draft."""
        return batches.create(
            self.db,
            self.parts,
            actor=MAKER,
            credential_type=fields[0]["type"],
            rows=[new_row(each, serial) for serial, each in enumerate(fields, 1)],
            source_name="apprentices.csv",
            source=b"file",
            report={},
            now=self.now,
        )

    def issue(self, batch_id: str) -> None:
        """Have a batch submitted, approved and signed."""
        outcome = self.two("approve-batch", batch_id)
        assert outcome.error is None, outcome.error
        issuance.run_all(self.db, self.parts, now=self.now)

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
        return approval.approve(self.db, self.parts, actor=CHECKER, act_ids=[act], now=self.now)[0]

    def anchor(self) -> None:
        """Do one round with the ledger."""
        self.node.now += 1
        state = anchoring.anchor_pending(self.db, self.parts, now=self.now, at_once=True)
        assert state.problem is None, state

    def close(self) -> None:
        """Let go of the database."""
        self.db.close()
