"""From one operator to many: what a move keeps, and what it refuses."""

import json
import shutil
from dataclasses import replace

import pytest

from ledger.core.blocks import CONSORTIUM, SINGLE_OPERATOR
from ledger.core.machine import Core
from ledger.core.reading import Reader
from ledger.errors import EngineError
from ledger.joining import consensus, founding, importing, invitation, newcomer
from ledger.joining.errors import JoiningError, UncoveredError
from ledger.proof import assembly, epochs
from ledger.proof.pins import Pin
from ledger.proof.receipts import sign_receipt
from ledger.proof.verify import verify_anchor
from tests.ledger.joining.operators import Operator


@pytest.fixture(scope="module")
def operator(tmp_path_factory) -> Operator:
    return Operator(tmp_path_factory.mktemp("moving"))


@pytest.fixture(scope="module")
def moved(operator):
    before = operator.checkpoint().encode()
    receipt = receipt_of(operator)
    file, invitation = operator.migrate()
    return before, receipt, file, invitation


def receipt_of(operator):
    """Return the receipt of the anchor that was made while the operator was alone."""
    engine = operator.engine()
    try:
        with engine.reader() as reader:
            size = reader.own_block(operator.anchor).size
            return assembly.receipt(
                reader,
                operator.anchor,
                sign=lambda head, _root: [engine.receipt(head.size)],
                credential_type="GraduationCertificate",
                size=size,
            )
    finally:
        engine.close()


def join(operator, party, file, **changes):
    given = {"did": party.did, "pin": operator.pin, "mark": None, "now": operator.now, **changes}
    return newcomer.join(operator.home_of(party), file, **given)


def test_the_first_block_of_cometbft_follows_the_last_one_of_the_operator(operator, moved):
    genesis = json.loads(moved[3].genesis)
    with Reader.open(operator.home / "ledger.db") as reader:
        head = reader.head()
    assert genesis["initial_height"] == str(head.height + 1)
    assert genesis["app_hash"] == head.root.hex().upper()
    assert consensus.validators(moved[3].genesis).keys() == {
        party.did for party in operator.consortium.parties
    }


def test_every_signer_joins_with_the_keys_that_were_voted(operator, moved):
    for party in operator.consortium.parties[1:]:
        joined = join(operator, party, moved[2])
        assert joined.signs
        with Reader.open(operator.home_of(party) / "ledger.db") as reader:
            assert reader.head().root == moved[3].root
        settled = (joined.keys.comet.config / "genesis.json").read_bytes()
        assert settled == moved[3].genesis


def test_old_entries_keep_the_label_of_the_single_operator(operator, moved):
    with Reader.open(operator.home / "ledger.db") as reader:
        assert reader.own_block(operator.anchor).mode == SINGLE_OPERATOR
        assert reader.head_block().mode == CONSORTIUM


def test_an_old_receipt_verifies_after_the_move_and_says_single_operator(operator, moved):
    issuer = operator.issuer.did
    present = present_pin(operator)
    assert not present.single
    bundle = bundle_with_consistency(operator, moved[1])
    receipt, _ = verify_anchor(
        bundle,
        issuer_id=issuer,
        credential_type="GraduationCertificate",
        pin=present,
        now=operator.now,
    )
    assert receipt.single_operator


def test_an_old_entry_says_single_operator_under_the_new_signatures_too(operator, moved, tmp_path):
    path = tmp_path / "ledger.db"
    importing.import_log(
        path, operator.entries(), pin=operator.pin, checkpoint=moved[3].checkpoint, now=operator.now
    )
    core = Core.open(path)
    core.apply_block(core.head.height + 1, operator.now, [])  # CometBFT's first block begins the new epoch
    core.commit()
    present = replace(epochs.present_pin(core.reader), single=False)
    bundle = assembly.receipt(
        core.reader,
        operator.anchor,
        sign=lambda head, root: signed_by_all(operator, head, root),
        credential_type="GraduationCertificate",
    )
    core.close()
    receipt, _ = verify_anchor(
        bundle,
        issuer_id=operator.issuer.did,
        credential_type="GraduationCertificate",
        pin=present,
        now=operator.now,
    )
    assert receipt.checkpoint.epoch == present.epoch
    assert not receipt.checkpoint.single_operator
    assert receipt.single_operator


