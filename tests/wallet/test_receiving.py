"""From a claim code to a certificate in the wallet, and everything that must not get in."""

import json
from datetime import timedelta

import pytest

from crypto.keys import PrivateKey
from ledger.registry import grant_key, grants_key, issuer_key
from tests.wallet.doubles import COLLEGE, NOW, College
from vc import did_key
from wallet import holding, looking_up, receiving, store
from wallet.errors import (
    CannotCheckError,
    ClaimDeniedError,
    CredentialRejectedError,
    IssuerMetadataError,
    IssuerUnreachableError,
    OfferError,
    OfferExpiredError,
    OfferLockedError,
    OfferUnknownError,
    OfferUsedError,
    UnknownIssuerError,
    UnreadableOfferError,
    WrongPinError,
)
from web.errors import FetchError, FetchLimitError


@pytest.fixture
def claim(db, wallet, parts):
    """Claim by code and PIN, as the holder does."""

    def run(code, pin="123456"):
        offered = looking_up.look_up(code, parts=parts, now=NOW)
        return receiving.receive(db, wallet, offered, pin=pin, parts=parts, now=NOW)

    return run


def held(db, wallet):
    return holding.held(db, wallet, now=NOW)


def test_claim_code_and_pin_bring_the_certificate_into_the_wallet(db, wallet, college, claim):
    (credential_id,) = claim(college.hand_out())
    (item,) = held(db, wallet)
    assert item.credential_id == credential_id
    assert item.facts.credential_type == "SkillLevelCertificate"
    assert item.facts.holder == did_key.did(item.key.public)
    assert item.status.kind == "valid"


def test_issuer_is_told_that_its_certificate_was_accepted(college, claim):
    claim(college.hand_out())
    assert college.told == [{"notification_id": "told-1", "event": "credential_accepted"}]


def test_notification_that_is_lost_changes_nothing(db, wallet, college, claim, network):
    college.answer, answer = (lambda *asked: lose_notification(answer, *asked)), college.answer
    claim(college.hand_out())
    assert len(held(db, wallet)) == 1


def lose_notification(answer, method, path, *rest):
    if path == "/notification":
        raise FetchError("the connection failed")
    return answer(method, path, *rest)


def test_issuer_is_named_by_the_registry_and_never_by_its_own_word(db, wallet, college, claim, parts):
    code = college.hand_out()
    assert looking_up.look_up(code, parts=parts, now=NOW).issuer_names["zh"] == "云岭示范职业技术学院"
    claim(code)
    assert held(db, wallet)[0].issuer_names["zh"] == "云岭示范职业技术学院"


def test_every_way_to_write_an_offer_leads_to_the_same_claim(college, parts):
    code = college.hand_out()
    url = college.offer(code)
    document = json.dumps(college.offer_document(url.rpartition("/")[2]))
    ways = [
        code,
        f"https://anything.example/O#{code}",
        f"openid-credential-offer://?credential_offer_uri={url}",
        f"haip-vci://?credential_offer_uri={url}",
        f"https://anything.example/offer?credential_offer_uri={url}",
        f"openid-credential-offer://?credential_offer={document}",
        document,
    ]
    found = [looking_up.look_up(way, parts=parts, now=NOW) for way in ways]
    assert all(offered.certificates == found[0].certificates for offered in found)
    assert {offered.issuer_id for offered in found} == {COLLEGE}


def test_looking_up_sends_the_code_to_the_issuer_of_its_number_and_to_nobody_else(college, network, parts):
    code = college.hand_out()
    looking_up.look_up(f"https://evil.example/O#{code}", parts=parts, now=NOW)
    assert {url.split("/")[2] for _, url in network.requests} == {"yunling.edu.example"}


def test_looking_up_asks_for_no_token(college, network, parts):
    looking_up.look_up(college.hand_out(), parts=parts, now=NOW)
    assert not any(url.endswith(("/token", "/credential")) for _, url in network.requests)


@pytest.mark.case("VCI-012")
@pytest.mark.parametrize(
    ("issuer", "server"),
    [
        ({"credential_issuer": "https://other.example"}, {}),
        ({"credential_issuer": "https://yunling.edu.example/"}, {}),
        ({"authorization_servers": ["https://evil.example"]}, {}),
        ({"credential_endpoint": "https://evil.example/credential"}, {}),
        ({"nonce_endpoint": "https://yunling.edu.example.evil.example/nonce"}, {}),
        ({"credential_endpoint": "https://yunling.edu.example:8443/credential"}, {}),
        ({"nonce_endpoint": None}, {}),
        ({"credential_configurations_supported": {}}, {}),
        ({"credential_configurations_supported": []}, {}),
        ({}, {"issuer": "https://other.example"}),
        ({}, {"token_endpoint": "https://evil.example/token"}),
        ({}, {"grant_types_supported": ["authorization_code"]}),
    ],
)
def test_metadata_that_names_another_party_is_refused(college, parts, issuer, server):
    code = college.hand_out()
    college.metadata_changes, college.server_changes = issuer, server
    with pytest.raises(IssuerMetadataError):
        looking_up.look_up(code, parts=parts, now=NOW)


