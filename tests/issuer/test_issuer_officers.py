"""Officers, their passphrases, acts of two, and the log that only grows."""

import pytest

from issuer import approval, audit, officers, records, store_officers
from issuer.audit import Actor
from issuer.errors import (
    ConflictError,
    ForbiddenError,
    InvalidActError,
    PassphraseRefusedError,
    ReasonRequiredError,
    SignInDelayedError,
    SignInRefusedError,
)
from tests.issuer.college import CHECKER, MAKER, College, new_row
from web.database import transaction

GOOD = "correct horse battery"


@pytest.fixture
def staffed(unregistered: College) -> College:
    """Return an issuer whose officer zhang has a passphrase that is known."""
    with transaction(unregistered.db):
        store_officers.set_passphrase(unregistered.db, "zhang", officers.hash_passphrase(GOOD))
    return unregistered


def sign_in(college: College, passphrase: str, name: str = "zhang") -> officers.Officer:
    return officers.authenticate(college.db, name=name, passphrase=passphrase, now=college.now)


def submit(college: College, kind: str, subject: str, actor: Actor = MAKER, **arguments: object) -> str:
    return approval.submit(
        college.db,
        college.parts,
        actor=actor,
        kind=kind,
        subject=subject,
        arguments=arguments,
        now=college.now,
    )


# Signing in


def test_right_passphrase_signs_in(staffed: College):
    officer = sign_in(staffed, GOOD)
    assert officer.roles == frozenset(officers.ROLES)


@pytest.mark.parametrize(("name", "passphrase"), [("zhang", "wrong"), ("nobody", GOOD), ("", "")])
def test_wrong_name_and_wrong_passphrase_are_refused_alike(staffed: College, name: str, passphrase: str):
    with pytest.raises(SignInRefusedError, match="do not go together"):
        sign_in(staffed, passphrase, name)


def test_waits_grow_after_five_wrong_passphrases_and_survive_a_restart(staffed: College):
    for _ in range(5):
        with pytest.raises(SignInRefusedError):
            sign_in(staffed, "wrong")
    waits = []
    for _ in range(3):
        with pytest.raises(SignInRefusedError):
            sign_in(staffed, "wrong")
        staffed.reopen()
        with pytest.raises(SignInDelayedError) as delayed:
            sign_in(staffed, GOOD)
        waits.append(delayed.value.retry_after)
        staffed.wait(delayed.value.retry_after)
    assert waits == [15, 30, 60]
    sign_in(staffed, GOOD)
    with pytest.raises(SignInRefusedError):
        sign_in(staffed, "wrong")
    sign_in(staffed, GOOD)


def test_one_that_began_a_moment_earlier_and_had_to_wait_is_let_in(staffed: College, monkeypatch):
    def while_another_is_checked(passphrase: str, hashed: str) -> bool:
        monkeypatch.undo()
        earlier = staffed.now - 1
        assert officers.authenticate(staffed.db, name="zhang", passphrase=GOOD, now=earlier).name == "zhang"
        return True

    monkeypatch.setattr(officers, "_matches", while_another_is_checked)
    assert sign_in(staffed, GOOD).name == "zhang"


def test_refused_sign_in_is_in_the_log_without_the_passphrase(staffed: College):
    with pytest.raises(SignInRefusedError):
        sign_in(staffed, "a wrong passphrase")
    (entry,) = audit.entries(staffed.db, subject="zhang", limit=1)
    assert entry.action == "sign-in refused"
    assert "a wrong passphrase" not in str(entry)


@pytest.mark.parametrize("passphrase", ["short", "aaaaaaaaaaaaaaaa", "x" * 300])
def test_weak_passphrase_is_refused(passphrase: str):
    with pytest.raises(PassphraseRefusedError):
        officers.hash_passphrase(passphrase)


def test_changed_passphrase_ends_the_sessions_of_the_old_one(staffed: College):
    before = sign_in(staffed, GOOD).generation
    officers.change_passphrase(
        staffed.db, actor=MAKER, old=GOOD, new="another good passphrase", now=staffed.now
    )
    assert sign_in(staffed, "another good passphrase").generation == before + 1
    with pytest.raises(SignInRefusedError):
        sign_in(staffed, GOOD)


# Acts of two


def test_one_officer_never_stands_on_both_sides_of_an_act(college: College):
    _batch, act = college.submit_batch(new_row(1))
    (outcome,) = approval.approve(college.db, college.parts, actor=MAKER, act_ids=[act], now=college.now)
    assert outcome.error is not None
    assert outcome.error.code == "SAME_OFFICER"


def test_table_itself_refuses_one_officer_on_both_sides(college: College):
    _batch, act = college.submit_batch(new_row(1))
    with pytest.raises(Exception, match="CHECK constraint"):
        college.db.execute("UPDATE act SET state = 'approved', decided_by = maker WHERE id = ?", (act,))


def test_act_is_decided_once(college: College):
    _batch, act = college.submit_batch(new_row(1))
    assert college.approve(act)[0].error is None
    error = college.approve(act)[0].error
    assert isinstance(error, ConflictError)


def test_refusal_of_one_act_does_not_stop_the_rest_of_the_list(college: College):
    _one, first = college.submit_batch(new_row(1))
    _two, second = college.submit_batch(new_row(2))
    outcomes = college.approve(first, "act-unknown", second)
    assert [outcome.error is None for outcome in outcomes] == [True, False, True]


def test_returned_batch_is_a_draft_again_with_the_note(college: College):
    batch_id, act = college.submit_batch(new_row(1))
    approval.return_(college.db, actor=CHECKER, act_id=act, note="缺一行", now=college.now)
    assert approval.get(college.db, act).note == "缺一行"
    assert submit(college, "approve-batch", batch_id) != act


