"""A credit bank and a certificate body on one ledger, and a learner with a certificate in her wallet."""

from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from crypto import jcs
from crypto.keys import PrivateKey, PublicKey
from issuer import offers, records, standing
from issuer.bank import accounts
from issuer.bank.desk import Desk
from issuer.offers import PRE_AUTHORIZED
from tests.issuer.college import WalletKey
from tests.issuer.cosigning.bodies import MAKER, Body, Wire
from tests.ledger.consortium import Party, key
from tests.ledger.living_node import LivingNode
from vc import controller_documents, data_integrity, dates, did_key, openid4vp
from vc.openid4vp import AuthorizationRequest
from web.database import transaction

BANK, BANK_URL = "did:web:creditbank.yunling.example", "http://127.0.0.1:8706"
BODY, BODY_URL = "did:web:huaheng-skills.example", "http://127.0.0.1:8703"
COLLEGE = "did:web:yunling.edu.example"
AGREEMENT = "urn:vocred:agreement:YL-2026-0012"
SKILL, CREDIT_RECORD = "SkillLevelCertificate", "CreditRecord"
LIST = "姓名,证件类型,证件末四位,学校,专业代码,学号\n林晓雨,居民身份证,4821,{college},460305,2023001\n"


class Bank(Body):
    """An institution that keeps credit accounts."""

    def __init__(self, folder: Path, *, node: LivingNode, wire: Wire) -> None:
        super().__init__(
            folder, node=node, wire=wire, did=BANK, url=BANK_URL, name="云岭终身学习学分银行", number=9
        )


@dataclass
class Member(Party):
    """A member whose governance key is the one of its issuer's record."""

    def key(self, role: str) -> PrivateKey:
        return key(f"{self.did}/governance") if role == "governance" else super().key(role)


