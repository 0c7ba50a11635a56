"""Evidence from a real ledger node, an issuer's store behind a dictionary, and what a share carries."""

import hashlib
import json
import os
import re
import secrets
from datetime import timedelta

import pytest
from markupsafe import escape

import schemas
from crypto import jcs
from crypto.keys import PrivateKey
from ledger.client import LedgerClient
from ledger.proof.batch import make_batch
from ledger.proof.bundle import with_batch_path
from ledger.proof.verify import verify_snapshot
from ledger.registry import agreement_key, issuer_key, member_key, members_key, number_key, status_key
from ledger.statements import AgreementTerms, key_possession, sign_agreement
from schemas.building import Institution, build_credential
from tests.ledger.living_node import LivingNode
from vc import (
    bitstring,
    credentials,
    data_integrity,
    dates,
    did_key,
    did_web,
    form_store,
    printed_code,
    shares,
    status,
)
from vc.shares import Package
from verifier import answering, create_app, report, wording
from verifier.answering import Collaborators
from verifier.errors import (
    ShareGoneError,
    ShareUnknownError,
    UnreadableRequestError,
)
from verifier.verdicts import Outcome, Step, Verdict
from verifier.verification import verify
from web.errors import FetchError
from web.fetcher import Response

ORIGIN = "https://verify.example"
STORE = "https://yunling.example/store"
LIST = "https://yunling.example/status/1"
NUMBER = 7
GRADUATE = {
    "type": "GraduationCertificate",
    "map": "GraduationCertificate",
    "name": "林晓雨",
    "gender": "女",
    "birthDate": "2005-03-14",
    "idNumber": "990101200503140027",
    "majorCode": "460305",
    "majorName": "工业机器人技术",
    "level": "专科（高职）",
    "years": "3",
    "mode": "普通全日制",
    "enrol": "2020-09-01",
    "grad": "2023-06-30",
    "conclusion": "毕业",
    "certNo": "999011202306000123",
}


class Web:
    """A fetcher over a dictionary that counts what it was asked."""

    def __init__(self):
        self.pages = {}
        self.asked = []
        self.posted = []

    def get(self, url, *, max_bytes=0, accept="", headers=None):
        self.asked.append(url)
        return self._answer(url)

    def post(self, url, *, json=None, body=None, content_type=None, max_bytes=0, accept="", headers=None):
        self.posted.append((url, json))
        return self._answer(url)

    def _answer(self, url):
        found = self.pages.get(url)
        if found is None:
            raise FetchError("nobody answers")
        code, body = found if isinstance(found, tuple) else (200, found)
        return Response(status=code, headers={}, body=body, url=url)


