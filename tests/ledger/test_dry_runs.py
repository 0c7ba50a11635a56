"""Dry runs: counts that an issuer signs, kept beside the proposal, and never anything else."""

from dataclasses import replace

import pytest

from crypto import cbor, cose
from ledger.client import StatementRefusedError
from ledger.dry_runs import DryRun, DryRunError, read_dry_run, sign_dry_run, verify_dry_run
from ledger.engines import beside
from tests.ledger.consortium import DAY, Consortium, key
from tests.ledger.living_node import LivingNode

DIGEST = b"\x07" * 32
CHAIN = "urn:vocred:ledger:" + "5" * 64
DID = "did:web:m001.example"
KEY = key("m001/submission")


def counted(**changes):
    run = DryRun(
        chain_id=CHAIN,
        digest=DIGEST,
        did=DID,
        start=1_700_000_000,
        end=1_731_536_000,
        certificates=4212,
        accepted=380,
        rules={"R1": 380, "R2": 41, "R0": 0},
    )
    return replace(run, **changes)


def check(data, **changes):
    given = {"chain_id": CHAIN, "digest": DIGEST, "did": DID, "key": KEY.public, **changes}
    return verify_dry_run(data, **given)


@pytest.fixture
def node(tmp_path):
    living = LivingNode(tmp_path)
    living.make_issuer(living.consortium.parties[1])
    living.now += 10
    yield living
    living.close()


def own(node, **changes):
    """Return a dry run of the node's issuer that ended a moment ago."""
    given = {"chain_id": node.consortium.chain_id, "end": node.now, "start": node.now - 365 * DAY, **changes}
    return counted(**given)


def put(node, run, *, signer=KEY, digest=None, did=None):
    node.client().put_dry_run(sign_dry_run(run, key=signer), digest=digest or run.digest, did=did or run.did)


def refused(node, run, **options):
    with pytest.raises(StatementRefusedError) as caught:
        put(node, run, **options)
    return caught.value.code


# The signed counts.


@pytest.mark.row("S28")
def test_what_was_signed_is_read_again():
    assert check(sign_dry_run(counted(), key=KEY)) == counted()


def test_counts_of_another_key_do_not_count():
    with pytest.raises(DryRunError, match="submission key"):
        check(sign_dry_run(counted(), key=key("m002/submission")))


@pytest.mark.parametrize(
    "change",
    [{"chain_id": CHAIN.replace("5", "6")}, {"digest": b"\x08" * 32}, {"did": "did:web:m002.example"}],
    ids=lambda change: next(iter(change)),
)
def test_counts_are_for_one_ledger_agreement_and_issuer(change):
    signed = sign_dry_run(counted(), key=KEY)
    with pytest.raises(DryRunError):
        check(signed, **change)


@pytest.mark.parametrize(
    "change",
    [
        {"certificates": -1},
        {"accepted": 4213},
        {"rules": {"R1": 4213}},
        {"rules": {"R1": -1}},
        {"rules": {"林晓雨": 1}},
        {"rules": {"R1 110101199003074821": 1}},
        {"rules": {f"R{number}": 0 for number in range(1, 100)}},
        {"start": 1_731_536_001},
        {"digest": b"short"},
    ],
    ids=repr,
)
def test_nothing_but_possible_counts_is_signed(change):
    with pytest.raises(DryRunError):
        sign_dry_run(counted(**change), key=KEY)


def signed_by_hand(payload, **members):
    header = {
        "3": "application/vnd.vocred.dry-run+cbor",
        "4": KEY.public.thumbprint,
        "15": {1: DID, 2: CHAIN},
    }
    protected = {int(name): value for name, value in {**header, **members}.items()}
    return cose.sign1(cbor.encode(payload), protected=protected, key=KEY)


def test_a_payload_or_header_of_another_form_is_refused():
    good = cbor.decode(cose.parse_sign1(sign_dry_run(counted(), key=KEY)).payload)
    assert check(signed_by_hand(good)) == counted()
    more = [*good[:4], {**good[4], "names": 1}]
    for payload in (good[:4], [*good, 1], ["vocred/dry-run/2", *good[1:]], more, {}):
        with pytest.raises(DryRunError):
            check(signed_by_hand(payload))
    for number, value in (("3", "application/cbor"), ("4", bytes(32)), ("15", {1: DID}), ("99", 1)):
        with pytest.raises(DryRunError):
            check(signed_by_hand(good, **{number: value}))


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff", bytes(9000)])
def test_what_is_no_dry_run_is_refused_at_once(data):
    with pytest.raises(DryRunError):
        check(data)
    with pytest.raises(DryRunError):
        read_dry_run(data)