@pytest.mark.case("VCI-035")
def test_metadata_beyond_any_size_is_cut_off(college, parts):
    code = college.hand_out()
    college.metadata_changes = {"display": [{"name": "x" * 300_000}]}
    with pytest.raises(FetchLimitError):
        looking_up.look_up(code, parts=parts, now=NOW)


def test_offer_of_an_issuer_that_the_registry_does_not_know_is_refused_before_any_pin(
    parts, network, registry
):
    stranger = College(registry, did="did:web:evil.example", url="https://evil.example", number=9)
    network.hosts[stranger.url] = stranger
    url = stranger.offer(stranger.hand_out())
    del registry.values[issuer_key(stranger.did)]
    with pytest.raises(UnknownIssuerError):
        looking_up.look_up(f"openid-credential-offer://?credential_offer_uri={url}", parts=parts, now=NOW)
    assert not any("well-known" in asked for _, asked in network.requests)


def test_number_that_the_registry_does_not_know_is_refused(parts, network, registry, college):
    code = college.hand_out()
    del registry.values[("number", college.number)]
    with pytest.raises(UnknownIssuerError):
        looking_up.look_up(code, parts=parts, now=NOW)
    assert network.requests == []


def test_silent_ledger_stops_the_claim_before_anything_is_sent(parts, network, registry, college):
    code = college.hand_out()
    registry.silent = True
    with pytest.raises(CannotCheckError):
        looking_up.look_up(code, parts=parts, now=NOW)
    assert network.requests == []


def test_silent_issuer_is_said_to_be_silent(parts, network, college):
    code = college.hand_out()
    network.away.add(college.url)
    with pytest.raises(IssuerUnreachableError):
        looking_up.look_up(code, parts=parts, now=NOW)


# --- the PIN and the slip -----------------------------------------------------------------------------------


def test_wrong_pin_says_how_many_tries_are_left_and_the_right_one_still_works(college, claim):
    code = college.hand_out()
    with pytest.raises(WrongPinError) as refused:
        claim(code, pin="000000")
    assert refused.value.tries_left == 4
    assert claim(code)


def test_fifth_wrong_pin_locks_the_slip(college, claim):
    code = college.hand_out()
    for _ in range(4):
        with pytest.raises(WrongPinError):
            claim(code, pin="000000")
    with pytest.raises(OfferLockedError):
        claim(code, pin="000000")
    with pytest.raises(OfferLockedError):
        claim(code)


def test_used_slip_says_when_it_was_used(college, claim, parts):
    code = college.hand_out()
    claim(code)
    with pytest.raises(OfferUsedError) as refused:
        looking_up.look_up(code, parts=parts, now=NOW)
    assert refused.value.claimed_at.startswith("2026-11-21")


def test_code_that_no_slip_has_is_unknown(college, claim):
    code = college.hand_out()
    college.slips.clear()
    with pytest.raises(OfferUnknownError):
        claim(code)


def test_offer_that_is_gone_is_expired(college, parts):
    url = college.offer(college.hand_out())
    college.offers.clear()
    with pytest.raises(OfferExpiredError):
        looking_up.look_up(f"openid-credential-offer://?credential_offer_uri={url}", parts=parts, now=NOW)


def test_offer_redeemed_elsewhere_meanwhile_is_expired_and_not_a_wrong_pin(db, wallet, college, parts):
    code = college.hand_out()
    offered = looking_up.look_up(code, parts=parts, now=NOW)
    college.offers.clear()
    with pytest.raises(OfferExpiredError):
        receiving.receive(db, wallet, offered, pin="123456", parts=parts, now=NOW)


def test_stale_nonce_is_replaced_once(db, wallet, college, claim):
    college.refuses_nonces = 1
    claim(college.hand_out())
    assert len(held(db, wallet)) == 1


def test_stale_nonce_is_replaced_only_once(college, claim, network):
    college.refuses_nonces = 5
    with pytest.raises(OfferError):
        claim(college.hand_out())
    assert sum(url.endswith("/nonce") for _, url in network.requests) == 2


def test_two_claims_use_two_keys(db, wallet, college, claim):
    claim(college.hand_out())
    claim(college.hand_out())
    assert len({item.facts.holder for item in held(db, wallet)}) == 2


