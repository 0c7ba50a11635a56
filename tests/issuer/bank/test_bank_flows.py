"""The fifteen flows of recognition-vectors.json, run by the bank's use cases on a database of its own."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from issuer.bank import accounts, applications, conversions, reviews, statements, store
from issuer.bank.accounts import Person
from issuer.bank.applications import Wish
from issuer.bank.errors import NoAgreementError
from issuer.bank.verifying import Verified
from issuer.bank.world import World
from tests.issuer.bank.creditbank import BANK, COLLEGE, Bank
from tests.issuer.cosigning.bodies import CHECKER, MAKER, Wire
from tests.ledger.living_node import LivingNode
from tests.vc.recognition_cases import VECTORS, merged, source_of
from vc import dates
from vc.recognition import Agreement
from vc.status import StatusEntry
from web.database import transaction

STATES = {"registered": "已登记", "submitted": "已提交", "returned": "被退回"}
PROBLEMS = {"revoked": "REVOKED", "withdrawn-form": "WITHDRAWN"}
LEARNER = {"name": "林晓雨", "doc": "居民身份证", "tail": "4821"}


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Bank]:
    folder = tmp_path / "ledger"
    folder.mkdir()
    node = LivingNode(folder, count=1)
    found = Bank(tmp_path / "bank", node=node, wire=Wire())
    found.register("CreditRecord")
    yield found
    found.close()
    node.close()


class Flow:
    """One learner at one bank, whose account the college's list opened."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank
        self.applications: list[str] = []
        self.shown = 0
        content = "姓名,证件类型,证件末四位,学校,专业代码,学号\n林晓雨,居民身份证,4821,云岭,460305,2023001\n"
        accounts.enrol(
            bank.db,
            bank.parts,
            actor=MAKER,
            content=content.encode(),
            colleges={"云岭": COLLEGE},
            now=bank.now,
        )
        person = Person(LEARNER["name"], LEARNER["doc"], LEARNER["tail"])
        self.account = accounts.find(bank.db, bank.parts, person)["id"]

    def run(self, step: dict[str, Any]) -> Any:
        """Act a step out and return what the vectors compare."""
        return getattr(self, step["do"].replace("-", "_"))(step)

    def apply(self, step: dict[str, Any]) -> Any:
        now, world = _now(step), _world(step)
        verified = self._verified(step)
        agreement = world.in_force(now=now)
        wish = Wish(
            agreement_id="urn:vocred:agreement:YL-2026-0012",
            version=0 if agreement is None else agreement.document["version"],
            rules=tuple(step["want"]) if "want" in step else None,
            credential_type="SkillLevelCertificate",
            certificate_issuer=verified.source.facts.issuer_id,
            college=COLLEGE,
            programme="460305",
        )
        try:
            opened = applications.open_application(
                self.bank.db,
                self.bank.parts,
                wish=wish,
                agreement=agreement,
                account_id=self.account,
                now=now,
            )
        except NoAgreementError:
            return "no agreement in force"
        decision = conversions.submit(
            self.bank.db,
            self.bank.parts,
            application_id=opened.id,
            form=b"{}",
            verified=verified,
            world=world,
            now=now,
        )
        if decision.state == "returned":
            return decision.reason["code"].replace("person-differs", "person differs")
        # The vectors count the applications that were taken.
        self.applications.append(opened.id)
        if "rules" in step:
            assert [result["rule"] for result in decision.results] == step["rules"]
        return STATES[decision.state]

    def confirm(self, step: dict[str, Any]) -> str:
        decision = conversions.confirm(
            self.bank.db,
            self.bank.parts,
            application_id=self.applications[step["application"]],
            verified=self._verified(step),
            world=_world(step),
            actor=CHECKER,
            now=_now(step),
        )
        return STATES[decision.state]

    def records(self, _step: dict[str, Any]) -> list[list[Any]]:
        found = store.conversions(self.bank.db, self.account)
        return [[each["rule"], str(each["version"]), each["state"], each["credits"]] for each in found]

    def withdraw_form(self, _step: dict[str, Any]) -> None:
        (form,) = self.bank.db.execute("SELECT digest FROM bank_form").fetchone()
        with transaction(self.bank.db):
            store.set_form_state(self.bank.db, form, "withdrawn")

    def revoke(self, step: dict[str, Any]) -> None:
        source = store.source_of_names(self.bank.db, [step["source"]])
        with transaction(self.bank.db):
            reviews.revoked(
                self.bank.db,
                source_id=source["id"],
                reason="录入错误更正" if "replacement" in step else "冒名/作弊",
                replacement=step.get("replacement"),
                now=self.bank.now,
            )

    def decide(self, step: dict[str, Any]) -> None:
        conversion = store.conversions(self.bank.db, self.account)[step["record"]]
        (review,) = [
            found
            for found in store.reviews(self.bank.db, open_only=True)
            if found["conversion_id"] == conversion["id"]
        ]
        if step["keep"]:
            reviews.keep(self.bank.db, review_id=review["id"], actor=CHECKER, now=self.bank.now)
        else:
            outcome = self.bank.two(reviews.ACT, str(review["id"]), decision="cancel")
            assert outcome.error is None

    def _verified(self, step: dict[str, Any]) -> Verified:
        stated = merged(VECTORS["facts"][step["facts"]], step.get("patch", {}))
        person = {**LEARNER, **stated.pop("person", {})}
        source = source_of({**stated, "verdict": stated["verdict"].replace("withdrawn-form", "revoked")})
        facts = replace(
            source.facts,
            name=person["name"],
            id_document=person["doc"],
            id_tail=person["tail"],
            achievement_name="工业机器人操作与运维",
        )
        self.shown += 1
        return Verified(
            source=replace(source, facts=facts),
            digest=hashlib.sha256(f"form {self.shown}".encode()).digest(),
            entry=StatusEntry("https://huaheng-skills.example/status/1", self.shown, "revocation", None),
            problem=PROBLEMS.get(stated["verdict"]),
        )


