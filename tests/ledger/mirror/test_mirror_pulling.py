"""How a mirror gets what it misses: from issuers, from other members, and in spite of hostile ones."""

import secrets
import threading

import pytest

from crypto import cbor
from ledger import mirror
from ledger.mirror import pulling, store
from ledger.mirror.signing import BUCKET_HEADER
from tests.ledger.mirror.mirrored import PEER, STORE, digest
from vc import form_store
from web.errors import FetchError

LIST = "https://yunling.example/status/1"
FORMS = "forms/did:web:m000.example/0/0"


class Killed(BaseException):
    """The process is gone."""


def bucket(mirrored, kind="forms", bits=0, prefix=0):
    answer = mirrored.get(f"{kind}/{mirrored.issuer.did}/{bits}/{prefix}")
    assert answer.status_code == 200, answer.json
    return answer


def locators(answer):
    return [locator for locator, _ in form_store.decode_bucket(answer.data)]


# Objects


def test_what_the_ledger_names_is_pulled_from_the_issuers_store(mirrored):
    mirrored.anchor(LIST, b"list")
    mirrored.shop.publish(b"list")
    assert mirrored.round().missing_objects == 0
    assert mirrored.get(f"objects/{digest(b'list').hex()}").data == b"list"


def test_what_the_issuer_no_longer_gives_comes_from_another_member(pair):
    first, second = pair
    for each in pair:
        each.anchor(LIST, b"list")
    second.put(b"list")
    second.round()
    del first.network.hosts[STORE]
    assert first.round().missing_objects == 0
    assert first.get(f"objects/{digest(b'list').hex()}").data == b"list"


@pytest.mark.parametrize("source", [STORE, PEER])
def test_other_bytes_than_the_ledger_names_are_not_kept(pair, source):
    first, _ = pair
    first.anchor(LIST, b"list")
    path = (
        f"/documents/{digest(b'list').hex()}"
        if source == STORE
        else f"/v1/mirror/objects/{digest(b'list').hex()}"
    )
    first.network.hosts[source] = {path: b"something else"}
    assert first.round().missing_objects >= 1
    assert first.get(f"objects/{digest(b'list').hex()}").status_code == 404


def test_agreements_documents_come_from_other_members(pair):
    first, _ = pair
    document, other = b'{"id":"urn:vocred:agreement:T"}', first.node.consortium.parties[1]
    parties = sorted([first.issuer.did, other.did])
    first.node.propose(["agreement.start", agreement(first, document, parties)])
    assert first.round().missing_agreements == 1
    first.network.hosts[PEER] = {f"/v1/agreements/{digest(document).hex()}": document}
    first.restart()
    assert first.round().missing_agreements == 0
    assert first.node.http.get(f"/v1/agreements/{digest(document).hex()}").data == document


def agreement(mirrored, document, parties):
    from ledger.statements import AgreementTerms, sign_agreement

    terms = AgreementTerms(
        chain_id=mirrored.node.consortium.chain_id,
        agreement_id="urn:vocred:agreement:T",
        version=1,
        digest=digest(document),
        parties=parties,
        expires=mirrored.node.now + 10 * 24 * 3600,
    )
    by_did = {party.did: party for party in mirrored.node.consortium.parties}
    signatures = [sign_agreement(terms, party=did, key=by_did[did].key("governance")) for did in parties]
    body = {"id": terms.agreement_id, "version": 1, "digest": terms.digest, "parties": parties}
    return {**body, "signatures": signatures}


# Sealed forms and receipts


def test_sealed_forms_and_receipts_are_pulled_by_bucket(mirrored):
    mirrored.fill()
    found = mirrored.round()
    assert (found.forms, found.receipts, found.missing_buckets) == (3, 3, 0)
    assert locators(bucket(mirrored)) == sorted(mirrored.shop.forms)
    assert locators(bucket(mirrored, "receipts")) == sorted(mirrored.shop.receipts)


def test_a_store_of_many_buckets_is_mirrored_whole(mirrored):
    mirrored.fill(120)
    found = mirrored.round()
    assert (found.forms, found.receipts, found.missing_buckets) == (120, 120, 0)
    bits = form_store.choose_prefix_bits(mirrored.shop.forms)
    assert bits > 0
    served = [
        locator
        for prefix in range(1 << bits)
        for locator in locators(bucket(mirrored, bits=bits, prefix=prefix))
    ]
    assert served == sorted(mirrored.shop.forms)