class Town:
    """Everybody that a conversion takes, on one clock."""

    def __init__(self, folder: Path) -> None:
        (folder / "ledger").mkdir()
        self.node = LivingNode(folder / "ledger", count=1)
        self.wire = Wire()
        self.bank = Bank(folder / "bank", node=self.node, wire=self.wire)
        self.body = Body(
            folder / "body",
            node=self.node,
            wire=self.wire,
            did=BODY,
            url=BODY_URL,
            name="华衡职业技能评价中心（虚构）",
            number=8,
        )
        self.bank.register(CREDIT_RECORD)
        self.body.register(SKILL)
        self.members = {
            did: Member(did.removeprefix("did:web:").removesuffix(".example"), roles=roles)
            for did, roles in ((BANK, ("creditBank",)), (BODY, ("certificateBody",)), (COLLEGE, ("college",)))
        }
        self.admitted: list[Party] = [self.node.founder]
        for member in self.members.values():
            self.admit(member)
        self.desk = Desk(self.node.client("desk-pins"), self.wire)
        self.bank.app.extensions["issuer.bank"] = self.desk
        self.http = self.bank.app.test_client()
        self.learner = WalletKey("林晓雨")

    def close(self) -> None:
        self.bank.close()
        self.body.close()
        self.node.close()

    @property
    def now(self) -> int:
        return self.node.now

    def wait(self, seconds: int) -> None:
        self.node.now += seconds

    def admit(self, member: Party) -> None:
        chain_id = self.node.consortium.chain_id
        self.decide(member.admission(chain_id, submission=None, receipt=None))
        self.admitted.append(member)

    def decide(self, action: list[Any]) -> None:
        self.node.decide(action, voters=self.admitted)
        self.wait(10)

    # What is recognised

    def agree(self, **changes: Any) -> dict[str, Any]:
        """Put the agreement in force, or its next version."""
        document = agreement_document(self.now, **changes)
        content = jcs.canonicalize(document)
        action = self.node.consortium.agreement(
            *self.members.values(),
            expires=self.now + 10 * 24 * 3600,
            name=AGREEMENT.removeprefix("urn:vocred:agreement:"),
            version=document["version"],
            digest=sha256(content).digest(),
        )
        self.decide(action)
        self.desk.ledger.put_document(content)  # type: ignore[attr-defined]
        return document

    def enrol(self) -> None:
        content = LIST.format(college=COLLEGE).encode()
        accounts.enrol(self.bank.db, self.bank.parts, actor=MAKER, content=content, colleges={}, now=self.now)

    # The learner's certificate

    def certificate(self, *, anchored: bool = True, wallet: WalletKey | None = None, **changes: str) -> dict:
        """Issue a certificate and claim its holder-bound form."""
        serial = self.body.db.execute("SELECT count(*) FROM batch").fetchone()[0] + 1
        batch_id = self.body.batch(skill(serial, **changes))
        self.body.issue(batch_id)
        if anchored:
            self.body.anchor()
        record = records.search(self.body.db, batch_id=batch_id)[0]
        credential = self.claim(self.body, record.id, wallet=wallet)
        if anchored:
            self.body.anchor()
        return credential

    def claim(self, body: Body, record_id: str, *, wallet: WalletKey | None = None) -> dict:
        """Take a form of a record into a wallet, by an offer without a PIN."""
        minted = offers.mint_direct(body.db, body.parts, record_id=record_id, now=self.now)
        return self.take(body, minted.uri, wallet=wallet)

    def take(
        self, body: Body, offer_uri: str, *, wallet: WalletKey | None = None, pin: str | None = None
    ) -> dict:
        http = body.app.test_client()
        offer = http.get(urlsplit(offer_uri).path).json
        code = offer["grants"][PRE_AUTHORIZED]["pre-authorized_code"]
        form = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": code} | ({"tx_code": pin} if pin else {})
        token = http.post("/oauth/token", data=form).json["access_token"]
        nonce = http.post("/oauth/nonce").json["c_nonce"]
        proof = (wallet or self.learner).proof(nonce=nonce, now=self.now, aud=body.url)
        (configuration,) = offer["credential_configuration_ids"]
        answer = http.post(
            "/oauth/credential",
            json={"credential_configuration_id": configuration, "proofs": {"jwt": [proof]}},
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.status_code == 200, answer.json
        return answer.json["credentials"][0]["credential"]

    def claim_anew(self, credential: dict) -> dict:
        """Take one more form of the same record, which is not anchored yet."""
        record_id = credential["id"].removeprefix("urn:uuid:")
        slip = self.body.two("reissue-slip", record_id).result
        minted = offers.mint_for(self.body.db, self.body.parts, slip_id=slip["slip_id"], now=self.now)
        return self.take(self.body, minted.uri, pin=slip["pin"])

    def revoke(self, credential: dict, *, reason: str = "冒名/作弊") -> None:
        """Have two officers of the certificate body revoke a record, and bring the list to the ledger."""
        record_id = credential["id"].removeprefix("urn:uuid:")
        assert self.body.two("revoke", record_id, reason=reason).error is None
        self.body.anchor()
        self.wait(10)

    def withdraw(self, credential: dict) -> None:
        """Withdraw the form in the wallet; the certificate stands."""
        digest = sha256(jcs.canonicalize(credential)).digest()
        (form,) = self.body.db.execute("SELECT id FROM form WHERE digest = ?", (digest,)).fetchone()
        assert self.body.two("withdraw-form", form, reason="持有人申请").error is None
        self.body.anchor()
        self.wait(10)

    def correct(self, credential: dict) -> dict:
        """Have the certificate issued anew under another number, and the old one revoked in favour of it."""
        corrected = self.certificate(certNo="HH1X-2026-2-9999999", stdVersion="2.1")
        with transaction(self.body.db):
            self.body.db.execute(
                "UPDATE record SET replaced_by = ? WHERE id = ?",
                (corrected["id"].removeprefix("urn:uuid:"), credential["id"].removeprefix("urn:uuid:")),
            )
        self.revoke(credential, reason="录入错误更正")
        return corrected

    # The bank

    def bank_key(self, method: str, purpose: str) -> PublicKey:
        document = self.http.get("/.well-known/did.json").json
        at = dates.from_seconds(self.now)
        return controller_documents.verification_key(document, method, purpose=purpose, at=at)

    def statement(self, applied: "Applied") -> dict[str, Any]:
        answer = self.http.get("/bank/account", headers=applied.headers)
        assert answer.status_code == 200, answer.json
        return answer.json

    def stop_accrediting_the_bank(self) -> None:
        grant = {"issuer": BANK, "type": CREDIT_RECORD, "from": self.now - 1000, "until": self.now}
        self.decide(["accredit", grant])
        standing.refresh(self.bank.db, self.bank.parts.ledger, now=self.now)

    # Applying and presenting

    def wish(self, **changes: Any) -> dict[str, Any]:
        return {
            "agreement": AGREEMENT,
            "version": 1,
            "rules": None,
            "credentialType": SKILL,
            "college": COLLEGE,
            "programme": "460305",
            "issuer": BODY,
            **changes,
        }

    def apply(self, *, earlier: "Applied | None" = None, **changes: Any) -> "Applied":
        headers = {} if earlier is None else earlier.headers
        answer = self.http.post("/bank/applications", json=self.wish(**changes), headers=headers)
        assert answer.status_code == 201, answer.json
        return Applied(self, answer.json)


@dataclass
class Applied:
    """An application as the wallet knows it."""

    town: Town
    told: dict[str, Any]
    code: str | None = field(default=None, repr=False)
    _request: AuthorizationRequest | None = field(default=None, repr=False)

    @property
    def id(self) -> str:
        return self.told["application"]

    @property
    def token(self) -> str:
        return self.told["token"]

    @property
    def bearer(self) -> dict[str, str]:
        """What whoever applied can show."""
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def headers(self) -> dict[str, str]:
        """What the wallet can show that applied and answered."""
        return self.bearer | ({} if self.code is None else {"Response-Code": self.code})

    @property
    def request(self) -> AuthorizationRequest:
        """The request, read as a wallet reads it."""
        if self._request is None:
            town = self.town
            answer = town.http.get(urlsplit(self.told["request_uri"]).path)
            assert answer.content_type == openid4vp.REQUEST_MEDIA_TYPE
            self._request = openid4vp.read_request(
                answer.text,
                client_id=self.told["client_id"],
                base_url=BANK_URL,
                resolve=town.bank_key,
                now=dates.from_seconds(town.now),
            )
        return self._request

    def presentation(
        self, *credentials: dict, wallet: WalletKey | None = None, holder: str | None = None, **changes: Any
    ) -> dict:
        """Sign a presentation that answers the request, but for what is changed."""
        signer = wallet or self.town.learner
        unsigned = openid4vp.presentation(credentials, holder=holder or signer.did)
        given: dict[str, Any] = {"challenge": self.request.nonce, "domain": self.request.client_id, **changes}
        return data_integrity.sign(
            unsigned,
            key=signer.key,
            verification_method=did_key.verification_method(signer.key.public),
            purpose="authentication",
            created=dates.from_seconds(self.town.now),
            **given,
        )

    def post(self, form: dict[str, str]) -> Any:
        answer = self.town.http.post("/bank/responses", data=form)
        if answer.status_code == 200 and answer.json:
            self.code = answer.json["redirect_uri"].removeprefix(f"{BANK_URL}/bank/answered?response_code=")
        return answer

    def answer(self, presentation: dict) -> Any:
        token = openid4vp.vp_token({"certificate": [presentation]})
        return self.post(openid4vp.response(self.request, token=token))

    def present(self, *credentials: dict, **changes: Any) -> Any:
        return self.answer(self.presentation(*credentials, **changes))

    def state(self) -> dict[str, Any]:
        answer = self.town.http.get(f"/bank/applications/{self.id}", headers=self.headers)
        assert answer.status_code == 200, answer.json
        return answer.json


def skill(serial: int = 1, **changes: str) -> dict[str, str]:
    """Return the values of one row of a register of 1+X certificates."""
    return {
        "type": SKILL,
        "map": "SkillLevelCertificate_1X",
        "name": "林晓雨",
        "idType": "居民身份证",
        "idNumber": "4821",
        "certNo": f"HH1X-2026-2-{serial:07}",
        "certCode": "IROM-2",
        "certName": "工业机器人操作与运维",
        "stdVersion": "2.0",
        "level": "中级",
        "theory": "86",
        "practice": "91",
        "result": "合格",
        "conclusion": "合格",
        "examDate": "2023-10-20",
        "awardDate": "2023-10-31",
        **changes,
    }


def agreement_document(now: int, **changes: Any) -> dict[str, Any]:
    """Return the agreement by which an intermediate certificate frees from a course of 8 credits."""
    text = [{"zh-CN": "按规则承认", "en": "Recognise by the rules"}]
    unit = "学分（16学时/学分）"
    start = dates.from_seconds(now).astimezone(dates.CHINA)
    return {
        "id": AGREEMENT,
        "type": "RecognitionAgreement",
        "version": 1,
        "title": {"zh-CN": "1+X工业机器人学分互认协议", "en": "Recognition of 1+X robotics certificates"},
        "objective": {"zh-CN": "减少重复学习", "en": "Less repeated study"},
        "parties": [
            {"id": did, "role": role, "duties": text, "rights": text}
            for did, role in (
                (COLLEGE, "recognising-college"),
                (BODY, "awarding-body"),
                (BANK, "credit-bank"),
            )
        ],
        "accepts": {
            "credentialType": f"https://w3id.org/vocred#{SKILL}",
            "issuer": [BODY],
            "levelCode": ["1X-2", "1X-3"],
            "maxAgeMonths": 36,
        },
        "rules": [
            {
                "id": "R1",
                "kind": "免修",
                "target": {
                    "course": "https://yunling.edu.example/courses/RB2104",
                    "courseCode": "RB2104",
                    "courseName": {"zh-CN": "工业机器人操作与编程", "en": "Robot Operation and Programming"},
                    "programme": ["460305"],
                },
                "credits": 8,
                "creditUnit": unit,
                "grade": {"from": "result:实操成绩", "map": "score"},
                "confirm": "automatic",
            }
        ],
        "limits": {"maxCreditsPerLearner": 12, "oncePerCourse": True},
        "effectiveFrom": dates.write(start),
        "effectiveUntil": dates.write(start + timedelta(days=700)),
        **changes,
    }
