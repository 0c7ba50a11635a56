"""What every chapter of the demo stands on: a consortium that forms, votes that are cast, looks taken.

A step that ends otherwise than its story says raises; nothing is asserted about how a service does it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

from vocred.demo.places import (
    ACCOUNTS,
    ACCREDITED_SINCE,
    ALLIANCE,
    ALLIANCE_NAMES,
    INSTITUTIONS,
    MAKER,
    SECOND,
    Institution,
    places,
)
from vocred.demo.world import DemoError, Place, World, until

VALID, NOTE, REVOKED, NOT_AUTHENTIC = "valid", "note", "revoked", "notAuthentic"

_Item = TypeVar("_Item")
_Made = TypeVar("_Made")

Say = Callable[[str, str], None]
"""Takes a finished step in words and the link to look at."""


@dataclass
class Chapter:
    """A consortium and what its members have made so far; one act stands on those before it.

    Attributes:
        world: The services.
        say: Is told each step.
        cast: The institutions, in the order in which they are admitted.
        desk: Where the members' keys lie and their commands are typed, unless ``at_home``.
        at_home: Whether members make their governance keys, and vote, in their own services; otherwise on the
            ledger's host.
        holders: The accounts in the wallet.
        batches: What each institution imported, by its place.
    """

    world: World
    say: Say
    cast: Sequence[Institution] = INSTITUTIONS
    desk: str = "ledger"
    at_home: bool = False
    holders: Sequence[str] = tuple(ACCOUNTS.values())
    batches: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def tell(self) -> None:
        """Act out the whole chapter."""
        raise NotImplementedError

    def places(self, *, first_port: int) -> dict[str, Place]:
        """Return the services of this chapter by name."""
        return places(self.world.home, first_port=first_port, cast=self.cast)

    # --- the consortium -----------------------------------------------------------------------------

    def the_consortium_forms(self) -> None:
        """The alliance starts the ledger; every institution makes its own keys; all services run."""
        for place in self.world.places.values():
            place.home.mkdir(mode=0o700, exist_ok=True)
        self.world.run(
            "ledger", "ledger", "init", "--as", "alliance", "--did", ALLIANCE,
            "--name-zh", ALLIANCE_NAMES[0], "--name-en", ALLIANCE_NAMES[1],
            "--credit-code", "52990000MJ9999011A", "--role", "operator", "--delay", "0", "--json",
        )  # fmt: skip
        self.world.start("ledger")
        self.services_start()

    def services_start(self) -> None:
        """Every institution makes its own keys; all services run."""
        self.world.launch("wallet", "verifier")
        at_once(self.found, self.cast)
        issuers = [body.place for body in self.cast]
        self.world.launch(*issuers)
        self.world.await_("wallet", "verifier", *issuers)
        self.say(f"the ledger, {len(issuers)} issuers, the wallet and the verifier run", self.url("ledger"))

    def found(self, body: Institution) -> None:
        """Make an institution's service and the key by which it votes."""
        self.make_service(body)
        self.make_governance_key(body)

    def make_service(self, body: Institution) -> None:
        """Make an institution's service: its keys stay there, their public halves are handed over."""
        own = {
            "ISSUER_DID": body.did,
            "ISSUER_NAME": body.name,
            "ISSUER_NAME_EN": body.name_en,
            "ISSUER_CREDIT_CODE": body.credit_code,
            "ISSUER_INSTITUTION_CODE": body.institution_code or "",
        }
        officers = ("--officer", MAKER, "--officer", SECOND)
        self.world.run(body.place, "issuer", "init", *officers, secrets=own)
        registration = self.world.run(body.place, "issuer", "registration", "--json")
        self.write(f"{body.place}.registration.json", registration)

    def make_governance_key(self, body: Institution) -> None:
        """Make the key by which an institution votes, and write down its public half."""
        if self.at_home:
            keys = self.world.run(body.place, "issuer", "governance-key", "--as", MAKER, "--json")
        else:
            words = ("--as", body.place, "--did", body.did, "--json")
            keys = self.world.run(self.desk, "ledger", "keygen", *words)
        self.write(f"{body.place}.keys.json", keys)

    def members_are_admitted_and_accredited(self) -> None:
        """Members are admitted by vote and given what they may issue; the wallet is registered."""
        members = self.members_are_admitted()
        self.write("wallet.json", self.world.run("wallet", "wallet", "registration", "--json"))
        registered = [
            (
                "issuer.put",
                "--registration",
                self.path(f"{body.place}.registration.json"),
                "--number",
                str(number),
            )
            for number, body in enumerate(self.cast, start=1)
        ]
        self.vote_all_in(members, [*registered, ("wallet.put", "--registration", self.path("wallet.json"))])
        self.vote_all_in(members, self.grants())

    def members_are_admitted(self) -> list[str]:
        """Admit the institutions one by one, each by the votes of those before it; return who votes now."""
        members = ["alliance"]
        for body in self.cast:
            self.admit(body, members)
            members.append(body.place)
        return members

    def admit(self, body: Institution, members: Sequence[str]) -> None:
        """Have the members admit an institution with the keys that it handed over."""
        self.vote_in(
            members, "admit", "--keys", self.path(f"{body.place}.keys.json"), "--name-zh", body.name,
            "--name-en", body.name_en, "--credit-code", body.credit_code, "--role", body.role,
        )  # fmt: skip
        self.say(f"{body.name} is a member", self.url("ledger"))

    def grants(self) -> list[tuple[str, ...]]:
        """Return what is proposed so that every institution may issue its types, and say so."""
        for body in self.cast:
            what = f"{body.name} is to issue {', '.join(body.may_issue)} from {ACCREDITED_SINCE}"
            self.say(what, self.url("ledger"))
        return [
            ("accredit", "--issuer", body.did, "--type", granted, "--from", ACCREDITED_SINCE)
            for body in self.cast
            for granted in body.may_issue
        ]

    # --- what an institution signs ------------------------------------------------------------------

    def import_and_approve(
        self, body: Institution, file: Path, credential_type: str | None = None
    ) -> Mapping[str, Any]:
        """Import a file as one officer, approve it as another, and anchor what was signed."""
        made = self.world.run(
            body.place, "issuer", "import", str(file), "--type", credential_type or body.credential_type,
            "--as", MAKER, "--confirm", "--json",
        )  # fmt: skip
        done = self.world.run(body.place, "issuer", "approve", made["batch"], "--as", SECOND, "--json")
        expect("signed", done["signed"], len(made["records"]))
        self.world.run(body.place, "issuer", "anchor", "--json")
        link = f"{self.url(body.place)}/batches/{made['batch']}"
        self.say(f"{body.name}: {done['signed']} certificates signed and anchored", link)
        return made

    # --- looking ------------------------------------------------------------------------------------

    def verify(self, question: Mapping[str, Any], expected: str) -> Mapping[str, Any]:
        """Ask the verifier's API and check the verdict."""
        answer = httpx.post(f"{self.url('verifier')}/api/verify", json=question, timeout=30)
        if answer.status_code != 200:
            raise DemoError(f"the verifier refused the question: {answer.text[:500]}")
        report = answer.json()
        expect("the verdict", report["verdict"], expected, report=report)
        return report

    def verify_link(self, link: str, expected: str) -> Mapping[str, Any]:
        """Open a share as an employer does, on the command line, and check the verdict."""
        status, output, complaint = self.world.try_run("verifier", "verify", link, "--json")
        if not output:
            raise DemoError(f"vocred verify: {complaint}")
        report = json.loads(output)
        expect("the verdict", report.get("verdict"), expected, report=report)
        expect("the exit status for valid only", status == 0, expected == VALID)
        return report

    # --- voting -------------------------------------------------------------------------------------

    def vote_in(self, members: Sequence[str], *words: str, proposer: str = "alliance") -> None:
        """Propose something on the ledger's host and have members vote until it is decided."""
        self.vote_all_in(members, [words], proposers=[proposer])

    def vote_all_in(
        self,
        members: Sequence[str],
        proposals: Sequence[Sequence[str]],
        *,
        proposers: Sequence[str] | None = None,
    ) -> None:
        """Have members propose in turn, then as many vote on everything as are needed."""
        # A member whose key lies in its own service proposes there, and only what concerns it there.
        hosts = list(proposers or (["alliance"] if self.at_home else members))
        shares = [(host, list(proposals[place :: len(hosts)])) for place, host in enumerate(hosts)]
        made = at_once(lambda pair: [self._propose(pair[0], words) for words in pair[1]], shares)
        self.decide([proposal for share in made for proposal in share], members)

    def decide(self, proposals: Sequence[str], members: Sequence[str]) -> None:
        """Have as many members vote yes as are needed, each in turn on everything; wait for the effects."""
        needed = 51 * len(members) // 100 + 1
        at_once(lambda member: [self._vote(each, member) for each in proposals], members[:needed])
        for proposal in proposals:
            until("the vote", lambda proposal=proposal: self._decided(proposal), seconds=60)

    def _propose(self, proposer: str, words: Sequence[str]) -> str:
        made = self.world.run(self.desk, "ledger", "propose", *words, "--as", proposer, "--json")
        return str(made["id"])

    def _vote(self, proposal: str, member: str) -> None:
        if self.at_home and member != "alliance":
            self.world.run(member, "issuer", "vote", proposal, "yes", "--as", MAKER, "--json")
        else:
            self.world.run(self.desk, "ledger", "vote", proposal, "yes", "--as", member, "--json")

    def _decided(self, proposal: str) -> bool:
        listed = httpx.get(f"{self.url('ledger')}/v1/proposals", timeout=10).json()["proposals"]
        found = next(each for each in listed if each["id"] == proposal)
        if found["status"] == "void":
            raise DemoError(f"proposal {proposal} had no effect")
        return bool(found["status"] == "done")

    # --- small things -------------------------------------------------------------------------------

    def url(self, name: str) -> str:
        """Return a service's public address."""
        return self.world.places[name].url

    def path(self, name: str) -> str:
        """Return the path of a file in the demo's directory."""
        return str(self.world.home / name)

    def write(self, name: str, value: Any) -> str:
        """Write a file that a person would be handed, as JSON, and return its path."""
        path: Path = self.world.home / name
        path.write_text(json.dumps(value, ensure_ascii=False, indent=2), encoding="utf-8")
        return str(path)


def at_once(act: Callable[[_Item], _Made], items: Sequence[_Item]) -> list[_Made]:
    """Do the same for several bodies at the same time, as they would."""
    with ThreadPoolExecutor(max_workers=len(items)) as pool:
        return list(pool.map(act, items))


def expect(what: str, found: Any, expected: Any, *, report: Mapping[str, Any] | None = None) -> None:
    """Compare, and say why a verdict differs: its reason and the checks that did not pass."""
    if found == expected:
        return
    told = report or {}
    wrong = [check for check in told.get("checks", []) if check["outcome"] != "passed"]
    why = json.dumps([told.get("reason"), *told.get("notes", []), *wrong], ensure_ascii=False, indent=2)
    raise DemoError(f"{what}: expected {expected!r}, found {found!r}" + (f"\n{why}" if report else ""))
