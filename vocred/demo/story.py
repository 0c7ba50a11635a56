"""The story of docs/story.md, acted out: every step is a command or a request that a person could make.

A step that ends otherwise than the story says raises; nothing is asserted about how a service does it.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

from vocred.demo import agreement
from vocred.demo.places import (
    ACCOUNTS,
    ACCREDITED_SINCE,
    ALLIANCE,
    COLLEGE,
    INSTITUTIONS,
    SAMPLES,
    Institution,
)
from vocred.demo.world import DemoError, World, until

VALID, REVOKED, NOT_AUTHENTIC = "valid", "revoked", "notAuthentic"

# An invented code: random characters whose check character is right, under the college's number.
_INVENTED = "A1B2C3D4E5F6G7H8J9K"

_Item = TypeVar("_Item")
_Made = TypeVar("_Made")

Say = Callable[[str, str], None]
"""Takes a finished step in words and the link to look at."""


@dataclass
class Story:
    """What the acts have made so far; one act stands on those before it."""

    world: World
    say: Say
    batches: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    sheets: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    held: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    shares: dict[str, str] = field(default_factory=dict)
    agreement_id: str = agreement.AGREEMENT_ID

    def tell(self) -> None:
        """Act out the whole story."""
        self.the_consortium_forms()
        self.members_are_admitted_and_accredited()
        self.registrars_files_become_certificates()
        self.an_employer_checks_a_paper()
        self.students_claim_and_share()
        self.bodies_recognise_one_another()
        self.the_agreement_ends()
        self.a_certificate_is_revoked()
        self.a_changed_file_and_an_invented_code()
        self.an_issuer_goes_dark()

    # --- the consortium -----------------------------------------------------------------------------

    def the_consortium_forms(self) -> None:
        """The alliance starts the ledger; every institution makes its own keys; all services run."""
        for place in self.world.places.values():
            place.home.mkdir(exist_ok=True)
        self.world.run(
            "ledger", "ledger", "init", "--as", "alliance", "--did", ALLIANCE,
            "--name-zh", "云岭职教联盟运营中心", "--name-en", "Yunling Alliance Operation Centre",
            "--credit-code", "52990000MJ9999011A", "--role", "operator", "--delay", "0", "--json",
        )  # fmt: skip
        self.world.start("ledger")
        self.world.launch("wallet", "verifier")
        _at_once(self._found, INSTITUTIONS)
        self.world.launch(*(body.place for body in INSTITUTIONS))
        self.world.await_("wallet", "verifier", *(body.place for body in INSTITUTIONS))
        self.say("the ledger, three issuers, the wallet and the verifier run", self._url("ledger"))

    def _found(self, body: Institution) -> None:
        own = {
            "ISSUER_DID": body.did,
            "ISSUER_NAME": body.name,
            "ISSUER_NAME_EN": body.name_en,
            "ISSUER_CREDIT_CODE": body.credit_code,
            "ISSUER_INSTITUTION_CODE": body.institution_code or "",
        }
        self.world.run(body.place, "issuer", "init", "--officer", "han", "--officer", "shen", secrets=own)
        registration = self.world.run(body.place, "issuer", "registration", "--json")
        self._write(f"{body.place}.registration.json", registration)
        keys = self.world.run("ledger", "ledger", "keygen", "--as", body.place, "--did", body.did, "--json")
        self._write(f"{body.place}.keys.json", keys)

    def members_are_admitted_and_accredited(self) -> None:
        """Members are admitted by vote and given what they may issue; the wallet is registered."""
        members = ["alliance"]
        for body in INSTITUTIONS:
            self._vote_in(
                members, "admit", "--keys", self._path(f"{body.place}.keys.json"), "--name-zh", body.name,
                "--name-en", body.name_en, "--credit-code", body.credit_code, "--role", body.role,
            )  # fmt: skip
            members.append(body.place)
            self.say(f"{body.name} is a member", self._url("ledger"))
        wallet = self.world.run("wallet", "wallet", "registration", "--json")
        self._write("wallet.json", wallet)
        registered = [
            (
                "issuer.put",
                "--registration",
                self._path(f"{body.place}.registration.json"),
                "--number",
                str(number),
            )
            for number, body in enumerate(INSTITUTIONS, start=1)
        ]
        self._vote_all_in(
            members,
            [*registered, ("wallet.put", "--registration", self._path("wallet.json"))],
            proposers=members,
        )
        granted = [
            ("accredit", "--issuer", body.did, "--type", body.credential_type, "--from", ACCREDITED_SINCE)
            for body in INSTITUTIONS
        ]
        self._vote_all_in(members, granted, proposers=members[1:])
        for body in INSTITUTIONS:
            what = f"{body.name} may issue {body.credential_type} from {ACCREDITED_SINCE}"
            self.say(what, self._url("ledger"))

    # --- the registrars' files ----------------------------------------------------------------------

    def registrars_files_become_certificates(self) -> None:
        """Each clean file is imported whole, approved by a second officer, signed, sealed and anchored."""
        _at_once(self._import_and_approve, INSTITUTIONS)
        printed = self.world.run(
            "college", "issuer", "print", self.batches["college"]["batch"], "--as", "han", "--json"
        )
        self.sheets["college"] = printed["certificates"]

    def _import_and_approve(self, body: Institution) -> None:
        made = self.world.run(
            body.place, "issuer", "import", str(SAMPLES / body.file), "--type", body.credential_type,
            "--as", "han", "--confirm", "--json",
        )  # fmt: skip
        done = self.world.run(body.place, "issuer", "approve", made["batch"], "--as", "shen", "--json")
        _expect("signed", done["signed"], len(made["records"]))
        self.world.run(body.place, "issuer", "anchor", "--json")
        self.batches[body.place] = made
        link = f"{self._url(body.place)}/batches/{made['batch']}"
        self.say(f"{body.name}: {done['signed']} certificates signed and anchored", link)

    # --- on paper -----------------------------------------------------------------------------------

    def an_employer_checks_a_paper(self) -> None:
        """The printed code answers "valid" with a masked name, and says whether the name is the same."""
        sheet = self.sheets["college"][0]
        report = self.verify({"code": sheet["code"]}, VALID)
        if sheet["name"] in json.dumps(report, ensure_ascii=False):
            raise DemoError("the page shows the name before the employer typed it")
        matched = self.verify({"code": sheet["code"], "name": sheet["name"]}, VALID)
        _expect("the name on the paper", matched["match"], "same")
        self.say("the paper's code is valid, and the name is the same", sheet["link"])

    # --- in the wallet ------------------------------------------------------------------------------

    def students_claim_and_share(self) -> None:
        """Holders claim with slip and PIN, share for 30 days, and the employer's look says "valid"."""
        _at_once(self._claim, INSTITUTIONS)
        _at_once(self._share, INSTITUTIONS)

    def _claim(self, body: Institution) -> None:
        record = self.batches[body.place]["records"][self._row(body)]["record"]
        slip = self.world.run(body.place, "issuer", "offer", record, "--as", "han", "--json")
        self.held[body.place] = self.world.run(
            "wallet", "wallet", "accept", slip["offer"], "--tx-code", slip["tx_code"],
            "--account", ACCOUNTS[body.place], "--json",
        )  # fmt: skip
        self.say(f"a holder claimed a certificate of {body.name}", slip["slip"])

    def _share(self, body: Institution) -> None:
        self.world.run(body.place, "issuer", "anchor", "--json")
        made = self.world.run(
            "wallet",
            "wallet",
            "share",
            self.held[body.place]["id"],
            "--account",
            ACCOUNTS[body.place],
            "--json",
        )
        self.shares[body.place] = made["link"]
        self.verify_link(made["link"], VALID)
        self.say(f"the share of a certificate of {body.name} is valid", made["link"])

    # --- recognition --------------------------------------------------------------------------------

    def bodies_recognise_one_another(self) -> None:
        """An agreement is signed by its parties and voted in; the same link now says who recognises it."""
        before = self.verify_link(self.shares["body"], VALID)
        _expect("bodies that recognise it before", before["recognition"], [])
        document = self._write("agreement.json", agreement.document())
        parties = [body.place for body in INSTITUTIONS]
        signed = [
            self.world.run("ledger", "ledger", "sign", document, "--as", party, "--json") for party in parties
        ]
        files = [word for each in signed for word in ("--signature", each["file"])]
        self._vote_in(["alliance", *parties], "agreement.start", document, *files, proposer="body")
        report = self.verify_link(self.shares["body"], VALID)
        if not report["recognition"]:
            raise DemoError("the agreement is in force, but nobody recognises the certificate")
        self.say("no second test: the same share now says who recognises it", self.shares["body"])

    def _sign(self, document: str, party: str) -> str:
        signed = self.world.run("ledger", "ledger", "sign", document, "--as", party, "--json")
        return str(signed["file"])

    def the_agreement_ends(self) -> None:
        """The members end the agreement; the line is gone and the certificate as valid as before."""
        members = ["alliance", *(body.place for body in INSTITUTIONS)]
        self._vote_in(members, "agreement.end", self.agreement_id, proposer="body")
        report = self.verify_link(self.shares["body"], VALID)
        _expect("bodies that recognise it afterwards", report["recognition"], [])
        self.say("the agreement is over, and the line is gone", f"{self._url('ledger')}/")

    # --- what goes wrong ----------------------------------------------------------------------------

    def a_certificate_is_revoked(self) -> None:
        """Two officers revoke a record; its paper and its share say so at the next look."""
        record = self.batches["college"]["records"][self._row(COLLEGE)]["record"]
        self.world.run(
            "college", "issuer", "revoke", record, "--reason", "录入错误更正", "--as", "han",
            "--approved-by", "shen", "--json",
        )  # fmt: skip
        sheet = next(sheet for sheet in self.sheets["college"] if sheet["record"] == record)
        self.verify({"code": sheet["code"]}, REVOKED)
        self.verify_link(self.shares["college"], REVOKED)
        self.say("the revoked certificate reads revoked, on paper and in the share", sheet["link"])

    def a_changed_file_and_an_invented_code(self) -> None:
        """A changed level and an invented code are both "do not rely on this"."""
        exported = self.world.run("wallet", "wallet", "list", "--account", ACCOUNTS["body"], "--json")
        held = next(each for each in exported["credentials"] if each["id"] == self.held["body"]["id"])
        changed = json.loads(json.dumps(held["credential"]))
        changed["credentialSubject"]["achievement"]["levelName"] = "高级"
        path = self._write("changed.json", changed)
        self.verify({"verifiableCredential": changed}, NOT_AUTHENTIC)
        self.say("a changed file is not to be relied on", path)
        code = self._invented_code()
        self.verify({"code": code}, NOT_AUTHENTIC)
        self.say("an invented code belongs to no certificate", f"{self._url('verifier')}/C#{code}")

    def an_issuer_goes_dark(self) -> None:
        """The enterprise's server stops; a share made before still verifies."""
        self.world.stop("enterprise", kill=True)
        self.verify_link(self.shares["enterprise"], VALID)
        self.say(
            "the enterprise's server is gone, and the share made before is valid", self.shares["enterprise"]
        )

    # --- looking ------------------------------------------------------------------------------------

    def verify(self, question: Mapping[str, Any], expected: str) -> Mapping[str, Any]:
        """Ask the verifier's API and check the verdict."""
        answer = httpx.post(f"{self._url('verifier')}/api/verify", json=question, timeout=30)
        if answer.status_code != 200:
            raise DemoError(f"the verifier refused the question: {answer.text[:500]}")
        report = answer.json()
        _expect("the verdict", report["verdict"], expected, report=report)
        return report

    def verify_link(self, link: str, expected: str) -> Mapping[str, Any]:
        """Open a share as an employer does, on the command line, and check the verdict."""
        status, output, complaint = self.world.try_run("verifier", "verify", link, "--json")
        if not output:
            raise DemoError(f"vocred verify: {complaint}")
        report = json.loads(output)
        _expect("the verdict", report.get("verdict"), expected, report=report)
        _expect("the exit status for valid only", status == 0, expected == VALID)
        return report

    # --- voting -------------------------------------------------------------------------------------

    def _vote_in(self, members: Sequence[str], *words: str, proposer: str = "alliance") -> None:
        """Propose something and have members vote until it is decided."""
        self._vote_all_in(members, [words], proposers=[proposer])

    def _vote_all_in(
        self, members: Sequence[str], proposals: Sequence[Sequence[str]], *, proposers: Sequence[str]
    ) -> None:
        """Have members propose, then as many vote on everything, each in turn, as are needed."""
        made = _at_once(lambda pair: self._propose(*pair), list(zip(proposers, proposals, strict=True)))
        needed = 51 * len(members) // 100 + 1
        _at_once(lambda member: [self._vote(proposal, member) for proposal in made], members[:needed])
        for proposal in made:
            until("the vote", lambda proposal=proposal: self._decided(proposal), seconds=20)

    def _propose(self, proposer: str, words: Sequence[str]) -> str:
        made = self.world.run("ledger", "ledger", "propose", *words, "--as", proposer, "--json")
        return str(made["id"])

    def _vote(self, proposal: str, member: str) -> None:
        self.world.run("ledger", "ledger", "vote", proposal, "yes", "--as", member, "--json")

    def _decided(self, proposal: str) -> bool:
        listed = httpx.get(f"{self._url('ledger')}/v1/proposals", timeout=10).json()["proposals"]
        found = next(each for each in listed if each["id"] == proposal)
        if found["status"] == "void":
            raise DemoError(f"proposal {proposal} had no effect")
        return bool(found["status"] == "done")

    # --- small things -------------------------------------------------------------------------------

    def _row(self, body: Institution) -> int:
        """The row whose certificate is claimed: not the one whose paper is checked."""
        return 1 if body is COLLEGE else 0

    def _invented_code(self) -> str:
        from vc import printed_code

        number = printed_code.parse(self.sheets["college"][0]["code"]).issuer_number
        return printed_code.make(
            number, random=base64.b32hexdecode("INVENTED" * 3), purpose="certificate"
        ).text

    def _url(self, name: str) -> str:
        return self.world.places[name].url

    def _path(self, name: str) -> str:
        return str(self.world.home / name)

    def _write(self, name: str, value: Any) -> str:
        path: Path = self.world.home / name
        path.write_text(json.dumps(value, ensure_ascii=False, indent=2), encoding="utf-8")
        return str(path)


def _at_once(act: Callable[[_Item], _Made], items: Sequence[_Item]) -> list[_Made]:
    """Do the same for several bodies at the same time, as they would."""
    with ThreadPoolExecutor(max_workers=len(items)) as pool:
        return list(pool.map(act, items))


def _expect(what: str, found: Any, expected: Any, *, report: Mapping[str, Any] | None = None) -> None:
    """Compare, and say why a verdict differs: its reason and the checks that did not pass."""
    if found == expected:
        return
    told = report or {}
    wrong = [check for check in told.get("checks", []) if check["outcome"] != "passed"]
    why = json.dumps([told.get("reason"), *told.get("notes", []), *wrong], ensure_ascii=False, indent=2)
    raise DemoError(f"{what}: expected {expected!r}, found {found!r}" + (f"\n{why}" if report else ""))
