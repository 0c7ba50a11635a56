"""What must hold whatever was killed: the books of issuer, ledger and wallet, read from their files.

look()       after every kill: sound files, everything once, nothing that was there is gone or taken back
audit()      at the end: every receipt verifies, the ledger holds every statement once, no gap
"""

import contextlib
import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from sqlite_utils import Database

from ledger.client import LedgerClient
from ledger.proof.pins import PinStore
from ledger.registry import status_key
from ledger.statements import SUBMISSION, parse_statement
from tests.e2e.faults import Town
from vc import bitstring
from vc.form_store import open_receipt, receipt_locator
from vocred.demo.places import COLLEGE

_DOUBLED = {
    "a row has two records": "SELECT position FROM record GROUP BY batch_id, position HAVING count(*) > 1",
    "a number has two records": "SELECT number FROM record GROUP BY number HAVING count(*) > 1",
    "a record has not one paper form": "SELECT record.id FROM record LEFT JOIN form "
    "ON form.record_id = record.id AND form.kind = 'paper' GROUP BY record.id HAVING count(form.id) <> 1",
    "a record has two holder forms": "SELECT record_id FROM form WHERE kind = 'ldp_vc' "
    "GROUP BY record_id HAVING count(*) > 1",
    "an index is used twice": "SELECT list FROM form GROUP BY list, status_index HAVING count(*) > 1",
    "a signed row has no record": "SELECT batch_row.record_id FROM batch_row LEFT JOIN record "
    "ON record.id = batch_row.record_id WHERE batch_row.state = 'signed' AND record.id IS NULL",
    "a record's row is not signed": "SELECT record.id FROM record JOIN batch_row USING (batch_id, position) "
    "WHERE batch_row.state <> 'signed'",
    "an issued batch has a row that waits": "SELECT batch.id FROM batch JOIN batch_row "
    "ON batch_row.batch_id = batch.id AND batch_row.state = 'waiting' WHERE batch.state = 'issued' "
    "AND (batch_row.pile = 'ready' OR batch_row.confirmed)",
    "a paper form is not in the store, or has no code": "SELECT form.id FROM form "
    "LEFT JOIN sealed_form ON sealed_form.form_id = form.id LEFT JOIN printed_code "
    "ON printed_code.form_id = form.id WHERE form.kind = 'paper' AND form.state = 'valid' "
    "AND (sealed_form.form_id IS NULL OR printed_code.form_id IS NULL)",
    "a revoked record has a valid form": "SELECT form.id FROM form JOIN record ON record.id = record_id "
    "WHERE record.state = 'revoked' AND form.state <> 'revoked'",
    "a slip was used without a form": "SELECT slip.id FROM slip LEFT JOIN form "
    "ON form.record_id = slip.record_id AND form.kind = 'ldp_vc' "
    "WHERE slip.state = 'used' AND form.id IS NULL",
    "a number of a statement is used twice": "SELECT seq FROM statement WHERE state <> 'refused' "
    "GROUP BY seq HAVING count(*) > 1",
    "two statements are on their way": "SELECT max(id) FROM statement WHERE state = 'prepared' "
    "HAVING count(*) > 1",
    "two batches have one root": "SELECT root FROM anchor GROUP BY root HAVING count(*) > 1",
}


_UNFINISHED = {
    "college": {
        "act not decided": "SELECT 1 FROM act WHERE state = 'submitted' AND kind <> 'approve-batch'",
        "batch not all signed": "SELECT 1 FROM batch WHERE state = 'approved'",
        "statement on its way": "SELECT 1 FROM statement WHERE state = 'prepared'",
        "anchor without statement": "SELECT 1 FROM anchor WHERE statement_id IS NULL",
        "receipts not fetched": "SELECT 1 FROM anchor WHERE state = 'accepted'",
        "list not anchored": "SELECT 1 FROM publication WHERE state <> 'anchored'",
        "bit not in a list": "SELECT 1 FROM status_list WHERE changed_at IS NOT NULL",
        "token without form": "SELECT 1 FROM access_token JOIN slip ON slip.id = slip_id "
        "LEFT JOIN token_form ON token_hash = hash WHERE form_id IS NULL AND slip.state = 'open'",
    },
    "wallet": {"claim begun": "SELECT 1 FROM claim"},
}


