"""The one answer to a request: what fits, what leaves, and that it leaves once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.wallet.asking import ASKER, URL, Asker
from tests.wallet.doubles import NOW
from vc import dcql
from wallet import holding, looking_up, receiving
from wallet.answering import answers, requests
from wallet.errors import AnsweredError, ChoiceError, NothingThereError, RequestOverError
from web.database import connect


@pytest.fixture
def asker(registry, network):
    found = Asker(registry)
    network.hosts[found.url] = found
    return found


@pytest.fixture
def claim(db, wallet, college, parts):
    def claim(kind="SkillLevelCertificate"):
        offered = looking_up.look_up(college.hand_out(kind=kind), parts=parts, now=NOW)
        return receiving.receive(db, wallet, offered, pin="123456", parts=parts, now=NOW)[0]

    return claim


@pytest.fixture
def ask(db, wallet, asker, parts):
    def ask(**options):
        asked = requests.look_up(asker.link, parts=parts, now=NOW)
        return answers.keep(db, wallet, asked, parts=parts, now=NOW, **options)

    return ask


@pytest.fixture
def agree(db, wallet, parts):
    def agree(item, chosen=None, now=NOW):
        if chosen is None:
            found = answers.choices(db, wallet, item, now=now)
            chosen = {choice.query_id: choice.usual for choice in found if choice.usual}
        return answers.agree(db, wallet, item.request_id, chosen, parts=parts, now=now)

    return agree


# --- what leaves ------------------------------------------------------------------------------------


def test_presentation_is_signed_for_this_request_and_this_verifier(claim, ask, agree, asker):
    credential_id = claim()
    done = agree(ask())
    assert done.state == "sent"
    assert asker.shown()["type"][-1] == "SkillLevelCertificate"
    assert done.titles[0]["zh-CN"]
    assert credential_id


def test_nothing_is_sent_before_the_holder_agrees(claim, ask, asker, db, wallet):
    claim()
    item = ask()
    answers.choices(db, wallet, item, now=NOW)
    assert asker.heard == []


def test_only_what_was_asked_for_leaves(claim, ask, agree, asker):
    claim("GraduationCertificate")
    claim()
    agree(ask())
    assert len(asker.heard) == 1
    assert asker.shown()["type"][-1] == "SkillLevelCertificate"


def test_holder_chooses_among_several_that_fit(claim, ask, agree, asker, db, wallet):
    first, second = claim(), claim()
    item = ask()
    (choice,) = answers.choices(db, wallet, item, now=NOW)
    assert {held.credential_id for held in choice.fitting} == {first, second}
    agree(item, {"certificate": first})
    assert asker.shown()["id"] == holding.one(db, wallet, first, now=NOW).facts.credential_id


def test_request_of_a_conversion_is_answered_with_its_own_certificate_alone(claim, ask, db, wallet, agree):
    first, second = claim(), claim()
    item = ask(only=(first,))
    (choice,) = answers.choices(db, wallet, item, now=NOW)
    assert [held.credential_id for held in choice.fitting] == [first]
    with pytest.raises(ChoiceError):
        agree(item, {"certificate": second})


def test_revoked_certificate_is_not_proposed(claim, ask, db, wallet, college, parts):
    credential_id = claim()
    college.revoke(holding.one(db, wallet, credential_id, now=NOW).credential)
    holding.refresh(db, wallet, parts=parts, now=NOW, force=True)
    assert answers.choices(db, wallet, ask(), now=NOW) == []


@pytest.mark.parametrize("chosen", [{}, {"certificate": "none"}, {"other": "x"}])
def test_choice_that_answers_nothing_sends_nothing(claim, ask, agree, asker, chosen):
    claim()
    with pytest.raises(ChoiceError):
        agree(ask(), chosen)
    assert asker.heard == []


def test_certificate_of_another_type_cannot_be_slipped_in(claim, ask, agree, asker):
    claim()
    wrong = claim("GraduationCertificate")
    with pytest.raises(ChoiceError):
        agree(ask(), {"certificate": wrong})
    assert asker.heard == []


def test_optional_part_is_left_out_unless_chosen(claim, ask, agree, asker, db, wallet):
    education = dcql.for_type("GraduationCertificate", query_id="grad")["credentials"]
    asker.query["credentials"] += education
    asker.query["credential_sets"] = [
        {"options": [["certificate"]]},
        {"options": [["grad"]], "required": False},
    ]
    claim()
    claim("GraduationCertificate")
    item = ask()
    usual = {choice.query_id: choice.usual for choice in answers.choices(db, wallet, item, now=NOW)}
    assert usual["certificate"] is not None
    assert usual["grad"] is None
    agree(item)
    asker.shown()


# --- once -------------------------------------------------------------------------------------------


@pytest.mark.case("VP-031")
def test_second_answer_is_refused_and_not_sent(claim, ask, agree, asker, db, wallet, parts):
    claim()
    item = ask()
    agree(item)
    with pytest.raises(AnsweredError):
        agree(item)
    with pytest.raises(AnsweredError):
        answers.decline(db, wallet, item.request_id, parts=parts, now=NOW)
    assert len(asker.heard) == 1


@pytest.mark.case("VP-031")
def test_of_many_clicks_at_once_one_is_sent(claim, ask, asker, db, wallet, parts, path):
    claim()
    item = ask()
    (choice,) = answers.choices(db, wallet, item, now=NOW)
    start = threading.Barrier(8)

    def click(_):
        own = connect(path)
        try:
            start.wait()
            answers.agree(own, wallet, item.request_id, {choice.query_id: choice.usual}, parts=parts, now=NOW)
            return True
        except AnsweredError:
            return False
        finally:
            own.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(click, range(8))) == 1
    assert len(asker.heard) == 1


@pytest.mark.case("VP-032")
def test_deleting_while_another_tab_answers_loses_and_overwrites_nothing(
    claim, ask, agree, asker, db, wallet
):
    kept, gone = claim(), claim()
    item = ask()
    holding.delete(db, wallet, gone, now=NOW)
    with pytest.raises(ChoiceError):
        agree(item, {"certificate": gone})
    agree(item, {"certificate": kept})
    assert [held.credential_id for held in holding.held(db, wallet, now=NOW)] == [kept]


def test_request_that_is_over_is_not_answered(claim, ask, agree, asker):
    claim()
    with pytest.raises(RequestOverError):
        agree(ask(), {}, now=NOW + timedelta(minutes=6))
    assert asker.heard == []


def test_another_wallets_request_finds_nothing(claim, ask, db, wallet, edge, parts):
    from wallet import accounts

    item = ask()
    other = accounts.create(db, name="周", passphrase="correct horse battery", **edge)
    with pytest.raises(NothingThereError):
        answers.one(db, other, item.request_id)
    assert parts


# --- no ---------------------------------------------------------------------------------------------


def test_declining_tells_the_verifier_nothing_but_no(claim, ask, asker, db, wallet, parts):
    claim()
    done = answers.decline(db, wallet, ask().request_id, parts=parts, now=NOW)
    assert done.state == "declined"
    ((form),) = asker.heard
    assert set(form) == {"error", "state"}
    assert form["error"] == "access_denied"


def test_having_nothing_reads_like_not_wanting_to(ask, asker, db, wallet, parts):
    item = ask()
    assert answers.choices(db, wallet, item, now=NOW) == []
    answers.decline(db, wallet, item.request_id, parts=parts, now=NOW)
    ((form),) = asker.heard
    assert form["error"] == "access_denied"


# --- what came back ---------------------------------------------------------------------------------


def test_refused_presentation_keeps_the_verifiers_code_and_not_its_words(claim, ask, agree, asker):
    claim()
    asker.response_status = 400
    asker.response_body = {
        "error": "invalid_request",
        "error_description": "<script>alert(1)</script>",
        "code": "SUBJECT_MISMATCH",
    }
    done = agree(ask())
    assert (done.state, done.code) == ("refused", "SUBJECT_MISMATCH")


def test_broken_line_leaves_it_unsure_and_sends_nothing_again(claim, ask, agree, asker, network, db, wallet):
    claim()
    item = ask()
    network.away.add(URL)
    assert agree(item).state == "unsure"
    network.away.clear()
    with pytest.raises(AnsweredError):
        agree(item)
    assert answers.made(db, wallet)[0].state == "unsure"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        (f"{URL}/done?response_code=abc", True),
        ("https://evil.example/", False),
        ("javascript:alert(1)", False),
        (f"{URL}.evil.example/", False),
        (7, False),
    ],
)
def test_browser_goes_on_only_to_the_verifier_itself(claim, ask, agree, asker, url, kept):
    claim()
    asker.response_body = {"redirect_uri": url}
    assert agree(ask()).next_url == (url if kept else None)


@pytest.mark.case("VP-014")
@pytest.mark.parametrize(
    ("url", "kept"),
    [
        (f"{URL}/bank/answered?response_code={'c' * 43}", True),
        (f"{URL}/bank/answered?response_code={'c' * 21}", False),
        (f"{URL}/bank/answered?response_code={'c' * 43}&next=x", False),
        (f"{URL}/bank/answered?next=x&response_code={'c' * 43}", False),
        (f"{URL}/bank/answered?response_code={'c' * 43}#x", False),
        (f"{URL}/bank/answered/?response_code={'c' * 43}", False),
        (f"{URL}/done?response_code={'c' * 43}", False),
        (f"https://evil.example/bank/answered?response_code={'c' * 43}", False),
        (f"{URL}.evil.example/bank/answered?response_code={'c' * 43}", False),
        (f"{URL.replace('https', 'http')}/bank/answered?response_code={'c' * 43}", False),
        (["c" * 43], False),
        (None, False),
    ],
)
def test_conversion_keeps_the_code_of_the_banks_own_address_and_opens_nothing(
    claim, ask, agree, asker, url, kept
):
    claim()
    asker.response_body = {} if url is None else {"redirect_uri": url}
    done = agree(ask(conversion="0" * 32))
    assert (done.state, done.next_url) == ("sent", None)
    assert done.response_code == ("c" * 43 if kept else None)


def test_request_from_elsewhere_leaves_the_code_in_the_address(claim, ask, agree, asker):
    claim()
    asker.response_body = {"redirect_uri": f"{URL}/bank/answered?response_code={'c' * 43}"}
    done = agree(ask())
    assert done.response_code is None
    assert done.next_url.endswith("c" * 43)


def test_request_is_kept_sealed(claim, ask, agree, db, asker):
    claim()
    agree(ask())
    (row,) = db["presentation"].rows
    assert ASKER.encode() not in row["sealed"]
    assert set(row) == {"id", "account", "sealed", "state", "made_at"}


def test_requests_that_nobody_answered_are_forgotten_after_a_day(claim, ask, db, wallet, asker, parts):
    ask()
    asked = requests.look_up(asker.link, parts=parts, now=NOW)
    answers.keep(db, wallet, asked, parts=parts, now=NOW + timedelta(days=2))
    assert db["presentation"].count == 1