def _now(step: dict[str, Any]) -> int:
    return int(dates.parse(step["at"]).timestamp())


def _world(step: dict[str, Any]) -> World:
    versions = []
    for name in step["versions"]:
        named = VECTORS["flowVersions"][name]
        document = merged(VECTORS["agreements"]["YL"], named.get("patch", {}))
        state = {**VECTORS["ledgerDefault"], **named.get("ledger", {})}
        ended = None if state["end"] is None else dates.parse(state["end"])
        signed = [party["id"] for party in document["parties"]]
        versions.append(Agreement(document, dates.parse(state["start"]), ended, signed))
    members = VECTORS["ledgerDefault"]["members"]
    return World(tuple(versions), members, {COLLEGE: {"zh-CN": "云岭示范职业技术学院", "en": "Yunling"}})


@pytest.mark.row("S54", "S55", "S56", "S64")
@pytest.mark.parametrize("flow", VECTORS["flows"], ids=lambda flow: flow["id"])
def test_flow_of_the_vectors_ends_as_they_say(bank: Bank, flow: dict[str, Any]):
    run = Flow(bank)
    for number, step in enumerate(flow["steps"]):
        assert run.run(step) == step.get("expect"), f"step {number} of {flow['title']}"
    _check_the_books(run)


def _check_the_books(run: Flow) -> None:
    """Every conversion has one CreditRecord, which is valid as long as the conversion counts."""
    db = run.bank.db
    for found in store.conversions(db, run.account):
        (state,) = db.execute("SELECT state FROM record WHERE id = ?", (found["record_id"],)).fetchone()
        assert state == ("revoked" if found["state"] == "cancelled" else "valid")
    statement = statements.statement(db, run.account)
    assert len(statement["entries"]) == db.execute("SELECT count(*) FROM record").fetchone()[0]
    assert not db.execute(
        "SELECT 1 FROM bank_application WHERE sealed IS NOT NULL AND state <> 'submitted'"
    ).fetchone()
    assert run.bank.did == BANK


# Who a certificate is about


def named(**changes: Any) -> dict[str, Any]:
    """Return a step whose certificate is about somebody else, or shows no document."""
    at = "2026-06-05T10:00:00+08:00"
    return {"facts": "M", "versions": ["v3-auto"], "at": at, "patch": {"person": changes}}


def test_certificate_without_a_document_waits_for_an_officer_of_the_account(bank: Bank):
    assert Flow(bank).apply(named(doc="", tail="")) == "已提交"


def test_certificate_without_a_document_of_another_name_goes_back(bank: Bank):
    assert Flow(bank).apply(named(name="王一", doc="", tail="")) == "person-unknown"


def test_certificate_without_a_document_finds_no_account_by_its_name(bank: Bank):
    flow = Flow(bank)
    flow.account = None
    assert flow.apply(named(doc="", tail="")) == "person-unknown"
