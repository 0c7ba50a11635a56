"""A consortium one of whose members has its own service: a real ledger, an issuer's home, two officers."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlite_utils import Database

from crypto import cbor, jcs
from issuer import institution, officers, settings
from issuer.audit import Actor
from issuer.cli import cli
from issuer.command_line import Outside
from issuer.governance import keys
from issuer.migrations import migrations
from issuer.parts import Parts, make_parts
from ledger import proposing
from ledger.client import LedgerClient
from tests.issuer.college import environment
from tests.ledger.consortium import DAY, Party, agreement_document
from tests.ledger.living_node import URL as LEDGER_URL
from tests.ledger.living_node import LivingNode
from web import database
from web.database import transaction
from web.migrations import migrate

DID = "did:web:yunling.edu.example"
OFFICER, CLERK = Actor("zhang", "web"), Actor("li", "web")
PASSPHRASE = "a key for the whole college"
OFFICERS = {"zhang": "correct horse battery", "li": "staple under the moon"}


class Alliance:
    """Members with keys of their own, and a college that votes from its own service."""

    def __init__(self, folder: Path, *, members: int = 3) -> None:
        for name in ("ledger", "issuer"):
            (folder / name).mkdir(parents=True)
        self.node = LivingNode(folder / "ledger", count=members)
        self.home = folder / "issuer"
        self.environ = {**environment(self.home), "ISSUER_LEDGER_URL": LEDGER_URL}
        self.environ["ISSUER_LEDGER_PIN"] = str(folder / "ledger" / "pin")
        self.environ["ISSUER_GOVERNANCE_PASSPHRASE"] = PASSPHRASE
        for name, phrase in OFFICERS.items():
            self.environ[f"ISSUER_PASSPHRASE_{name.upper()}"] = phrase
        read = settings.read(self.environ, make_secret=True)
        migrate(read.database, migrations)
        client = LedgerClient(LEDGER_URL, pins=self.node.pins("college"), http=self.node.transport)
        self.parts: Parts = replace(make_parts(read), ledger=client)
        self.db: Database = database.connect(read.database)
        with transaction(self.db):
            institution.found(
                self.db,
                self.parts,
                did=DID,
                names={"zh-CN": "云岭示范职业技术学院", "en": "Yunling Model Polytechnic"},
                codes={"credit": "12990000MB9999013F", "institution": "99901"},
                now=self.now,
            )
            for actor, roles in ((OFFICER, officers.ROLES), (CLERK, ("maker", "checker"))):
                officers.add(
                    self.db,
                    actor=officers.HOST,
                    name=actor.name,
                    roles=roles,
                    passphrase_hash=officers.hash_passphrase(OFFICERS[actor.name]),
                    now=self.now,
                )

    @property
    def now(self) -> int:
        """The one clock of ledger and issuer."""
        return self.node.now

    @property
    def ledger(self) -> LedgerClient:
        """The college's client."""
        assert isinstance(self.parts.ledger, LedgerClient)
        return self.parts.ledger

    @property
    def members(self) -> list[Party]:
        """The other members."""
        return self.node.consortium.parties

    def close(self) -> None:
        """Let go of the files."""
        self.db.close()
        self.node.close()

    def make_key(self) -> Mapping[str, Any]:
        """Make the college's governance key."""
        return keys.make(self.db, self.parts, actor=OFFICER, passphrase=PASSPHRASE, now=self.now)

    def join(self) -> None:
        """Make the college's key and have the members admit it."""
        action = proposing.admit(
            self.make_key(),
            names={"zh": "云岭示范职业技术学院", "en": "Yunling Model Polytechnic"},
            credit_code="12990000MB9999013F",
            roles=["college"],
            types=[],
        )
        self.decide(action)
        assert self.ledger.snapshot([("members",)], now=self.now)[0].value(("members",)).count(DID) == 1

    def decide(self, action: list[Any], **options: Any) -> bytes:
        """Have the other members vote something in."""
        proposal = self.node.decide(action, **options)
        self.node.now += 10
        return proposal

    def propose(self, action: list[Any], *, expires: int | None = None) -> bytes:
        """Have another member propose something."""
        proposal = self.node.propose(action, expires=expires)
        self.node.now += 10
        return proposal

    def vote(self, proposal: bytes, *voters: Party, yes: bool = True) -> None:
        """Have other members vote."""
        for voter in voters:
            self.node.accept(voter, "vote", {"proposal": proposal, "yes": yes})
        self.node.now += 10

    def agreement(self, name: str = "A-1", version: int = 1) -> tuple[dict[str, Any], list[Any], int]:
        """Return a document of two other members, the action that puts it in force, and the vote's end."""
        import hashlib

        parties, expires = self.members[:2], self.now + DAY
        document = agreement_document(*parties, name=name, version=version)
        digest = hashlib.sha256(jcs.canonicalize(document)).digest()
        action = self.node.consortium.agreement(
            *parties, expires=expires, name=name, version=version, digest=digest
        )
        return document, action, expires

    def run(self, *arguments: str) -> Result:
        """Type a command of the college's issuer."""
        outside = Outside(clock=lambda: self.now, http=self.node.transport)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environ.items():
                patch.setenv(name, value)
            return CliRunner().invoke(cli, arguments, obj=outside)

    def json(self, *arguments: str) -> Any:
        """Type a command and return what it prints."""
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, (result.output, result.exception)
        self.node.now += 10
        return json.loads(result.stdout.splitlines()[-1])

    def refused(self, *arguments: str) -> str:
        """Return the code with which a command is refused."""
        result = self.run(*arguments)
        assert result.exit_code != 0, result.output
        return str(getattr(result.exception, "code", result.output))


def governance_hex(alliance: Alliance) -> str:
    """Return the college's governance key as the registry holds it."""
    snapshot, _ = alliance.ledger.snapshot([("member", DID)], now=alliance.now)
    member = snapshot.member(DID)
    assert member is not None
    return cbor.encode(member.governance_key.cose_key).hex()
