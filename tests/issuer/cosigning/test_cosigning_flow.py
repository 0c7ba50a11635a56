"""From the college's draft to the enterprise's endorsement inside a signed record, and back out of it."""

import json
from dataclasses import replace

import pytest
from sqlite_utils.utils import sqlite3

from issuer import printing, records, store_forms
from issuer.cosigning import drafting, endorsing, links, store
from issuer.cosigning.errors import (
    CosignLinkError,
    DraftDecidedError,
    DraftUnknownError,
    EndorsementRefusedError,
    NeighbourUnavailableError,
)
from issuer.cosigning.network import Network
from issuer.errors import ConflictError, ForbiddenError
from issuer.signing import PAPER
from ledger.registry import Interval
from tests.issuer.cosigning.bodies import (
    CHECKER,
    COLLEGE,
    COLLEGE_URL,
    ENTERPRISE,
    ENTERPRISE_URL,
    MAKER,
    MENTOR,
    Body,
    apprentice,
    teacher,
)
from vc import endorsements
from web.database import transaction


def cosign(college: Body, batch_id: str) -> list[drafting.Draft]:
    drafts, refused = drafting.cosign(
        college.db, college.parts, college.network, actor=MAKER, batch_id=batch_id, now=college.now
    )
    assert refused == []
    return drafts


def opened(enterprise: Body, link: str, actor=MENTOR) -> endorsing.Opened:
    return endorsing.open_draft(
        enterprise.db, enterprise.network, actor=actor, link=links.parse(link), now=enterprise.now
    )


def endorse(enterprise: Body, link: str, **options) -> endorsing.Given:
    given = endorsing.endorse(
        enterprise.db,
        enterprise.parts,
        actor=MENTOR,
        opened=opened(enterprise, link),
        comment="",
        now=enterprise.now,
        **options,
    )
    deliver(enterprise)
    return endorsing.get(enterprise.db, given.id)


def deliver(enterprise: Body) -> int:
    """Deliver; a list that is new goes to the ledger at the first try and counts from its next look."""
    enterprise.node.now += 1
    endorsing.deliver_all(enterprise.db, enterprise.parts, enterprise.network, now=enterprise.now)
    enterprise.node.now += 1
    return endorsing.deliver_all(enterprise.db, enterprise.parts, enterprise.network, now=enterprise.now)


def states(college: Body, batch_id: str) -> list[str]:
    return [draft.state for draft in drafting.listing(college.db, college.parts, batch_id=batch_id)]


def paper(college: Body, record_id: str) -> dict:
    """Return the record's valid paper form, opened with its kept code."""
    (form,) = [
        form for form in records.forms(college.db, record_id) if form.kind == PAPER and form.state == "valid"
    ]
    wrapped = store_forms.kept_code(college.db, form.id)
    return printing._sheet(college.db, college.parts, form.id, wrapped).credential


@pytest.mark.row("S48", "S75")
@pytest.mark.parametrize("fields", [apprentice(), teacher()], ids=["apprentice", "teacher"])
def test_record_is_signed_with_the_endorsement_that_its_enterprise_gave(college, enterprise, fields):
    batch_id = college.batch(fields)
    (draft,) = cosign(college, batch_id)
    assert draft.link.startswith(f"{ENTERPRISE_URL}/E#7.")
    assert drafting.missing(college.db, batch_id) == 1
    given = endorse(enterprise, draft.link)
    assert given.delivered_at is not None
    assert states(college, batch_id) == ["endorsed"]
    assert drafting.missing(college.db, batch_id) == 0
    college.issue(batch_id)
    credential = paper(college, draft.record_id)
    (endorsement,) = credential["endorsement"]
    endorsements.check_content(endorsement, credential)
    assert endorsements.endorser_id(endorsement) == ENTERPRISE


def test_the_mentor_sees_hours_marks_and_tutors(college, enterprise):
    (draft,) = cosign(college, college.batch(apprentice()))
    subject = opened(enterprise, draft.link).credential["credentialSubject"]
    assert (subject["theoryHours"], subject["practiceHours"]) == (320, 960)
    assert [mark["value"] for mark in subject["result"]] == ["88", "92"]
    assert [mentor["name"] for mentor in subject["mentor"]] == ["周明远", "郑启航"]


