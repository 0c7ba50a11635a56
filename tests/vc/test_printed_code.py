"""The printed code: permanent vectors, and what is caught when somebody mistypes."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vc.errors import CodeMistypedError, WrongCodeKindError
from vc.printed_code import ALPHABET, MAX_ISSUER_NUMBER, make, parse

CERTIFICATE = "7ZK0-1234-5678-9ABC-DEFG-HJK5"
CLAIM = "7ZK0-1234-5678-9ABC-DEFG-HJK6"


@pytest.mark.parametrize(
    ("text", "purpose"),
    [
        (CERTIFICATE, "certificate"),
        (CLAIM, "claim"),
        ("01AZ-YXWV-TSRQ-PNMK-JHGF-EDC7", "certificate"),
        ("01AZ-YXWV-TSRQ-PNMK-JHGF-EDC4", "claim"),
    ],
)
def test_the_permanent_vectors_read_as_their_kind(text, purpose):
    code = parse(text)
    assert (code.purpose, code.grouped) == (purpose, text)


def test_locator_and_key_are_the_permanent_ones():
    code = parse(CERTIFICATE)
    assert code.locator.hex() == "92e8ccbc27007e9102010d743179c8ae"
    assert code.key.hex() == "db86911a989fd5dba725fe6b74cfe50614d48f6bec6793147789dc63dda3164b"


@pytest.mark.parametrize(
    "typed",
    [
        "7zko-1234-5678-9abc-defg-hjk5",
        "７ＺＫ０　１２３４ 5678 9ABC DEFG HJK5",
        " 7ZKO I234 5678 9ABC\tDEFG\u2010HJK5\n",
        "7ZKO-l234-5678-9ABC-DEFG-HJK5",
    ],
)
def test_case_width_spaces_and_look_alikes_do_not_matter(typed):
    assert parse(typed).grouped == CERTIFICATE


@pytest.mark.parametrize(
    "typed", ["", "7ZK0", CERTIFICATE + "0", CERTIFICATE.replace("5", "U"), "ı" * 24, "7" * 10_000, "证" * 24]
)
def test_what_is_no_code_is_called_mistyped(typed):
    with pytest.raises(CodeMistypedError):
        parse(typed)


def test_a_code_of_the_other_kind_belongs_in_another_box():
    with pytest.raises(WrongCodeKindError):
        parse(CLAIM, purpose="certificate")
    with pytest.raises(WrongCodeKindError):
        parse(CERTIFICATE, purpose="claim")


def test_every_single_wrong_character_is_caught_in_its_own_box():
    text = parse(CERTIFICATE).text
    for position, character in itertools.product(range(24), ALPHABET):
        if text[position] != character:
            wrong = text[:position] + character + text[position + 1 :]
            with pytest.raises((CodeMistypedError, WrongCodeKindError)):
                parse(wrong, purpose="certificate")


@given(st.binary(min_size=12, max_size=12), st.integers(0, MAX_ISSUER_NUMBER))
def test_every_swap_of_neighbours_is_caught(random, number):
    text = make(number, random=random, purpose="certificate").text
    for position in range(23):
        swapped = text[:position] + text[position + 1] + text[position] + text[position + 2 :]
        if swapped != text:
            with pytest.raises((CodeMistypedError, WrongCodeKindError)):
                parse(swapped, purpose="certificate")


@given(
    st.binary(min_size=12, max_size=20),
    st.integers(0, MAX_ISSUER_NUMBER),
    st.sampled_from(["certificate", "claim"]),
)
def test_a_made_code_reads_back_with_its_issuer_and_kind(random, number, purpose):
    code = make(number, random=random, purpose=purpose)
    assert parse(code.grouped, purpose=purpose) == code
    assert code.issuer_number == number


def test_too_little_randomness_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="12 random bytes"):
        make(1, random=bytes(11), purpose="certificate")