@dataclass
class Books:
    """What was acknowledged, and what was seen at the last look.

    Attributes:
        town: The services.
        issued: Records of batches whose approval was acknowledged.
        claimed: Records whose claim was acknowledged, with the credential's id in the wallet.
        revoked: Records whose revocation was acknowledged.
    """

    town: Town
    issued: set[str] = field(default_factory=set)
    claimed: dict[str, str] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)
    looks: int = 0
    _forms: dict[str, dict[str, Any]] = field(default_factory=dict)
    _versions: dict[str, int] = field(default_factory=dict)
    _bits: dict[str, bytes] = field(default_factory=dict)
    _entries: dict[int, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Start from the ledger's own pin; from then on an older or another log is refused."""
        home = self.town.world.home
        pins = PinStore.start(home / "auditor.pin", pin_file=home / "ledger" / "pin")
        # No connection is kept: the node behind it may have been killed.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._http = httpx.Client(limits=limits, timeout=30, trust_env=False)
        self.ledger = LedgerClient(self.town.url("ledger"), pins=pins, http=self._http.request)

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def look(self) -> None:
        """Check everything that must hold at any moment; the services are up."""
        self.looks += 1
        for name in ("college", "ledger", "wallet"):
            with self.open(name) as db:
                assert [row[0] for row in db.execute("PRAGMA integrity_check")] == ["ok"], name
                assert not db.execute("PRAGMA foreign_key_check").fetchall(), name
        with self.open("college") as db:
            for complaint, query in _DOUBLED.items():
                assert not db.execute(query).fetchall(), complaint
            self._nothing_is_gone(db)
            self._acknowledged_stays(db)
            self._statements_are_on_the_ledger(db)
            self._versions_only_grow(db)
        self._bits_stay_set()

    def unfinished(self) -> list[str]:
        """Return what a kill left in the middle. Copies are read: SQLite's own recovery is the service's."""
        return [
            what
            for name, queries in _UNFINISHED.items()
            for what, query in queries.items()
            if self._in_copy(name, query)
        ]

    def wait_until(self, what: str, *, seconds: float) -> None:
        """Wait until something is unfinished in that way, or the time is up."""
        (name,) = (name for name, queries in _UNFINISHED.items() if what in queries)
        end = time.monotonic() + seconds
        with self.open(name) as db:
            while time.monotonic() < end and db.execute(_UNFINISHED[name][what]).fetchone() is None:
                time.sleep(0.002)

    def _in_copy(self, name: str, query: str) -> bool:
        path = self.town.database(name)
        with tempfile.TemporaryDirectory() as folder:
            for suffix in ("", "-wal"):
                with contextlib.suppress(FileNotFoundError):
                    shutil.copy(f"{path}{suffix}", folder)
            db = Database(Path(folder) / path.name)
            try:
                return db.execute(query).fetchone() is not None
            finally:
                db.close()

    def audit(self) -> dict[str, int]:
        """Check everything that must hold once nothing waits any more; return what was counted."""
        self.look()
        with self.open("college") as db:
            waiting = "SELECT (SELECT count(*) FROM form WHERE anchored_at IS NULL) + " \
                "(SELECT count(*) FROM anchor WHERE state <> 'receipted') + " \
                "(SELECT count(*) FROM publication WHERE state <> 'anchored') + " \
                "(SELECT count(*) FROM statement WHERE state = 'prepared')"  # fmt: skip
            assert db.execute(waiting).fetchone()[0] == 0
            forms = self._receipts_verify(db)
            self._bits_are_the_ended_forms(db)
            statements = list(self._log())
            own = [found for found in statements if (found.issuer, found.role) == (COLLEGE.did, SUBMISSION)]
            numbers = [found.seq for found in own]
            assert numbers == list(range(1, len(own) + 1))
            accepted = db.execute("SELECT count(*) FROM statement WHERE state = 'accepted'").fetchone()[0]
            assert accepted == len(own)
            roots = [found.body["root"] for found in own if found.kind == "anchor"]
            kept = [bytes(row[0]) for row in db.execute("SELECT root FROM anchor ORDER BY id")]
            assert sorted(roots) == sorted(kept)
        return {"forms": forms, "statements": len(own), "anchors": len(roots), "looks": self.looks}

    @contextmanager
    def open(self, name: str) -> Iterator[Database]:
        """Open a service's file for reading."""
        db = Database(self.town.database(name))
        try:
            db.execute("PRAGMA query_only = ON")
            yield db
        finally:
            db.close()

    def state(self, record_id: str) -> str:
        """Return a record's state."""
        with self.open("college") as db:
            return str(db.execute("SELECT state FROM record WHERE id = ?", (record_id,)).fetchone()[0])

    def batch(self, batch_id: str) -> str:
        """Return a batch's state."""
        with self.open("college") as db:
            return str(db.execute("SELECT state FROM batch WHERE id = ?", (batch_id,)).fetchone()[0])

    def _nothing_is_gone(self, db: Database) -> None:
        found = {row["id"]: row for row in _rows(db, "SELECT * FROM form")}
        for form_id, before in self._forms.items():
            now = found.get(form_id)
            assert now is not None, f"form {form_id} is gone"
            for name in ("record_id", "digest", "list", "status_index", "entry_id", "holder"):
                assert now[name] == before[name], f"{name} of form {form_id} changed"
            assert before["state"] == "valid" or now["state"] == before["state"], form_id
            assert before["anchored_at"] is None or now["anchored_at"] == before["anchored_at"], form_id
        self._forms = found

    def _acknowledged_stays(self, db: Database) -> None:
        records = {row["id"]: row for row in _rows(db, "SELECT id, state FROM record")}
        assert self.issued <= records.keys()
        for record_id in self.revoked:
            assert records[record_id]["state"] == "revoked"
        held = {form["record_id"] for form in self._forms.values() if form["holder"] is not None}
        assert self.claimed.keys() <= held

    def _statements_are_on_the_ledger(self, db: Database) -> None:
        accepted = _rows(db, "SELECT entry_index, body FROM statement WHERE state = 'accepted' ORDER BY id")
        for statement in accepted:
            index = statement["entry_index"]
            if index not in self._entries:
                self._entries[index] = self._entry(index) or b""
            assert self._entries[index] == bytes(statement["body"]), f"entry {index} is another statement"

    def _versions_only_grow(self, db: Database) -> None:
        urls = {
            row["resource"]: f"{self.town.url('college')}/{row['resource']}"
            for row in _rows(db, "SELECT DISTINCT resource FROM publication")
        }
        keys = {name: status_key(COLLEGE.did, url) for name, url in urls.items()}
        snapshot, _ = self.ledger.snapshot(keys.values(), now=int(time.time()), max_age=0)
        for name, url in urls.items():
            record = snapshot.status(COLLEGE.did, url)
            version = 0 if record is None else record.version
            assert version >= self._versions.get(name, 0), f"{name} went back"
            self._versions[name] = version

    def _bits_stay_set(self) -> None:
        for name in self._versions:
            if name.rpartition("/")[2].isdigit():
                bits = self._served(name)
                if bits is not None:
                    assert not bitstring.clears_any(self._bits.get(name, bits), bits), f"{name} cleared a bit"
                    self._bits[name] = bits

    def _served(self, name: str) -> bytes | None:
        answer = self._http.get(f"{self.town.url('college')}/{name}")
        if answer.status_code == 404:
            # Not anchored yet.
            return None
        return bitstring.decode(json.loads(answer.content)["credentialSubject"]["encodedList"])

    def _bits_are_the_ended_forms(self, db: Database) -> None:
        for name, bits in self._bits.items():
            number = int(name.rpartition("/")[2])
            found = _rows(db, "SELECT status_index, state FROM form WHERE list = ?", number)
            ended = {form["status_index"] for form in found if form["state"] != "valid"}
            assert int.from_bytes(bits, "big").bit_count() == len(ended)
            assert all(bitstring.is_set(bits, index) for index in ended)

    def _receipts_verify(self, db: Database) -> int:
        forms = _rows(db, "SELECT digest FROM form")
        blobs = {bytes(row["locator"]): row["blob"] for row in _rows(db, "SELECT * FROM sealed_receipt")}
        assert len(blobs) == len(forms)
        for form in forms:
            digest = bytes(form["digest"])
            blob = bytes(blobs[receipt_locator(digest)[0]])
            self.ledger.verify_receipt(
                open_receipt(blob, form_digest=digest),
                digest=digest,
                issuer_id=COLLEGE.did,
                credential_type=COLLEGE.credential_type,
                now=int(time.time()),
            )
        return len(forms)

    def _log(self) -> Iterator[Any]:
        """Yield every statement of the log, in order; blocks and the genesis are left out."""
        snapshot, _ = self.ledger.snapshot([], now=int(time.time()), max_age=0)
        for index in range(snapshot.size):
            content = self._entry(index)
            if content is not None:
                yield parse_statement(content)

    def _entry(self, index: int) -> bytes | None:
        answer = self._http.get(f"{self.town.url('ledger')}/v1/entries/{index}")
        assert answer.status_code == 200, answer.text
        return answer.content if answer.headers["Content-Type"].startswith("application/cose") else None


def _rows(db: Database, query: str, *parameters: Any) -> list[Mapping[str, Any]]:
    cursor = db.execute(query, parameters)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]
