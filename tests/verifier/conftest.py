"""A small consortium in memory: a college, its key, its list, and a registry that can be bent."""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from crypto import jcs
from crypto.keys import PrivateKey
from ledger.proof.checkpoints import Checkpoint
from ledger.proof.verify import Receipt, Snapshot
from ledger.registry import Grant, IssuerRecord, StatusRecord, issuer_key, status_key
from schemas.building import Institution, build_credential
from vc import bitstring, credentials, data_integrity, dates, did_web, notices, status
from vc.notices import Notice
from verifier.errors import EvidenceUnavailableError
from verifier.evidence import Candidate, Recognitions, Registry
from verifier.verification import verify

NOW = dates.parse("2026-11-20T06:03:00Z")
ISSUED = dates.parse("2026-07-01T02:00:00Z")
DID = "did:web:yunling.edu.example"
LISTS = "https://issuer.yunling.edu.example/status"
LIST = f"{LISTS}/1"
INDEX = 4021
ENTRY_ID = "urn:uuid:6f1b8a52-3f4e-4a53-9d13-7f3f0d7d0001"
TYPE = "GraduationCertificate"

GRADUATE = {
    "type": TYPE,
    "map": TYPE,
    "name": "林晓雨",
    "nameEn": "Lin Xiaoyu",
    "gender": "女",
    "birthDate": "2005-03-14",
    "idNumber": "990101200503140027",
    "majorCode": "460305",
    "majorName": "工业机器人技术",
    "level": "专科（高职）",
    "years": "3",
    "mode": "普通全日制",
    "enrol": "2023-09-01",
    "grad": "2026-06-30",
    "conclusion": "毕业",
    "certNo": "999011202606000123",
}


def seconds(moment):
    return int(moment.timestamp())


def checkpoint(*, time=NOW, size=900, single=True):
    """A checkpoint as a checked proof yields it; the tests of ``ledger.proof`` say how."""
    return Checkpoint(
        size=size,
        root=bytes(32),
        time=seconds(time),
        epoch=1,
        single_operator=single,
        consistent=True,
        head=None,
        next_pin=None,
    )


def did_document(key):
    entry = did_web.KeyEntry(fragment="key-1", public_key=key.public)
    return jcs.canonicalize(did_web.document(DID, keys=[entry]))


