"""Step 10: the enterprise's own signature inside a college's record, and everything that is not one."""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from crypto import jcs
from crypto.keys import PrivateKey
from ledger.proof.verify import Snapshot
from ledger.registry import Interval, IssuerRecord, StatusRecord, issuer_key, status_key
from schemas.building import build_credential
from schemas.institution import Institution
from tests.verifier.conftest import ENTRY_ID, INDEX, ISSUED, LIST, NOW, World, _value, checkpoint, seconds
from tests.verifier.paper import PaperWorld
from vc import bitstring, data_integrity, dates, did_web, endorsements, status
from verifier import endorsement_lines, report, wording
from verifier.evidence import Candidate, Registry
from verifier.verdicts import Outcome, Step, Verdict

COLLEGE = "did:web:yunling.edu.example"
ENTERPRISE = "did:web:xingheng.example"
XINGHENG = Institution(did=ENTERPRISE, name="星衡智能装备有限公司（虚构）")
ENTERPRISE_LIST = "https://issuer.xingheng.example/status/1"
ENTERPRISE_INDEX = 31
RECORD_ID = "urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0005"

APPRENTICE = {
    "type": "ApprenticeshipRecord",
    "map": "ApprenticeshipRecord",
    "name": "林晓雨",
    "certNo": "XTZ-2025-0088",
    "certCode": "IROM",
    "certName": "工业机器人方向",
    "level": "助理工程师",
    "position": "机器人工作站调试岗（学徒）",
    "start": "2025-09-01",
    "end": "2026-06-15",
    "theoryHours": "320",
    "practiceHours": "960",
    "enterpriseDid": ENTERPRISE,
    "enterprise": XINGHENG.name,
    "schoolTutor": "周明远",
    "schoolTutorTitle": "副教授",
    "enterpriseTutor": "郑启航",
    "enterpriseTutorTitle": "高级技师",
    "schoolMark": "88",
    "enterpriseMark": "92",
    "awardDate": "2026-06-20",
}
TEACHER = {
    "type": "TeacherTrainingRecord",
    "map": "TeacherTrainingRecord",
    "kind": "企业实践",
    "name": "周明远",
    "certNo": "YLJS-QYSJ-2026-015",
    "position": "工艺工程师（挂职）",
    "start": "2026-05-06",
    "end": "2026-06-28",
    "practiceHours": "320",
    "enterpriseDid": ENTERPRISE,
    "enterprise": XINGHENG.name,
    "narrative": "参与焊接机器人产线改造。",
    "awardDate": "2026-06-30",
}


@dataclass
class Pair(World):
    """A college and an enterprise in one registry; the enterprise publishes a list of its own."""

    partner_key: PrivateKey = field(
        default_factory=lambda: PrivateKey.from_bytes("Ed25519", bytes([42] * 32))
    )
    partner: IssuerRecord | None = None
    partner_status: StatusRecord | None = None
    partner_list: dict | None = None
    partner_down: bool = False
    about_partner: list[str] = field(default_factory=list)

    def registry(self, issuer_id, *, lists, fresh=False):
        if issuer_id != ENTERPRISE:
            return super().registry(issuer_id, lists=lists, fresh=fresh)
        self.about_partner.append("registry")
        values = {issuer_key(ENTERPRISE): None if self.partner is None else _value(self.partner)}
        for url in lists:
            found = self.partner_status if url == ENTERPRISE_LIST else None
            values[status_key(ENTERPRISE, url)] = found and {
                "version": found.version,
                "digest": found.digest,
                "from": found.valid_from,
                "until": found.valid_until,
            }
            values[status_key(ENTERPRISE, f"{url}/notices")] = None
        snapshot = Snapshot(checkpoint(time=self.as_of, size=self.size), values)
        return Registry(ENTERPRISE, tuple(lists), snapshot, self.source)

    def candidates(self, url, *, anchored):
        if url != ENTERPRISE_LIST:
            return super().candidates(url, anchored=anchored)
        self.about_partner.append("list")
        return [] if self.partner_down else [Candidate(self.partner_list, "issuer")]

    def publish_partner(self, revoked=(), *, now=NOW, anchor=True):
        valid_from, valid_until = now - timedelta(hours=1), now + timedelta(days=7)
        unsigned = status.list_credential(
            list_url=ENTERPRISE_LIST,
            issuer=ENTERPRISE,
            encoded_list=bitstring.encode(bitstring.with_set(revoked)),
            valid_from=valid_from,
            valid_until=valid_until,
        )
        self.partner_list = data_integrity.sign(
            unsigned, key=self.partner_key, verification_method=f"{ENTERPRISE}#key-1", created=valid_from
        )
        if anchor:
            self.partner_status = StatusRecord(
                1, jcs.digest(self.partner_list), seconds(valid_from), seconds(valid_until)
            )

    def endorse(self, unsigned, *, key=None, method=f"{ENTERPRISE}#key-1", endorser=XINGHENG, **changes):
        made = endorsements.build(
            endorser=endorser,
            endorsement_id="urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0055",
            credential_id=unsigned["id"],
            subject=unsigned["credentialSubject"],
            comment="确认学徒在本企业完成960学时岗位培养。",
            status_entry=status.entry(
                list_url=ENTERPRISE_LIST,
                index=ENTERPRISE_INDEX,
                entry_id="urn:uuid:6f1b8a52-3f4e-4a53-9d13-7f3f0d7d0031",
            ),
            valid_from=ISSUED - timedelta(days=2),
        )
        return data_integrity.sign(
            {**made, **changes},
            key=key or self.partner_key,
            verification_method=method,
            created=ISSUED - timedelta(days=2),
        )

    def draft(self, record=APPRENTICE, **changes):
        return build_credential(
            {**record, **changes},
            issuer=Institution(did=COLLEGE, name="云岭示范职业技术学院", institution_code="99901"),
            credential_id=RECORD_ID,
            status_entry=status.entry(list_url=LIST, index=INDEX, entry_id=ENTRY_ID),
        )

    def complete(self, unsigned, *listed, anchored=True):
        """Sign a record with its endorsements as the college does, and anchor it."""
        form = self.sign({**unsigned, "endorsement": list(listed)} if listed else unsigned)
        if anchored:
            self.anchor(form, grant=replace(self.granted[0], credential_type=_type(unsigned)))
        return form


