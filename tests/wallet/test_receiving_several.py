"""One slip with all certificates of a graduate: claimed with one PIN, each bound to a key of its own."""

import json
from dataclasses import dataclass, field

import pytest

from tests.wallet.doubles import NOW, College, check_key_proof
from wallet import holding, looking_up, receiving
from wallet.errors import CredentialRejectedError, IssuerMetadataError, IssuerUnreachableError
from web.errors import FetchError

GRADUATION, SKILL = "GraduationCertificate", "SkillLevelCertificate"
DETAILS = {"authorization_details_types_supported": ["openid_credential"]}


@dataclass
class Registrar(College):
    """An issuer whose one slip opens several certificates, named by identifiers as the standard has it."""

    kinds: tuple = (GRADUATION, SKILL, SKILL)
    server_changes: dict = field(default_factory=lambda: dict(DETAILS))
    asked: list = field(default_factory=list)
    details_changes: list | None = None
    forms: dict = field(default_factory=dict)
    fails_at: int | None = None
    spoils: int | None = None

    def _mint(self, body):
        status, kind, content = super()._mint(body)
        minted = json.loads(content) | {"credentials": [{"type": kind} for kind in self.kinds]}
        return status, kind, json.dumps(minted).encode()

    def offer_document(self, offer_id):
        document = super().offer_document(offer_id)
        names = list(dict.fromkeys(f"{kind}_ldp_vc" for kind in self.kinds))
        return document | {"credential_configuration_ids": names}

    def _token(self, form):
        self.asked = json.loads(form.get("authorization_details", "[]"))
        status, kind, body = super()._token(form)
        answer = json.loads(body)
        if status == 200 and self.asked:
            names = list(dict.fromkeys(f"{kind}_ldp_vc" for kind in self.kinds))
            answer["authorization_details"] = self.details_changes or [
                {
                    "type": "openid_credential",
                    "credential_configuration_id": name,
                    "credential_identifiers": [
                        f"id-{place}" for place, kind in enumerate(self.kinds) if f"{kind}_ldp_vc" == name
                    ],
                }
                for name in names
            ]
        return status, kind, json.dumps(answer).encode()

    def _credential(self, body, authorization):
        assert authorization.removeprefix("Bearer ") in self.tokens
        identifier = body.get("credential_identifier")
        assert "credential_configuration_id" not in body
        holder, _ = check_key_proof(body["proofs"]["jwt"][0], audience=self.url)
        place = int(identifier.removeprefix("id-"))
        if place == self.fails_at:
            raise FetchError("the connection failed")
        if identifier not in self.forms:
            key_before, self.binds_to = self.binds_to, "did:key:z6Mkother" if place == self.spoils else None
            self.forms[identifier] = (holder, self.sign_form(self.kinds[place], holder))
            self.binds_to = key_before
        bound, form = self.forms[identifier]
        if bound != holder:
            return 400, "application/json", b'{"error": "credential_request_denied"}'
        listed = {"credentials": [{"credential": form}], "notification_id": f"told-{place}"}
        return 200, "application/json", json.dumps(listed).encode()


@pytest.fixture
def registrar(registry, network):
    found = Registrar(registry)
    network.hosts[found.url] = found
    return found


@pytest.fixture
def claim(db, wallet, registrar, parts):
    def claim():
        offered = looking_up.look_up(registrar.hand_out(), parts=parts, now=NOW)
        return receiving.receive(db, wallet, offered, pin="123456", parts=parts, now=NOW)

    return claim


@pytest.mark.row("S57")
def test_all_certificates_of_a_slip_come_with_one_pin(claim, registrar, db, wallet):
    ids = claim()
    held = holding.held(db, wallet, now=NOW)
    assert {item.credential_id for item in held} == set(ids)
    assert sorted(item.facts.credential_type for item in held) == [GRADUATION, SKILL, SKILL]
    assert [entry["credential_configuration_id"] for entry in registrar.asked] == [
        f"{GRADUATION}_ldp_vc",
        f"{SKILL}_ldp_vc",
    ]


def test_each_certificate_is_bound_to_a_key_of_its_own(claim, db, wallet):
    claim()
    assert len({item.facts.holder for item in holding.held(db, wallet, now=NOW)}) == 3