# At the node.


@pytest.mark.row("S28")
def test_voters_find_the_counts_under_the_agreements_digest(node):
    run = own(node)
    put(node, run)
    assert node.client().dry_runs(DIGEST, now=node.now) == [run]
    assert node.client().dry_runs(bytes(32), now=node.now) == []
    listed = node.http.get(f"/v1/agreements/{DIGEST.hex()}/dry-runs").json["dryRuns"][0]
    assert (listed["did"], listed["certificates"], listed["rules"]) == (DID, 4212, run.rules)
    served = node.http.get(f"/v1/agreements/{DIGEST.hex()}/dry-runs/{DID}")
    assert check(served.data, chain_id=node.consortium.chain_id) == run


def test_the_same_counts_again_change_nothing(node):
    put(node, own(node))
    put(node, own(node))
    assert len(node.client().dry_runs(DIGEST, now=node.now)) == 1


def test_later_counts_take_the_place_of_earlier_ones_and_never_the_other_way(node):
    earlier = own(node)
    put(node, earlier)
    node.now += 60
    later = own(node, accepted=1, rules={})
    put(node, later)
    assert refused(node, earlier) == "CONFLICT"
    assert refused(node, replace(later, accepted=2)) == "CONFLICT"
    assert node.client().dry_runs(DIGEST, now=node.now) == [later]


def test_only_a_registered_issuers_submission_key_leaves_counts(node):
    assert refused(node, own(node), signer=key("m001/governance")) == "DRY_RUN_INVALID"
    assert refused(node, own(node), signer=key("m002/submission")) == "DRY_RUN_INVALID"
    stranger = own(node, did="did:web:stranger.example")
    assert refused(node, stranger, signer=key("stranger/submission")) == "DRY_RUN_INVALID"


def test_counts_lie_under_their_own_digest_and_did(node):
    assert refused(node, own(node), digest=b"\x08" * 32) == "DRY_RUN_INVALID"
    assert refused(node, own(node), did="did:web:m000.example") == "DRY_RUN_INVALID"
    assert refused(node, own(node, chain_id=CHAIN)) == "DRY_RUN_INVALID"


def test_a_span_does_not_end_in_the_future(node):
    assert refused(node, own(node, end=node.now + 121)) == "DRY_RUN_INVALID"
    put(node, own(node, end=node.now + 120))


def test_too_much_or_another_type_is_refused(node):
    address = f"/v1/agreements/{DIGEST.hex()}/dry-runs/{DID}"
    assert node.http.put(address, data=bytes(9000), content_type="application/cose").status_code == 413
    assert node.http.put(address, data=b"{}", content_type="application/json").status_code == 415
    assert node.http.put(address, data=b"\x01", content_type="application/cose").status_code == 422
    assert node.http.get(address).status_code == 404


def test_an_issuer_fills_no_disk(node, monkeypatch):
    monkeypatch.setattr(beside, "MAX_DRY_RUNS", 3)
    for number in range(5):
        put(node, own(node, digest=bytes([number]) * 32, end=node.now - 10 + number))
    kept = [number for number in range(5) if node.client().dry_runs(bytes([number]) * 32, now=node.now)]
    assert kept == [2, 3, 4]


def test_a_node_that_invents_counts_is_not_believed(node):
    put(node, own(node))
    store = node.app.extensions["ledger_engine"]._core.store
    forged = sign_dry_run(own(node, accepted=4000), key=key("operator/submission"))
    store.put_dry_run(DIGEST, DID, until=node.now, body=forged)
    assert node.client().dry_runs(DIGEST, now=node.now) == []


def test_counts_are_no_statements(tmp_path):
    consortium = Consortium(tmp_path)
    signed = sign_dry_run(counted(chain_id=consortium.chain_id), key=KEY)
    assert consortium.block(signed).results[0].refusal.code == "TX_MALFORMED"
    consortium.core.close()
