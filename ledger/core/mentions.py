"""Which statements speak of what: an index of the log, so that a history is found without reading all of it.

It decides nothing and is no part of the state: it could be made again from the log at any time, and is made
so where the database of an older program lacks it.
"""

from collections.abc import Iterator

from ledger.core.blocks import is_block
from ledger.statements import Statement, parse_statement
from ledger.store import Store

PROPOSALS = b"proposals"
"""Under this subject stands every proposing statement."""


def about_proposal(proposal_id: bytes) -> bytes:
    """Return the subject under which the votes on a proposal stand."""
    return b"vote:" + proposal_id


def about_agreement(agreement_id: str) -> bytes:
    """Return the subject under which the proposals about an agreement stand."""
    return agreement_id.encode()


def remember(store: Store, statement: Statement, *, index: int) -> None:
    """Note what an accepted statement is about, in the block's transaction."""
    for subject in _subjects(statement):
        store.put_mention(subject, index)


def fill(store: Store) -> None:
    """Make the index from the log, in the caller's transaction."""
    for index, entry in enumerate(store.entries()):
        if index and not is_block(entry):
            remember(store, parse_statement(entry), index=index)


def _subjects(statement: Statement) -> Iterator[bytes]:
    if statement.kind == "vote":
        yield about_proposal(statement.body["proposal"])
    elif statement.kind == "propose":
        yield PROPOSALS
        name, body = statement.body["action"]
        if name.startswith("agreement."):
            yield about_agreement(body["id"])