def test_the_college_is_asked_only_at_the_address_that_the_registry_names(college, enterprise, wire):
    (draft,) = cosign(college, college.batch(apprentice()))
    wire.asked.clear()
    opened(enterprise, draft.link)
    assert wire.asked == [f"{COLLEGE_URL}/cosigning/drafts/{draft.id}"]


def test_endorsing_twice_gives_one_endorsement(college, enterprise):
    (draft,) = cosign(college, college.batch(apprentice()))
    before = opened(enterprise, draft.link)
    for _ in range(2):
        endorsing.endorse(
            enterprise.db,
            enterprise.parts,
            actor=MENTOR,
            opened=before,
            comment="",
            now=enterprise.now,
        )
    deliver(enterprise)
    assert [given.state for given in endorsing.listing(enterprise.db)] == ["valid"]
    assert len(store.held(college.db, draft.record_id)) == 1


def test_what_is_signed_is_what_the_mentor_read(college, enterprise):
    (draft,) = cosign(college, college.batch(apprentice()))
    with pytest.raises(DraftDecidedError):
        endorse(enterprise, draft.link, seen_digest="uEiA")
    assert endorsing.listing(enterprise.db) == []


def test_mentor_returns_a_draft_with_a_reason_and_the_college_asks_again(college, enterprise):
    batch_id = college.batch(apprentice())
    (draft,) = cosign(college, batch_id)
    endorsing.return_draft(
        enterprise.db,
        enterprise.network,
        actor=MENTOR,
        opened=opened(enterprise, draft.link),
        reason="岗位学时应为 940",
        now=enterprise.now,
    )
    (returned,) = drafting.listing(college.db, college.parts, batch_id=batch_id)
    assert (returned.state, returned.note, returned.link) == ("returned", "岗位学时应为 940", None)
    assert opened(enterprise, draft.link).state == "returned"
    (again,) = cosign(college, batch_id)
    assert again.state == "waiting"
    assert again.link != draft.link
    with pytest.raises(DraftUnknownError):
        opened(enterprise, draft.link)


def test_draft_is_not_returned_without_a_reason(college, enterprise):
    (draft,) = cosign(college, college.batch(apprentice()))
    found = opened(enterprise, draft.link)
    with pytest.raises(EndorsementRefusedError):
        endorsing.return_draft(
            enterprise.db, enterprise.network, actor=MENTOR, opened=found, reason=" ", now=enterprise.now
        )


# Later, and never again


@pytest.mark.row("S48")
def test_endorsement_that_comes_after_signing_makes_a_new_form_of_the_record(college, enterprise):
    batch_id = college.batch(apprentice())
    (draft,) = cosign(college, batch_id)
    college.issue(batch_id)
    assert "endorsement" not in paper(college, draft.record_id)
    endorse(enterprise, draft.link)
    assert store.records_to_renew(college.db, batch_id) == {draft.record_id}
    outcome = college.two("renew-form", draft.record_id, reason="持有人申请")
    assert outcome.error is None
    assert set(outcome.result) >= {"form_id", "link", "pin"}
    assert len(paper(college, draft.record_id)["endorsement"]) == 1
    assert store.records_to_renew(college.db, batch_id) == set()
    with pytest.raises(ConflictError):
        college.two("renew-form", draft.record_id, reason="持有人申请")


def test_corrected_record_is_endorsed_anew_and_its_old_draft_is_over(college, enterprise):
    batch_id = college.batch(apprentice())
    (draft,) = cosign(college, batch_id)
    endorse(enterprise, draft.link)
    college.issue(batch_id)
    outcome = college.two("correct", draft.record_id, changes={"practiceHours": "940"})
    assert outcome.error is None, outcome.error
    assert drafting.missing(college.db, batch_id) == 1
    (fresh,) = cosign(college, batch_id)
    assert (fresh.state, fresh.record_id != draft.record_id) == ("waiting", True)
    seen = opened(enterprise, fresh.link).credential["credentialSubject"]
    assert seen["practiceHours"] == 940
    endorse(enterprise, fresh.link)
    assert college.two("renew-form", fresh.record_id, reason="持有人申请").error is None
    assert len(paper(college, fresh.record_id)["endorsement"]) == 1


