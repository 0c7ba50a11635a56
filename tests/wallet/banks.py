"""A credit bank that keeps to the protocol and registers, or lets wait, or returns what it is asked."""

import json
from dataclasses import dataclass, field

from ledger.registry import AgreementRecord
from schemas import bundle
from tests.wallet.asking import STATE, Asker
from tests.wallet.doubles import NOW, Slip
from vc import credentials, dcql, openid4vp, status

BANK, BANK_URL = "did:web:creditbank.yunling.example", "https://creditbank.yunling.example"
BODY = "did:web:huaheng-skills.example"
COLLEGE = "did:web:yunling.edu.example"
UNIT = "学分（16学时/学分）"


def agreement(registry, *, issuer=COLLEGE, **changes):
    """Put the sample agreement in force, with its parties as members, for certificates of an issuer."""
    document = bundle.example("RecognitionAgreement")
    document["accepts"] |= {"issuer": [issuer]}
    document["parties"][1]["id"] = issuer if issuer != COLLEGE else BODY
    document |= changes
    for party, zh, en in (
        (COLLEGE, "云岭示范职业技术学院", "Yunling Demonstration College"),
        (BODY, "华衡职业技能评价中心", "Huaheng Skills"),
        (BANK, "云岭学分银行", "Yunling Credit Bank"),
        (issuer, "华衡职业技能评价中心", "Huaheng Skills"),
    ):
        if party != COLLEGE or issuer == COLLEGE:
            registry.admit(party, zh=zh, en=en)
    registry.admit(COLLEGE, zh="云岭示范职业技术学院", en="Yunling Demonstration College")
    parties = tuple(sorted({party["id"] for party in document["parties"]}))
    record = AgreementRecord(
        agreement_id=document["id"],
        version=document["version"],
        digest=bytes(32),
        parties=parties,
        started=int(NOW.timestamp()) - 3600,
        ended=None,
    )
    registry.in_force.append((record, document))
    return document


