"""The dry run: what a text would have recognised of the last 12 months, as signed counts."""

import threading

import pytest

from issuer.agreements import dry_run, shown, store, texts, worker
from issuer.errors import InvalidActError
from ledger.proposing import end_of_day
from tests.issuer.agreements.members import OFFICER, Member, Network, document
from tests.issuer.agreements.test_agreement_texts import propose, sign
from tests.issuer.college import new_row


@pytest.fixture
def text(yunling: Member, xingheng: Member, network: Network) -> texts.Text:
    fixed = texts.fix(
        yunling.db,
        actor=OFFICER,
        document=document(yunling.now),
        expires=end_of_day(yunling.now, days=14),
        now=yunling.now,
    )
    network.settle(yunling, xingheng)
    return fixed


def run(member: Member, text: texts.Text) -> dry_run.DryRun:
    dry_run.begin(member.db, actor=OFFICER, digest=text.digest, now=member.now)
    return dry_run.run(member.db, digest=text.digest, now=member.now)


@pytest.mark.row("S28", "S25")
def test_dry_run_counts_what_each_rule_would_have_recognised(yunling: Member, text: texts.Text):
    rows = [new_row(serial) for serial in range(4)]
    rows += [new_row(4, majorCode="460301"), new_row(5, conclusion="结业")]
    yunling.issue(*rows)
    found = run(yunling, text)
    assert (found.state, found.examined, found.certificates, found.accepted) == ("done", 6, 6, 5)
    assert found.rules == {"R1": 5, "R2": 1}


def test_revoked_certificate_counts_and_is_recognised_by_nothing(yunling: Member, text: texts.Text):
    batch = yunling.issue(new_row(1), new_row(2))
    outcome = yunling.two("revoke", yunling.first_record(batch).id, reason="录入错误更正")
    assert outcome.error is None
    found = run(yunling, text)
    assert (found.certificates, found.accepted) == (2, 1)


def test_certificates_older_than_twelve_months_are_left_out(yunling: Member, text: texts.Text):
    yunling.issue(new_row(1))
    with yunling.db.conn:
        yunling.db.execute("UPDATE record SET created_at = created_at - ?", (dry_run.SPAN_SECONDS + 1,))
    yunling.issue(new_row(2))
    assert run(yunling, text).certificates == 1


def test_run_goes_on_where_it_was_killed(yunling: Member, text: texts.Text, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(dry_run, "STEP_RECORDS", 2)
    yunling.issue(*(new_row(serial) for serial in range(5)))
    dry_run.begin(yunling.db, actor=OFFICER, digest=text.digest, now=yunling.now)
    dry_run.run(yunling.db, digest=text.digest, now=yunling.now, tell=lambda _: False)
    yunling.reopen()
    half = dry_run.current(yunling.db, text.digest)
    assert (half.state, half.examined) == ("running", 2)
    found = run(yunling, text)
    assert (found.examined, found.certificates, found.accepted) == (5, 5, 5)


def test_two_processes_count_nothing_twice(
    yunling: Member, text: texts.Text, monkeypatch: pytest.MonkeyPatch
):
    yunling.issue(*(new_row(serial) for serial in range(3)))
    dry_run.begin(yunling.db, actor=OFFICER, digest=text.digest, now=yunling.now)
    before = store.dry_run(yunling.db, text.digest)["after"]
    first = dry_run.run(yunling.db, digest=text.digest, now=yunling.now)
    late = store.step_dry_run(
        yunling.db, text.digest, before=before, values={"certificates": 6, "examined": 6}
    )
    assert not late
    assert dry_run.current(yunling.db, text.digest) == first


def test_certificates_issued_meanwhile_belong_to_the_next_run(yunling: Member, text: texts.Text):
    yunling.issue(new_row(1))
    dry_run.begin(yunling.db, actor=OFFICER, digest=text.digest, now=yunling.now)
    yunling.issue(new_row(2))
    assert dry_run.run(yunling.db, digest=text.digest, now=yunling.now).certificates == 1
    assert run(yunling, text).certificates == 2


def test_issuer_whose_certificates_are_not_accepted_runs_nothing(xingheng: Member, text: texts.Text):
    with pytest.raises(InvalidActError):
        dry_run.begin(xingheng.db, actor=OFFICER, digest=text.digest, now=xingheng.now)


@pytest.mark.row("S28")
def test_voters_see_the_signed_counts_beside_the_proposal_and_nothing_personal(
    yunling: Member, xingheng: Member, text: texts.Text, network: Network
):
    yunling.issue(new_row(1), new_row(2))
    run(yunling, text)
    network.settle(yunling)
    sign(yunling, text)
    sign(xingheng, text)
    network.settle(xingheng)
    propose(yunling, text)
    (found,) = shown.dry_runs_of(xingheng.parts, text.digest, now=xingheng.now)
    assert (found.did, found.certificates, found.accepted) == (yunling.did, 2, 2)
    assert found.rules == {"R1": 2}
    served = yunling.node.http.get(f"/v1/agreements/{text.digest.hex()}/dry-runs/{yunling.did}").data
    assert b"\xe6\x9e\x97" not in served  # no name, 林
    assert b"9990112026" not in served  # no number


def test_worker_carries_a_run_to_its_end(yunling: Member, text: texts.Text, network: Network):
    yunling.issue(new_row(1))
    dry_run.begin(yunling.db, actor=OFFICER, digest=text.digest, now=yunling.now)
    worker.look(yunling.db, yunling.parts, network, now=yunling.now)
    assert dry_run.current(yunling.db, text.digest).state == "done"


def test_worker_that_is_told_to_stop_leaves_the_rest_for_later(
    yunling: Member, text: texts.Text, network: Network, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(dry_run, "STEP_RECORDS", 1)
    yunling.issue(new_row(1), new_row(2))
    dry_run.begin(yunling.db, actor=OFFICER, digest=text.digest, now=yunling.now)
    stop = threading.Event()
    stop.set()
    worker.look(yunling.db, yunling.parts, network, stop=stop, now=yunling.now)
    assert dry_run.current(yunling.db, text.digest).examined == 1


def test_worker_works_beside_the_issuers_own_until_it_is_told_to_stop(yunling: Member, text: texts.Text):
    yunling.issue(new_row(1))
    dry_run.begin(yunling.db, actor=OFFICER, digest=text.digest, now=yunling.now)
    stop, looks = threading.Event(), iter((False, True))

    def clock() -> float:
        if next(looks):
            stop.set()
        return yunling.now

    thread = threading.Thread(target=worker.run, args=(stop, yunling.parts), kwargs={"clock": clock})
    thread.start()
    thread.join(30)
    assert not thread.is_alive()
    assert dry_run.current(yunling.db, text.digest).state == "done"