def test_withdrawn_endorsement_sets_its_bit_and_the_college_learns_of_it(college, enterprise):
    batch_id = college.batch(apprentice())
    (draft,) = cosign(college, batch_id)
    given = endorse(enterprise, draft.link)
    assert enterprise.two("withdraw-endorsement", given.id, reason="机构撤销").error is None
    enterprise.anchor()
    college.node.now += 10
    assert drafting.refresh(college.db, college.network, now=college.now) == [given.id]
    assert states(college, batch_id) == ["withdrawn"]
    college.issue(batch_id)
    assert "endorsement" not in paper(college, draft.record_id)


def test_withdrawing_takes_two_officers_and_happens_once(college, enterprise):
    (draft,) = cosign(college, college.batch(apprentice()))
    given = endorse(enterprise, draft.link)
    assert enterprise.two("withdraw-endorsement", given.id, reason="机构撤销").error is None
    with pytest.raises(ConflictError):
        enterprise.two("withdraw-endorsement", given.id, reason="机构撤销")


def test_college_that_cannot_ask_the_list_keeps_what_it_knows(college, enterprise, wire):
    batch_id = college.batch(apprentice())
    (draft,) = cosign(college, batch_id)
    endorse(enterprise, draft.link)
    wire.down.add(ENTERPRISE_URL)
    assert drafting.refresh(college.db, college.network, now=college.now) == []
    assert states(college, batch_id) == ["endorsed"]


def test_endorsements_and_forms_never_share_a_place_on_a_list(college, enterprise):
    (draft,) = cosign(college, college.batch(apprentice()))
    endorse(enterprise, draft.link)
    (given,) = store.all_given(enterprise.db)
    assert store_forms.used_indexes(enterprise.db, given["list"], [given["status_index"]]) == {
        given["status_index"]
    }
    assert store_forms.count_indexes(enterprise.db, given["list"]) == 1


# Delivery


def test_endorsement_waits_until_the_college_can_be_reached(college, enterprise, wire):
    batch_id = college.batch(apprentice())
    (draft,) = cosign(college, batch_id)
    found = opened(enterprise, draft.link)
    wire.down.add(COLLEGE_URL)
    given = endorsing.endorse(
        enterprise.db, enterprise.parts, actor=MENTOR, opened=found, comment="", now=enterprise.now
    )
    deliver(enterprise)
    assert endorsing.get(enterprise.db, given.id).problem == "COLLEGE_UNAVAILABLE"
    wire.down.clear()
    assert deliver(enterprise) == 0 or states(college, batch_id) == ["endorsed"]
    assert endorsing.get(enterprise.db, given.id).delivered_at is not None


def test_college_asks_no_list_that_the_ledger_does_not_hold_and_keeps_nothing(college, enterprise, wire):
    (draft,) = cosign(college, college.batch(apprentice()))
    given = endorsing.endorse(
        enterprise.db,
        enterprise.parts,
        actor=MENTOR,
        opened=opened(enterprise, draft.link),
        comment="",
        now=enterprise.now,
    )
    document = json.loads(store.given(enterprise.db, given.id)["document"])
    wire.asked.clear()
    with pytest.raises(NeighbourUnavailableError):
        receive(college, draft, document)
    assert document["credentialStatus"]["statusListCredential"] not in wire.asked
    assert store.held(college.db, draft.record_id) == []


# What the college refuses


def receive(college: Body, draft: drafting.Draft, document: dict) -> str:
    link = links.parse(draft.link)
    return drafting.receive(
        college.db,
        college.parts,
        college.network,
        draft_id=link.draft_id,
        secret=link.secret,
        endorsement=document,
        now=college.now,
    )


