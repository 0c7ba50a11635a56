"""The dry run: what a text would have recognised of this issuer's certificates of the last 12 months.

    begin     1 the span: records of the last 12 months up to the newest one
    step      2 the next records -> facts -> evaluate, without account and without opening a form
              3 one transaction: counts and place, by compare-and-set
    finish    4 counts become an errand: signed, and put beside the proposal

Nothing is kept between steps but what the transaction wrote: a kill loses a step, and the next run goes on
from there. A certificate that was revoked counts among the certificates and is recognised by nothing; one
that a correction replaced is not counted, its successor is. Counts leave this service, and nothing else.

The moment of the evaluation is the first at which the text can be in force: its own first day, or now.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlite_utils import Database

from issuer import audit, institution, officers
from issuer.agreements import store, texts
from issuer.agreements.texts import Text
from issuer.audit import WORKER, Actor
from issuer.errors import ConflictError, InvalidActError
from schemas.building import Institution, build_credential
from schemas.errors import BundleError
from vc import dates
from vc.credentials import facts
from vc.recognition import Agreement, evaluate, source_from
from vc.recognition.terms import read as read_terms
from web.database import transaction

SPAN_SECONDS = 365 * 24 * 3600
STEP_RECORDS = 1_000
PERSONAL = frozenset(
    {
        *("name", "nameEn", "gender", "birthDate", "idType", "idNumber", "phone", "email"),
        *("certNo", "seq", "studentNo", "examineeNo", "klass"),
    }
)
"""Columns that tell people apart and that no rule reads: certificates alike in all others get one answer."""

_NO_STATUS: Mapping[str, Any] = {}
_MOST_ANSWERS = 20_000


@dataclass(frozen=True)
class DryRun:
    """How far a run is, and what it has counted.

    Attributes:
        digest: The text's digest.
        state: ``running`` or ``done``.
        officer: Who asked for it.
        begun_at: When, in seconds: also the end of the span.
        from_at: The beginning of the span.
        total: How many records lie in it.
        examined: How many have been looked at.
        certificates: How many of these are certificates that stand, or were revoked.
        accepted: How many of them at least one rule would recognise.
        rules: How many of them each rule would recognise, by the rule's id.
        ended_at: When it was done, or None.
    """

    digest: bytes
    state: str
    officer: str
    begun_at: int
    from_at: int
    total: int
    examined: int
    certificates: int
    accepted: int
    rules: Mapping[str, int]
    ended_at: int | None

    @property
    def counts(self) -> dict[str, Any]:
        """What is signed and shown to the voters."""
        return {
            "from": self.from_at,
            "until": self.begun_at,
            "certificates": self.certificates,
            "accepted": self.accepted,
            "rules": dict(self.rules),
        }

    def to_json(self) -> dict[str, Any]:
        """Return the run as commands and the page's script read it."""
        return {
            "digest": self.digest.hex(),
            "state": self.state,
            "examined": self.examined,
            "total": self.total,
            **self.counts,
        }


def begin(db: Database, *, actor: Actor, digest: bytes, now: int) -> DryRun:
    """Begin a run over this issuer's own records; the worker, or a command, carries it out.

    A run that is not at its end goes on; one that is done is run anew.

    Raises:
        UnknownError: There is no such text.
        ForbiddenError: The officer is no maker.
        InvalidActError: The text accepts no certificates of this issuer.
        ConflictError: Nobody has confirmed the text yet.
    """
    with transaction(db):
        officers.require(db, actor, officers.MAKER)
        text = texts.load(db, digest)
        if text.state == "unconfirmed":
            raise ConflictError("the proposer has not confirmed this text yet")
        if institution.load(db).did not in text.issuers:
            raise InvalidActError("this agreement accepts no certificates of this issuer")
        known = current(db, digest)
        if known is not None and known.state == "running":
            return known
        last, first = store.last_record(db), now - SPAN_SECONDS
        total = store.count_records(db, created_from=first, last=last)
        store.begin_dry_run(
            db,
            {
                "digest": digest,
                "state": "running",
                "officer": actor.name,
                "begun_at": now,
                "from_at": first,
                "total": total,
                "last": last,
            },
        )
        audit.write(db, actor=actor, action="dry run begun", subject=digest.hex(), now=now, records=total)
    return _require(db, digest)


def current(db: Database, digest: bytes) -> DryRun | None:
    """Return the run over a text, or None where there is none."""
    found = store.dry_run(db, digest)
    if found is None:
        return None
    names = DryRun.__dataclass_fields__
    values = {name: found[name] for name in names}
    return DryRun(**{**values, "digest": bytes(found["digest"]), "rules": json.loads(found["rules"])})


