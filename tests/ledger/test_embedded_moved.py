"""One operator's ledger becomes that of several: its engine runs what is due and then stands aside."""

import pytest

from ledger.core.machine import Core
from ledger.engines.embedded import EmbeddedEngine
from ledger.errors import MovedError, NotSignerError
from ledger.proof.bundle import Signer
from ledger.proof.receipts import check_signature
from ledger.statements import parse_statement
from tests.ledger.consortium import DAY, START, Consortium, key
from tests.ledger.core_acts import joining, signer_set


class Clock:
    now = START + 10

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def begun(folder, *, delay=0):
    """Return four members' ledger, which the first one operates; its core is closed."""
    ledger = Consortium(folder, count=4, delay=delay)
    ledger.core.close()
    ledger.path = folder / "operator.db"
    Core.create(ledger.path, ledger.genesis).close()
    return ledger


@pytest.fixture
def ledger(tmp_path):
    return begun(tmp_path)


def opened(ledger, clock, *, keys=None):
    first, *others = keys or [ledger.founder.key("receipt")]
    return EmbeddedEngine.open(ledger.path, key=first, others=others, clock=clock)


@pytest.fixture
def engine(ledger, clock):
    engine = opened(ledger, clock)
    yield engine
    engine.close()


def decide(engine, ledger, action):
    """Have three of four members agree."""
    body = {"action": action, "expires": START + DAY}
    proposing = ledger.sign(ledger.founder, "propose", body)
    engine.submit(proposing)
    vote = {"proposal": parse_statement(proposing).proposal_id, "yes": True}
    for party in ledger.parties[:3]:
        engine.submit(ledger.sign(party, "vote", vote))


def anchor(ledger):
    body = {"node": None, "mirror": None, "receipts": None}
    return ledger.sign(ledger.founder, "endpoint.put", body)


def signed_at(engine, ledger, size, *, signer=None):
    with engine.reader() as reader:
        block = reader.block(size)
        return check_signature(
            engine.receipt(size),
            root=reader.root(size),
            signers=[Signer(engine.member, (signer or ledger.founder.key("receipt")).public.cose_key)],
            chain_id=ledger.chain_id,
            not_before=block.time,
            now=START + 30 * DAY,
        ).time


def test_with_a_second_signer_no_more_statements_are_taken(engine, ledger):
    decide(engine, ledger, joining(ledger, ledger.parties[1]))
    assert engine.moved
    with pytest.raises(MovedError, match="serve ledger --engine cometbft") as refused:
        engine.submit(anchor(ledger))
    assert refused.value.code == "LEDGER_MOVED"
    assert not engine.stopped


def test_a_statement_of_the_log_keeps_its_index_all_the_same(engine, ledger):
    statement = anchor(ledger)
    index = engine.submit(statement)
    decide(engine, ledger, joining(ledger, ledger.parties[1]))
    assert engine.submit(statement) == index


def test_the_block_that_brought_the_second_signer_is_the_last_that_the_operator_signs(engine, ledger, clock):
    decide(engine, ledger, joining(ledger, ledger.parties[1]))
    with engine.reader() as reader:
        last = reader.head_block()
    assert last.signers != last.next_signers
    assert engine.confirmed == last.size == engine.head.size
    clock.now += 1000
    assert signed_at(engine, ledger, last.size) == last.time, "what is newest is no longer its to say"


def test_the_timer_makes_no_block_that_the_others_would_have_to_sign(engine, ledger, clock):
    decide(engine, ledger, joining(ledger, ledger.parties[1]))
    before = engine.head
    clock.now += DAY
    engine.tick()
    assert engine.head == before


def test_what_was_decided_before_is_done_when_it_is_due(tmp_path, clock):
    ledger = begun(tmp_path, delay=100)
    engine = opened(ledger, clock)
    for party in ledger.parties[1:3]:
        decide(engine, ledger, joining(ledger, party))
        clock.now += 10
    clock.now += 90
    engine.tick()
    assert engine.moved
    own = engine.confirmed
    clock.now += 10
    engine.tick()
    with engine.reader() as reader:
        assert len(reader.value("signers")) == 3
        later = reader.head().size
    assert engine.confirmed == own < later
    with pytest.raises(NotSignerError):
        engine.receipt(later)
    assert signed_at(engine, ledger, own)
    engine.close()


def test_the_ledger_opens_again_and_still_stands_aside(engine, ledger, clock):
    decide(engine, ledger, joining(ledger, ledger.parties[1]))
    size = engine.head.size
    engine.close()
    again = opened(ledger, clock)
    with pytest.raises(MovedError):
        again.submit(anchor(ledger))
    assert signed_at(again, ledger, size)
    again.close()


def test_the_operators_own_new_key_takes_over_with_the_next_block(engine, ledger, clock):
    new = key("the operator's next receipt key")
    decide(engine, ledger, signer_set(ledger, ledger.founder, receipt=new, validator=key("its validator")))
    old_size = engine.head.size
    engine.submit(anchor(ledger))
    assert engine.confirmed == old_size, "the key that signs now is not here yet"
    engine.close()
    again = opened(ledger, clock, keys=[new, ledger.founder.key("receipt")])
    assert not again.moved
    assert signed_at(again, ledger, old_size)
    assert again.confirmed == again.head.size > old_size
    assert signed_at(again, ledger, again.confirmed, signer=new)
    again.close()