def test_every_certificate_is_told_to_be_accepted(claim, registrar):
    claim()
    assert [told["notification_id"] for told in registrar.told] == ["told-0", "told-1", "told-2"]


def test_claim_that_broke_in_the_middle_goes_on_with_what_is_missing(claim, registrar, db, wallet, parts):
    registrar.fails_at = 1
    with pytest.raises(IssuerUnreachableError):
        claim()
    assert len(holding.held(db, wallet, now=NOW)) == 1
    (waiting,) = receiving.unfinished(db, wallet)
    assert len(waiting.missing) == 2
    registrar.fails_at = None
    assert len(receiving.complete(db, wallet, waiting.claim_id, parts=parts, now=NOW)) == 3
    assert len(holding.held(db, wallet, now=NOW)) == 3
    assert receiving.unfinished(db, wallet) == []


def test_one_bad_certificate_does_not_cost_the_others(claim, registrar, db, wallet):
    registrar.spoils = 1
    with pytest.raises(CredentialRejectedError):
        claim()
    assert len(holding.held(db, wallet, now=NOW)) == 2
    assert receiving.unfinished(db, wallet) == []
    assert {told["event"] for told in registrar.told} == {"credential_accepted", "credential_failure"}


def named(*identifiers, configuration=f"{SKILL}_ldp_vc"):
    """Write what a token response says it fetches."""
    return [
        {
            "type": "openid_credential",
            "credential_configuration_id": configuration,
            "credential_identifiers": list(identifiers),
        }
    ]


@pytest.mark.parametrize(
    ("details", "kind"),
    [
        (named("x", configuration="Other_ldp_vc"), IssuerMetadataError),
        (named(), IssuerUnreachableError),
        (named("x", "x"), IssuerUnreachableError),
        (named(7), IssuerUnreachableError),
        (["x"], IssuerUnreachableError),
        (named(*(f"x{place}" for place in range(17))), IssuerUnreachableError),
    ],
)
def test_answer_that_does_not_name_what_was_offered_is_refused(claim, registrar, db, details, kind):
    registrar.details_changes = details
    with pytest.raises(kind):
        claim()
    assert db["credential"].count == 0


def test_issuer_may_offer_only_a_part_of_what_was_asked(claim, registrar, db, wallet):
    registrar.details_changes = named("id-0", configuration=f"{GRADUATION}_ldp_vc")
    assert len(claim()) == 1


def test_issuer_that_names_nothing_is_asked_by_configuration(db, wallet, college, parts):
    offered = looking_up.look_up(college.hand_out(), parts=parts, now=NOW)
    assert not offered.names_credentials
    assert len(receiving.receive(db, wallet, offered, pin="123456", parts=parts, now=NOW)) == 1


@pytest.mark.row("S57")
def test_page_says_how_many_there_are_before_the_pin(holder, registrar):
    holder.post("/claim", page="/O", given=registrar.hand_out())
    page = holder.get("/claim").text
    assert "发给你 3 份证书" in page
    assert "× 2" in page


@pytest.mark.row("S57")
def test_page_says_how_many_came_and_asks_for_more(holder, registrar):
    assert holder.claim(registrar.hand_out()).headers["Location"] == "/certificates"
    page = holder.get("/certificates").text
    assert "已领取 3 份证书" in page
    assert "另有证书？" in page
    assert page.count("card-link") >= 3


@pytest.mark.row("S53", "S57")
def test_both_certificates_are_chosen_with_one_tap(holder, registrar):
    holder.claim(registrar.hand_out())
    page = holder.get("/certificates").text
    assert "学历 + 技能，一起出示" in page
    href = page.split("学历 + 技能，一起出示")[0].rpartition('href="')[2].partition('"')[0]
    form = holder.get(href.replace("&amp;", "&")).text
    assert form.count("checked") == 3  # two certificates and the usual days


@pytest.mark.row("S53")
def test_pair_is_shared_by_one_link(holder, registrar, db):
    holder.claim(registrar.hand_out())
    page = holder.get("/share").text
    href = page.split("学历 + 技能，一起出示")[0].rpartition('href="')[2].partition('"')[0]
    chosen = [part.partition("=")[2] for part in href.partition("?")[2].replace("&amp;", "&").split("&")]
    holder.share(*chosen)
    assert db["share_item"].count == 2