def test_a_bucket_passes_the_issuers_signature_on(mirrored):
    mirrored.fill()
    mirrored.round()
    for kind in ("forms", "receipts"):
        own = mirrored.shop.pages[f"/{kind}/0/0"]
        answer = bucket(mirrored, kind)
        assert (answer.data, answer.headers[BUCKET_HEADER]) == (own[0], own[1][BUCKET_HEADER.lower()])


def test_a_longer_prefix_is_put_together_from_what_is_here(mirrored):
    mirrored.fill(20)
    mirrored.round()
    mirrored.fill(100)
    mirrored.round()
    bits = form_store.choose_prefix_bits(mirrored.shop.forms)
    served = [
        locator
        for prefix in range(1 << bits)
        for locator in locators(bucket(mirrored, bits=bits, prefix=prefix))
    ]
    assert served == sorted(mirrored.shop.forms)


def test_a_bucket_with_a_form_left_out_is_not_taken(mirrored):
    mirrored.fill()
    kept = dict(sorted(mirrored.shop.forms.items())[1:])
    left_out = form_store.encode_bucket(kept.items())
    signed = mirrored.shop.signature(left_out, mirrored.shop.place("forms", 0, 0))
    mirrored.shop.pages["/forms/0/0"] = (left_out, {BUCKET_HEADER.lower(): signed})
    found = mirrored.round()
    assert (found.forms, found.missing_buckets) == (0, 1)


def test_a_bucket_with_a_foreign_form_is_not_taken(mirrored):
    mirrored.fill()
    more = form_store.encode_bucket([*mirrored.shop.forms.items(), (secrets.token_bytes(16), b"x")])
    mirrored.shop.pages["/forms/0/0"] = more
    assert mirrored.round().forms == 0


@pytest.mark.parametrize(
    "content", [b"", b"x", cbor.encode({}), cbor.encode([[b"short", b"x"]]), b"\x81" * 99]
)
def test_what_is_no_bucket_is_not_taken(mirrored, content):
    mirrored.fill()
    mirrored.shop.pages["/forms/0/0"] = mirrored.shop.pages["/receipts/0/0"] = content
    found = mirrored.round()
    assert (found.forms, found.receipts) == (0, 0)


def test_with_the_issuer_gone_its_store_comes_from_another_member(pair):
    first, second = pair
    index = first.fill()
    second.anchor(f"{STORE}/index", index)
    second.round()
    del first.network.hosts[STORE]
    found = first.round()
    assert (found.forms, found.receipts, found.missing_buckets) == (3, 3, 0)
    assert BUCKET_HEADER in bucket(first).headers


def test_from_another_member_a_bucket_counts_only_with_the_issuers_signature(pair):
    first, second = pair
    index = first.fill()
    second.anchor(f"{STORE}/index", index)
    for kind in ("forms", "receipts"):
        first.shop.pages[f"/{kind}/0/0"] = first.shop.pages[f"/{kind}/0/0"][0]
    second.round()
    assert BUCKET_HEADER not in bucket(second).headers
    del first.network.hosts[STORE]
    found = first.round()
    assert (found.forms, found.receipts, found.missing_buckets) == (0, 0, 1)


def test_another_member_cannot_put_other_bytes_under_a_forms_locator(pair):
    first, second = pair
    index = first.fill()
    second.anchor(f"{STORE}/index", index)
    second.round()
    del first.network.hosts[STORE]
    with store.opened(second.path) as db, store.database.transaction(db):
        store.put_sealed(db, first.issuer.did, "forms", [(min(first.shop.forms), b"exchanged")])
    assert first.round().forms == 0


def test_receipts_are_looked_for_after_an_anchor_and_not_in_every_round(mirrored):
    mirrored.fill()
    mirrored.round()
    mirrored.later(400)
    mirrored.network.asked.clear()
    mirrored.round()
    assert not mirrored.network.asked
    mirrored.shop.add(2)
    mirrored.shop.serve()
    mirrored.node.make_issuer(mirrored.node.consortium.parties[2], number=9)
    grant = {"issuer": mirrored.issuer.did, "type": "GraduationCertificate", "from": 0, "until": None}
    mirrored.node.decide(["accredit", grant])
    mirrored.node.accept(mirrored.issuer, "anchor", {"root": bytes(32)})
    assert mirrored.round().receipts == 5