# --- what must not get in -----------------------------------------------------------------------------------


def other_key():
    return PrivateKey.generate("Ed25519")


MISDEEDS = {
    "binding": lambda college: setattr(college, "binds_to", did_key.did(other_key().public)),
    "signature": lambda college: setattr(college, "signs_with", other_key()),
    "type": lambda college: college.alters.update(
        type=["VerifiableCredential", "OpenBadgeCredential", "GraduationCertificate"]
    ),
    "period": lambda college: college.alters.update(validUntil="2026-11-20T00:00:00Z"),
    "accreditation": lambda college: college.register(types=("GraduationCertificate",)),
    "structure": lambda college: college.alters.update(validFrom="yesterday"),
}


@pytest.mark.case("VCI-034")
@pytest.mark.parametrize("reason", MISDEEDS)
def test_credential_that_is_not_what_was_offered_is_deleted_and_the_reason_told(
    db, wallet, college, claim, reason
):
    MISDEEDS[reason](college)
    with pytest.raises(CredentialRejectedError) as refused:
        claim(college.hand_out())
    assert refused.value.code == "CREDENTIAL_REJECTED"
    assert college.told == [{"notification_id": "told-1", "event": "credential_failure"}]
    assert refused.value.reason in {reason, "structure"}
    assert db["credential"].count == 0
    assert db["claim"].count == 0


@pytest.mark.case("VCI-034")
def test_credential_of_another_issuer_than_the_one_that_offered_it_is_refused(
    db, college, claim, registry, network
):
    other = College(registry, did="did:web:other.example", url="https://other.example", number=9)
    network.hosts[other.url] = other
    college.sign_form = other.sign_form
    with pytest.raises(CredentialRejectedError) as refused:
        claim(college.hand_out())
    assert refused.value.reason == "issuer"
    assert db["credential"].count == 0


@pytest.mark.case("VCI-034")
def test_credential_of_an_issuer_outside_the_registry_is_refused(db, college, claim, registry):
    college.alters = {"issuer": {"id": "did:web:evil.example", "type": ["Profile"], "name": "云岭"}}
    with pytest.raises(CredentialRejectedError) as refused:
        claim(college.hand_out())
    assert refused.value.reason == "issuer"
    assert db["credential"].count == 0


@pytest.mark.case("VCI-034")
def test_suspended_issuer_is_not_accredited(college, claim, registry):
    code = college.hand_out()
    registry.values[issuer_key(COLLEGE)]["suspensions"] = [[1, None]]
    with pytest.raises(CredentialRejectedError) as refused:
        claim(code)
    assert refused.value.reason == "accreditation"


def test_grant_that_has_ended_is_no_accreditation(college, claim, registry):
    code = college.hand_out()
    registry.values[grant_key("urn:chain", COLLEGE, "SkillLevelCertificate")] = {"from": 1, "until": 2}
    assert registry.values[grants_key(COLLEGE)]
    with pytest.raises(CredentialRejectedError):
        claim(code)


@pytest.mark.case("VCI-034")
def test_credential_that_was_revoked_already_is_refused(db, college, claim):
    sign = college.sign_form

    def sign_and_revoke(kind, holder):
        form = sign(kind, holder)
        college.revoke(form)
        return form

    college.sign_form = sign_and_revoke
    with pytest.raises(CredentialRejectedError) as refused:
        claim(college.hand_out())
    assert refused.value.reason == "revoked"
    assert db["credential"].count == 0


def test_document_of_keys_whose_digest_the_registry_does_not_hold_is_not_believed(db, college, claim):
    college.document = college.document.replace(b"key-1", b"key-2")
    with pytest.raises(CannotCheckError):
        claim(college.hand_out())
    assert db["credential"].count == 0


def test_status_list_that_the_ledger_does_not_hold_is_not_believed(db, wallet, college, claim):
    college.published["/status/1"] += b" "
    with pytest.raises(CannotCheckError):
        claim(college.hand_out())
    assert held(db, wallet) == []


# --- interruptions ------------------------------------------------------------------------------------------


@pytest.mark.case("VCI-033")
def test_claim_killed_after_signing_fetches_the_same_form_again(db, wallet, college, claim, parts):
    code = college.hand_out()
    college.dies_after_signing = True
    with pytest.raises(IssuerUnreachableError):
        claim(code)
    college.dies_after_signing = False
    (waiting,) = receiving.unfinished(db, wallet)
    receiving.complete(db, wallet, waiting.claim_id, parts=parts, now=NOW + timedelta(minutes=2))
    assert len(held(db, wallet)) == 1
    assert college.signed == 1
    assert receiving.unfinished(db, wallet) == []


