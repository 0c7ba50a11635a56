"""Offers without a PIN, for somebody who has proved already that the record is theirs."""

import pytest

from issuer import create_app, offers, revocation
from issuer.errors import ConflictError, SlipUsedError, UnknownError
from issuer.offers import PRE_AUTHORIZED
from tests.issuer.college import College, WalletKey, new_row

CONFIGURATION = "GraduationCertificate_ldp_vc"


class Counter:
    """A college's endpoints and a record that has no slip yet."""

    def __init__(self, college: College) -> None:
        self.college = college
        self.record = college.first_record(college.issue(new_row(1)))
        self.app = create_app(college.environ, parts=college.parts, clock=lambda: college.now)
        self.http = self.app.test_client()

    def mint(self) -> str:
        minted = offers.mint_direct(
            self.college.db, self.college.parts, record_id=self.record.id, now=self.college.now
        )
        return minted.uri.rpartition("/")[2]

    def grant(self, offer_id: str) -> dict:
        return self.http.get(f"/offers/{offer_id}").json["grants"][PRE_AUTHORIZED]

    def token(self, offer_id: str, **more: str):
        code = self.grant(offer_id)["pre-authorized_code"]
        form = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": code, **more}
        return self.http.post("/oauth/token", data=form)

    def claim(self, access_token: str):
        nonce = self.http.post("/oauth/nonce").json["c_nonce"]
        proof = WalletKey().proof(nonce=nonce, now=self.college.now)
        body = {"credential_configuration_id": CONFIGURATION, "proofs": {"jwt": [proof]}}
        return self.http.post(
            "/oauth/credential", json=body, headers={"Authorization": f"Bearer {access_token}"}
        )


@pytest.fixture
def counter(college: College) -> Counter:
    return Counter(college)


def test_direct_offer_is_claimed_without_a_pin(counter: Counter):
    offer_id = counter.mint()
    assert "tx_code" not in counter.grant(offer_id)
    answer = counter.claim(counter.token(offer_id).json["access_token"])
    assert answer.status_code == 200
    credential = answer.json["credentials"][0]["credential"]
    assert credential["id"] == f"urn:uuid:{counter.record.id}"


def test_pin_that_nobody_asked_for_is_refused(counter: Counter):
    answer = counter.token(counter.mint(), tx_code="123456")
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


def test_direct_offer_does_not_open_the_slip_that_is_on_paper(counter: Counter):
    slip = counter.college.slip(counter.record.id)
    counter.mint()
    code = counter.college.offer(slip["slip_id"])
    answer = counter.http.post(
        "/oauth/token", data={"grant_type": PRE_AUTHORIZED, "pre-authorized_code": code}
    )
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


def test_claimed_record_gives_no_other_direct_offer(counter: Counter):
    counter.claim(counter.token(counter.mint()).json["access_token"])
    with pytest.raises(SlipUsedError):
        counter.mint()


def test_revoked_record_gives_no_direct_offer(counter: Counter):
    college = counter.college
    college.two("revoke", counter.record.id, reason=next(iter(revocation.REASONS)))
    with pytest.raises(ConflictError):
        counter.mint()


def test_unknown_record_gives_no_direct_offer(counter: Counter):
    with pytest.raises(UnknownError):
        offers.mint_direct(
            counter.college.db, counter.college.parts, record_id="nobody", now=counter.college.now
        )


def test_direct_offer_after_the_slip_has_expired_rests_on_a_new_one(counter: Counter):
    counter.mint()
    counter.college.wait(offers.SLIP_SECONDS + 1)
    assert counter.token(counter.mint()).status_code == 200
