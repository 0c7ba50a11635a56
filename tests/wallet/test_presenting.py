"""Shares: what a link's receiver gets, what nobody else gets, and how a share ends."""

import json
from datetime import timedelta

import pytest

from crypto.errors import SealError
from ledger.registry import AgreementRecord
from tests.wallet.doubles import COLLEGE, NOW, College
from vc import credentials, data_integrity, did_key, shares
from vc.errors import InvalidDomainError
from wallet import accounts, holding, looking_up, presenting, receiving
from wallet.errors import (
    NothingThereError,
    ShareClosedError,
    ShareError,
    ShareExpiredError,
    ShareUnknownError,
)

LATER = NOW + timedelta(minutes=10)


@pytest.fixture
def claim(db, wallet, parts):
    def run(code):
        offered = looking_up.look_up(code, parts=parts, now=NOW)
        return receiving.receive(db, wallet, offered, pin="123456", parts=parts, now=NOW)[0]

    return run


@pytest.fixture
def credential_id(claim, college):
    return claim(college.hand_out())


@pytest.fixture
def share(db, wallet, parts):
    def run(*credential_ids, label="星衡", days=30):
        return presenting.present(
            db, wallet, list(credential_ids), label=label, days=days, parts=parts, now=NOW
        )

    return run


def opened(db, made, *, now=LATER):
    """Open a share as the verifier's server and page do together."""
    link = shares.parse_link(made.link)
    blob = presenting.open_share(db, link.share_id, token=link.token, now=now)
    return shares.decode_package(shares.open_package(blob, key=link.key, share_id=link.share_id))


def verified(package, made, *, domain="https://v.example"):
    return data_integrity.verify(
        package.presentation,
        resolve=lambda method, purpose: did_key.resolve_method(method),
        purpose="authentication",
        now=LATER,
        challenge=made.share_id,
        domain=domain,
    )


def test_link_opens_the_signed_presentation_of_the_chosen_certificate(db, wallet, credential_id, share):
    made = share(credential_id)
    package = opened(db, made)
    (proof,) = verified(package, made)
    (shown,) = package.presentation["verifiableCredential"]
    assert shown == holding.one(db, wallet, credential_id, now=NOW).credential
    assert proof.controller == shown["credentialSubject"]["id"]
    assert proof.expires == made.ends_at


def test_presentation_satisfies_no_other_verifier_and_no_other_share(db, credential_id, share):
    made, other = share(credential_id), share(credential_id)
    with pytest.raises(InvalidDomainError):
        verified(opened(db, made), made, domain="https://other.example")
    with pytest.raises(Exception, match="challenge"):
        verified(opened(db, made), other)


def test_each_key_of_several_certificates_signs_the_presentation(db, college, claim, share):
    made = share(claim(college.hand_out()), claim(college.hand_out()))
    package = opened(db, made)
    signers = {proof.controller for proof in verified(package, made)}
    shown = package.presentation["verifiableCredential"]
    assert signers == {item["credentialSubject"]["id"] for item in shown}
    assert len(signers) == 2


def test_package_carries_what_proves_it_while_the_issuer_is_away(
    db, wallet, credential_id, college, share, parts, registry
):
    form = holding.one(db, wallet, credential_id, now=NOW).credential
    bundle = college.anchor(form)
    holding.refresh(db, wallet, parts=parts, now=NOW, force=True)
    record = AgreementRecord("urn:vocred:agreement:x", 1, bytes(32), (COLLEGE,), 1, None)
    registry.in_force = [(record, {"id": "urn:vocred:agreement:x"})]
    package = opened(db, share(credential_id))
    assert package.receipts == {credentials.digest(form): bundle}
    assert [item["id"] for item in package.status_lists] == [college.list_url]
    assert package.documents == (college.document,)
    assert package.agreements == ({"id": "urn:vocred:agreement:x"},)
    assert package.snapshot is not None