def test_only_the_maker_withdraws_an_act(college: College):
    _batch, act = college.submit_batch(new_row(1))
    with pytest.raises(ForbiddenError):
        approval.withdraw(college.db, actor=CHECKER, act_id=act, now=college.now)
    approval.withdraw(college.db, actor=MAKER, act_id=act, now=college.now)
    assert approval.get(college.db, act).state == "withdrawn"


def test_same_act_waits_once(college: College):
    record = college.first_record(college.issue(new_row(1)))
    submit(college, "revoke", record.id, reason="机构撤销")
    with pytest.raises(ConflictError):
        submit(college, "revoke", record.id, reason="学籍处理")


@pytest.mark.parametrize(("kind", "subject"), [("delete-everything", "x"), ("approve-batch", "none")])
def test_unknown_act_or_subject_is_refused(college: College, kind: str, subject: str):
    with pytest.raises(Exception) as refused:
        submit(college, kind, subject)
    assert refused.value.code in {"INVALID_ACT", "NOT_FOUND"}


@pytest.mark.case("STAT-019")
def test_revoking_needs_an_officer_of_this_institution(college: College):
    record = college.first_record(college.issue(new_row(1)))
    for name in ("officer_of_another_college", "student"):
        with pytest.raises(ForbiddenError) as refused:
            submit(college, "revoke", record.id, Actor(name, "web"), reason="机构撤销")
        assert refused.value.status == 403
    assert records.get(college.db, record.id).state == "valid"


@pytest.mark.case("STAT-019")
@pytest.mark.parametrize("arguments", [{}, {"reason": ""}, {"reason": "because"}])
def test_revoking_needs_one_of_the_reasons(college: College, arguments: dict[str, object]):
    record = college.first_record(college.issue(new_row(1)))
    with pytest.raises(ReasonRequiredError) as refused:
        submit(college, "revoke", record.id, **arguments)
    assert (refused.value.status, refused.value.code) == (422, "REASON_REQUIRED")


def test_revoked_record_is_never_revoked_or_restored_again(college: College):
    record = college.first_record(college.issue(new_row(1)))
    assert college.two("revoke", record.id, reason="机构撤销").error is None
    with pytest.raises(ConflictError):
        submit(college, "revoke", record.id, reason="机构撤销")


def test_adding_an_officer_takes_two_and_keeps_no_passphrase(college: College):
    act = submit(college, "add-officer", "wang", roles=["maker"], passphrase="a third good passphrase")
    assert officers.load(college.db, "wang") is None
    assert college.approve(act)[0].error is None
    officer = officers.authenticate(
        college.db, name="wang", passphrase="a third good passphrase", now=college.now
    )
    assert officer.roles == {"maker"}
    assert "passphrase_hash" not in approval.get(college.db, act).arguments


def test_officer_without_the_role_may_neither_submit_nor_approve(college: College):
    college.two("add-officer", "wang", roles=["maker"], passphrase="a third good passphrase")
    wang = Actor("wang", "web")
    with pytest.raises(ForbiddenError):
        submit(college, "add-officer", "zhao", wang, roles=["maker"], passphrase="a fourth good one")
    _batch, act = college.submit_batch(new_row(1))
    (outcome,) = approval.approve(college.db, college.parts, actor=wang, act_ids=[act], now=college.now)
    assert isinstance(outcome.error, ForbiddenError)


def test_resetting_a_passphrase_takes_two(college: College):
    assert college.two("reset-passphrase", "li", passphrase="the new one for li").error is None
    assert sign_in(college, "the new one for li", "li").name == "li"


@pytest.mark.parametrize("name", ["Zhang", "1a", "", "a b", "x" * 40, "张"])
def test_officers_have_plain_names(college: College, name: str):
    with pytest.raises(InvalidActError):
        submit(college, "add-officer", name, roles=["maker"], passphrase="a third good passphrase")


# The host


def test_host_adds_nobody_while_two_officers_can_sign_in(unregistered: College):
    with pytest.raises(ForbiddenError):
        officers.add_from_host(
            unregistered.db, name="wang", passphrase="a third good passphrase", now=unregistered.now
        )


def test_host_adds_an_officer_for_one_who_is_lost_and_the_log_says_so(unregistered: College):
    db = unregistered.db
    officers.declare_lost(db, name="li", now=unregistered.now)
    officers.add_from_host(db, name="wang", passphrase="a third good passphrase", now=unregistered.now)
    assert officers.load(db, "wang") is not None
    added, *_ = audit.entries(db, subject="wang")
    assert (added.actor, added.channel, added.action) == ("host", "host", "officer added")
    with pytest.raises(SignInRefusedError):
        sign_in(unregistered, "anything at all", "li")


# The log


def test_log_can_neither_be_changed_nor_shortened(unregistered: College):
    for sql in ("UPDATE audit SET actor = 'x'", "DELETE FROM audit"):
        with pytest.raises(Exception, match="only grows"):
            unregistered.db.execute(sql)


def test_log_names_both_officers_and_no_claim(college: College):
    record = college.first_record(college.issue(new_row(1)))
    college.two("revoke", record.id, reason="学籍处理")
    text = str(audit.entries(college.db, limit=1000))
    (entry,) = [e for e in audit.entries(college.db, subject=record.id) if e.second]
    assert (entry.actor, entry.second, entry.action) == ("zhang", "li", "revoke approved")
    for claim in (record.holder_name, record.number, "2005-03-14", "工业机器人技术"):
        assert claim not in text
