"""The node's page of one agreement: versions, signers, votes, counts, and the way to every proof."""

import hashlib

import pytest

from crypto import jcs
from crypto.multibase import base64url_decode
from ledger.dry_runs import DryRun, sign_dry_run
from ledger.proof.verify import verify_snapshot
from ledger.registry import agreement_key
from tests.ledger.consortium import DAY, agreement_document
from tests.ledger.living_node import LivingNode

ID = "urn:vocred:agreement:A-1"
PAGE = f"/agreements/{ID}?lang=en"


@pytest.fixture
def node(tmp_path):
    living = LivingNode(tmp_path, count=4)
    yield living
    living.close()


def put_in_force(node, version=1, title="Mutual recognition"):
    parties = node.consortium.parties[:2]
    document = {
        **agreement_document(*parties, version=version),
        "title": {"zh-CN": "互认协议", "en": title},
    }
    data, expires = jcs.canonicalize(document), node.now + DAY
    digest = hashlib.sha256(data).digest()
    action = node.consortium.agreement(*parties, expires=expires, version=version, digest=digest)
    node.decide(action, expires=expires)
    node.now += 10
    node.client().put_document(data)
    return digest


@pytest.mark.row("S28", "S32")
def test_the_page_tells_versions_signers_and_votes(node):
    put_in_force(node)
    put_in_force(node, version=2, title="In better words")
    page = node.http.get(PAGE).text
    assert "In better words" in page
    assert page.index("version 2") < page.index("version 1")
    assert page.count("Institution m000, Institution m001") == 2
    assert page.count("3 in favour, 0 against, of 4 members at the time") == 2
    assert "Newest version" in page


def test_every_vote_and_record_leads_to_its_proof(node):
    put_in_force(node)
    page = node.http.get(PAGE).text
    links = [part.partition('"')[0] for part in page.split('href="')[1:] if part.startswith("/v1/")]
    assert any(link.endswith("/proof") for link in links)
    for link in links:
        assert node.http.get(link).status_code == 200, link
    key = next(link for link in links if "state?key=" in link).rpartition("=")[2]
    assert base64url_decode(key, max_chars=200)
    bundle = node.http.get(f"/v1/state?key={key}").data
    snapshot = verify_snapshot(bundle, pin=node.pins("page").load(), now=node.now)
    assert snapshot.value(agreement_key(ID, 1))["version"] == 1


def test_what_is_voted_on_stands_above_what_is_in_force(node):
    put_in_force(node)
    node.propose(["agreement.end", {"id": ID}])
    page = node.http.get(PAGE).text
    assert page.index("3 more votes needed (over 51 % of 4 members)") < page.index("version 1")


@pytest.mark.row("S24")
def test_an_ended_agreement_says_so_and_by_which_vote(node):
    put_in_force(node)
    node.decide(["agreement.end", {"id": ID}])
    node.now += 10
    page = node.http.get(PAGE).text
    assert "nothing is recognised by it" in page
    assert "The vote that ended this agreement" in page
    assert "Newest version" not in page


def test_counts_of_issuers_stand_beside_the_version(node):
    issuer = node.consortium.parties[1]
    node.make_issuer(issuer)
    node.now += 10
    digest = put_in_force(node)
    run = DryRun(node.consortium.chain_id, digest, issuer.did, 0, node.now, 4212, 380, {"R1": 380})
    node.client().put_dry_run(sign_dry_run(run, key=issuer.key("submission")), digest=digest, did=issuer.did)
    page = node.http.get(PAGE).text
    assert "Of 4212 certificates" in page
    assert f"/v1/agreements/{digest.hex()}/dry-runs/{issuer.did}" in page


def test_the_register_leads_to_the_page(node):
    put_in_force(node)
    assert f'href="/agreements/{ID}"' in node.http.get("/?lang=en").text


@pytest.mark.parametrize("title", ["<script>alert(1)</script>", "x" * 400])
def test_a_title_is_text_and_nothing_else(node, title):
    put_in_force(node, title=title)
    assert "<script>alert" not in node.http.get(PAGE).text


def test_an_unknown_agreement_has_no_page(node):
    assert node.http.get(PAGE, headers={"Accept": "text/html"}).status_code == 404


def test_a_register_with_an_amendment_to_vote_on_says_so(node):
    put_in_force(node)
    expires = node.now + DAY
    action = node.consortium.agreement(*node.consortium.parties[:2], expires=expires, version=2)
    node.propose(action, expires=expires)
    assert (
        f"Let version 2 take the place of the present version of the agreement {ID}"
        in node.http.get("/?lang=en").text
    )