def test_receipt_that_came_since_the_last_look_travels_with_the_share(
    db, wallet, credential_id, college, share
):
    form = holding.one(db, wallet, credential_id, now=NOW).credential
    bundle = college.anchor(form)
    assert opened(db, share(credential_id)).receipts == {credentials.digest(form): bundle}
    assert holding.one(db, wallet, credential_id, now=NOW).receipt == bundle


def test_share_is_made_also_while_the_issuer_is_away(db, credential_id, college, network, share):
    network.away.add(college.url)
    package = opened(db, share(credential_id))
    assert package.status_lists == ()


@pytest.mark.case("SHARE-015")
def test_share_of_a_certificate_revoked_meanwhile_carries_the_list_that_says_so(
    db, wallet, credential_id, college, share, parts
):
    form = holding.one(db, wallet, credential_id, now=NOW).credential
    college.revoke(form)
    package = opened(db, share(credential_id))
    assert college.list_url in package.notices
    holding.refresh(db, wallet, parts=parts, now=NOW, force=True)
    assert holding.one(db, wallet, credential_id, now=NOW).status.kind == "revoked"


def test_link_names_the_wallet_by_its_tag_and_opens_on_the_verifiers_host(credential_id, share):
    made = share(credential_id)
    assert made.share_id.startswith("W4T0")
    assert made.link.startswith("https://v.example/S/W4T0")


@pytest.mark.case("SHARE-006")
def test_wallet_keeps_no_key_that_opens_a_share_without_its_holder(db, path, credential_id, share):
    made = share(credential_id)
    link = shares.parse_link(made.link)
    db.execute("pragma wal_checkpoint(truncate)")
    stored = path.read_bytes()
    for secret in (
        link.key,
        link.key.hex().encode(),
        link.token.encode(),
        made.link.rpartition("#")[2].encode(),
    ):
        assert secret not in stored


# --- asking without the link --------------------------------------------------------------------------------


@pytest.mark.case("SHARE-001")
def test_unknown_id_and_wrong_token_are_the_same_and_count_nothing(db, wallet, credential_id, share, parts):
    made = share(credential_id)
    token = shares.parse_link(made.link).token
    unknown = made.share_id[:-1] + ("0" if made.share_id[-1] != "0" else "1")
    answers = set()
    for share_id, shown in [
        (unknown, token),
        (made.share_id, "A" * 43),
        (made.share_id, ""),
        (made.share_id, None),
        (made.share_id, ["x"]),
        (made.share_id[:10], token),
        (made.share_id.lower(), token),
        ("' or 1=1 --", token),
    ]:
        with pytest.raises(ShareUnknownError) as refused:
            presenting.open_share(db, share_id, token=shown, now=LATER)
        answers.add((refused.value.code, str(refused.value)))
    assert len(answers) == 1
    assert presenting.one(db, wallet, made.share_id, parts=parts, now=LATER).opened == 0


@pytest.mark.case("SHARE-001")
def test_ended_share_looks_unknown_to_whoever_lacks_its_token(db, wallet, credential_id, share):
    made = share(credential_id)
    presenting.close(db, wallet, made.share_id, now=NOW)
    with pytest.raises(ShareUnknownError):
        presenting.open_share(db, made.share_id, token="A" * 43, now=LATER)


def test_ids_and_keys_of_shares_are_never_alike(credential_id, share):
    made = [share(credential_id) for _ in range(20)]
    links = [shares.parse_link(one.link) for one in made]
    assert len({link.share_id for link in links}) == len({link.key for link in links}) == 20


# --- how a share ends ---------------------------------------------------------------------------------------


@pytest.mark.case("SHARE-002")
def test_share_ends_when_its_days_are_over(db, credential_id, share):
    made = share(credential_id, days=1)
    assert opened(db, made, now=NOW + timedelta(days=1) - timedelta(seconds=1))
    with pytest.raises(ShareExpiredError):
        opened(db, made, now=NOW + timedelta(days=1, seconds=1))


