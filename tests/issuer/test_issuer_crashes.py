"""A kill at any point: before every write and every commit, and around every word with the ledger.

The fault is a ``Killed`` raised before the n-th step; the connection is then dropped without a commit, which
is what a killed process leaves. Each test counts its steps, kills at every one of them in turn, starts anew
from what is on disk, and looks that nothing is lost and nothing is there twice.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from issuer import anchoring, approval, batches, claiming, issuance, key_proofs, records, store
from issuer.claiming import Grant
from tests.issuer.college import CHECKER, College, WalletKey, new_row
from vc import bitstring
from vc.form_store import open_receipt, receipt_locator


class Killed(BaseException):
    """The process ends here."""


class Faults:
    """Counts steps, and ends the process before the n-th one."""

    def __init__(self, at: int | None = None) -> None:
        self.at = at
        self.count = 0

    def step(self) -> None:
        self.count += 1
        if self.count == self.at:
            raise Killed


class FaultyConnection:
    """A connection that may end before any commit or other statement."""

    def __init__(self, connection: Any, faults: Faults) -> None:
        self._connection, self._faults = connection, faults

    def execute(self, sql: str, *parameters: Any) -> Any:
        if not sql.lstrip().upper().startswith(("SELECT", "PRAGMA", "ROLLBACK", "BEGIN")):
            self._faults.step()
        return self._connection.execute(sql, *parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class FaultyLedger:
    """A ledger whose client may end before or after it submits."""

    def __init__(self, ledger: Any, faults: Faults) -> None:
        self._ledger, self._faults = ledger, faults

    def submit(self, statement: bytes) -> int:
        self._faults.step()
        index = self._ledger.submit(statement)
        self._faults.step()
        return index

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)


def steps_of(college: College, act: Callable[[], object], at: int | None) -> int | None:
    """Run ``act`` and be killed before step ``at``; return the number of steps if it was not."""
    faults = Faults(at)
    plain, parts = college.db.conn, college.parts
    college.db.conn = FaultyConnection(plain, faults)
    college.parts = replace(parts, ledger=FaultyLedger(parts.ledger, faults))
    try:
        act()
    except Killed:
        return None
    finally:
        college.db.conn, college.parts = plain, parts
        college.reopen()
    return faults.count


def every_kill(folder: Path, prepare: Callable[[College], Callable[[], object]], look: Any) -> int:
    """Kill at every step in turn, each time with a fresh college, and let ``look`` check what is left."""
    at, killed = 1, True
    while killed:
        home = folder / f"kill-{at}"
        home.mkdir()
        college = College(home)
        try:
            college.register()
            act = prepare(college)
            killed = steps_of(college, act, at) is None
            look(college)
        finally:
            college.close()
        at += 1
    return at - 2


def everything_once(college: College, batch_id: str, rows: int) -> None:
    """Check that each row has exactly one record, one paper form, one code, and its own index."""
    found = records.search(college.db, batch_id=batch_id, limit=1000)
    assert sorted(record.number for record in found) == sorted(
        row.number for row in batches.rows(college.db, batch_id)
    )
    forms = [form for record in found for form in records.forms(college.db, record.id)]
    assert len(forms) == rows
    assert len({(form.list, form.status_index) for form in forms}) == rows
    assert store.value(college.db, "SELECT count(*) FROM sealed_form") == rows
    assert store.value(college.db, "SELECT count(*) FROM printed_code") == rows


def test_killed_approving_and_signing_is_neither_lost_nor_doubled(folder: Path):
    rows = [new_row(serial) for serial in range(3)]
    made: dict[str, str] = {}

    def prepare(college: College) -> Callable[[], object]:
        batch_id, act = college.submit_batch(*rows)
        made.update(batch=batch_id, act=act)

        def act_and_sign() -> None:
            college.approve(act)
            issuance.run_all(college.db, college.parts, now=college.now)

        return act_and_sign

    def look(college: College) -> None:
        if approval.get(college.db, made["act"]).state == "submitted":
            assert batches.get(college.db, made["batch"]).state == "submitted"
            college.approve(made["act"])
        issuance.run_all(college.db, college.parts, now=college.now)
        assert batches.get(college.db, made["batch"]).state == "issued"
        everything_once(college, made["batch"], len(rows))

    assert every_kill(folder, prepare, look) > 20


@pytest.mark.case("FILE-011")
def test_killed_anchoring_ends_with_every_receipt_and_one_anchor(folder: Path):
    made: dict[str, str] = {}

    def prepare(college: College) -> Callable[[], object]:
        made["batch"] = college.issue(new_row(1), new_row(2))
        college.wait(1)
        return lambda: anchoring.anchor_pending(college.db, college.parts, now=college.now, at_once=True)

    def look(college: College) -> None:
        for _ in range(3):
            state = college.anchor()
        assert (state.problem, state.pending) == (None, 0)
        assert batches.progress(college.db, made["batch"]).printable
        receipts_check(college)
        assert store.value(college.db, "SELECT count(*) FROM anchor") == 1
        assert store.value(college.db, "SELECT count(*) FROM statement WHERE kind = 'anchor'") == 1
        assert store.value(college.db, "SELECT count(*) FROM anchor_leaf") == 0

    assert every_kill(folder, prepare, look) > 15


@pytest.mark.case("VCI-033")
def test_killed_claim_signs_exactly_one_form_at_the_next_try(folder: Path):
    wallet, made = WalletKey(), {}

    def claim(college: College) -> dict[str, Any]:
        code = college.offer(made["slip"]["slip_id"])
        token = claiming.redeem(
            college.db,
            college.parts,
            grant=Grant(code, made["slip"]["pin"], None),
            now=college.now,
        )["access_token"]
        made["token"] = token
        return issue(college, token)

    def issue(college: College, token: str) -> dict[str, Any]:
        nonce = key_proofs.new_nonce(college.parts, now=college.now)
        request = {
            "credential_configuration_id": "GraduationCertificate_ldp_vc",
            "proofs": {"jwt": [wallet.proof(nonce=nonce, now=college.now)]},
        }
        return claiming.issue(college.db, college.parts, access_token=token, request=request, now=college.now)

    def prepare(college: College) -> Callable[[], object]:
        made.clear()
        record = college.first_record(college.issue(new_row(1)))
        made.update(record=record.id, slip=college.slip(record.id))
        return lambda: claim(college)

    def look(college: College) -> None:
        holder_forms = [f for f in records.forms(college.db, made["record"]) if f.holder]
        again = issue(college, made["token"]) if holder_forms else claim(college)
        (form,) = [form for form in records.forms(college.db, made["record"]) if form.holder]
        assert form.holder == wallet.did
        assert again["credentials"][0]["credential"]["credentialSubject"]["id"] == wallet.did
        assert store.value(college.db, "SELECT count(*) FROM form") == 2
        assert store.value(college.db, "SELECT state FROM slip") == "used"

    assert every_kill(folder, prepare, look) > 10


def test_killed_revoking_ends_with_every_bit_set_and_anchored(folder: Path):
    made: dict[str, Any] = {}

    def prepare(college: College) -> Callable[[], object]:
        record = college.first_record(college.issue(new_row(1)))
        college.anchor()
        act = approval.submit(
            college.db,
            college.parts,
            actor=replace(CHECKER, name="zhang"),
            kind="revoke",
            subject=record.id,
            arguments={"reason": "机构撤销"},
            now=college.now,
        )
        made.update(record=record.id, act=act)
        college.wait(1)

        def revoke() -> None:
            college.approve(act)
            anchoring.anchor_pending(college.db, college.parts, now=college.now, at_once=True)

        return revoke

    def look(college: College) -> None:
        if approval.get(college.db, made["act"]).state == "submitted":
            assert records.get(college.db, made["record"]).state == "valid"
            college.approve(made["act"])
        for _ in range(2):
            assert college.anchor().problem is None
        assert records.get(college.db, made["record"]).state == "revoked"
        bits_equal_the_records(college)

    assert every_kill(folder, prepare, look) > 10


def receipts_check(college: College) -> None:
    """Open every form's receipt and check it against the ledger."""
    for form in store.rows(college.db, "SELECT digest FROM form"):
        digest = bytes(form["digest"])
        locator, _ = receipt_locator(digest)
        blob = store.value(college.db, "SELECT blob FROM sealed_receipt WHERE locator = ?", (locator,))
        receipt = college.parts.ledger.verify_receipt(
            open_receipt(bytes(blob), form_digest=digest),
            digest=digest,
            issuer_id="did:web:yunling.edu.example",
            credential_type="GraduationCertificate",
            now=college.now,
        )
        assert receipt.single_operator


def bits_equal_the_records(college: College) -> None:
    """Check that the anchored list has exactly the bits of the forms that ended."""
    body = store.value(
        college.db,
        "SELECT body FROM publication WHERE resource = 'status/1' AND state = 'anchored' "
        "ORDER BY version DESC LIMIT 1",
    )
    bits = bitstring.decode(json.loads(body)["credentialSubject"]["encodedList"])
    forms = store.rows(college.db, "SELECT status_index, state FROM form")
    ended = {form["status_index"] for form in forms if form["state"] != "valid"}
    assert ended
    assert {form["status_index"] for form in forms if bitstring.is_set(bits, form["status_index"])} == ended
    assert int.from_bytes(bits, "big").bit_count() == len(ended)