def test_interrupted_claim_is_known_again_by_the_same_code(db, wallet, college, claim):
    code = college.hand_out()
    college.dies_after_signing = True
    with pytest.raises(IssuerUnreachableError):
        claim(code)
    assert receiving.unfinished_for(db, wallet, code).offered.issuer_id == COLLEGE
    assert receiving.unfinished_for(db, wallet, "something else") is None


class Killed(BaseException):
    """The process died here."""


@pytest.mark.parametrize("step", range(1, 9))
def test_kill_at_any_write_leaves_a_claim_that_can_be_finished_or_begun_again(
    db, wallet, college, parts, monkeypatch, step
):
    code = college.hand_out()
    writes = iter(range(1, 100))
    put = store.put_claim

    def dying(*args):
        if next(writes) == step:
            raise Killed
        put(*args)

    monkeypatch.setattr(store, "put_claim", dying)
    offered = looking_up.look_up(code, parts=parts, now=NOW)
    try:
        receiving.receive(db, wallet, offered, pin="123456", parts=parts, now=NOW)
    except Killed:
        monkeypatch.setattr(store, "put_claim", put)
        waiting = receiving.unfinished(db, wallet)
        if waiting:
            receiving.complete(db, wallet, waiting[0].claim_id, parts=parts, now=NOW)
        else:
            again = looking_up.look_up(code, parts=parts, now=NOW)
            receiving.receive(db, wallet, again, pin="123456", parts=parts, now=NOW)
    assert len(held(db, wallet)) == 1
    assert college.signed == 1


def test_received_credential_waits_until_the_ledger_answers_and_is_no_holding_meanwhile(
    db, wallet, college, claim, registry, parts
):
    sign = college.sign_form

    def sign_and_go_silent(kind, holder):
        registry.silent = True
        return sign(kind, holder)

    college.sign_form = sign_and_go_silent
    with pytest.raises(CannotCheckError):
        claim(college.hand_out())
    assert held(db, wallet) == []
    registry.silent = False
    # The token has expired long since: what was received is checked, not asked for again.
    college.tokens.clear()
    (waiting,) = receiving.unfinished(db, wallet)
    receiving.complete(db, wallet, waiting.claim_id, parts=parts, now=NOW)
    assert len(held(db, wallet)) == 1


def test_claim_that_the_issuer_gave_to_another_key_is_denied(db, wallet, college, claim):
    code = college.hand_out()
    college.slips[code].bound_to = "did:key:zSomebodyElse"
    with pytest.raises(ClaimDeniedError):
        claim(code)


def test_given_up_claim_is_forgotten(db, wallet, college, claim):
    college.dies_after_signing = True
    with pytest.raises(IssuerUnreachableError):
        claim(college.hand_out())
    receiving.give_up(db, wallet, receiving.unfinished(db, wallet)[0].claim_id)
    assert db["claim"].count == 0


# --- what is read -------------------------------------------------------------------------------------------


@pytest.mark.case("SHARE-011")
@pytest.mark.parametrize(
    "given",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "intent://scan/#Intent;scheme=zxing;end",
        "otpauth://totp/x?secret=AAAA",
        "x" * 10_000,
        "ftp://yunling.edu.example/O#7ZK0",
        "https://[::1",
    ],
)
def test_link_that_no_slip_carries_is_not_opened(parts, network, registry, given):
    with pytest.raises(UnreadableOfferError) as refused:
        looking_up.look_up(given, parts=parts, now=NOW)
    assert refused.value.code == "QR_REJECTED"
    assert network.requests == []
    assert registry.asked == 0


@pytest.mark.parametrize(
    "given",
    [
        "",
        "\x00\x01",
        "7ZK0-1234-5678-9ABC-DEFG-HJK5",
        "7ZK0-1234-5678-9ABC-DEFG-HJK7",
        "https://yunling.edu.example/",
        "openid-credential-offer://",
        "openid-credential-offer://?credential_offer=%7B%7D",
        "openid-credential-offer://?credential_offer_uri=a&credential_offer_uri=b",
        '{"credential_issuer": "https://yunling.edu.example"}',
        '{"credential_issuer": 1, "grants": {}}',
        "{" * 50,
    ],
)
def test_text_that_is_no_offer_is_refused_in_words(parts, network, given):
    with pytest.raises(UnreadableOfferError):
        looking_up.look_up(given, parts=parts, now=NOW)
    assert network.requests == []


def test_offer_uri_that_may_not_be_fetched_is_refused(parts, network):
    with pytest.raises((IssuerUnreachableError, FetchError)):
        looking_up.look_up(
            "openid-credential-offer://?credential_offer_uri=http://169.254.169.254/", parts=parts, now=NOW
        )