def _type(credential):
    return credential["type"][-1]


@pytest.fixture
def pair(world):
    """Return the college of the other tests together with a registered enterprise."""
    made = Pair(**{name: getattr(world, name) for name in World.__dataclass_fields__})
    made.granted += tuple(
        replace(made.granted[0], credential_type=name)
        for name in ("ApprenticeshipRecord", "TeacherTrainingRecord")
    )
    entry = did_web.KeyEntry(fragment="key-1", public_key=made.partner_key.public)
    content = jcs.canonicalize(did_web.document(ENTERPRISE, keys=[entry]))
    digest = hashlib.sha256(content).digest()
    made.documents[digest] = content
    made.partner = replace(
        made.record,
        did=ENTERPRISE,
        number=8,
        document_digest=digest,
        names={"zh": XINGHENG.name, "en": "Xingheng Intelligent Equipment (fictitious)"},
    )
    made.publish_partner()
    return made


def check(verification):
    found = verification.check(Step.ENDORSEMENTS)
    return found.outcome, found.code


def lacking(verification, code="COUNTERSIGNATURE_MISSING"):
    assert verification.verdict is Verdict.NOTE
    assert not verification.verified
    assert wording.reason(verification).code == code
    return check(verification)


@pytest.mark.row("S48", "S52", "S75")
@pytest.mark.parametrize("record", [APPRENTICE, TEACHER], ids=["apprentice", "teacher"])
def test_record_that_its_enterprise_endorsed_is_valid(pair, record):
    unsigned = pair.draft(record)
    verification = pair.verify(pair.complete(unsigned, pair.endorse(unsigned)))
    assert check(verification) == (Outcome.PASSED, None)
    assert (verification.verdict, verification.verified) == (Verdict.VALID, True)
    (line,) = verification.endorsements
    assert (line.endorser, line.state, line.names["zh"]) == (ENTERPRISE, "given", XINGHENG.name)


@pytest.mark.row("S48", "S75")
@pytest.mark.parametrize("record", [APPRENTICE, TEACHER], ids=["apprentice", "teacher"])
def test_record_without_its_enterprises_endorsement_says_so(pair, record):
    verification = pair.verify(pair.complete(pair.draft(record)))
    assert lacking(verification) == (Outcome.FAILED, "REQUIRED_PROOF_MISSING")
    assert "企业未会签" in wording.reason(verification).zh
    assert "Not yet countersigned by the enterprise" in wording.reason(verification).en


@pytest.mark.row("S48")
def test_endorsement_that_was_withdrawn_is_called_that(pair):
    unsigned = pair.draft()
    form = pair.complete(unsigned, pair.endorse(unsigned))
    pair.publish_partner([ENTERPRISE_INDEX])
    verification = pair.verify(form)
    assert lacking(verification, "COUNTERSIGNATURE_WITHDRAWN") == (Outcome.FAILED, "ENDORSEMENT_WITHDRAWN")
    assert "会签已撤回" in wording.reason(verification).zh