@dataclass
class World:
    """Everything that a verification may ask for, and what it did ask for."""

    key: PrivateKey = field(default_factory=lambda: PrivateKey.from_bytes("Ed25519", bytes(range(32))))
    record: IssuerRecord | None = None
    granted: tuple[Grant, ...] = ()
    receipts: dict[bytes, Receipt] = field(default_factory=dict)
    lists: dict[str, Any] = field(default_factory=dict)
    anchored: dict[str, StatusRecord] = field(default_factory=dict)
    notice_documents: dict[str, bytes] = field(default_factory=dict)
    documents: dict[bytes, bytes] = field(default_factory=dict)
    known: Recognitions = field(default_factory=lambda: Recognitions((), (), {}))
    called: dict[str, dict[str, str]] = field(default_factory=dict)
    source: str = "ledger"
    as_of: Any = NOW
    size: int = 900
    down: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    @property
    def head(self):
        """The checkpoint under which everything is read."""
        return checkpoint(time=self.as_of, size=self.size)

    # What a verification asks for

    def registry(self, issuer_id, *, lists, fresh=False):
        self._ask("registry", code="LEDGER_UNAVAILABLE")
        values = {issuer_key(issuer_id): None}
        if self.record is not None and issuer_id == self.record.did:
            values[issuer_key(issuer_id)] = _value(self.record)
        for url in lists:
            for address in (url, f"{url}/notices"):
                record = self.anchored.get(address) if issuer_id == DID else None
                values[status_key(issuer_id, address)] = record and {
                    "version": record.version,
                    "digest": record.digest,
                    "from": record.valid_from,
                    "until": record.valid_until,
                }
        snapshot = Snapshot(checkpoint(time=self.as_of, size=self.size), values)
        return Registry(issuer_id, tuple(lists), snapshot, self.source)

    def grants(self, issuer_id, credential_type):
        self._ask("grants", code="LEDGER_UNAVAILABLE")
        return tuple(
            grant
            for grant in self.granted
            if (grant.issuer, grant.credential_type) == (issuer_id, credential_type)
        )

    def receipt(self, form_digest, *, registry, credential_type):
        self._ask("receipt", code="STORE_UNAVAILABLE")
        return self.receipts.get(form_digest)

    def document(self, digest, *, registry):
        self._ask("document", code="DID_UNAVAILABLE")
        try:
            return self.documents[digest]
        except KeyError:
            raise EvidenceUnavailableError("nobody has it", code="DID_UNAVAILABLE") from None

    def candidates(self, url, *, anchored):
        self._ask("list", code="STATUS_RETRIEVAL_ERROR")
        found = self.lists.get(url)
        return [] if found is None else [Candidate(found, "issuer" if self.source == "ledger" else "staple")]

    def notices(self, url, *, anchored):
        self._ask("notices", code="STATUS_RETRIEVAL_ERROR")
        return self.notice_documents.get(url)

    def recognitions(self):
        self._ask("recognitions", code="LEDGER_UNAVAILABLE")
        return self.known

    def names(self, dids):
        return {did: self.called[did] for did in dids if did in self.called}

    def _ask(self, what, *, code):
        self.asked.append(what)
        if what in self.down:
            raise EvidenceUnavailableError(f"no {what}", code=code)

    # What the consortium does

    def publish(self, revoked=(), *, now=NOW, version=1, anchor=True, key=None, **changes):
        """Sign a list, and anchor it unless told otherwise."""
        valid_from, valid_until = now - timedelta(hours=1), now + timedelta(days=7)
        unsigned = status.list_credential(
            list_url=LIST,
            issuer=DID,
            encoded_list=bitstring.encode(bitstring.with_set(revoked)),
            valid_from=valid_from,
            valid_until=valid_until,
        )
        unsigned.update(changes)
        document = data_integrity.sign(
            unsigned, key=key or self.key, verification_method=f"{DID}#key-1", created=valid_from
        )
        self.lists[LIST] = document
        if anchor:
            self.anchored[LIST] = StatusRecord(
                version, jcs.digest(document), seconds(valid_from), seconds(valid_until)
            )
        return document

    def notify(self, kind, *, reason="机构撤销", index=INDEX, entry_id=ENTRY_ID, replacement=None):
        """Publish and anchor a notice."""
        valid_from, valid_until = NOW - timedelta(hours=1), NOW + timedelta(days=7)
        document = notices.seal(
            {index: (entry_id, Notice(kind, reason, "2026-11-19", replacement))},
            issuer=DID,
            version=1,
            valid_from=valid_from,
            valid_until=valid_until,
            nonce=lambda: bytes(12),
        )
        url = f"{LIST}/notices"
        self.notice_documents[url] = document
        self.anchored[url] = StatusRecord(
            1, hashlib.sha256(document).digest(), seconds(valid_from), seconds(valid_until)
        )

    def unsigned(self, *, holder=None, **changes):
        record = {**GRADUATE, **changes}
        return build_credential(
            record,
            issuer=Institution(did=DID, name="云岭示范职业技术学院", institution_code="99901"),
            credential_id="urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0001",
            status_entry=status.entry(list_url=LIST, index=INDEX, entry_id=ENTRY_ID),
            holder=holder,
        )

    def sign(self, unsigned, *, created=ISSUED, key=None, method=f"{DID}#key-1"):
        return data_integrity.sign(unsigned, key=key or self.key, verification_method=method, created=created)

    def anchor(self, form, *, at=ISSUED, grant=None, record=None):
        """Give a form the receipt that its anchoring at a time yields."""
        self.receipts[credentials.digest(form)] = Receipt(
            time_of_issue=seconds(at),
            issuer=record or self.record,
            grant=grant or self.granted[0],
            single_operator=True,
            consistent=True,
            entry_index=10,
            own_size=12,
            checkpoint=checkpoint(),
        )

    def issue(self, *, created=ISSUED, anchored=True, at=ISSUED, holder=None, **changes):
        """Sign a form, and anchor it unless told otherwise."""
        form = self.sign(self.unsigned(holder=holder, **changes), created=created)
        if anchored:
            self.anchor(form, at=at)
        return form

    def verify(self, form, *, now=NOW, **options):
        return verify(form, evidence=self, now=now, **options)


def _value(record):
    return {
        "number": record.number,
        "document": record.document_digest,
        "submission": record.submission_key.cose_key,
        "governance": record.governance_key.cose_key,
        "names": dict(record.names),
        "urls": {"claims": record.claims_url, "store": record.store_url, "lists": record.lists_url},
        "since": record.since,
        "suspensions": [[span.start, span.end] for span in record.suspensions],
        "compromised": [[span.start, span.end] for span in record.compromised],
        "closed": record.closed_at,
    }


@pytest.fixture
def world():
    """Return a consortium in which one college may issue, and has published an empty list."""
    world = World()
    content = did_document(world.key)
    submission = PrivateKey.from_bytes("Ed25519", bytes([7] * 32)).public
    governance = PrivateKey.from_bytes("Ed25519", bytes([9] * 32)).public
    world.record = IssuerRecord(
        did=DID,
        number=7,
        document_digest=hashlib.sha256(content).digest(),
        submission_key=submission,
        governance_key=governance,
        names={"zh": "云岭示范职业技术学院", "en": "Yunling Model Vocational College"},
        claims_url="https://issuer.yunling.edu.example",
        store_url="https://issuer.yunling.edu.example/store",
        lists_url=LISTS,
        since=seconds(dates.parse("2025-03-01T00:00:00+08:00")),
    )
    world.documents[world.record.document_digest] = content
    world.granted = (
        Grant("did:web:edu.example", DID, TYPE, seconds(dates.parse("2025-03-01T00:00:00+08:00")), None),
    )
    world.publish()
    return world


@pytest.fixture
def change():
    """Return ``dataclasses.replace``, so that tests bend records without importing it."""
    return replace