class Town:
    """A college on a real ledger, with a store, a list and a few printed codes."""

    def __init__(self, home):
        self.node = LivingNode(home)
        self.college = self.node.founder
        self.key = PrivateKey.from_bytes("Ed25519", bytes(range(32)))
        self.document = jcs.canonicalize(
            did_web.document(self.did, keys=[did_web.KeyEntry("key-1", self.key.public)])
        )
        digest = hashlib.sha256(self.document).digest()
        body = {**self.node.issuer_body(self.college, NUMBER), "document": digest}
        self.node.decide(["issuer.put", body])
        self.grant("GraduationCertificate")
        self.web = Web()
        self.web.pages[f"{STORE}/documents/{digest.hex()}"] = self.document
        self.forms, self.receipts, self.versions = {}, {}, {}
        self.agreements, self.agreed = 0, None
        self.ledger = self.node.client()
        self.reset()

    @property
    def did(self):
        return self.college.did

    @property
    def now(self):
        return dates.from_seconds(self.node.now)

    def reset(self):
        """Begin again with a verifier that remembers nothing."""
        self.shared = Collaborators(ledger=self.ledger, fetch=self.web, origin=ORIGIN)

    def later(self, seconds):
        self.node.now += seconds

    def grant(self, credential_type):
        span = {"issuer": self.did, "type": credential_type, "from": 0, "until": None}
        self.node.decide(["accredit", span])

    def issue(self, *, holder=None, index=4021, number="000123"):
        """Sign a form and return it; it is not anchored yet."""
        unsigned = build_credential(
            {**GRADUATE, "certNo": f"999011202306{number}"},
            issuer=Institution(did=self.did, name="云岭示范职业技术学院"),
            credential_id=f"urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c{number}",
            status_entry=status.entry(list_url=LIST, index=index, entry_id=f"urn:uuid:{number}"),
            holder=holder,
        )
        return data_integrity.sign(
            unsigned, key=self.key, verification_method=f"{self.did}#key-1", created=self.now
        )

    def anchor(self, *forms):
        """Anchor forms in one batch, and return their receipts."""
        digests = [credentials.digest(form) for form in forms]
        batch = make_batch(digests, random=secrets.token_bytes)
        entry = self.node.accept(self.college, "anchor", {"root": batch.root})
        bundle = self.node.client().receipt(entry, credential_type="GraduationCertificate", now=self.node.now)
        for position, digest in enumerate(digests):
            self.receipts[digest] = with_batch_path(
                bundle,
                salt=batch.salts[position],
                size=batch.size,
                index=batch.order[position],
                path=batch.path(position),
            ).encode()

    def put_on_paper(self, form, *, random=bytes(12)):
        """Seal a form under a printed code."""
        code = printed_code.make(NUMBER, random=random, purpose="certificate")
        self.forms[code.locator] = form_store.seal_form(
            jcs.canonicalize(form), code=code, nonce=secrets.token_bytes(12)
        )
        return code

    def publish(self, revoked=()):
        """Serve list, index and buckets, and anchor list and index in one statement."""
        self.later(1)
        start, end = self.now, self.now + timedelta(days=7)
        signed = data_integrity.sign(
            status.list_credential(
                list_url=LIST,
                issuer=self.did,
                encoded_list=bitstring.encode(bitstring.with_set(revoked)),
                valid_from=start,
                valid_until=end,
            ),
            key=self.key,
            verification_method=f"{self.did}#key-1",
            created=start,
        )
        bits = form_store.choose_prefix_bits(self.forms)
        index = form_store.index(
            issuer=self.did,
            version=self.versions.get(f"{STORE}/index", 0) + 1,
            valid_from=start,
            valid_until=end,
            prefix_bits=bits,
            buckets={
                prefix: form_store.bucket_digest(found)
                for prefix, found in form_store.into_buckets(self.forms, bits=bits).items()
            },
        )
        self.web.pages[LIST], self.web.pages[f"{STORE}/index"] = jcs.canonicalize(signed), index
        self.put_buckets(bits)
        body = []
        for url, content in sorted(((LIST, jcs.canonicalize(signed)), (f"{STORE}/index", index))):
            self.versions[url] = self.versions.get(url, 0) + 1
            body.append(
                {
                    "list": hashlib.sha256(url.encode()).digest(),
                    "version": self.versions[url],
                    "digest": hashlib.sha256(content).digest(),
                    "from": int(start.timestamp()),
                    "until": int(end.timestamp()),
                }
            )
        self.node.accept(self.college, "status", body)
        self.later(6)

    def put_buckets(self, bits):
        assert bits == 0
        self.web.pages[f"{STORE}/forms/0/0"] = form_store.encode_bucket(self.forms.items())
        receipts = []
        for digest, bundle in self.receipts.items():
            locator, _ = form_store.receipt_locator(digest)
            sealed = form_store.seal_receipt(bundle, form_digest=digest, nonce=secrets.token_bytes(12))
            receipts.append((locator, sealed))
        self.web.pages[f"{STORE}/receipts/0/0"] = form_store.encode_bucket(receipts)

    def agree(self, *, amends=None, **changes):
        """Put an agreement in force, or an amendment of one, by vote; leave its document with the node."""
        other = self.node.consortium.parties[1]
        document = schemas.example("RecognitionAgreement-bodies")
        self.agreements += 1
        document["id"] = f"urn:vocred:agreement:TOWN-{self.agreements}"
        document["parties"][0]["id"], document["parties"][1]["id"] = self.did, other.did
        document["parties"] = document["parties"][:2]
        document["accepts"] = {
            "credentialType": "https://w3id.org/vocred#GraduationCertificate",
            "issuer": [self.did],
        }
        document["rules"] = [{"id": "R1", "kind": "免于重复认证", "by": [other.did]}]
        document["effectiveFrom"] = dates.write(self.now - timedelta(days=1))
        document["effectiveUntil"] = dates.write(self.now + timedelta(days=900))
        if amends is not None:
            supersedes = f"{amends['id']}#{amends['version']}"
            document = {**amends, "version": amends["version"] + 1, "supersedes": supersedes, **changes}
        parties, content = sorted([self.did, other.did]), jcs.canonicalize(document)
        expires = self.node.now + 24 * 3600
        body = {
            "id": document["id"],
            "version": document["version"],
            "digest": hashlib.sha256(content).digest(),
            "parties": parties,
        }
        terms = AgreementTerms(
            chain_id=self.node.consortium.chain_id,
            agreement_id=body["id"],
            version=body["version"],
            digest=body["digest"],
            parties=parties,
            expires=expires,
        )
        by_did = {party.did: party for party in self.node.consortium.parties}
        signatures = [sign_agreement(terms, party=did, key=by_did[did].key("governance")) for did in parties]
        action = "agreement.start" if amends is None else "agreement.amend"
        self.node.decide([action, {**body, "signatures": signatures}], expires=expires)
        self.node.client().put_document(content)
        self.later(6)
        self.agreed = document["id"]
        return document

    def disagree(self):
        """End the agreement that is in force, if there is one."""
        if self.agreed is not None:
            self.node.decide(["agreement.end", {"id": self.agreed}])
            self.agreed = None
            self.later(6)

    def staple(self, form, *, agreement=None):
        """Return what a share of this form would carry beside its presentation."""
        keys = [
            issuer_key(self.did),
            number_key(NUMBER),
            status_key(self.did, LIST),
            status_key(self.did, f"{LIST}/notices"),
            members_key(),
            *(member_key(party.did) for party in self.node.consortium.parties),
        ]
        if agreement is not None:
            keys.append(agreement_key(agreement["id"]))
        _, bundle = self.node.client("other").snapshot(keys, now=self.node.now)
        digest = credentials.digest(form)
        return {
            "receipts": {digest: self.receipts[digest]} if digest in self.receipts else {},
            "snapshot": bundle,
            "status_lists": (json.loads(self.web.pages[LIST]),),
            "documents": (self.document,),
            "agreements": () if agreement is None else (agreement,),
        }

    def silence(self):
        """Take the ledger away; the pin stays."""

        def nobody(*_, **__):
            raise OSError("nobody answers")

        self.ledger = LedgerClient("http://127.0.0.1:8700", pins=self.ledger.pins, http=nobody)
        self.shared = Collaborators(
            ledger=self.ledger, fetch=self.web, origin=ORIGIN, memory=self.shared.memory
        )

    def verify(self, form):
        return verify(form, evidence=self.shared.gatherer(now=self.now), now=self.now)

    def read(self, code, **options):
        return answering.answer_code(code, collaborators=self.shared, now=self.now, **options)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return a town that every test of this file may look at; tests that bend it take ``town``."""
    town = Town(tmp_path_factory.mktemp("town"))
    town.form = town.issue()
    town.anchor(town.form)
    town.code = town.put_on_paper(town.form)
    town.publish()
    yield town
    town.node.close()


@pytest.fixture
def town(built):
    """Return the town to bend: its ledger only grows, everything else is put back afterwards."""
    pages, forms, receipts, ledger = (
        dict(built.web.pages),
        dict(built.forms),
        dict(built.receipts),
        built.ledger,
    )
    built.reset()
    yield built
    built.web.pages, built.forms, built.receipts, built.ledger = pages, forms, receipts, ledger
    built.web.posted.clear()
    built.reset()
    built.disagree()
    built.publish()


def test_a_form_is_valid_from_ledger_store_and_list_alone(built):
    built.reset()
    verification = built.verify(built.form)
    assert verification.verdict is Verdict.VALID, verification.checks
    assert verification.anchored is not None
    assert verification.single_operator


def test_public_documents_are_fetched_once(built):
    built.reset()
    built.verify(built.form)
    built.web.asked.clear()
    assert built.verify(built.form).verdict is Verdict.VALID
    assert built.web.asked == []


def test_nothing_outside_store_and_list_is_asked(built):
    built.reset()
    built.web.asked.clear()
    built.verify(built.form)
    assert all(url.startswith((STORE, LIST)) for url in built.web.asked)


def test_a_printed_code_opens_its_form_and_shows_a_masked_name(built):
    built.reset()
    answer = built.read(built.code.grouped)
    written = report.report(answer)
    assert written["verdict"] == "valid"
    assert written["reason"]["code"] == "VALID_COMPARE"
    assert written["credential"]["maskedName"] == "林＊＊"
    assert "林晓雨" not in str(written)
    assert "document" not in report.report(answer, raw=True)


@pytest.mark.case("SHARE-013")
def test_the_name_on_the_paper_opens_the_report_and_another_does_not(built):
    same, other = (built.read(built.code.grouped, name=name) for name in ("林 晓雨", "林小雨"))
    assert (same.matched, other.matched) == (True, False)
    assert report.report(same)["match"] == "same"
    assert report.report(same, raw=True)["credential"]["name"] == "林晓雨"
    assert report.report(other)["match"] == "different"
    assert "林晓雨" not in str(report.report(other, raw=True))


def test_the_link_of_a_qr_reads_as_its_code(built):
    assert built.read(f"HTTPS://VERIFY.EXAMPLE/C#{built.code.grouped}").results[0].verdict is Verdict.VALID


def test_an_invented_code_is_proved_to_be_no_certificate(built):
    invented = printed_code.make(NUMBER, random=bytes([9] * 12), purpose="certificate")
    result = built.read(invented.grouped).results[0]
    assert result.verdict is Verdict.NOT_AUTHENTIC
    assert report.one(result)["reason"]["code"] == "NO_SUCH_CERTIFICATE"


def test_a_number_that_no_issuer_has_is_proved_to_be_no_certificate(built):
    invented = printed_code.make(NUMBER + 1, random=bytes(12), purpose="certificate")
    assert built.read(invented.grouped).results[0].verdict is Verdict.NOT_AUTHENTIC


def test_a_code_that_its_store_lost_could_not_be_checked(town):
    town.web.pages[f"{STORE}/forms/0/0"] = form_store.encode_bucket([])
    result = town.read(town.code.grouped).results[0]
    assert result.verdict is Verdict.COULD_NOT_CHECK
    assert result.check(Step.PARSE).code == "ABSENCE_NOT_PROVEN"


def test_a_store_that_does_not_answer_proves_nothing(town):
    del town.web.pages[f"{STORE}/forms/0/0"]
    invented = printed_code.make(NUMBER, random=bytes([9] * 12), purpose="certificate")
    assert town.read(invented.grouped).results[0].verdict is Verdict.COULD_NOT_CHECK


def test_an_index_of_an_old_backup_proves_nothing(town):
    old = town.web.pages[f"{STORE}/index"]
    town.put_on_paper(town.issue(number="000124"), random=bytes([3] * 12))
    town.publish()
    town.web.pages[f"{STORE}/index"] = old
    town.reset()
    invented = printed_code.make(NUMBER, random=bytes([9] * 12), purpose="certificate")
    assert town.read(invented.grouped).results[0].verdict is Verdict.COULD_NOT_CHECK


def test_while_the_ledger_is_silent_no_code_is_called_invented(town):
    invented = printed_code.make(NUMBER, random=bytes([9] * 12), purpose="certificate")
    town.read(invented.grouped)
    town.silence()
    result = town.read(invented.grouped).results[0]
    assert (result.verdict, result.check(Step.PARSE).code) == (Verdict.COULD_NOT_CHECK, "LEDGER_UNAVAILABLE")


def test_a_code_printed_a_moment_ago_is_not_called_invented(town):
    forms, town.forms = town.forms, {}
    town.publish()
    invented = town.put_on_paper(town.form, random=bytes([5] * 12))
    assert town.read(invented.grouped).results[0].verdict is Verdict.NOT_AUTHENTIC
    town.publish()
    # Two seconds after the first question, while an answer of then would still be used again.
    town.node.now -= 5
    assert town.read(invented.grouped).results[0].verdict is Verdict.VALID
    town.forms = forms


def test_a_form_sealed_with_something_else_could_not_be_checked(town):
    town.forms[town.code.locator] = secrets.token_bytes(8192)
    town.put_buckets(0)
    assert town.read(town.code.grouped).results[0].verdict is Verdict.COULD_NOT_CHECK


def test_a_revocation_is_seen_with_the_next_head(town):
    assert town.verify(town.form).verdict is Verdict.VALID
    town.publish([4021])
    verification = town.verify(town.form)
    assert verification.verdict is Verdict.REVOKED


def test_a_list_older_than_the_anchored_version_is_not_believed(town):
    old = town.web.pages[LIST]
    town.publish([4021])
    town.web.pages[LIST] = old
    assert town.verify(town.form).verdict is Verdict.COULD_NOT_CHECK


def test_a_newer_list_that_takes_a_revocation_back_is_refused(town):
    town.publish([4021])
    assert town.verify(town.form).verdict is Verdict.REVOKED
    town.publish()
    assert town.verify(town.form).verdict is Verdict.REVOKED


def test_a_newer_list_that_takes_anothers_revocation_back_leaves_ours_open(town):
    town.publish([77])
    assert town.verify(town.form).verdict is Verdict.VALID
    town.publish()
    assert town.verify(town.form).verdict is Verdict.COULD_NOT_CHECK


def test_a_receipt_that_appears_later_is_found(town):
    form = town.issue(number="000125", index=5)
    town.publish()
    assert town.verify(form).verdict is Verdict.NOTE
    town.anchor(form)
    town.put_buckets(0)
    assert town.verify(form).verdict is Verdict.VALID


def test_the_receipt_of_another_form_counts_as_none(town):
    form = town.issue(number="000126", index=6)
    town.receipts[credentials.digest(form)] = town.receipts[credentials.digest(town.form)]
    town.publish()
    verification = town.verify(form)
    assert verification.check(Step.ANCHORING).code == "NOT_YET_ANCHORED"


def test_an_unanchored_form_of_yesterday_could_not_be_checked(town):
    form = town.issue(number="000127", index=8)
    town.later(25 * 3600)
    town.publish()
    assert town.verify(form).verdict is Verdict.COULD_NOT_CHECK


def test_a_type_that_was_never_granted_is_not_relied_on(town):
    unsigned = schemas.example("SkillLevelCertificate")
    unsigned["issuer"] = {**unsigned["issuer"], "id": town.did}
    unsigned["credentialStatus"] = status.entry(list_url=LIST, index=9, entry_id="urn:uuid:9")
    form = data_integrity.sign(
        {**unsigned, "validFrom": "2023-01-01T00:00:00Z", "awardedDate": "2023-01-01T00:00:00Z"},
        key=town.key,
        verification_method=f"{town.did}#key-1",
        created=town.now,
    )
    verification = town.verify(form)
    assert verification.check(Step.ACCREDITATION).code == "ISSUER_NOT_AUTHORIZED_FOR_TYPE"
    assert verification.verdict is Verdict.NOT_AUTHENTIC


# While the ledger is silent


def test_the_last_word_of_the_ledger_answers_for_a_day(town):
    town.verify(town.form)
    town.silence()
    town.later(3600)
    verification = town.verify(town.form)
    assert verification.verdict is Verdict.VALID
    assert [note.code for note in verification.notes] == ["AS_OF"]


def test_without_any_word_of_the_ledger_nothing_is_decided(town):
    town.silence()
    assert town.verify(town.form).verdict is Verdict.COULD_NOT_CHECK


# Shares

HOLDER = PrivateKey.from_bytes("Ed25519", bytes([3] * 32))
SHARE_ID = shares.new_id("7ZK0", random=bytes(range(17)))


def presented(form, *, now, key=HOLDER, challenge=SHARE_ID, domain=ORIGIN, days=30):
    holder = did_key.did(key.public)
    return data_integrity.sign(
        shares.presentation([form], holder=holder),
        key=key,
        verification_method=did_key.verification_method(key.public),
        purpose="authentication",
        created=now,
        challenge=challenge,
        domain=domain,
        expires=now + timedelta(days=days),
    )


def bound(town, number="000130"):
    form = town.issue(holder=did_key.did(HOLDER.public), number=number, index=30)
    town.anchor(form)
    town.publish()
    return form


def answer(town, form, *, staples=None, **options):
    package = Package(presentation=presented(form, now=town.now, **options), **(staples or {}))
    return answering.answer_share(package, share_id=SHARE_ID, collaborators=town.shared, now=town.now)


def test_a_share_is_verified_by_link_only(town):
    found = answer(town, bound(town))
    assert [result.verdict for result in found.results] == [Verdict.VALID]
    check = found.results[0].check(Step.HOLDER)
    assert (check.outcome, check.code) == (Outcome.NOT_APPLICABLE, "BY_LINK_ONLY")


def test_a_share_made_before_still_verifies_while_its_issuer_is_stopped(town):
    form = bound(town)
    staples = town.staple(form)
    town.web.pages.clear()
    town.reset()
    found = answer(town, form, staples=staples)
    assert found.results[0].verdict is Verdict.VALID


def test_a_staple_older_than_the_ledgers_version_could_not_be_checked(town):
    form = bound(town)
    staples = town.staple(form)
    town.publish([77])
    town.web.pages.clear()
    town.reset()
    assert answer(town, form, staples=staples).results[0].verdict is Verdict.COULD_NOT_CHECK


def test_a_share_is_checked_offline_from_what_is_stapled(town):
    form = bound(town)
    agreement = town.agree()
    staples = town.staple(form, agreement=agreement)
    town.web.pages.clear()
    town.reset()
    town.silence()
    result = answer(town, form, staples=staples).results[0]
    assert result.verdict is Verdict.VALID, result.checks
    assert [note.code for note in result.notes] == ["AS_OF"]
    assert [line.party for line in result.recognition] == [town.node.consortium.parties[1].did]


AIR_GAPPED = int(os.environ.get("VOCRED_AIR_GAPPED") or 9)


@pytest.mark.case("OPS-045")
@pytest.mark.timeout(300 + AIR_GAPPED)
def test_verdicts_without_any_network_are_those_with_it(town):
    count = AIR_GAPPED
    forms = [
        town.issue(holder=did_key.did(HOLDER.public), number=f"{900_000 + serial}", index=1000 + serial)
        for serial in range(count)
    ]
    for form in forms:
        town.anchor(form)
    town.publish(range(1000, 1000 + count, 3))
    staples = [town.staple(form) for form in forms]
    online = [answer(town, form).results[0].verdict for form in forms]
    town.web.pages.clear()
    town.reset()
    town.silence()
    offline = [
        answer(town, form, staples=each).results[0].verdict for form, each in zip(forms, staples, strict=True)
    ]
    assert offline == online
    assert set(online) == {Verdict.VALID, Verdict.REVOKED}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"challenge": shares.new_id("7ZK0", random=bytes(17))}, "INVALID_CHALLENGE_ERROR"),
        ({"domain": "https://other.example"}, "INVALID_DOMAIN_ERROR"),
        ({"days": 0}, "PROOF_EXPIRED"),
        ({"key": PrivateKey.from_bytes("Ed25519", bytes([4] * 32))}, "HOLDER_MISMATCH"),
    ],
)
def test_a_presentation_for_another_link_verifier_time_or_holder_is_not_relied_on(town, options, code):
    result = answer(town, bound(town), **options).results[0]
    assert result.check(Step.HOLDER).code == code
    assert result.verdict is Verdict.NOT_AUTHENTIC


def test_a_share_whose_time_is_over_is_not_called_changed(town):
    result = answer(town, bound(town), days=0).results[0]
    assert wording.reason(result).code == "SHARE_ENDED"


def test_a_share_is_opened_at_the_wallet_that_the_registry_names(town):
    form, key = bound(town), bytes(range(32))
    town.node.decide(["wallet.put", _wallet(town)])
    town.later(6)
    package = shares.encode_package(Package(presentation=presented(form, now=town.now)))
    blob = shares.seal_package(package, key=key, share_id=SHARE_ID, nonce=bytes(12))
    opened = f"https://wallet.example/shares/{SHARE_ID}/open"
    town.web.pages[opened] = blob
    link = shares.parse_link(shares.make_link(verifier_url=ORIGIN, share_id=SHARE_ID, key=key))
    found = answering.answer_link(link, collaborators=town.shared, now=town.now)
    assert found.results[0].verdict is Verdict.VALID
    assert town.web.posted == [(opened, {"token": shares.token(key)})]
    town.web.pages[opened] = (404, b"{}")
    with pytest.raises(ShareUnknownError):
        answering.answer_link(link, collaborators=town.shared, now=town.now)
    town.web.pages[opened] = (410, b'{"code":"LINK_REVOKED"}')
    with pytest.raises(ShareGoneError) as gone:
        answering.answer_link(link, collaborators=town.shared, now=town.now)
    assert gone.value.code == "LINK_REVOKED"
    del town.web.pages[opened]
    silent = answering.answer_link(link, collaborators=town.shared, now=town.now).results[0]
    assert silent.verdict is Verdict.COULD_NOT_CHECK
    assert "钱包" in wording.reason(silent).zh


def _wallet(town):
    key, owner = PrivateKey.from_bytes("Ed25519", bytes([6] * 32)), "urn:vocred:wallet:7ZK0"
    possession = key_possession(key, chain_id=town.node.consortium.chain_id, did=owner, role="wallet")
    return {
        "tag": "7ZK0",
        "url": "https://wallet.example",
        "key": key.public.cose_key,
        "possession": possession,
    }


def test_a_share_of_an_unknown_wallet_is_asked_of_nobody(town):
    link = shares.parse_link(
        shares.make_link(verifier_url=ORIGIN, share_id=shares.new_id("0000", random=bytes(17)), key=bytes(32))
    )
    with pytest.raises(ShareUnknownError):
        answering.answer_link(link, collaborators=town.shared, now=town.now)
    assert town.web.posted == []


def test_a_link_to_another_verifier_is_not_opened_here(town):
    link = shares.parse_link(
        shares.make_link(verifier_url="https://other.example", share_id=SHARE_ID, key=bytes(32))
    )
    with pytest.raises(UnreadableRequestError):
        answering.answer_link(link, collaborators=town.shared, now=town.now)


# Recognition


def test_an_agreement_in_force_names_who_asks_for_no_second_test(town):
    town.agree()
    verification = town.verify(town.form)
    other = town.node.consortium.parties[1]
    assert [line.party for line in verification.recognition] == [other.did]
    assert report.one(verification)["noSecondTest"]["zh-CN"].endswith(other.record["names"]["zh"])


def test_an_agreement_that_the_members_ended_names_nobody(town):
    town.agree()
    assert town.verify(town.form).recognition
    town.disagree()
    verification = town.verify(town.form)
    assert verification.recognition == ()
    assert verification.verdict is Verdict.VALID


# What else may be handed in


def test_a_bare_presentation_is_verified_without_a_challenge(town):
    form = bound(town)
    holder = did_key.did(HOLDER.public)
    made = data_integrity.sign(
        shares.presentation([form, town.form], holder=holder),
        key=HOLDER,
        verification_method=did_key.verification_method(HOLDER.public),
        purpose="authentication",
        created=town.now,
    )
    found = answering.answer_document(made, collaborators=town.shared, now=town.now)
    assert [result.verdict for result in found.results] == [Verdict.VALID, Verdict.VALID]
    assert report.report(found)["verdict"] == "valid"
    assert len(report.report(found)["results"]) == 2


@pytest.mark.parametrize("document", [{}, {"type": "x"}, {"type": ["VerifiablePresentation"]}])
def test_what_is_neither_credential_nor_presentation_is_said_to_be_unreadable(built, document):
    with pytest.raises(UnreadableRequestError):
        answering.answer_document(document, collaborators=built.shared, now=built.now)


# Agreements, for everybody to read


HTML = {"Accept": "text/html"}


def visitor(town, tmp_path):
    """Return a browser in front of a verifier of this town."""
    environ = {
        "VERIFIER_HOME": str(tmp_path),
        "VERIFIER_URL": ORIGIN,
        "VERIFIER_LEDGER_URL": "https://l.example",
    }
    app = create_app(environ, collaborators=town.shared, clock=lambda: town.now)
    return app.test_client()


def test_the_list_names_agreements_in_force_and_leads_to_their_pages(town, tmp_path):
    document = town.agree()
    page = visitor(town, tmp_path).get("/agreements", headers=HTML).text
    assert document["title"]["zh-CN"] in page
    assert f'href="/agreements/{document["id"]}"' in page


def test_an_agreement_that_was_ended_is_listed_among_those_ended(town, tmp_path):
    document = town.agree()
    town.disagree()
    browser = visitor(town, tmp_path)
    assert document["id"] not in browser.get("/agreements", headers=HTML).text
    ended = browser.get("/agreements?state=ended", headers=HTML).text
    assert document["id"] in ended
    page = browser.get(f"/agreements/{document['id']}", headers=HTML).text
    assert "已终止" in page


def test_of_an_amended_agreement_only_the_newer_version_is_in_force(town, tmp_path):
    first = town.agree()
    town.agree(amends=first)
    newer, older = version_states(town, tmp_path, first["id"])
    assert ("生效" in newer, "已被新版本取代" in older) == (True, True)
    assert "生效</span>" not in older


def test_version_agreed_for_later_leaves_the_older_in_force(town, tmp_path):
    first = town.agree()
    town.agree(amends=first, effectiveFrom=dates.write(town.now + timedelta(days=30)))
    newer, older = version_states(town, tmp_path, first["id"])
    assert "已被新版本取代" not in newer + older
    assert "生效" in older


def version_states(town, tmp_path, agreement_id):
    """Return what an agreement's page says of the state of each version, the newest first."""
    page = visitor(town, tmp_path).get(f"/agreements/{agreement_id}", headers=HTML).text
    return re.findall(r"<h2>第 [0-9]+ 版</h2>\s*<p>(.*?)</p>", page, flags=re.DOTALL)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_an_agreements_page_tells_it_in_words_with_signers_votes_and_digest(town, tmp_path, language):
    document = town.agree()
    page = visitor(town, tmp_path).get(f"/agreements/{document['id']}?lang={language}", headers=HTML).text
    other = town.node.consortium.parties[1]
    assert str(escape(document["objective"][language])) in page
    assert other.record["names"]["zh" if language == "zh-CN" else "en"] in page
    assert jcs.digest(document).hex() in page
    assert ("个成员赞成" if language == "zh-CN" else "members agreed") in page