def test_endorsement_of_another_record_completes_nothing(pair):
    unsigned = pair.draft()
    replayed = pair.endorse({**unsigned, "id": "urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0999"})
    lacking(pair.verify(pair.complete(unsigned, replayed)))
    assert pair.about_partner == []


@pytest.mark.row("S48")
def test_endorsement_of_other_hours_completes_nothing(pair):
    endorsement = pair.endorse(pair.draft(practiceHours="480"))
    lacking(pair.verify(pair.complete(pair.draft(), endorsement)))


def test_endorsement_of_another_body_completes_nothing(pair):
    unsigned = pair.draft()
    other = Institution(did="did:web:lixin.example", name="立信检测有限公司（虚构）")
    endorsement = pair.endorse(unsigned, endorser=other, method="did:web:lixin.example#key-1")
    lacking(pair.verify(pair.complete(unsigned, endorsement)))


def test_endorsement_in_the_enterprises_name_under_the_colleges_key_completes_nothing(pair):
    unsigned = pair.draft()
    endorsement = pair.endorse(unsigned, key=pair.key, method=f"{COLLEGE}#key-1")
    lacking(pair.verify(pair.complete(unsigned, endorsement)))


def test_endorsement_with_a_broken_proof_completes_nothing(pair):
    unsigned = pair.draft()
    endorsement = pair.endorse(unsigned, key=PrivateKey.from_bytes("Ed25519", bytes([43] * 32)))
    lacking(pair.verify(pair.complete(unsigned, endorsement)))


def test_college_does_not_endorse_itself(pair):
    unsigned = pair.draft(enterpriseDid=COLLEGE, enterprise="云岭示范职业技术学院")
    unsigned["credentialSubject"]["enterprise"] = {"id": COLLEGE}
    lacking(pair.verify(pair.complete(unsigned, _own(pair, unsigned))))


def test_college_that_requires_nobody_but_the_enterprise_does_not_endorse_in_its_place(pair):
    unsigned = pair.draft()
    lacking(pair.verify(pair.complete(unsigned, _own(pair, unsigned))))


def _own(pair, unsigned):
    """Endorse a record as its own issuer; the DID alone names it, for the record describes it otherwise."""
    own = Institution(did=COLLEGE, name="云岭示范职业技术学院")
    return pair.endorse(unsigned, endorser=own, key=pair.key, method=f"{COLLEGE}#key-1", issuer=COLLEGE)


def test_endorser_that_the_registry_does_not_know_completes_nothing(pair):
    unsigned = pair.draft()
    pair.partner = None
    lacking(pair.verify(pair.complete(unsigned, pair.endorse(unsigned))))


def test_endorser_that_was_registered_after_the_form_was_anchored_completes_nothing(pair):
    unsigned = pair.draft()
    pair.partner = replace(pair.partner, since=seconds(ISSUED) + 1)
    lacking(pair.verify(pair.complete(unsigned, pair.endorse(unsigned))))


@pytest.mark.parametrize("what", ["suspensions", "compromised"])
def test_endorser_that_was_stopped_when_the_form_was_anchored_completes_nothing(pair, what):
    unsigned = pair.draft()
    span = Interval(seconds(ISSUED) - 1, seconds(ISSUED) + 1)
    pair.partner = replace(pair.partner, **{what: (span,)})
    lacking(pair.verify(pair.complete(unsigned, pair.endorse(unsigned))))


def test_endorser_that_was_closed_since_still_stands_by_it(pair):
    unsigned = pair.draft()
    pair.partner = replace(pair.partner, closed_at=seconds(ISSUED) + 1)
    assert check(pair.verify(pair.complete(unsigned, pair.endorse(unsigned))))[0] is Outcome.PASSED


def test_endorsement_that_is_over_completes_nothing(pair):
    unsigned = pair.draft()
    endorsement = pair.endorse(unsigned, validUntil=dates.write(NOW - timedelta(days=1)))
    lacking(pair.verify(pair.complete(unsigned, endorsement)))


@pytest.mark.row("S52")
def test_record_that_does_not_require_its_enterprise_is_incomplete(pair):
    unsigned = pair.draft()
    unsigned["credentialSubject"]["requiredEndorser"] = ["did:web:lixin.example"]
    lacking(pair.verify(pair.complete(unsigned, pair.endorse(unsigned))))


# What cannot be looked at is never a pass


def unchecked(verification):
    assert verification.verdict is Verdict.COULD_NOT_CHECK
    assert not verification.verified
    assert "会签暂时无法核对" in wording.reason(verification).zh
    return check(verification)


def test_list_of_the_endorser_that_cannot_be_had_leaves_the_step_open(pair):
    unsigned = pair.draft()
    pair.partner_down = True
    found = unchecked(pair.verify(pair.complete(unsigned, pair.endorse(unsigned))))
    assert found == (Outcome.UNAVAILABLE, "ENDORSEMENT_UNAVAILABLE")


