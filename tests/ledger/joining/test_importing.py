"""Import: a replay under a quorum's signatures, or nothing."""

from dataclasses import replace

import pytest

from ledger.core.reading import Reader
from ledger.errors import HistoryError
from ledger.joining import importing
from ledger.joining.errors import JoiningError, OtherLedgerError, UncoveredError
from ledger.proof.errors import InconsistentError, ReceiptError, RollbackError
from ledger.proof.pins import Pin
from tests.ledger.consortium import Consortium
from tests.ledger.joining.operators import Operator, with_changed_statement


@pytest.fixture(scope="module")
def operator(tmp_path_factory) -> Operator:
    operator = Operator(tmp_path_factory.mktemp("operator"))
    operator.engine().close()  # what is due takes effect
    return operator


def take(operator, home, **changes):
    given = {
        "entries": operator.entries(),
        "pin": operator.pin,
        "checkpoint": operator.checkpoint(),
        "now": operator.now,
        **changes,
    }
    return importing.import_log(home / "ledger.db", given.pop("entries"), **given)


def refused(operator, home, error, **changes):
    """See an import refused, and nothing left behind."""
    with pytest.raises(error) as caught:
        take(operator, home, **changes)
    assert list(home.iterdir()) == []
    return caught.value


def test_an_import_has_every_entry_and_the_same_root(operator, tmp_path):
    replayed = take(operator, tmp_path)
    with Reader.open(operator.home / "ledger.db") as old, Reader.open(tmp_path / "ledger.db") as new:
        assert new.head() == old.head() == replayed.head
        assert list(new.store.entries()) == list(old.store.entries())
        assert new.value("signers") == old.value("signers")


def test_blocks_that_only_let_signers_take_effect_may_follow_the_checkpoint(operator, tmp_path):
    replayed = take(operator, tmp_path)
    assert replayed.checkpoint.size < replayed.head.size
    assert replayed.checkpoint.epoch == 1


def test_a_statement_behind_the_checkpoint_is_refused(operator, tmp_path):
    with Reader.open(operator.home / "ledger.db") as reader:
        early = reader.own_block(operator.anchor).size
    error = refused(operator, tmp_path, UncoveredError, checkpoint=operator.checkpoint(early))
    assert "statements follow" in str(error)


def test_a_history_without_a_checkpoint_is_refused(operator, tmp_path):
    refused(operator, tmp_path, UncoveredError, checkpoint=None)


def test_the_genesis_alone_needs_no_checkpoint(operator, tmp_path):
    replayed = take(operator, tmp_path, entries=operator.entries()[:1], checkpoint=None)
    assert replayed.head.size == 1


def test_a_changed_statement_is_refused(operator, tmp_path):
    entries = with_changed_statement(operator.entries(), operator.anchor)
    refused(operator, tmp_path, HistoryError, entries=entries)


def test_a_block_left_out_is_refused(operator, tmp_path):
    entries = operator.entries()
    refused(operator, tmp_path, HistoryError, entries=[*entries[:1], *entries[2:]])


def test_a_log_that_breaks_off_within_a_block_is_refused(operator, tmp_path):
    refused(operator, tmp_path, HistoryError, entries=operator.entries()[: operator.anchor + 1])


def test_a_checkpoint_that_nobody_signed_is_refused(operator, tmp_path):
    unsigned = replace(operator.checkpoint(), signatures=())
    refused(operator, tmp_path, ReceiptError, checkpoint=unsigned)


def test_a_checkpoint_of_another_history_of_the_same_ledger_is_refused(operator, tmp_path):
    # The operator's own key, over a tree that does not hold what this log holds.
    checkpoint = operator.checkpoint()
    path = (bytes(32), *checkpoint.head_inclusion.path[1:])
    forged = replace(checkpoint, head_inclusion=replace(checkpoint.head_inclusion, path=path))
    refused(operator, tmp_path, (InconsistentError, ReceiptError), checkpoint=forged)


def test_a_log_of_another_ledger_is_refused(operator, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "home").mkdir()
    other = Consortium(tmp_path / "other", delay=7)
    other.core.close()
    refused(operator, tmp_path / "home", OtherLedgerError, pin=Pin.from_genesis(other.genesis))


def test_a_log_that_leaves_the_pins_checkpoint_is_refused(operator, tmp_path):
    size = operator.anchor + 1
    refused(operator, tmp_path, HistoryError, pin=replace(operator.pin, size=size, root=bytes(32)))


def test_an_import_replaces_no_ledger(operator, tmp_path):
    take(operator, tmp_path)
    before = (tmp_path / "ledger.db").read_bytes()
    with pytest.raises(JoiningError, match="already"):
        take(operator, tmp_path)
    assert (tmp_path / "ledger.db").read_bytes() == before


def test_a_log_that_ends_before_what_the_pin_remembers_is_refused(operator, tmp_path):
    ahead = replace(operator.pin, size=len(operator.entries()) + 1, root=bytes(32))
    refused(operator, tmp_path, RollbackError, pin=ahead)


def test_a_newcomers_log_may_be_the_beginning_of_what_was_signed(operator, tmp_path):
    entries, beginning = operator.entries(), 2
    later = replace(operator.checkpoint(), consistency=operator.consistency(beginning))
    refused(operator, tmp_path, RollbackError, entries=entries[:beginning], checkpoint=later)
    replayed = take(
        operator, tmp_path, entries=entries[:beginning], checkpoint=later, may_be_a_beginning=True
    )
    assert replayed.head.size == beginning < replayed.checkpoint.size


def test_a_beginning_that_nothing_ties_to_what_was_signed_is_refused(operator, tmp_path):
    entries = operator.entries()[:2]
    refused(operator, tmp_path, UncoveredError, entries=entries, may_be_a_beginning=True)
