"""The shapes of single values in statements and in the genesis; whatever deviates is a ``Reject``.

Every check takes a decoded CBOR value and returns it, so that a record is read member by member. Text is
bounded and closed in form: there is no member in which a person's name or number could travel, except the
names of institutions.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeVar

from crypto.errors import CryptoError
from crypto.keys import PublicKey
from ledger.errors import Reject

DIGEST_SIZE = 32
MAX_DID = 255
MAX_URL = 512
MAX_NAME = 200
MAX_TIME = 2**53 - 1
MAX_COUNT = 2**53 - 1
MAX_ROLES = 16
MAX_TYPES = 64
MAX_PARTIES = 64
NUMBERS = 1 << 20
"""Issuer numbers are 0 up to this, the four characters of a printed code's first group."""

_DID = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]+")
_CHAIN_ID = re.compile(r"urn:vocred:ledger:[0-9a-f]{64}")
_CREDIT_CODE = re.compile(r"[0-9A-Z]{4,18}")
_ROLE = re.compile(r"[a-z][A-Za-z-]{0,31}")
_TYPE = re.compile(r"[A-Z][A-Za-z0-9]{0,63}")
_TAG = re.compile(r"[0-9ABCDEFGHJKMNPQRSTVWXYZ]{4}")
_AGREEMENT = re.compile(r"urn:vocred:agreement:[A-Z0-9-]{1,64}")
# Written out rather than left to a library, whose next version might read a URL or a letter otherwise: every
# node has to refuse the same statements.
_URL = re.compile(
    r"(?:https://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|http://(?:127\.0\.0\.1|localhost|\[::1\]))"
    r"(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?"
)
# Control characters, and those that hide or reorder what stands beside them.
_NOT_IN_NAMES = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff"
    r"\U000e0000-\U0010ffff]"
)

T = TypeVar("T")


def malformed(detail: str) -> Reject:
    """Return the refusal of a value that has not the shape its place asks for."""
    return Reject("TX_MALFORMED", detail)


def record(value: Any, *members: str) -> Mapping[str, Any]:
    """Return a map that has exactly the named members."""
    if type(value) is not dict or len(value) != len(members) or any(name not in value for name in members):
        raise malformed(f"a map holds exactly {', '.join(members)}")
    return value


def array(value: Any, *, least: int = 0, most: int) -> Sequence[Any]:
    """Return an array of a bounded length."""
    if type(value) is not list or not least <= len(value) <= most:
        raise malformed(f"an array has {least} to {most} items here")
    return value


def ordered(value: Any, item: Callable[[Any], str], *, least: int = 0, most: int) -> Sequence[str]:
    """Return an array of text that is sorted and names nothing twice."""
    items = [item(each) for each in array(value, least=least, most=most)]
    if any(left >= right for left, right in pairwise(items)):
        raise malformed("the items are not sorted, or one stands there twice")
    return items


def optional(value: Any, check: Callable[[Any], T]) -> T | None:
    """Return null as None, anything else as ``check`` does."""
    return None if value is None else check(value)


def integer(value: Any, *, least: int = 0, most: int = MAX_COUNT) -> int:
    """Return an integer within bounds; true and false are none."""
    if type(value) is not int or not least <= value <= most:
        raise malformed(f"an integer lies between {least} and {most} here")
    return value


def time(value: Any) -> int:
    """Return a time in integer seconds."""
    return integer(value, most=MAX_TIME)


def boolean(value: Any) -> bool:
    """Return true or false."""
    if type(value) is not bool:
        raise malformed("not true or false")
    return value


def octets(value: Any, *, size: int) -> bytes:
    """Return a byte string of exactly ``size`` bytes."""
    if type(value) is not bytes or len(value) != size:
        raise malformed(f"a byte string has {size} bytes here")
    return value


def digest(value: Any) -> bytes:
    """Return a SHA-256 digest."""
    return octets(value, size=DIGEST_SIZE)


def signature(value: Any) -> bytes:
    """Return a raw signature of 64 bytes."""
    return octets(value, size=64)


def did(value: Any) -> str:
    """Return a DID."""
    return _matching(value, _DID, MAX_DID, "DID")


def chain_id(value: Any) -> str:
    """Return the identifier of a ledger."""
    return _matching(value, _CHAIN_ID, 82, "chain id")


def credit_code(value: Any) -> str:
    """Return an organisation's unified social credit code, or a code of up to 18 characters in its place."""
    return _matching(value, _CREDIT_CODE, 18, "credit code")


def role(value: Any) -> str:
    """Return the name of a member's role."""
    return _matching(value, _ROLE, 32, "role")


def credential_type(value: Any) -> str:
    """Return the name of a type that grants are about."""
    return _matching(value, _TYPE, 64, "type")


def wallet_tag(value: Any) -> str:
    """Return a wallet's four characters in the registry."""
    return _matching(value, _TAG, 4, "wallet tag")


def agreement_id(value: Any) -> str:
    """Return an agreement's identifier."""
    return _matching(value, _AGREEMENT, 85, "agreement id")


def number(value: Any) -> int:
    """Return an issuer's number."""
    return integer(value, most=NUMBERS - 1)


def url(value: Any) -> str:
    """Return an https URL, or an http one on a loopback host, without user, query or fragment."""
    return _matching(value, _URL, MAX_URL, "plain https URL")


def names(value: Any) -> Mapping[str, str]:
    """Return an institution's names in Chinese and English."""
    given = record(value, "zh", "en")
    for text in (given["zh"], given["en"]):
        if type(text) is not str or not 0 < len(text) <= MAX_NAME or _NOT_IN_NAMES.search(text):
            raise malformed(f"a name is one line of 1 to {MAX_NAME} visible characters")
    return given


def public_key(value: Any) -> PublicKey:
    """Return the key of a COSE_Key with the required members only; weak keys are refused."""
    try:
        return PublicKey.from_cose_key(value)
    except (CryptoError, TypeError) as error:
        raise malformed("not a COSE_Key of an accepted algorithm, or a weak one") from error


def _matching(value: Any, pattern: re.Pattern[str], most: int, name: str) -> str:
    if type(value) is not str or len(value) > most or not pattern.fullmatch(value):
        raise malformed(f"not a {name}")
    return value
