"""The story of docs/story.md, acted out: every step is a command or a request that a person could make.

A step that ends otherwise than the story says raises; nothing is asserted about how a service does it.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vocred.demo import agreement
from vocred.demo.chapter import NOT_AUTHENTIC, REVOKED, VALID, Chapter, at_once, expect
from vocred.demo.places import ACCOUNTS, COLLEGE, INSTITUTIONS, SAMPLES, Institution
from vocred.demo.world import DemoError

# An invented code: random characters whose check character is right, under the college's number.
_INVENTED = "A1B2C3D4E5F6G7H8J9K"


@dataclass
class Story(Chapter):
    """The life of a credential: what the acts have made so far; one act stands on those before it."""

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
        self.a_supervisor_sees_figures()
        self.an_issuer_goes_dark()

    # --- the registrars' files ----------------------------------------------------------------------

    def registrars_files_become_certificates(self) -> None:
        """Each clean file is imported whole, approved by a second officer, signed, sealed and anchored."""
        at_once(self._sign, INSTITUTIONS)
        printed = self.world.run(
            "college", "issuer", "print", self.batches["college"]["batch"], "--as", "han", "--json"
        )
        self.sheets["college"] = printed["certificates"]

    def _sign(self, body: Institution) -> None:
        self.batches[body.place] = self.import_and_approve(body, SAMPLES / body.file)

    # --- on paper -----------------------------------------------------------------------------------

    def an_employer_checks_a_paper(self) -> None:
        """The printed code answers "valid" with a masked name, and says whether the name is the same."""
        sheet = self.sheets["college"][0]
        report = self.verify({"code": sheet["code"]}, VALID)
        if sheet["name"] in json.dumps(report, ensure_ascii=False):
            raise DemoError("the page shows the name before the employer typed it")
        matched = self.verify({"code": sheet["code"], "name": sheet["name"]}, VALID)
        expect("the name on the paper", matched["match"], "same")
        self.say("the paper's code is valid, and the name is the same", sheet["link"])

    # --- in the wallet ------------------------------------------------------------------------------

    def students_claim_and_share(self) -> None:
        """Holders claim with slip and PIN, share for 30 days, and the employer's look says "valid"."""
        at_once(self._claim, INSTITUTIONS)
        at_once(self._share, INSTITUTIONS)

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
        expect("bodies that recognise it before", before["recognition"], [])
        document = self.write("agreement.json", agreement.document())
        parties = [body.place for body in INSTITUTIONS]
        signed = [
            self.world.run(self.desk, "ledger", "sign", document, "--as", party, "--json")
            for party in parties
        ]
        files = [word for each in signed for word in ("--signature", each["file"])]
        self.vote_in(["alliance", *parties], "agreement.start", document, *files, proposer="body")
        report = self.verify_link(self.shares["body"], VALID)
        if not report["recognition"]:
            raise DemoError("the agreement is in force, but nobody recognises the certificate")
        self.say("no second test: the same share now says who recognises it", self.shares["body"])

    def the_agreement_ends(self) -> None:
        """The members end the agreement; the line is gone and the certificate as valid as before."""
        members = ["alliance", *(body.place for body in INSTITUTIONS)]
        self.vote_in(members, "agreement.end", self.agreement_id, proposer="body")
        report = self.verify_link(self.shares["body"], VALID)
        expect("bodies that recognise it afterwards", report["recognition"], [])
        self.say("the agreement is over, and the line is gone", f"{self.url('ledger')}/")

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
        path = self.write("changed.json", changed)
        self.verify({"verifiableCredential": changed}, NOT_AUTHENTIC)
        self.say("a changed file is not to be relied on", path)
        code = self._invented_code()
        self.verify({"code": code}, NOT_AUTHENTIC)
        self.say("an invented code belongs to no certificate", f"{self.url('verifier')}/C#{code}")

    def an_issuer_goes_dark(self) -> None:
        """The enterprise's server stops; a share made before still verifies."""
        self.world.stop("enterprise", kill=True)
        self.verify_link(self.shares["enterprise"], VALID)
        self.say(
            "the enterprise's server is gone, and the share made before is valid", self.shares["enterprise"]
        )

    # --- for those who supervise --------------------------------------------------------------------

    def a_supervisor_sees_figures(self) -> None:
        """Every issuer signs what it issued and revoked this month; the ledger's page adds it up."""
        at_once(self._count, INSTITUTIONS)
        self.say("the issuers signed their figures of the month", f"{self.url('ledger')}/supervision")

    def _count(self, body: Institution) -> None:
        counted = self.world.run(body.place, "issuer", "counts", "--json")
        expect(f"figures of {body.place} that no node takes", counted["refused"], [])

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
