"""The explorer's pages: what they show is the log's, bounded, escaped, and open to everybody."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from crypto import cbor
from ledger.core.reading import Reader
from ledger.explorer import entries, trees
from ledger.explorer.signing import who_signed
from ledger.merkle import leaf_hash
from ledger.proof.bundle import Bundle
from ledger.proof.receipts import sign_receipt
from ledger.running import QUORUM
from tests.ledger.consortium import Consortium, Party
from tests.ledger.living_node import LivingNode

HTML = {"Accept": "text/html", "Accept-Language": "en"}


@pytest.fixture
def node(tmp_path: Path) -> Iterator[LivingNode]:
    found = LivingNode(tmp_path)
    yield found
    found.close()


@pytest.fixture
def issuer(node: LivingNode) -> Party:
    """An issuer that anchored a batch and published a list."""
    party = node.consortium.parties[1]
    node.make_issuer(party)
    node.accept(party, "anchor", {"root": b"\1" * 32})
    entry = {"list": b"\2" * 32, "version": 1, "digest": b"\3" * 32, "from": node.now, "until": node.now + 60}
    node.accept(party, "status", [entry])
    return party


def text(node: LivingNode, path: str) -> str:
    answer = node.http.get(path, headers=HTML)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.text


def size(node: LivingNode) -> int:
    with node.app.extensions["ledger_engine"].reader() as reader:
        return reader.head().size


def test_an_entry_is_told_in_plain_words_with_its_bytes_block_and_proof(node: LivingNode, issuer: Party):
    index = node.accept(issuer, "anchor", {"root": b"\7" * 32})
    page = text(node, f"/explorer/entries/{index}")
    data = node.http.get(f"/v1/entries/{index}").data
    assert "Institution m001 anchored the digests of a batch of certificates" in page
    assert data.hex() in page
    assert "".join(re.findall(r"<span>([0-9a-f]{1,4})</span>", page)) == leaf_hash(data).hex()
    assert f'href="/v1/entries/{index}/proof"' in page
    proof = Bundle.decode(node.http.get(f"/v1/entries/{index}/proof").data)
    assert proof.entry == data


@pytest.mark.parametrize("index", [0, 1])
def test_genesis_and_block_entries_have_pages_as_well(node: LivingNode, index: int):
    assert node.http.get(f"/v1/entries/{index}").data.hex()[:200] in text(node, f"/explorer/entries/{index}")


def test_a_statement_shows_the_keys_that_it_changed_before_and_after(node: LivingNode, issuer: Party):
    with node.app.extensions["ledger_engine"].reader() as reader:
        last = reader.head().size - 2
        entry = entries.read_entry(reader, last)
        assert entry.kind == "status"
        found = {each.name.split(" / ")[0]: each for each in entries.touched(reader, entry)}
    assert found["status"].before is None
    assert cbor.decode(found["status"].after)["version"] == 1
    assert cbor.decode(found["seq"].after) == cbor.decode(found["seq"].before) + 1
    assert "status / " in text(node, f"/explorer/entries/{last}")


def test_what_a_proof_of_a_touched_key_says_is_what_the_page_shows(node: LivingNode, issuer: Party):
    page = text(node, f"/explorer/entries/{size(node) - 2}")
    (link, *_) = re.findall(r'href="(/v1/state\?key=[^"]+)"', page)
    bundle = Bundle.decode(node.http.get(link.replace("&amp;", "&")).data)
    assert cbor.decode(bundle.states[0].value)["version"] == 1


def test_the_list_goes_on_to_the_first_entry_without_gap_or_repetition(node: LivingNode, issuer: Party):
    for number in range(20):
        node.accept(issuer, "anchor", {"root": bytes([number]) * 32})
    path, seen = "/explorer", []
    while path:
        page = text(node, path)
        seen += [int(index) for index in re.findall(r'href="/explorer/entries/(\d+)"', page)]
        older = re.search(r'href="(/explorer\?before=\d+)">Older', page)
        path = older[1] if older else ""
    assert seen == list(range(size(node)))[::-1]


@pytest.mark.parametrize(
    ("index", "said"), [(0, "创世记录 (genesis)"), (1, "区块收尾 (block)"), (-2, "状态更新 (status)")]
)
def test_an_entrys_kind_is_a_word_and_its_name_in_the_log(
    node: LivingNode, issuer: Party, index: int, said: str
):
    path = f"/explorer/entries/{index % size(node)}"
    assert said in node.http.get(path, headers={**HTML, "Accept-Language": "zh-CN"}).text


def test_entries_of_a_block_and_entries_so_far_have_names_of_their_own(node: LivingNode, issuer: Party):
    page = text(node, "/explorer/blocks")
    assert '<th scope="col">Entries in it</th><th scope="col">Entries so far</th>' in page


def test_an_entry_opens_by_its_number(node: LivingNode):
    answer = node.http.get("/explorer?entry=1")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/explorer/entries/1")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/explorer/entries/999", 404),
        ("/explorer/entries/x", 404),
        ("/explorer/blocks/1", 404),
        ("/explorer?before=-1", 400),
        ("/explorer?before=1&before=2", 400),
        ("/explorer/consistency?first=a", 400),
        ("/explorer/issuers/did:web:nobody.example", 404),
        ("/explorer/blocks?before=99999999999999999", 400),
        ("/supervision?since=2026-13", 422),
        ("/supervision?since=2026-02&until=2026-01", 422),
        ("/supervision?since=1990-01&until=2026-01", 422),
        ("/supervision?until=1970-01", 422),
        ("/supervision/report?until=1970-01", 422),
    ],
)
def test_what_a_stranger_makes_up_is_refused_without_harm(node: LivingNode, path: str, status: int):
    assert node.http.get(path, headers=HTML).status_code == status


def test_a_span_the_wrong_way_round_is_said_beside_its_field(node: LivingNode):
    page = node.http.get("/supervision?since=2026-02&until=2026-01", headers=HTML).text
    assert "Choose 1 to 36 months" in page
    assert 'name="until"' in page


@pytest.mark.case("LEDG-036")
@pytest.mark.parametrize("path", ["/explorer", "/explorer/epochs", "/supervision", "/"])
def test_a_name_with_markup_is_shown_and_not_run(node: LivingNode, path: str):
    hostile = "<script>alert(1)</script>"
    party = Party("stranger")
    names = {"zh": hostile, "en": hostile}
    node.decide(["issuer.put", party.issuer(node.consortium.chain_id, 9, names=names)])
    grant = {"issuer": party.did, "type": "GraduationCertificate", "from": 0, "until": None}
    node.decide(["accredit", grant])
    node.accept(party, "anchor", {"root": bytes(32)})
    page = text(node, path)
    assert hostile not in page
    assert "&lt;script&gt;" in page


@pytest.mark.case("LEDG-036")
def test_a_hostile_host_header_is_refused_and_not_repeated(node: LivingNode):
    answer = node.http.get("/explorer", headers={**HTML, "Host": '"><script>alert(1)</script>'})
    assert answer.status_code == 400
    assert "<script>alert" not in answer.text


def test_a_block_names_who_signed(node: LivingNode, issuer: Party):
    page = text(node, f"/explorer/blocks/{size(node)}")
    assert "1 of 1 signers" in page
    assert "Single operator" in page
    assert node.founder.did in page


def test_a_block_names_who_did_not_sign(tmp_path: Path):
    """Three of four signed: a quorum, and one that was not heard."""
    consortium = Consortium(tmp_path, count=4, signers=4)
    nowhere = {"node": None, "mirror": None, "receipts": None}
    consortium.accept(consortium.founder, "endpoint.put", nowhere)
    reader: Reader = consortium.core.reader
    block = reader.head_block()
    signatures = [
        sign_receipt(
            reader.root(block.size),
            key=party.key("receipt"),
            member=party.did,
            chain_id=consortium.chain_id,
            iat=block.time + 3,
        )
        for party in consortium.parties[:3]
    ]
    found = who_signed(reader, block, signatures)
    consortium.core.close()
    assert [each.did for each in found] == [party.did for party in consortium.parties]
    assert [each.at for each in found] == [*[block.time + 3] * 3, None]


def test_the_block_page_shows_a_quorum_of_several(node: LivingNode, issuer: Party):
    """The page asks whatever knows the signatures of this node."""

    class Silent:
        def newest(self, reader: Reader) -> int:
            return reader.head().size

        def signatures(self, head: object) -> list[object]:
            return []

    node.app.extensions[QUORUM] = Silent()
    page = text(node, f"/explorer/blocks/{size(node)}")
    assert "0 of 1 signers" in page
    assert "No signature received" in page
    assert "This is the newest block: the nodes sign it once the next block confirms it" in page


def test_the_consistency_page_recomputes_every_step(node: LivingNode, issuer: Party):
    last = size(node)
    page = text(node, f"/explorer/consistency?first=3&second={last}")
    assert "Consistent" in page
    assert "<svg" in page
    with node.app.extensions["ledger_engine"].reader() as reader:
        comparison = trees.compare(reader, 3, last)
        assert comparison.steps[-1].newer == reader.root(last)
        assert comparison.steps[-1].older == reader.root(3)
    for step in comparison.steps:
        assert step.newer.hex() in page


def test_sizes_that_cannot_be_compared_are_told_beside_the_field(node: LivingNode):
    page = text(node, "/explorer/consistency?first=5&second=2")
    assert "It has to be 1 ≤ earlier ≤ later ≤" in page


def test_lists_stand_with_their_versions_and_digests(node: LivingNode, issuer: Party):
    page = text(node, f"/explorer/issuers/{issuer.did}")
    assert (b"\3" * 32).hex()[:16] in page
    assert "Institution m001" in page


def test_epochs_signers_and_members_are_listed(node: LivingNode, issuer: Party):
    page = text(node, "/explorer/epochs")
    for party in node.consortium.parties:
        assert party.did in page
    assert 'href="/explorer/blocks/2"' in page


@pytest.mark.parametrize(
    "path", ["/explorer", "/explorer/blocks", "/explorer/epochs", "/supervision", "/check", "/check/file"]
)
def test_every_page_speaks_both_languages(node: LivingNode, issuer: Party, path: str):
    chinese = node.http.get(path, headers={**HTML, "Accept-Language": "zh-CN"}).text
    english = node.http.get(path, headers=HTML).text
    assert re.search("[\u4e00-\u9fff]", chinese)
    leftover = re.sub(r'<a class="switch".*?</a>|font.*?;|font:.*?;', "", english)
    assert not re.findall("[\u4e00-\u9fff]+", re.sub(r"//.*|/\*.*?\*/", "", leftover)), path


def test_the_check_file_holds_everything_and_fetches_nothing(node: LivingNode):
    answer = node.http.get("/check/file")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert "VocredCheck" in answer.text
    assert not re.search(r'(?:src|href)="(?!#|data:)', answer.text)
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_nothing_can_be_written_by_a_page(node: LivingNode):
    for path in ("/explorer", "/explorer/consistency", "/supervision", "/check"):
        assert node.http.post(path).status_code == 405