def test_every_signer_is_told_of_all_the_others(operator, tmp_path):
    party = operator.consortium.parties[2]
    own = founding.node_keys(operator.home_of(party), consensus=True).comet.node_id
    others = [f"{own}@10.0.0.3:26656", f"{'b' * 40}@10.0.0.4:26656"]
    file, invited = operator.migrate(others=others)
    assert list(invited.peers[1:]) == others
    home = tmp_path / "home"
    shutil.copytree(operator.home_of(party) / "comet", home / "comet")
    shutil.copy(operator.home_of(party) / "receipt.key", home)
    joined = newcomer.join(home, file, did=party.did, pin=operator.pin, mark=None, now=operator.now)
    assert joined.peers == (invited.peers[0], others[1])


def test_a_second_call_keeps_the_genesis(operator, moved):
    operator.now += 5
    try:
        _, again = operator.migrate()
        assert again.genesis == moved[3].genesis
    finally:
        operator.now -= 5


def test_fewer_than_four_signers_do_not_move(tmp_path):
    operator = Operator(tmp_path, signers=3)
    with pytest.raises(JoiningError, match="3 members sign"):
        operator.migrate()
    assert not (founding.comet_home(operator.home).config / "genesis.json").exists()
    assert not (tmp_path / "invitation").exists()
    _, invitation = operator.migrate(fewest=2)
    assert len(consensus.validators(invitation.genesis)) == 3


def test_a_running_node_does_not_move(operator):
    engine = operator.engine()
    try:
        with pytest.raises(EngineError):
            operator.migrate()
    finally:
        engine.close()


def test_a_ledger_that_has_moved_does_not_move_again(tmp_path):
    operator = Operator(tmp_path)
    operator.migrate()
    core = Core.open(operator.home / "ledger.db")
    core.apply_block(core.head.height + 1, operator.now + 10, [])
    core.commit()
    core.close()
    with pytest.raises(JoiningError, match="has moved"):
        operator.migrate()


def test_an_address_of_every_interface_is_no_peer(operator):
    with pytest.raises(JoiningError, match="--peer"):
        operator.migrate(peer="0.0.0.0:26656")


def test_an_invitation_whose_checkpoint_covers_too_little_is_refused(operator, moved, tmp_path):
    with Reader.open(operator.home / "ledger.db") as reader:
        early = reader.own_block(operator.anchor).size
        worse = replace(moved[3], checkpoint=operator.checkpoint(early))
        invitation.write(tmp_path / "file", worse, reader.store.entries(0, worse.size))
    home = tmp_path / "home"
    home.mkdir()
    with pytest.raises(UncoveredError):
        newcomer.join(
            home, tmp_path / "file", did="did:web:new.example", pin=operator.pin, mark=None, now=operator.now
        )
    assert list(home.iterdir()) == []


def present_pin(operator) -> Pin:
    """Return the pin that a person hands over after the move: today's signers, the earlier sets known."""
    with Reader.open(operator.home / "ledger.db") as reader:
        return replace(epochs.present_pin(reader), single=False)


def bundle_with_consistency(operator, bundle):
    with Reader.open(operator.home / "ledger.db") as reader:
        size = bundle.head_inclusion.size
        return replace(bundle, consistency=assembly.consistency(reader, size, reader.head().size))


def signed_by_all(operator, head, root):
    parties = sorted(operator.consortium.parties, key=lambda party: party.did)
    return [
        sign_receipt(
            root,
            key=founding.node_keys(operator.home_of(party), consensus=False).receipt,
            member=party.did,
            chain_id=operator.consortium.chain_id,
            iat=head.time,
        )
        for party in parties
    ]