def run(db: Database, *, digest: bytes, now: int, tell: Callable[[DryRun], bool] = lambda _: True) -> DryRun:
    """Carry a run to its end.

    Args:
        db: The connection.
        digest: The text.
        now: Seconds since 1970.
        tell: Called after every step with how far it is; says whether to go on.

    Returns:
        The run as far as it came.
    """
    examiner = Examiner(
        texts.load(db, digest), institution.load(db).profile, now=_require(db, digest).begun_at
    )
    while True:
        found = step(db, examiner, now=now)
        if not tell(found) or found.state == "done":
            return found


def step(db: Database, examiner: "Examiner", *, now: int) -> DryRun:
    """Look at the next records of a run, and write down what came of them."""
    digest = examiner.digest
    row = store.dry_run(db, digest)
    assert row is not None  # begun before
    if row["state"] != "running":
        return _require(db, digest)
    records = store.records_after(
        db, row["after"], last=row["last"], created_from=row["from_at"], limit=STEP_RECORDS
    )
    rules = Counter(json.loads(row["rules"]))
    certificates = accepted = 0
    for _, record_id, credential_type, state, fields, replaced_by in records:
        if replaced_by is not None:
            continue
        certificates += 1
        touched = examiner.touched(json.loads(fields), credential_type, record_id) if state == "valid" else ()
        accepted += bool(touched)
        rules.update(touched)
    values = {
        "after": records[-1][0] if records else row["after"],
        "examined": row["examined"] + len(records),
        "certificates": row["certificates"] + certificates,
        "accepted": row["accepted"] + accepted,
        "rules": json.dumps(rules, sort_keys=True),
    }
    with transaction(db):
        if len(records) == STEP_RECORDS:
            store.step_dry_run(db, digest, before=row["after"], values=values)
        else:
            _finish(db, digest, before=row["after"], values=values, now=now)
    return _require(db, digest)


class Examiner:
    """Asks one text about many certificates of one issuer.

    A register holds many certificates that differ in nothing but whose they are; the answer to such a kind is
    worked out once. What is kept of a kind names nobody.
    """

    def __init__(self, text: Text, profile: Institution, *, now: int) -> None:
        """Prepare the evaluation at the first moment at which the text can be in force.

        Args:
            text: The text.
            profile: The issuer.
            now: When the run began, in seconds.
        """
        self.digest = text.digest
        at = datetime.fromtimestamp(now, UTC)
        self._at = max(at, dates.parse(text.document["effectiveFrom"]).astimezone(UTC))
        agreement = Agreement(text.document, started=self._at, ended=None, signed=text.parties)
        self._terms = read_terms(agreement)
        self._members = frozenset(text.parties)
        self._profile = profile
        self._answers: dict[tuple[tuple[str, str], ...], tuple[str, ...]] = {}

    def touched(self, fields: Mapping[str, str], credential_type: str, record_id: str) -> tuple[str, ...]:
        """Return the ids of the rules that would recognise a certificate, each once."""
        stated = {**fields, "type": credential_type}
        kind = tuple(sorted(item for item in stated.items() if item[0] not in PERSONAL))
        known = self._answers.get(kind)
        if known is None:
            if len(self._answers) >= _MOST_ANSWERS:
                self._answers.clear()
            known = self._answers[kind] = self._examine(stated, record_id)
        return known

    def _examine(self, fields: Mapping[str, str], record_id: str) -> tuple[str, ...]:
        try:
            credential = build_credential(
                fields,
                issuer=self._profile,
                credential_id=f"urn:uuid:{record_id}",
                status_entry=_NO_STATUS,
            )
        except (BundleError, KeyError):
            # Its builder asks for more than it did when the record was signed: nothing can be said of it.
            return ()
        # The student would show a form that is bound and anchored; whether it is endorsed is not known here.
        source = source_from(
            facts(credential), verdict="valid", anchored=True, possession=True, complete=True
        )
        found = evaluate(source, self._terms, members=self._members, at=self._at)
        return tuple(dict.fromkeys(result.rule for result in found.recognising))


def _finish(db: Database, digest: bytes, *, before: int, values: Mapping[str, Any], now: int) -> None:
    done = {**values, "state": "done", "ended_at": now}
    if not store.step_dry_run(db, digest, before=before, values=done):
        return
    # The counts go to the ledger's node with the next errand, signed then.
    store.add_errand(db, digest, kind="dry-run", did=institution.load(db).did, at=now)
    audit.write(
        db,
        actor=WORKER,
        action="dry run done",
        subject=digest.hex(),
        now=now,
        certificates=int(values["certificates"]),
        accepted=int(values["accepted"]),
    )


def _require(db: Database, digest: bytes) -> DryRun:
    found = current(db, digest)
    assert found is not None  # begun before
    return found