@pytest.fixture
def two_drafts(college, enterprise):
    """Return two drafts that wait, and the signed endorsement of the first, which was not delivered."""
    drafts = cosign(college, college.batch(apprentice(1), apprentice(2)))
    given = endorsing.endorse(
        enterprise.db,
        enterprise.parts,
        actor=MENTOR,
        opened=opened(enterprise, drafts[0].link),
        comment="",
        now=enterprise.now,
    )
    enterprise.anchor()
    college.node.now += 10
    return drafts, json.loads(store.given(enterprise.db, given.id)["document"])


def test_college_takes_an_endorsement_that_checks_and_takes_it_twice(college, two_drafts):
    (first, _), document = two_drafts
    assert receive(college, first, document) == "endorsed"
    assert receive(college, first, document) == "endorsed"


def test_college_takes_one_endorsement_that_is_delivered_twice_at_a_time(college, two_drafts):
    (first, _), document = two_drafts
    plain = college.network

    class Racing(Network):
        """Another delivery of the same endorsement comes to its end while this one is looked at."""

        def issuer(self, did, *, now):
            college.network = plain
            assert receive(college, first, document) == "endorsed"
            return super().issuer(did, now=now)

    college.network = Racing(plain.ledger, plain.fetch)
    assert receive(college, first, document) == "endorsed"
    assert len(store.held(college.db, first.record_id)) == 1


def test_college_refuses_an_endorsement_that_is_replayed_for_another_record(college, two_drafts):
    (_, second), document = two_drafts
    with pytest.raises(EndorsementRefusedError, match="another record"):
        receive(college, second, document)


def test_college_refuses_an_endorsement_with_a_broken_proof(college, two_drafts):
    (first, _), document = two_drafts
    document["credentialSubject"]["endorsementComment"] = "确认9600学时。"
    with pytest.raises(EndorsementRefusedError, match="CRYPTOGRAPHIC"):
        receive(college, first, document)


def test_college_refuses_an_endorsement_that_was_withdrawn_before_it_came(college, enterprise, two_drafts):
    (first, _), document = two_drafts
    enterprise.two("withdraw-endorsement", document["id"], reason="机构撤销")
    enterprise.anchor()
    college.node.now += 10
    with pytest.raises(EndorsementRefusedError, match="withdrawn"):
        receive(college, first, document)


def test_college_refuses_an_endorsement_of_its_own(college, enterprise, two_drafts):
    (first, _), _document = two_drafts
    found = opened(enterprise, first.link)
    unsigned = endorsing._signed(
        college.db,
        college.parts,
        {**found.credential, "issuer": {"id": ENTERPRISE}},
        "urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0077",
        endorsing.signing.Slot(1, 5, "urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0078"),
        comment="自己会签",
        now=college.now,
    )
    with pytest.raises(EndorsementRefusedError, match="itself"):
        receive(college, first, unsigned)


@pytest.fixture
def third(tmp_path, node, wire):
    """Return another registered body, which nobody asked to endorse anything."""
    body = Body(
        tmp_path / "third",
        node=node,
        wire=wire,
        did="did:web:lixin.example",
        url="http://127.0.0.1:8703",
        name="立信检测有限公司（虚构）",
        number=9,
    )
    body.register()
    yield body
    body.close()


def test_college_refuses_a_good_endorsement_of_another_body(college, enterprise, third):
    (draft,) = cosign(college, college.batch(apprentice()))
    found = opened(enterprise, draft.link)
    with transaction(third.db):
        (slot,) = endorsing.signing.draw_slots(third.db, count=1, random=third.parts.random, now=third.now)
    document = endorsing._signed(
        third.db,
        third.parts,
        found.credential,
        "urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0077",
        slot,
        comment="同意",
        now=third.now,
    )
    third.anchor()
    college.node.now += 10
    with pytest.raises(EndorsementRefusedError, match="another body's"):
        receive(college, draft, document)


