"""``verified`` is the AND of all checks, and no verdict is better than they are."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.verdicts import Check, Note, Outcome, Step, Verdict, decide, verified, worst

SETTLED = {Outcome.PASSED, Outcome.NOT_APPLICABLE}
OUTCOMES = st.lists(st.sampled_from(list(Outcome)), min_size=len(Step), max_size=len(Step))
NOTES = st.lists(st.builds(Note, code=st.just("EXPIRED"), weighs=st.booleans()), max_size=2).map(tuple)


def checks(outcomes):
    return tuple(Check(step, outcome) for step, outcome in zip(Step, outcomes, strict=True))


def test_no_checks_are_not_verified():
    assert not verified(())


@pytest.mark.case("CRED-064")
def test_verified_is_the_and_of_all_checks_over_every_combination_of_pass_and_fail():
    for outcomes in itertools.product([Outcome.PASSED, Outcome.FAILED], repeat=len(Step)):
        assert verified(checks(outcomes)) is all(outcome is Outcome.PASSED for outcome in outcomes)


@pytest.mark.case("CRED-064")
@given(OUTCOMES, NOTES)
def test_no_verdict_is_better_than_its_checks(outcomes, notes):
    made = checks(outcomes)
    everything = Outcome.PASSED in outcomes and set(outcomes) <= SETTLED
    assert verified(made) is everything
    assert (decide(made, notes) is Verdict.VALID) is (everything and not any(note.weighs for note in notes))


@given(OUTCOMES, NOTES, st.sampled_from(list(Step)), st.sampled_from([Outcome.FAILED, Outcome.UNAVAILABLE]))
def test_a_check_that_gets_worse_never_makes_a_document_valid(outcomes, notes, step, worse):
    outcomes[step.value - 1] = worse
    assert decide(checks(outcomes), notes) is not Verdict.VALID


@given(OUTCOMES, st.sampled_from([Step.PARSE, Step.STRUCTURE, Step.PROOF, Step.ISSUER]))
def test_whatever_shows_a_forgery_is_not_authentic(outcomes, step):
    outcomes[step.value - 1] = Outcome.FAILED
    assert decide(checks(outcomes), ()) is Verdict.NOT_AUTHENTIC


@given(OUTCOMES, st.sampled_from([Step.PROOF, Step.ISSUER, Step.STATUS, Step.ACCREDITATION, Step.ANCHORING]))
def test_what_could_not_be_checked_is_never_valid_and_never_noted(outcomes, step):
    outcomes[step.value - 1] = Outcome.UNAVAILABLE
    assert decide(checks(outcomes), ()) not in (Verdict.VALID, Verdict.NOTE)


def test_missing_steps_are_not_forgiven():
    assert decide((Check(Step.PROOF, Outcome.PASSED),), ()) is Verdict.COULD_NOT_CHECK


def test_of_several_verdicts_the_worst_is_told():
    assert worst((Verdict.VALID, Verdict.NOT_AUTHENTIC, Verdict.NOTE)) is Verdict.NOT_AUTHENTIC
    assert worst(()) is Verdict.COULD_NOT_CHECK
