"""The chapter of recognition in docs/story.md, acted out: agreements, credit, co-signing, corrections.

Members hold their governance keys in their own services and vote there. Every step is a command or a request
that a person could make; one that ends otherwise than the story says raises.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vocred.demo import agreements
from vocred.demo.chapter import NOTE, REVOKED, VALID, Chapter, at_once, expect
from vocred.demo.places import (
    BANK,
    BODY,
    COLLEGE,
    ENTERPRISE,
    MAKER,
    RECOGNITION_CAST,
    SAMPLES,
    SECOND,
    SECOND_BODY,
    Institution,
)
from vocred.demo.world import until

QIAN, REN = "qian", "ren"
ROWS = {QIAN: 0, REN: 2}
"""Whose row of the two registers is whose: Qian Yuanyan (钱源艳) and Ren Hanfang (任涵芳)."""
PROGRAMMES = {QIAN: "460301", REN: "510203"}
ENROLLED = (
    "姓名,证件类型,证件末四位,学校,专业代码,学号\n"
    f"任涵芳,居民身份证,1476,{COLLEGE.did},{PROGRAMMES[REN]},20233010003\n"
)
"""What the college tells the bank."""


@dataclass
class Recognition(Chapter):
    """What the members, the bank and the learners have made so far."""

    cast: Sequence[Institution] = RECOGNITION_CAST
    at_home: bool = True
    holders: Sequence[str] = (QIAN, REN)
    held: dict[str, str] = field(default_factory=dict)
    shares: dict[str, str] = field(default_factory=dict)

    def tell(self) -> None:
        """Act out the whole chapter."""
        self.the_consortium_forms()
        self.issuers_are_registered_and_admitted()
        self.certificates_are_issued_and_claimed()
        self.one_body_accepts_anothers_level()
        self.a_certificate_becomes_credit()
        self.the_members_change_their_minds()
        self.a_source_is_revoked()
        self.two_signatures_under_one_record()
        self.one_slip_one_scan()
        self.a_mistake_is_corrected()

    @property
    def members(self) -> list[str]:
        """Everybody who votes, in the order of their admission."""
        return ["alliance", *(body.place for body in self.cast)]

    def issuers_are_registered_and_admitted(self) -> None:
        """The alliance, alone at first, registers issuers and wallet; then the members come in one by one."""
        self.write("wallet.json", self.world.run("wallet", "wallet", "registration", "--json"))
        registered = [
            (
                "issuer.put", "--registration", self.path(f"{body.place}.registration.json"),
                "--number", str(number), "--keys", self.path(f"{body.place}.keys.json"),
            )
            for number, body in enumerate(self.cast, start=1)
        ]  # fmt: skip
        self.vote_all_in(
            ["alliance"], [*registered, ("wallet.put", "--registration", self.path("wallet.json"))]
        )
        self.vote_all_in(["alliance"], self.grants())
        self.members_are_admitted()

    # --- certificates -------------------------------------------------------------------------------

    def certificates_are_issued_and_claimed(self) -> None:
        """Huaheng signs its results; Qian and Ren claim theirs, and Qian shares his."""
        self.batches["body"] = self.import_and_approve(BODY, SAMPLES / BODY.file)
        at_once(lambda who: self.claim(BODY, who), [QIAN, REN])
        self.world.run("body", "issuer", "anchor", "--json")
        self.shares[QIAN] = self._share(QIAN, self.held[QIAN])
        report = self.verify_link(self.shares[QIAN], VALID)
        expect("who recognises it so far", report["recognition"], [])

    def claim(self, body: Institution, who: str) -> None:
        """Let somebody claim their certificate of a body's register."""
        record = self.batches[body.place]["records"][ROWS[who]]["record"]
        slip = self.world.run(body.place, "issuer", "offer", record, "--as", MAKER, "--json")
        held = self.world.run(
            "wallet", "wallet", "accept", slip["offer"], "--tx-code", slip["tx_code"],
            "--account", who, "--json",
        )  # fmt: skip
        self.held[who] = held["id"]
        self.say(f"{who} claimed a certificate of {body.name}", slip["slip"])

    def _share(self, who: str, *credentials: str) -> str:
        made = self.world.run("wallet", "wallet", "share", *credentials, "--account", who, "--json")
        return str(made["link"])

    # --- body to body -------------------------------------------------------------------------------

    def one_body_accepts_anothers_level(self) -> None:
        """Mingjiang recognises Huaheng's level; the same link says so, and gives a report to file."""
        self._agree(agreements.levels(), SECOND_BODY, others=[BODY, ENTERPRISE], tried_by=BODY)
        report = self.verify_link(self.shares[QIAN], VALID)
        found = {(line["rule"], line["party"]) for line in report["recognition"]}
        expect(
            "who recognises it now",
            found,
            {("R1", SECOND_BODY.did), ("R2", SECOND_BODY.did), ("R2", ENTERPRISE.did)},
        )
        self.say("one body recognises another's level; no second test", self.shares[QIAN])

    def _agree(
        self,
        document: Mapping[str, Any],
        author: Institution,
        *,
        others: Sequence[Institution],
        tried_by: Institution,
    ) -> None:
        """Draft, hand round, try, sign, propose and vote: what officers do, each in their own service."""
        name = f"{document['id'].rpartition(':')[2]}-{document['version']}.json"
        path = self.write(name, document)
        made = self._agreement(author, "draft", path)
        digest = made["digest"]
        self._agreement(author, "sign", digest)
        at_once(lambda body: self._sign(body, digest), others)
        self._agreement(tried_by, "dry-run", digest)
        until("every party's signature", lambda: self._signed(author, digest), seconds=30)
        proposal = self._agreement(author, "propose", digest)["proposal"]
        self.decide([proposal], self.members)
        self.say(f"{document['title']['en']}: in force by vote", f"{self.url('verifier')}/agreements")

    def _sign(self, body: Institution, digest: str) -> None:
        until("the draft", lambda: self._has(body, digest), seconds=30)
        self._agreement(body, "sign", digest)

    def _has(self, body: Institution, digest: str) -> bool:
        listed = self.world.run(body.place, "issuer", "agreement", "list", "--json")["agreements"]
        return any(each["digest"] == digest for each in listed)

    def _signed(self, author: Institution, digest: str) -> bool:
        shown = self.world.run(author.place, "issuer", "agreement", "show", digest, "--json")
        return all(each["state"] == "signed" for each in shown["parties"])

    def _agreement(self, body: Institution, act: str, subject: str) -> Any:
        return self.world.run(body.place, "issuer", "agreement", act, subject, "--as", MAKER, "--json")

    # --- credit -------------------------------------------------------------------------------------

    def a_certificate_becomes_credit(self) -> None:
        """The college and the bank agree; Qian converts, once, and only up to the limit."""
        self._agree(agreements.credit(), COLLEGE, others=[BODY, BANK], tried_by=BODY)
        applied = self._convert(QIAN, "R1")
        expect("where an application waits", applied["state"], "submitted")
        self._bank("confirm", applied["application"])
        record = self._conversions(QIAN)[0]["records"][0]
        self.world.run("bank", "issuer", "anchor", "--json")
        self.verify_link(self._share(QIAN, record), VALID)
        self.say("a certificate became eight credits, confirmed by an officer", self.url("bank"))
        expect("the same certificate once more", self._refused(QIAN, "R1"), "source-used")
        expect("four credits over the limit of ten", self._refused(QIAN, "R2"), "cap")
        self.say("it converts once, and nobody gets more than the limit", self.url("wallet"))

    def the_members_change_their_minds(self) -> None:
        """Amended, an enrolled learner need not wait; ended, nobody converts, and what was granted stays."""
        self._agree(
            agreements.credit(version=2, confirm="automatic"), COLLEGE, others=[BODY, BANK], tried_by=BODY
        )
        enrolled = self.path("enrolled.csv")
        Path(enrolled).write_text(ENROLLED, encoding="utf-8")
        self.world.run("bank", "issuer", "bank", "enrol", enrolled, "--as", MAKER, "--json")
        expect("an enrolled learner's application", self._convert(REN, "R1")["state"], "registered")
        self.say("amended by vote: an enrolled learner has her credits at once", self.url("bank"))
        ended = self.world.run(
            "college", "issuer", "agreement", "end", agreements.CREDIT_ID, "--as", MAKER, "--json"
        )
        self.decide([ended["proposal"]], self.members)
        found = self._previews(REN)
        expect("agreements that give credit now", [each["agreement"] for each in found], [])
        self.say("ended by vote: nobody converts any more, and what was granted stays", self.url("ledger"))

    def a_source_is_revoked(self) -> None:
        """Huaheng revokes Qian's certificate; an officer reviews what rests on it, and cancels it."""
        record = self.batches["body"]["records"][ROWS[QIAN]]["record"]
        self.world.run(
            "body", "issuer", "revoke", record, "--reason", "录入错误更正",
            "--as", MAKER, "--approved-by", SECOND, "--json",
        )  # fmt: skip
        self.verify_link(self.shares[QIAN], REVOKED)
        self.world.run("bank", "issuer", "bank", "reconcile", "--json")
        reviews = self.world.run("bank", "issuer", "bank", "reviews", "--json")["reviews"]
        expect("conversions under review", len(reviews), 1)
        credit = self._conversions(QIAN)[0]["records"][0]
        share = self._share(QIAN, credit)
        self.verify_link(share, VALID)
        self._bank("decide-review", str(reviews[0]["id"]), "cancel", "--approved-by", SECOND)
        self.verify_link(share, REVOKED)
        self.say("a source was revoked: its credit was reviewed, and cancelled by an officer", share)

    def _convert(self, who: str, rule: str) -> Mapping[str, Any]:
        return self.world.run(
            "wallet", "wallet", "convert", self.held[who],
            "--agreement", agreements.CREDIT_ID, "--rule", rule,
            "--college", COLLEGE.did, "--programme", PROGRAMMES[who], "--account", who, "--json",
        )  # fmt: skip

    def _refused(self, who: str, rule: str) -> str:
        """Return the reason for which a rule gives nothing now."""
        results = [each for option in self._previews(who) for each in option["results"]]
        return next(each["reason"] for each in results if each["rule"] == rule)

    def _previews(self, who: str) -> list[Mapping[str, Any]]:
        found = self.world.run(
            "wallet", "wallet", "agreements", self.held[who],
            "--college", COLLEGE.did, "--programme", PROGRAMMES[who], "--account", who, "--json",
        )  # fmt: skip
        return list(found["agreements"])

    def _conversions(self, who: str) -> list[Mapping[str, Any]]:
        found = self.world.run("wallet", "wallet", "conversions", "--account", who, "--json")
        return list(found["conversions"])

    def _bank(self, *words: str) -> Any:
        return self.world.run("bank", "issuer", "bank", *words, "--as", MAKER, "--json")

    # --- co-signing ---------------------------------------------------------------------------------

    def two_signatures_under_one_record(self) -> None:
        """An apprenticeship is signed without the enterprise, then with it; then the enterprise withdraws."""
        made = self.world.run(
            "college", "issuer", "import", str(SAMPLES / "apprenticeship_2026_utf8.csv"),
            "--type", "ApprenticeshipRecord", "--as", MAKER, "--confirm", "--json",
        )  # fmt: skip
        asked = self.world.run("college", "issuer", "cosign", made["batch"], "--as", MAKER, "--json")
        self.world.run("college", "issuer", "approve", made["batch"], "--as", SECOND, "--json")
        self.world.run("college", "issuer", "anchor", "--json")
        record = made["records"][0]["record"]
        offer = self.world.run("college", "issuer", "offer", record, "--as", MAKER, "--json")
        self._check_apprenticeship(offer, NOTE)
        self.say("an apprenticeship without the enterprise's signature: please note", offer["slip"])
        given = self.world.run(
            "enterprise", "issuer", "endorse", asked["drafts"][0]["link"], "--as", MAKER, "--json"
        )
        renewed = self.world.run(
            "college", "issuer", "renew-form", record, "--as", MAKER, "--approved-by", SECOND, "--json"
        )
        share = self._check_apprenticeship(renewed, VALID)
        self.say("the enterprise signed on the phone, and the form was renewed: valid", share)
        self.world.run(
            "enterprise", "issuer", "withdraw-endorsement", given["endorsement"],
            "--as", MAKER, "--approved-by", SECOND, "--json",
        )  # fmt: skip
        self.verify_link(share, NOTE)
        self.say("the enterprise withdrew its signature: please note, and not revoked", share)

    def _check_apprenticeship(self, offer: Mapping[str, Any], expected: str) -> str:
        """Claim an offered form, share it, and look."""
        held = self.world.run(
            "wallet", "wallet", "accept", offer["offer"], "--tx-code", offer["tx_code"],
            "--account", QIAN, "--json",
        )  # fmt: skip
        self.world.run("college", "issuer", "anchor", "--json")
        share = self._share(QIAN, held["id"])
        self.verify_link(share, expected)
        return share

    # --- one slip, one scan -------------------------------------------------------------------------

    def one_slip_one_scan(self) -> None:
        """One slip carries both of Ren's certificates; education and skill go into one link."""
        graduates = self.path("graduates.csv")
        lines = (SAMPLES / COLLEGE.file).read_text(encoding="utf-8-sig").splitlines(keepends=True)
        Path(graduates).write_text("".join(lines[:6]), encoding="utf-8")
        made = self.import_and_approve(COLLEGE, Path(graduates))
        offer = self.world.run(
            "college", "issuer", "offer", made["records"][ROWS[REN]]["record"], "--as", MAKER, "--json"
        )
        claimed = self._accept(offer, REN)
        held = {each["type"]: each["id"] for each in claimed}
        expect("on one slip", set(held), {"GraduationCertificate", "ApprenticeshipRecord"})
        self.say("one slip and one PIN: both certificates of the college", offer["slip"])
        self.world.run("college", "issuer", "anchor", "--json")
        share = self._share(REN, held["GraduationCertificate"], self.held[REN])
        report = self.verify_link(share, VALID)
        expect("in one link", [each["verdict"] for each in report["results"]], [VALID, VALID])
        self.say("education and skill in one link, with one result over both", share)

    def _accept(self, offer: Mapping[str, Any], who: str) -> list[Mapping[str, Any]]:
        found = self.world.run(
            "wallet", "wallet", "accept", offer["offer"], "--tx-code", offer["tx_code"],
            "--account", who, "--json",
        )  # fmt: skip
        return list(found["credentials"])

    # --- corrections --------------------------------------------------------------------------------

    def a_mistake_is_corrected(self) -> None:
        """Ren asks for a correction; two officers correct the record; the wallet takes the new one."""
        file = SAMPLES / "micro_2026_utf8.csv"
        made = self.import_and_approve(ENTERPRISE, file, "MicroCredential")
        record = made["records"][ROWS[REN]]["record"]
        offer = self.world.run("enterprise", "issuer", "offer", record, "--as", MAKER, "--json")
        wrong = self._accept(offer, REN)[0]["id"]
        self.world.run("enterprise", "issuer", "anchor", "--json")
        share = self._share(REN, wrong)
        self.verify_link(share, VALID)
        self.world.run(
            "wallet", "wallet", "ask-correction", wrong, "总学时应为 32", "--account", REN, "--json"
        )
        tasks = self.world.run("enterprise", "issuer", "corrections", "--json")["corrections"]
        expect("what the registrar is asked", [each["text"] for each in tasks], ["总学时应为 32"])
        self.world.run(
            "enterprise", "issuer", "correct", record, "--set", "learningHours=32",
            "--as", MAKER, "--approved-by", SECOND, "--json",
        )  # fmt: skip
        report = self.verify_link(share, REVOKED)
        expect("whether a newer one exists", bool(report["revocation"].get("replacement")), True)
        right = self.world.run("wallet", "wallet", "replace", wrong, "--account", REN, "--json")
        self.world.run("enterprise", "issuer", "anchor", "--json")
        self.verify_link(self._share(REN, right["id"]), VALID)
        self.say("corrected: the old one says so, and the new one lies in the wallet", share)