@pytest.mark.parametrize("what", ["suspensions", "compromised"])
def test_college_refuses_an_endorsement_of_a_body_that_is_stopped(college, two_drafts, what):
    (first, _), document = two_drafts

    class Stopped(Network):
        """The registry once the enterprise is stopped."""

        def issuer(self, did, *, now):
            return replace(super().issuer(did, now=now), **{what: (Interval(now - 5, None),)})

    college.network = Stopped(college.network.ledger, college.network.fetch)
    with pytest.raises(EndorsementRefusedError, match="suspended or closed"):
        receive(college, first, document)


def test_college_shows_a_draft_only_to_who_has_its_secret(college, enterprise):
    (draft,) = cosign(college, college.batch(apprentice()))
    with pytest.raises(DraftUnknownError):
        drafting.show(college.db, college.parts, draft_id=draft.id, secret="A" * 22)
    with pytest.raises(DraftUnknownError):
        drafting.show(college.db, college.parts, draft_id="0" * 20, secret=links.parse(draft.link).secret)


def test_decided_draft_shows_nothing_of_the_person(college, enterprise):
    (draft,) = cosign(college, college.batch(apprentice()))
    endorse(enterprise, draft.link)
    link = links.parse(draft.link)
    shown = drafting.show(college.db, college.parts, draft_id=link.draft_id, secret=link.secret)
    assert shown == {"draft": draft.id, "state": "endorsed", "endorser": ENTERPRISE}


def test_draft_of_a_record_that_was_revoked_is_not_endorsed(college, enterprise):
    batch_id = college.batch(apprentice())
    (draft,) = cosign(college, batch_id)
    college.issue(batch_id)
    assert college.two("revoke", draft.record_id, reason="机构撤销").error is None
    with pytest.raises(DraftDecidedError):
        opened(enterprise, draft.link)


# Who may do what


def test_row_whose_enterprise_is_not_registered_gives_no_draft(college, enterprise):
    batch_id = college.batch(apprentice(1), apprentice(2, enterpriseDid="did:web:lixin.example"))
    drafts, refused = drafting.cosign(
        college.db, college.parts, college.network, actor=MAKER, batch_id=batch_id, now=college.now
    )
    assert [draft.line for draft in drafts] == [2]
    assert [(each.line, each.error.code) for each in refused] == [(3, "NOT_FOUND")]


def test_college_cannot_draft_for_itself(college, enterprise):
    batch_id = college.batch(apprentice(enterpriseDid=COLLEGE))
    _, refused = drafting.cosign(
        college.db, college.parts, college.network, actor=MAKER, batch_id=batch_id, now=college.now
    )
    assert [each.error.code for each in refused] == ["ENDORSER_NOT_ALLOWED"]


def test_draft_for_another_enterprise_is_not_endorsed_here(college, enterprise):
    (draft,) = cosign(college, college.batch(apprentice()))
    with pytest.raises((EndorsementRefusedError, ForbiddenError)):
        endorsing.open_draft(
            college.db, college.network, actor=MAKER, link=links.parse(draft.link), now=college.now
        )


def test_only_a_maker_asks_for_endorsements(college, enterprise):
    batch_id = college.batch(apprentice())
    with pytest.raises(ForbiddenError):
        drafting.cosign(
            college.db, college.parts, college.network, actor=MENTOR, batch_id=batch_id, now=college.now
        )


def test_officer_without_a_fitting_role_does_not_endorse(college, enterprise):
    from issuer import officers
    from issuer.audit import Actor
    from tests.issuer.college import FAST_HASH

    (draft,) = cosign(college, college.batch(apprentice()))
    with transaction(enterprise.db):
        officers.add(
            enterprise.db,
            actor=officers.HOST,
            name="wang",
            roles=[officers.ADMINISTRATOR],
            passphrase_hash=FAST_HASH,
            now=enterprise.now,
        )
    with pytest.raises(ForbiddenError):
        opened(enterprise, draft.link, actor=Actor("wang", "web"))
    assert opened(enterprise, draft.link, actor=CHECKER).state == "waiting"


