"""The printed code: what an employer types from paper, and what a student types from a slip.

    7ZK0-1234-5678-9ABC-DEFG-HJK5
    │    │                      └ check character, 5 bits
    │    └ 19 random characters, 95 bits
    └ number of the issuer in the registry, 20 bits

1. A **code** is 24 characters of the alphabet; a character's value is its position there.
2. Over GF(32) with x^5+x^2+1, h starts at 0 and becomes 2h XOR s for each character's value s. A
   certificate's code has h = 1, a claim code h = 2: neither passes for the other, and no single slip or swap
   of neighbours goes unseen.
3. **Locator** (16 bytes, where the form lies) and **key** (32 bytes, what opens it) are HKDF-SHA-256 of the
   24 characters.

The format is permanent: it is on paper. Here is arithmetic only; which store holds the form is
``vc.form_store``'s business.
"""

import unicodedata
from dataclasses import dataclass
from typing import Literal

from crypto.sealing import hkdf
from vc.errors import CodeMistypedError, WrongCodeKindError

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 24
ISSUER_CHARACTERS = 4
RANDOM_BYTES = 12
MAX_ISSUER_NUMBER = 32**ISSUER_CHARACTERS - 1

Purpose = Literal["certificate", "claim"]

_TARGETS: dict[Purpose, int] = {"certificate": 1, "claim": 2}
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_LOOK_ALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})
_HYPHENS = "-\u2010\u00ad"
_MAX_TYPED = 200


@dataclass(frozen=True)
class PrintedCode:
    """A well-formed code.

    Attributes:
        text: The 24 characters without hyphens.
        purpose: Whether it opens a certificate or claims one.
    """

    text: str
    purpose: Purpose

    @property
    def grouped(self) -> str:
        """The code as it is printed, in six groups of four."""
        return "-".join(self.text[start : start + 4] for start in range(0, LENGTH, 4))

    @property
    def issuer_number(self) -> int:
        """The issuer's number in the registry."""
        return _number(self.text[:ISSUER_CHARACTERS])

    @property
    def locator(self) -> bytes:
        """The 16 bytes under which the form is stored."""
        return hkdf(self.text.encode("ascii"), info="vocred/code/1/locator", length=16)

    @property
    def key(self) -> bytes:
        """The 32 bytes that open the stored form."""
        return hkdf(self.text.encode("ascii"), info="vocred/code/1/key", length=32)


def make(issuer_number: int, *, random: bytes, purpose: Purpose) -> PrintedCode:
    """Make a new code.

    Args:
        issuer_number: The issuer's number in the registry, 0 to 1,048,575.
        random: At least 12 bytes from the system's generator; 95 bits of them are used.
        purpose: What the code will be printed for.

    Raises:
        ValueError: The number does not fit, or there is too little randomness.
    """
    if not 0 <= issuer_number <= MAX_ISSUER_NUMBER or len(random) < RANDOM_BYTES:
        raise ValueError("an issuer number below 2^20 and 12 random bytes are needed")
    drawn = int.from_bytes(random[:RANDOM_BYTES], "big") >> 1
    body = _characters(issuer_number, ISSUER_CHARACTERS) + _characters(drawn, 19)
    check = _double(_checksum(body)) ^ _TARGETS[purpose]
    return PrintedCode(text=body + ALPHABET[check], purpose=purpose)


def normalise(typed: str) -> str:
    """Bring what was typed or scanned to the alphabet.

    Args:
        typed: Text in any case and width, with spaces or hyphens; O, I and L are read as 0, 1 and 1.

    Returns:
        The characters of the alphabet that were meant, in capitals.

    Raises:
        CodeMistypedError: Some other character stands in it, or it is far too long.
    """
    if len(typed) > _MAX_TYPED:
        raise CodeMistypedError("a code has 24 characters")
    folded = unicodedata.normalize("NFKC", typed)
    kept = "".join(character for character in folded if not character.isspace() and character not in _HYPHENS)
    # Only ASCII is put in upper case: other scripts have letters that would turn into ours.
    text = kept.upper().translate(_LOOK_ALIKES) if kept.isascii() else kept
    if any(character not in _VALUES for character in text):
        raise CodeMistypedError("the code holds a character that is never printed")
    return text


def parse(typed: str, *, purpose: Purpose | None = None) -> PrintedCode:
    """Read a code that somebody typed or scanned.

    Args:
        typed: See ``normalise``.
        purpose: The only kind that is welcome here, or None for either.

    Raises:
        CodeMistypedError: It is not a code of ours: some characters are wrong, swapped, missing or too many.
        WrongCodeKindError: It reads as a code of the other kind, for another box.

    Spec: ARCHITECTURE.md, "The printed code".
    """
    text = normalise(typed)
    if len(text) != LENGTH:
        raise CodeMistypedError("a code has 24 characters")
    checksum = _checksum(text)
    found = next((kind for kind, target in _TARGETS.items() if target == checksum), None)
    if found is None:
        raise CodeMistypedError("the check character does not fit")
    if purpose is not None and found != purpose:
        raise WrongCodeKindError(f"this is the code of a {found}")
    return PrintedCode(text=text, purpose=found)


def _double(value: int) -> int:
    doubled = value << 1
    return doubled ^ 0x25 if doubled > 31 else doubled


def _checksum(text: str) -> int:
    state = 0
    for character in text:
        state = _double(state) ^ _VALUES[character]
    return state


def _characters(number: int, length: int) -> str:
    return "".join(ALPHABET[number >> shift & 31] for shift in range(5 * (length - 1), -1, -5))


def _number(text: str) -> int:
    number = 0
    for character in text:
        number = number << 5 | _VALUES[character]
    return number