@dataclass
class Bank(Asker):
    """The bank; ``decides`` is what becomes of whatever is presented."""

    did: str = BANK
    url: str = BANK_URL
    number: int = 12
    names: dict = field(default_factory=lambda: {"zh": "云岭学分银行", "en": "Yunling Credit Bank"})
    decides: str = "registered"
    silent: bool = False
    wish: dict | None = None
    applications: dict = field(default_factory=dict)
    refuses: str | None = None
    bearers: list = field(default_factory=list)

    def __post_init__(self):
        super().__post_init__()
        self.register(types=("CreditRecord",))
        self.query = None

    def answer(self, method, path, body, headers):
        if (method, path) == ("POST", "/bank/applications"):
            return self._apply(json.loads(body), headers)
        if (method, path) == ("POST", "/responses"):
            super().answer(method, path, body, headers)
            decided = self._decide(self.heard[-1])
            return (502, "text/plain", b"") if self.silent else decided
        if method == "GET" and path.startswith("/bank/applications/"):
            return self._state(path.rpartition("/")[2], headers)
        if (method, path) == ("GET", "/bank/account"):
            return self._account(headers)
        return super().answer(method, path, body, headers)

    def _apply(self, wish, headers):
        if self.refuses:
            return _json(422, {"code": self.refuses})
        self.wish = wish
        self.bearers.append(headers.get("authorization"))
        claim = {"path": ["issuer", "id"], "values": [wish["issuer"]]}
        self.query = dcql.for_type(wish["credentialType"], claims=[claim])
        number = f"app-{len(self.applications)}"
        self.applications[number] = {"state": "waiting", "source": None, "slip": None}
        return _json(
            201,
            {
                "application": number,
                "token": f"token-of-{number}",
                "client_id": openid4vp.client_id(self.did),
                "request_uri": f"{self.url}/requests/1",
                "expires_in": 300,
            },
        )

    def _decide(self, form):
        number = f"app-{len(self.applications) - 1}"
        application = self.applications[number]
        assert form["state"] == STATE
        if "error" in form:
            application["state"] = "declined"
            return _json(200, {})
        application["source"] = self.shown()
        application["code"] = self.code(number)
        self.heard.clear()
        application["state"] = self.decides
        if self.decides == "registered":
            self.confirm(number)
        return _json(200, {"redirect_uri": f"{self.url}/bank/answered?response_code={self.code(number)}"})

    @staticmethod
    def code(number):
        """The response code of an application."""
        return f"response-code-of-{number}-"[:24].ljust(43, "c")

    def confirm(self, number):
        """Register an application: its record can be claimed."""
        application = self.applications[number]
        application["state"] = "registered"
        code = f"record-{number}"
        self.slips[code] = Slip(code, None, "CreditRecord")
        application["slip"] = code

    def _state(self, number, headers):
        application = self.applications.get(number)
        if application is None or headers.get("authorization") != f"Bearer token-of-{number}":
            return _json(404, {"code": "NOT_FOUND"})
        told = {"state": application["state"], "results": []}
        if headers.get("response-code") is None:
            return _json(200, told)
        assert headers["response-code"] == application["code"]
        if application["source"] is not None:
            told["results"] = [RESULT]
        if application["state"] == "registered":
            told["account"] = "CB-00000001"
            slip = self.slips[application["slip"]]
            if slip.form is None:
                uri = self.offer(slip.code)
                told["offers"] = [{"credential_offer_uri": uri, "record": "urn:uuid:" + "0" * 8}]
        if application["state"] == "returned":
            told["reason"] = {
                "code": "source-elsewhere",
                "zh-CN": "这份证书已登记在另一个账户中。",
                "en": "This certificate is registered in another account.",
            }
        return _json(200, told)

    def _account(self, headers):
        known = headers.get("authorization", "").removeprefix("Bearer token-of-")
        if self.applications.get(known, {}).get("state") != "registered":
            return _json(404, {"code": "NOT_FOUND"})
        if headers.get("response-code") != self.applications[known]["code"]:
            return _json(403, {"code": "RESPONSE_CODE_REQUIRED"})
        other = RESULT | {"unit": "学分（18学时/学分）", "credits": 2, "course": None, "kind": "存入"}
        entries = [
            {
                **RESULT,
                "college": COLLEGE,
                "programme": "460305",
                "agreement": "urn:vocred:agreement:YL-2026-0012#3",
                "state": "active",
                "date": "2026-11-21",
            },
            {**RESULT, "agreement": "urn:vocred:agreement:YL-2026-0012#3", "state": "cancelled", "date": "x"},
            {
                **other,
                "agreement": "urn:vocred:agreement:YL-2026-0012#3",
                "state": "underReview",
                "date": "2026-11-20",
            },
        ]
        return _json(200, {"account": "CB-00000001", "entries": entries})

    def offer_document(self, offer_id):
        document = super().offer_document(offer_id)
        (grant,) = document["grants"].values()
        if self.slips[self.offers[offer_id]].pin is None:
            grant.pop("tx_code")
        return document

    def sign_form(self, kind, holder):
        self.signed += 1
        source = next(each["source"] for each in self.applications.values() if each["source"])
        form = bundle.example(kind)
        form |= {"id": f"urn:uuid:00000000-0000-4000-8000-{100 + self.signed:012}"}
        form["issuer"] |= {"id": self.did}
        form["credentialSubject"] |= {
            "id": holder,
            "sourceCredential": credentials.facts(source).credential_id,
        }
        form["credentialStatus"] = self._status_entry()
        return self._sign(form, self.key)

    def _status_entry(self):
        return status.entry(
            list_url=self.list_url,
            index=100 + self.signed,
            entry_id=f"urn:uuid:00000000-0000-4000-9000-{100 + self.signed:012}",
        )


RESULT = {
    "rule": "R1",
    "kind": "免修",
    "course": {
        "code": "RB2104",
        "name": {"zh-CN": "工业机器人操作与编程", "en": "Industrial Robot Operation and Programming"},
    },
    "credits": 8,
    "unit": UNIT,
    "grade": "91",
    "line": {
        "zh-CN": "按规则R1，云岭示范职业技术学院予以免修。",
        "en": "By rule R1, an exemption is granted.",
    },
}


def _json(code, document):
    kind = "application/json" if code < 400 or "error" in document else "application/problem+json"
    return code, kind, json.dumps(document).encode()