@pytest.mark.row("S75")
def test_training_of_another_kind_is_endorsed_too_where_it_names_an_enterprise(college, enterprise):
    (draft,) = cosign(college, college.batch(teacher(kind="技术服务")))
    assert endorse(enterprise, draft.link).delivered_at is not None


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"credential": 7},
        {"credential": {"@context": []}},
        {"credential": {"type": ["VerifiableCredential"], "issuer": 7, "credentialSubject": "x"}},
        {"type": ["VerifiableCredential", "OpenBadgeCredential", "Unheard"]},
        {"issuer": {"id": "did:web:other.example"}},
        {"credentialSubject": {"requiredEndorser": 9**20}},
        {"id": "https://example.org/1"},
    ],
)
def test_nothing_that_a_college_shows_brings_the_enterprise_down(
    college, enterprise, wire, shown, monkeypatch
):
    (draft,) = cosign(college, college.batch(apprentice()))
    link = links.parse(draft.link)
    real = drafting.show(college.db, college.parts, draft_id=link.draft_id, secret=link.secret)
    forged = shown if "credential" in shown or not shown else {"credential": {**real["credential"], **shown}}

    def show(*_: object, **__: object) -> dict:
        return {"draft": link.draft_id, "state": "waiting", **forged}

    monkeypatch.setattr(drafting, "show", show)
    with pytest.raises((EndorsementRefusedError, NeighbourUnavailableError)):
        opened(enterprise, draft.link)


@pytest.mark.parametrize("text", ["", "7", "7.x.y", "https://v.example/C#7ZK0", "7." + "0" * 20 + ".A"])
def test_link_that_is_none_is_refused(text):
    with pytest.raises(CosignLinkError):
        links.parse(text)


def test_number_of_a_blank_row_is_given_before_it_is_endorsed(college, enterprise):
    batch_id = college.batch(teacher(certNo=""))
    (draft,) = cosign(college, batch_id)
    endorse(enterprise, draft.link)
    college.issue(batch_id)
    credential = paper(college, draft.record_id)
    assert credential["credentialSubject"]["licenseNumber"]
    assert len(credential["endorsement"]) == 1


def test_batch_that_is_given_up_takes_its_drafts_along(college, enterprise):
    from issuer import batches

    batch_id = college.batch(apprentice())
    (draft,) = cosign(college, batch_id)
    batches.discard(college.db, actor=MAKER, batch_id=batch_id, now=college.now)
    with pytest.raises(DraftUnknownError):
        opened(enterprise, draft.link)


# Places on the status lists


def _given_at(body: Body, *, list_number: int, index: int) -> None:
    with transaction(body.db):
        store.add_given(
            body.db,
            {
                "id": "urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0077",
                "college": COLLEGE,
                "college_name": "x",
                "college_number": 7,
                "draft_id": "0" * 20,
                "record_id": "x",
                "credential_type": "ApprenticeshipRecord",
                "holder_name": "x",
                "digest": "x",
                "document": "{}",
                "list": list_number,
                "status_index": index,
                "entry_id": "urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0078",
                "given_by": "zhang",
                "given_at": 0,
            },
        )


@pytest.fixture
def form(college):
    """Return a signed form of the college."""
    batch_id = college.batch(apprentice())
    college.issue(batch_id)
    (row,) = store.rows_of_batch(college.db, batch_id)
    return records.forms(college.db, row["record_id"])[0]


def test_endorsement_cannot_take_the_place_of_a_form(college, form):
    with pytest.raises(sqlite3.IntegrityError, match="a form's"):
        _given_at(college, list_number=form.list, index=form.status_index)


def test_form_cannot_take_the_place_of_an_endorsement(college, form):
    index = form.status_index ^ 1
    _given_at(college, list_number=form.list, index=index)
    kept = dict(store_forms.form(college.db, form.id))
    twin = {**kept, "id": "twin", "digest": bytes(32), "entry_id": "urn:uuid:twin", "status_index": index}
    with pytest.raises(sqlite3.IntegrityError, match="an endorsement's"), transaction(college.db):
        store_forms.add_form(college.db, twin)
