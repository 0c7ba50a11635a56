"""Members of one consortium with services of their own, that reach each other without a network."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import rfc8785
from flask import Flask

from issuer import create_app, institution, officers, settings, standing
from issuer.agreements import carrying
from issuer.audit import Actor
from issuer.governance import keys
from issuer.ledger_client import client_of
from issuer.migrations import migrations
from issuer.parts import Parts, make_parts
from ledger import proposing
from ledger.registry import member_key
from ledger.statements import key_possession
from tests.issuer.college import CHECKER, FAST_HASH, MAKER, College, environment
from tests.ledger.living_node import LivingNode
from vc.dates import CHINA
from web import database
from web.database import transaction
from web.errors import FetchError
from web.fetcher import Response
from web.migrations import migrate

GOVERNANCE_PASSPHRASE = "vote only in daylight"
OFFICER: Actor = MAKER
NAMES = {
    "yunling": ("did:web:yunling.edu.example", "云岭示范职业技术学院", "Yunling Model Polytechnic", 8701),
    "xingheng": ("did:web:xingheng.example", "星衡智能装备有限公司（虚构）", "Xingheng (fictitious)", 8702),
    "huaheng": ("did:web:huaheng.example", "华衡职业技能评价中心（虚构）", "Huaheng (fictitious)", 8703),
}


class Member(College):
    """A member of the consortium with an issuer's service, an officer and a governance key."""

    def __init__(self, folder: Path, node: LivingNode, name: str) -> None:
        self.did, zh, en, port = NAMES[name]
        self.node, self.name, self.url = node, name, f"http://127.0.0.1:{port}"
        self.home = folder / name
        self.home.mkdir()
        self.environ = {**environment(self.home), "ISSUER_URL": self.url}
        read = settings.read(self.environ, make_secret=True)
        migrate(read.database, migrations)
        self.parts: Parts = replace(make_parts(read), ledger=node.client(f"{name}-pins"))
        self.db = database.connect(read.database)
        with transaction(self.db):
            institution.found(
                self.db,
                self.parts,
                did=self.did,
                names={"zh-CN": zh, "en": en},
                codes={"credit": f"12990000MB{port}013F", "institution": "99901"},
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
        self.app: Flask = create_app(self.environ, parts=self.parts, clock=lambda: self.now)

    def close(self) -> None:
        """Let go of the database; the node is everybody's."""
        self.db.close()

    def leave(self) -> None:
        """Have the members remove this one; its issuer stays registered."""
        self.node.decide(["remove", {"member": self.did}], voters=self.node.consortium.parties)
        self.wait(6)

    def join(self, number: int, *types: str) -> None:
        """Become a member and a registered issuer that may issue some types."""
        keys.make(self.db, self.parts, actor=OFFICER, passphrase=GOVERNANCE_PASSPHRASE, now=self.now)
        known = institution.load(self.db)
        names = {"zh": known.name_zh, "en": known.name_en}
        public = keys.public_half(self.db)
        admission = proposing.admit(
            public, names=names, credit_code=known.credit_code, roles=["college"], types=[]
        )
        self.node.decide(admission, voters=self.node.consortium.parties)
        self.wait(1)
        snapshot, _ = client_of(self.parts).snapshot([member_key(self.did)], now=self.now, max_age=0)
        governance = snapshot.member(self.did).governance_key.cose_key
        submission = institution.submission_key(self.db, self.parts.secret)
        chain_id = self.node.consortium.chain_id
        proof = key_possession(submission, chain_id=chain_id, did=self.did, role="submission")
        body = {
            "did": self.did,
            "number": number,
            "document": self.document_digest,
            "submission": submission.public.cose_key,
            "governance": governance,
            "names": names,
            "urls": {"claims": self.url, "store": f"{self.url}/store", "lists": f"{self.url}/status"},
            "possession": {"submission": proof, "governance": None},
        }
        # An accreditor cannot name a member; the members themselves can.
        self.node.decide(["issuer.put", body], voters=self.node.consortium.parties)
        for name in types:
            grant = {"issuer": self.did, "type": name, "from": self.now - 1000, "until": None}
            self.node.decide(["accredit", grant], voters=self.node.consortium.parties)
        self.wait(1)
        standing.refresh(self.db, self.parts.ledger, now=self.now)


class Network:
    """A fetcher that leads to the members' services by their addresses; some may be out of reach."""

    def __init__(self, *members: Member) -> None:
        self.apps = {urlsplit(member.url).netloc: member.app for member in members}
        self.down: set[str] = set()
        self.asked: list[str] = []

    def get(self, url: str, **options: Any) -> Response:
        return self._send("GET", url, None, options.get("headers"))

    def post(self, url: str, *, json: Any = None, **options: Any) -> Response:
        return self._send("POST", url, rfc8785.dumps(json), options.get("headers"))

    def carry(self, member: Member, *, digest: bytes | None = None) -> int:
        """Let a member's worker do what is due."""
        return carrying.carry(member.db, member.parts, self, now=member.now, digest=digest)

    def settle(self, *members: Member) -> None:
        """Let everybody's workers look until nothing is left that can be done."""
        while sum(self.carry(member) for member in members):
            pass

    def _send(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str] | None) -> Response:
        host = urlsplit(url).netloc
        self.asked.append(f"{method} {url}")
        if host in self.down or host not in self.apps:
            raise FetchError("the connection failed")
        answer = (
            self.apps[host]
            .test_client()
            .open(
                urlsplit(url).path,
                method=method,
                data=body,
                content_type="application/json",
                headers={"Accept": "application/json", **(headers or {})},
            )
        )
        named = {name.lower(): value for name, value in answer.headers}
        return Response(answer.status_code, named, answer.data, url)


def day(seconds: int) -> str:
    """Return the day of a second in China."""
    from datetime import datetime

    return datetime.fromtimestamp(seconds, CHINA).date().isoformat()


def document(now: int, **changes: Any) -> dict[str, Any]:
    """Return an agreement: the enterprise hires the college's graduates without a second test."""
    text = {"zh-CN": "按规则承认", "en": "Recognise by the rules"}
    return {
        "id": "urn:vocred:agreement:YL-2026-0001",
        "type": "RecognitionAgreement",
        "version": 1,
        "title": {"zh-CN": "毕业证书免试协议", "en": "Graduates without a second test"},
        "objective": {"zh-CN": "服务岗位供需衔接", "en": "Link supply of and demand for skills"},
        "parties": [
            {"id": NAMES["yunling"][0], "role": "awarding-body", "duties": [text], "rights": [text]},
            {"id": NAMES["xingheng"][0], "role": "recognising-employer", "duties": [text], "rights": [text]},
        ],
        "accepts": {
            "credentialType": "https://w3id.org/vocred#GraduationCertificate",
            "issuer": [NAMES["yunling"][0]],
        },
        "rules": [
            {
                "id": "R1",
                "kind": "免于重复认证",
                "purpose": {"zh-CN": "入职技能核验", "en": "skill check at hiring"},
                "scope": "全部",
            },
            {"id": "R2", "kind": "免于重复认证", "when": {"humanCode": ["460301"]}, "scope": "理论"},
        ],
        "effectiveFrom": f"{day(now)}T00:00:00+08:00",
        "effectiveUntil": f"{int(day(now)[:4]) + 3}-12-31T23:59:59+08:00",
        **changes,
    }
