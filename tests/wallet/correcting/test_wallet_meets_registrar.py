"""A wallet and a real issuer: one slip for all certificates, a correction asked for, made and taken."""

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from issuer import batches, offers, records
from issuer.correcting import requests as asked
from tests.issuer.bank.creditbank import Town, skill
from tests.issuer.cosigning.bodies import MAKER, new_row
from tests.wallet.learners import Learner
from wallet import holding, looking_up, receiving
from wallet.correcting import asking
from wallet.errors import HolderRequestRefusedError

_MEMORY = Path("/dev/shm")
TEXT = "实操成绩应为 93。"


@pytest.fixture
def town():
    parent = str(_MEMORY) if _MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="vocred-", dir=parent) as name:
        found = Town(Path(name))
        yield found
        found.close()


@pytest.fixture
def learner(town, tmp_path):
    found = Learner(town, tmp_path)
    yield found
    found.db.close()


def test_correction_is_asked_for_declined_and_asked_again(learner, town):
    item = learner.certificate()
    asking.ask(learner.db, learner.wallet, item, text=TEXT, **learner.at)
    (task,) = asked.listing(town.body.db)
    assert task.text == TEXT
    with pytest.raises(HolderRequestRefusedError) as caught:
        asking.ask(learner.db, learner.wallet, item, text=TEXT, **learner.at)
    assert caught.value.reason == "CONFLICT"
    asked.answer(town.body.db, actor=MAKER, request_id=task.id, text="评分表即为 91。", now=town.now)
    found = asking.look(learner.db, learner.wallet, item, **learner.at)
    assert (found.state, found.answer) == ("declined", "评分表即为 91。")


def test_corrected_certificate_takes_the_old_ones_place_in_the_wallet(learner, town):
    item = learner.certificate()
    asking.ask(learner.db, learner.wallet, item, text=TEXT, **learner.at)
    record_id = item.facts.credential_id.removeprefix("urn:uuid:")
    town.body.two("correct", record_id, changes={"practice": "93"})
    town.body.anchor()
    town.wait(10)
    old = holding.refresh_one(learner.db, learner.wallet, item.credential_id, **learner.at)
    assert (old.status.kind, old.status.reason) == ("revoked", "录入错误更正")
    corrected = asking.corrected(learner.db, learner.wallet, old, now=learner.now)
    assert corrected.record is not None
    assert corrected.held is None
    (new,) = asking.replace(learner.db, learner.wallet, old, **learner.at)
    held = holding.one(learner.db, learner.wallet, new, now=learner.now)
    assert held.facts.credential_id == corrected.record
    assert dict(held.facts.results)["实操成绩"] == "93"
    assert held.facts.awarded == item.facts.awarded
    assert asking.corrected(learner.db, learner.wallet, old, now=learner.now).held == new
    assert asking.look(learner.db, learner.wallet, old, **learner.at).state == "corrected"


def test_certificate_that_nothing_replaced_is_not_offered_again(learner, town):
    item = learner.certificate()
    with pytest.raises(HolderRequestRefusedError) as caught:
        asking.replace(learner.db, learner.wallet, item, **learner.at)
    assert caught.value.reason == "NOT_FOUND"


@pytest.mark.row("S57")
def test_one_slip_brings_every_certificate_of_a_graduate(learner, town):
    body = town.body
    for serial, (level, code) in enumerate((("中级", "IROM-2"), ("高级", "IROM-3")), 1):
        row = new_row(skill(serial, level=level, certCode=code), serial)
        body.issue(_batch(body, replace(row, holder_key="the same person")))
    body.anchor()
    (first, second) = records.search(body.db)
    assert first.id != second.id
    slip = body.two("reissue-slip", first.id).result
    minted = offers.mint_for(body.db, body.parts, slip_id=slip["slip_id"], now=town.now)
    offered = looking_up.look_up(
        f"openid-credential-offer://?credential_offer_uri={minted.uri}", **learner.at
    )
    ids = receiving.receive(learner.db, learner.wallet, offered, pin=slip["pin"], **learner.at)
    held = [holding.one(learner.db, learner.wallet, each, now=learner.now) for each in ids]
    assert {item.facts.level_code for item in held} == {"1X-2", "1X-3"}
    assert len({item.facts.holder for item in held}) == 2


def _batch(body, row):
    return batches.create(
        body.db,
        body.parts,
        actor=MAKER,
        credential_type=row.fields["type"],
        rows=[row],
        source_name="list.csv",
        source=b"file",
        report={},
        now=body.now,
    )