def test_list_that_nobody_anchored_is_not_asked_and_leaves_the_step_open(pair):
    unsigned = pair.draft()
    pair.partner_status = None
    unchecked(pair.verify(pair.complete(unsigned, pair.endorse(unsigned))))
    assert "list" not in pair.about_partner


def test_document_of_the_endorser_that_cannot_be_had_leaves_the_step_open(pair):
    unsigned = pair.draft()
    del pair.documents[pair.partner.document_digest]
    unchecked(pair.verify(pair.complete(unsigned, pair.endorse(unsigned))))


def test_key_that_the_endorser_lists_no_longer_leaves_the_step_open(pair):
    unsigned = pair.draft()
    endorsement = pair.endorse(unsigned, method=f"{ENTERPRISE}#key-0")
    unchecked(pair.verify(pair.complete(unsigned, endorsement)))


def test_list_of_another_body_leaves_the_step_open(pair):
    unsigned = pair.draft()
    pair.partner_list = pair.lists[LIST]
    unchecked(pair.verify(pair.complete(unsigned, pair.endorse(unsigned))))


# What is asked, and when


def test_nothing_that_an_endorsement_names_is_asked_of_a_form_whose_own_proof_failed(pair):
    unsigned = pair.draft()
    form = pair.complete(unsigned, pair.endorse(unsigned))
    form["credentialSubject"]["practiceHours"] = 9600
    verification = pair.verify(form)
    assert verification.verdict is Verdict.NOT_AUTHENTIC
    assert pair.about_partner == []
    assert check(verification)[0] is Outcome.NOT_RUN


def test_one_endorsement_that_holds_is_enough_beside_one_that_was_withdrawn(pair):
    unsigned = pair.draft()
    second = pair.endorse(
        unsigned,
        id="urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0056",
        credentialStatus=status.entry(
            list_url=ENTERPRISE_LIST, index=32, entry_id="urn:uuid:6f1b8a52-3f4e-4a53-9d13-7f3f0d7d0032"
        ),
    )
    form = pair.complete(unsigned, pair.endorse(unsigned), second)
    pair.publish_partner([ENTERPRISE_INDEX])
    assert check(pair.verify(form))[0] is Outcome.PASSED


def test_form_without_a_receipt_is_judged_by_the_endorsers_present_state(pair):
    unsigned = pair.draft()
    form = pair.sign({**unsigned, "endorsement": [pair.endorse(unsigned)]}, created=NOW - timedelta(hours=1))
    assert check(pair.verify(form))[0] is Outcome.PASSED
    pair.partner = replace(pair.partner, suspensions=(Interval(seconds(NOW) - 5, None),))
    assert check(pair.verify(form))[0] is Outcome.FAILED


def test_report_names_the_endorser_as_the_registry_does(pair):
    unsigned = pair.draft()
    written = report.one(pair.verify(pair.complete(unsigned, pair.endorse(unsigned))))
    (line,) = written["endorsements"]
    assert line["name"]["zh-CN"] == XINGHENG.name
    assert (line["state"], line["comment"]) == ("given", "确认学徒在本企业完成960学时岗位培养。")


# The page


@pytest.fixture
def page(pair, tmp_path):
    """Return what the page says of a form's countersignatures, in a language."""
    app = PaperWorld(pair).app(tmp_path)

    def say(form, *, lang="zh-CN", open_=True):
        with app.test_request_context(f"/?lang={lang}"):
            return endorsement_lines.lines(pair.verify(form), open_=open_)

    return say


def test_page_names_the_enterprise_and_what_it_says(pair, page):
    unsigned = pair.draft()
    (line,) = page(pair.complete(unsigned, pair.endorse(unsigned)))
    assert line.name["zh-CN"] == XINGHENG.name
    assert (line.chip, line.word) == ("valid", "已会签")
    assert line.comment == "确认学徒在本企业完成960学时岗位培养。"


def test_page_for_paper_keeps_what_the_enterprise_says_until_the_name_was_typed(pair, page):
    unsigned = pair.draft()
    (line,) = page(pair.complete(unsigned, pair.endorse(unsigned)), open_=False)
    assert line.comment == ""


def test_page_says_in_both_languages_that_an_endorsement_was_withdrawn(pair, page):
    unsigned = pair.draft()
    form = pair.complete(unsigned, pair.endorse(unsigned))
    pair.publish_partner([ENTERPRISE_INDEX])
    assert page(form)[0].word == "会签已撤回"
    assert page(form, lang="en")[0].word == "Countersignature withdrawn"