def test_receipts_once_kept_stay_though_the_issuer_lost_them(mirrored):
    mirrored.fill()
    mirrored.round()
    lost = mirrored.shop.receipts.popitem()[0]
    mirrored.shop.serve()
    mirrored.later(1000)
    mirrored.round()
    assert lost in locators(bucket(mirrored, "receipts"))


# Whom, how often, how long


def test_a_source_that_is_silent_rests_for_longer_and_longer(mirrored):
    mirrored.anchor(LIST, b"list")
    del mirrored.network.hosts[STORE]
    asked = []
    for _ in range(40):
        mirrored.network.asked.clear()
        mirrored.round()
        asked.append(len(mirrored.network.asked))
        mirrored.later(5)
    assert max(asked) == 1
    assert sum(asked) <= 7


def test_an_issuer_that_names_what_is_nowhere_costs_a_round_little(mirrored):
    now = mirrored.node.now
    entries = [
        {
            "list": digest(b"%d" % n),
            "version": 1,
            "digest": digest(b"nothing %d" % n),
            "from": now,
            "until": now + 9,
        }
        for n in range(200)
    ]
    mirrored.node.accept(mirrored.issuer, "status", sorted(entries, key=lambda entry: entry["list"]))
    mirrored.round()
    assert len(mirrored.network.asked) <= pulling.MAX_FAILURES + 1


def test_only_addresses_of_the_registry_are_asked(pair):
    first, _ = pair
    first.fill()
    first.anchor(LIST, b"nowhere")
    first.round()
    assert all(url.startswith((f"{STORE}/", f"{PEER}/")) for url in first.network.asked)


def test_a_member_that_left_is_not_asked_any_more(pair):
    first, _ = pair
    first.node.decide(["remove", {"member": first.node.consortium.parties[1].did}])
    first.anchor(LIST, b"nowhere")
    first.round()
    assert not any(url.startswith(PEER) for url in first.network.asked)


def test_a_round_goes_on_after_a_kill_where_the_last_one_was(mirrored):
    mirrored.fill(120)
    honest, calls = mirrored.network.get, iter(range(1000))

    def killed(url, **options):
        if next(calls) == 4:
            raise Killed
        return honest(url, **options)

    mirrored.network.get = killed
    with pytest.raises(Killed):
        mirrored.round()
    mirrored.network.get = honest
    mirrored.restart()
    mirrored.network.asked.clear()
    found = mirrored.round()
    assert (found.forms, found.receipts, found.missing_buckets) == (120, 120, 0)
    assert not any("/documents/" in url for url in mirrored.network.asked)


def test_without_space_nothing_is_pulled_and_the_ledger_goes_on(mirrored, monkeypatch):
    mirrored.anchor(LIST, b"list")
    mirrored.shop.publish(b"list")
    monkeypatch.setattr(pulling, "FREE_BYTES", 2**62)
    assert mirrored.round().missing_objects == 2
    assert mirrored.network.asked == []
    mirrored.anchor(LIST, b"next")


def test_an_issuer_that_keeps_too_much_is_mirrored_no_further(mirrored, monkeypatch):
    mirrored.fill()
    monkeypatch.setattr(pulling, "ISSUER_BYTES", 1)
    assert mirrored.round().forms == 0


def test_the_thread_ends_when_it_is_told_to(mirrored):
    stop = threading.Event()
    mirror.start(mirrored.app, stop)
    stop.set()
    for thread in threading.enumerate():
        if thread.name == "ledger-mirror":
            thread.join(10)
            assert not thread.is_alive()


def test_the_figures_can_be_read(mirrored):
    mirrored.fill()
    mirrored.round()
    text = mirrored.node.http.get("/metrics").text
    assert 'vocred_ledger_mirror_objects{kind="forms"} 3.0' in text
    assert 'vocred_ledger_mirror_missing_objects{kind="buckets"} 0.0' in text


def test_a_store_that_fails_is_not_an_error_of_the_round(mirrored):
    def failing(url, **_):
        raise FetchError("refused")

    mirrored.fill()
    mirrored.network.get = failing
    assert mirrored.round().missing_objects == 2