@pytest.mark.case("SHARE-002")
def test_closed_share_is_gone_and_its_bytes_with_it(db, wallet, credential_id, share):
    made = share(credential_id)
    presenting.close(db, wallet, made.share_id, now=NOW)
    with pytest.raises(ShareClosedError):
        opened(db, made)
    assert [row["blob"] for row in db["share"].rows] == [None]


@pytest.mark.case("SHARE-002")
def test_deleting_a_certificate_ends_every_share_that_holds_it(db, wallet, college, claim, share):
    first, second = claim(college.hand_out()), claim(college.hand_out())
    both, other = share(first, second), share(second)
    holding.delete(db, wallet, first, now=NOW)
    with pytest.raises(ShareClosedError):
        opened(db, both)
    assert opened(db, other)


@pytest.mark.case("SHARE-002")
def test_deleting_the_wallet_ends_its_shares(db, wallet, credential_id, share):
    made = share(credential_id)
    accounts.delete(db, wallet, now=NOW)
    with pytest.raises(ShareClosedError):
        opened(db, made)


def test_opening_is_counted_and_dated(db, wallet, credential_id, share, parts):
    made = share(credential_id)
    opened(db, made)
    opened(db, made)
    found = presenting.one(db, wallet, made.share_id, parts=parts, now=LATER)
    assert (found.opened, found.opened_at) == (2, LATER)


# --- what may be chosen -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "choice", [{"days": 2}, {"days": 0}, {"days": 181}, {"label": "x" * 61}, {"label": "a\u202eb"}]
)
def test_choice_that_cannot_be_is_refused(credential_id, share, choice):
    with pytest.raises(ShareError):
        share(credential_id, **choice)


def test_share_of_nothing_is_refused(share):
    with pytest.raises(ShareError):
        share()


def test_share_of_more_certificates_than_a_document_carries_proofs_is_refused(share):
    with pytest.raises(ShareError):
        share(*[f"{n:032x}" for n in range(9)])


def test_certificate_of_another_wallet_cannot_be_shared_seen_or_deleted(db, edge, credential_id, parts):
    other = accounts.create(db, name="别人", passphrase="another passphrase", **edge)
    with pytest.raises(NothingThereError):
        presenting.present(db, other, [credential_id], label="", days=30, parts=parts, now=NOW)
    with pytest.raises(NothingThereError):
        holding.one(db, other, credential_id, now=NOW)
    with pytest.raises(NothingThereError):
        holding.delete(db, other, credential_id, now=NOW)


def test_share_of_another_wallet_cannot_be_seen_or_closed(db, edge, credential_id, share, parts):
    made = share(credential_id)
    other = accounts.create(db, name="别人", passphrase="another passphrase", **edge)
    with pytest.raises(NothingThereError):
        presenting.one(db, other, made.share_id, parts=parts, now=NOW)
    with pytest.raises(NothingThereError):
        presenting.close(db, other, made.share_id, now=NOW)
    assert presenting.made(db, other, parts=parts, now=NOW) == []


def test_blob_of_one_share_opens_under_no_other_key(db, credential_id, share):
    first, second = share(credential_id), share(credential_id)
    one, two = shares.parse_link(first.link), shares.parse_link(second.link)
    blob = presenting.open_share(db, one.share_id, token=one.token, now=LATER)
    with pytest.raises(SealError):
        shares.open_package(blob, key=two.key, share_id=one.share_id)


def test_certificates_of_two_issuers_are_proved_by_both(db, registry, network, college, claim, share):
    other = College(registry, did="did:web:huaheng.example", url="https://huaheng.example", number=8)
    network.hosts[other.url] = other
    package = opened(db, share(claim(college.hand_out()), claim(other.hand_out())))
    assert set(package.documents) == {college.document, other.document}
    assert json.dumps(package.status_lists).count("encodedList") == 2