def test_what_members_voted_on_and_its_proof_can_be_taken_away(town, tmp_path):
    document = town.agree()
    browser = visitor(town, tmp_path)
    text = browser.get(f"/agreements/{document['id']}/1.json")
    assert hashlib.sha256(text.data).digest() == jcs.digest(document)
    proof = browser.get(f"/agreements/{document['id']}/proof")
    snapshot = verify_snapshot(proof.data, pin=town.ledger.pins.load(), now=town.node.now)
    assert snapshot.agreement(document["id"], 1).digest == jcs.digest(document)


@pytest.mark.parametrize(
    "path",
    [
        "urn:vocred:agreement:NONE-1",
        "urn:vocred:agreement:NONE-1/1.json",
        "urn:vocred:agreement:NONE-1/proof",
        "x",
        "urn:vocred:agreement:..%2f..",
    ],
)
def test_what_is_no_agreement_has_no_page(built, tmp_path, path):
    assert visitor(built, tmp_path).get(f"/agreements/{path}", headers=HTML).status_code == 404


def test_without_the_ledger_the_pages_say_so(town, tmp_path):
    town.silence()
    answer = visitor(town, tmp_path).get("/agreements", headers=HTML)
    assert answer.status_code == 503
    assert "暂时连不上账本" in answer.text


