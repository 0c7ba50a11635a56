"""Nobody can ask a mirror for one form, and nothing that it keeps or logs names anybody."""

import logging
import secrets

import pytest

from vc import form_store


def test_no_address_asks_for_one_form(mirrored):
    rules = [rule for rule in mirrored.app.url_map.iter_rules() if rule.endpoint.startswith("ledger_mirror.")]
    asked = {argument for rule in rules for argument in rule.arguments}
    assert asked == {"digest", "did", "name", "bits", "prefix"}
    assert not any("locator" in rule.rule or "code" in rule.rule for rule in rules)


@pytest.mark.parametrize("kind", ["forms", "receipts"])
@pytest.mark.parametrize("bits", [1, 4, 20, 127, 128, 10**9])
def test_a_prefix_longer_than_the_index_says_is_refused(mirrored, kind, bits):
    mirrored.fill()
    mirrored.round()
    locator = next(iter(mirrored.shop.forms))
    prefix = form_store.prefix_of(locator, min(bits, 128))
    assert mirrored.get(f"{kind}/{mirrored.issuer.did}/0/0").status_code == 200
    assert mirrored.get(f"{kind}/{mirrored.issuer.did}/{bits}/{prefix}").status_code == 404


def test_a_prefix_that_does_not_fit_its_length_is_refused(mirrored):
    mirrored.fill()
    mirrored.round()
    assert mirrored.get(f"forms/{mirrored.issuer.did}/0/1").status_code == 404


def test_every_bucket_holds_many_forms(mirrored):
    mirrored.fill(200)
    mirrored.round()
    bits = form_store.choose_prefix_bits(mirrored.shop.forms)
    for prefix in range(1 << bits):
        served = mirrored.get(f"forms/{mirrored.issuer.did}/{bits}/{prefix}").data
        assert len(form_store.decode_bucket(served)) >= form_store.MIN_FORMS_PER_BUCKET


def test_no_locator_and_no_blob_is_logged(mirrored, caplog):
    caplog.set_level(logging.DEBUG)
    secret = secrets.token_hex(16)
    mirrored.shop.forms[bytes.fromhex(secret)] = b"sealed"
    mirrored.fill()
    mirrored.round()
    mirrored.get(f"forms/{mirrored.issuer.did}/0/0")
    assert secret not in caplog.text
    assert "sealed" not in caplog.text
