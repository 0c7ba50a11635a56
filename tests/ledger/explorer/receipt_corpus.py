"""Every receipt that the tests of ``ledger.proof.verify`` check, good and forged, with what came out.

The tests themselves are run once more, one by one, and each question that they put to ``verify_receipt`` is
written down with its answer: so whoever adds a forged receipt there adds it here.
"""

import inspect
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

from crypto import cbor
from ledger.errors import LedgerError
from ledger.proof.verify import Receipt, verify_receipt
from tests.ledger import test_receipts_forged, test_receipts_verify
from tests.ledger.paper_log import anchored

MODULES = (test_receipts_forged, test_receipts_verify)


@dataclass(frozen=True)
class Question:
    """One call of ``verify_receipt``.

    Attributes:
        name: The test that asked.
        receipt: The bundle.
        asked: The other arguments.
        code: The refusal's code, or None where the receipt was accepted.
        answer: What it showed.
    """

    name: str
    receipt: bytes
    asked: dict[str, Any]
    code: str | None
    answer: Receipt | None

    def to_json(self) -> dict[str, Any]:
        """Return the question as the page's script takes it, bytes in hexadecimal."""
        proofs = list(self.asked.get("consistency", ()))
        return {
            "receipt": self.receipt.hex(),
            "digest": self.asked["digest"].hex(),
            "issuer": self.asked["issuer_id"],
            "types": [self.asked["credential_type"]],
            "pin": self.asked["pin"].to_bytes().hex(),
            "now": self.asked["now"],
            "proof": cbor.encode(proofs[0].to_cbor()).hex() if proofs else None,
        }


def corpus() -> list[Question]:
    """Return every question of both modules' tests, each once."""
    asked: dict[Any, Question] = {}
    for module in MODULES:
        for question in _asked_by(module):
            asked.setdefault((question.receipt, str(question.asked)), question)
    return list(asked.values())


def _asked_by(module: ModuleType) -> list[Question]:
    found: list[Question] = []
    with pytest.MonkeyPatch.context() as patch:
        for name, test in inspect.getmembers(module, inspect.isfunction):
            if name.startswith("test_"):
                patch.setattr(module, "verify_receipt", _recorder(found, name))
                for arguments in _arguments(test):
                    test(**arguments)
    return found


def _recorder(found: list[Question], name: str) -> Callable[..., Receipt]:
    def record(receipt: bytes, **asked: Any) -> Receipt:
        try:
            answer = verify_receipt(receipt, **asked)
        except LedgerError as error:
            found.append(Question(name, receipt, asked, error.code, None))
            raise
        found.append(Question(name, receipt, asked, None, answer))
        return answer

    return record


def _arguments(test: Callable[..., Any]) -> Iterator[dict[str, Any]]:
    """Return the arguments that pytest would call a test with: its parameters, and the fixture ``world``."""
    sets = []
    for mark in getattr(test, "pytestmark", []):
        if mark.name == "parametrize":
            names, values = mark.args
            names = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
            sets.append([dict(zip(names, v if len(names) > 1 else (v,), strict=True)) for v in values])
    needs_world = "world" in inspect.signature(test).parameters
    for chosen in itertools.product(*sets):
        arguments: dict[str, Any] = {"world": anchored()} if needs_world else {}
        for each in chosen:
            arguments |= each
        yield arguments