def test_agreements_are_read_again_only_once_the_log_has_grown(town):
    town.agree()
    gatherer = town.shared.gatherer
    first = gatherer(now=town.now).recognitions()
    town.later(3)
    again = gatherer(now=town.now).recognitions()
    assert again.prepared is first.prepared
    town.anchor(town.issue(number="000777", index=77))
    town.later(3)
    grown = gatherer(now=town.now).recognitions()
    # The log grew by something that is no agreement: they are asked for anew, and not indexed anew.
    assert grown.checkpoint.root != again.checkpoint.root
    assert grown.prepared is first.prepared
    town.disagree()
    town.later(3)
    assert gatherer(now=town.now).recognitions().agreements == ()


@pytest.mark.row("S62")
def test_an_accreditation_by_vote_is_said_to_be_one(town):
    issuer = town.verify(town.form).issuer
    assert issuer.accreditor == town.ledger.chain_id
    assert issuer.accreditor_names["zh"] == "联盟成员表决"


def test_bodies_are_called_as_the_registry_calls_them(town):
    other = town.node.consortium.parties[1]
    names = town.shared.gatherer(now=town.now).names([other.did, town.did, "did:web:nobody.example"])
    assert names[other.did] == other.record["names"]
    assert set(names) == {other.did, town.did}


def test_while_the_ledger_is_silent_bodies_are_called_what_they_were_called_last(town):
    other = town.node.consortium.parties[1]
    town.shared.gatherer(now=town.now).names([other.did])
    town.silence()
    assert town.shared.gatherer(now=town.now).names([other.did]) == {other.did: other.record["names"]}
