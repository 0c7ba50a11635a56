"""RDFC-1.0 against the W3C suite, against two other implementations, and against those who would stall it."""

import json
import time
from itertools import permutations

import pyoxigraph
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyld import jsonld

from vc import rdfc
from vc.errors import CanonicalizationLimitError, LossyDocumentError

ALGORITHMS = {"SHA256": "sha256", "SHA384": "sha384"}


def _term(term):
    if isinstance(term, pyoxigraph.NamedNode):
        return rdfc.iri(term.value)
    if isinstance(term, pyoxigraph.BlankNode):
        return f"_:{term.value}"
    if isinstance(term, pyoxigraph.DefaultGraph):
        return ""
    return rdfc.literal(term.value, datatype=term.datatype.value, language=term.language)


def _quads(text):
    return [
        (_term(quad.subject), _term(quad.predicate), _term(quad.object), _term(quad.graph_name))
        for quad in pyoxigraph.parse(text, format=pyoxigraph.RdfFormat.N_QUADS)
    ]


def _clique(size):
    return [(f"_:n{i}", "<urn:knows>", f"_:n{j}", "") for i in range(size) for j in range(size) if i != j]


@pytest.fixture(scope="module")
def suite(shared_data):
    folder = shared_data / "vectors" / "rdf-canon" / "tests"
    return folder, json.loads((folder / "manifest.jsonld").read_text("utf-8"))["entries"]


def test_every_canonical_form_of_the_w3c_suite_is_reproduced(suite):
    folder, entries = suite
    tests = [entry for entry in entries if entry["type"] == "rdfc:RDFC10EvalTest"]
    assert len(tests) == 64
    for test in tests:
        algorithm = ALGORITHMS[test.get("hashAlgorithm", "SHA256")]
        found = rdfc.canonicalize(_quads((folder / test["action"]).read_text("utf-8")), algorithm=algorithm)
        assert found == (folder / test["result"]).read_text("utf-8"), test["id"]


def test_every_label_of_the_w3c_suite_is_reproduced(suite):
    folder, entries = suite
    tests = [entry for entry in entries if entry["type"] == "rdfc:RDFC10MapTest"]
    assert tests
    for test in tests:
        algorithm = ALGORITHMS[test.get("hashAlgorithm", "SHA256")]
        found = rdfc.canonical_labels(
            _quads((folder / test["action"]).read_text("utf-8")), algorithm=algorithm
        )
        expected = json.loads((folder / test["result"]).read_text("utf-8"))
        assert {node.removeprefix("_:"): label for node, label in found.items()} == expected, test["id"]


@pytest.mark.case("CRED-020")
def test_the_poison_graph_of_the_w3c_suite_is_refused(suite):
    folder, entries = suite
    tests = [entry for entry in entries if entry["type"] == "rdfc:RDFC10NegativeEvalTest"]
    assert tests
    for test in tests:
        with pytest.raises(CanonicalizationLimitError) as refusal:
            rdfc.canonicalize(_quads((folder / test["action"]).read_text("utf-8")))
        assert refusal.value.code == "CANON_LIMIT"


@pytest.mark.case("CRED-020")
@pytest.mark.parametrize("size", [7, 8, 12, 40])
def test_a_clique_of_blank_nodes_is_refused_after_bounded_work(size):
    started = time.process_time()
    with pytest.raises(CanonicalizationLimitError):
        rdfc.canonicalize(_clique(size))
    assert time.process_time() - started < 30  # a guard against hangs; the budget itself counts steps


def test_a_long_ring_of_blank_nodes_does_not_exhaust_the_stack():
    ring = [(f"_:n{i}", "<urn:next>", f"_:n{(i + 1) % 2000}", "") for i in range(2000)]
    with pytest.raises(CanonicalizationLimitError):
        rdfc.canonicalize(ring)


@pytest.mark.case("CRED-067")
def test_the_budget_of_steps_is_exact():
    spent = 0
    for steps in range(200):
        try:
            rdfc.canonicalize(_clique(3), max_steps=steps)
        except CanonicalizationLimitError:
            spent = steps
    assert 0 < spent < 199
    assert rdfc.canonicalize(_clique(3), max_steps=spent + 1)


@pytest.mark.case("CRED-067")
def test_the_limit_on_quads_is_exact():
    quads = [("<urn:a>", "<urn:b>", f"<urn:{i}>", "") for i in range(5_000)]
    assert rdfc.canonicalize(quads).count("\n") == 5_000
    with pytest.raises(CanonicalizationLimitError):
        rdfc.canonicalize([*quads, ("<urn:a>", "<urn:b>", "<urn:more>", "")])


def test_repeated_quads_count_once():
    quad = ("<urn:a>", "<urn:b>", "_:x", "")
    assert rdfc.canonicalize([quad, quad]) == "<urn:a> <urn:b> _:c14n0 .\n"


_nodes = st.sampled_from(["_:a", "_:b", "_:c", "_:d", "<urn:i>", "<urn:j>"])
_objects = _nodes | st.text(max_size=6).filter(lambda text: text.isprintable()).map(rdfc.literal)
_datasets = st.lists(
    st.tuples(
        _nodes, st.sampled_from(["<urn:p>", "<urn:q>"]), _objects, st.sampled_from(["", "", "_:g", "<urn:g>"])
    ),
    max_size=8,
)


def _nquads(quads):
    return "".join(" ".join(term for term in quad if term) + " .\n" for quad in quads)


@settings(max_examples=300)
@given(_datasets)
def test_pyoxigraph_canonicalises_every_dataset_alike(quads):
    dataset = pyoxigraph.Dataset(pyoxigraph.parse(_nquads(quads), format=pyoxigraph.RdfFormat.N_QUADS))
    dataset.canonicalize(pyoxigraph.CanonicalizationAlgorithm.RDFC_1_0)
    oracle = sorted(
        _nquads([tuple(map(_term, (q.subject, q.predicate, q.object, q.graph_name)))]) for q in dataset
    )
    assert rdfc.canonicalize(quads) == "".join(oracle)


@settings(max_examples=100)
@given(_datasets)
def test_pyld_canonicalises_every_dataset_alike(quads):
    # PyLD counts a statement twice for a node that it names twice; the specification's map of references and
    # the other implementations count it once.
    quads = [quad for quad in quads if len({quad[0], quad[2], quad[3]}) == 3]
    # Its reader unescapes a backslash before a letter twice.
    quads = [quad for quad in quads if "\\\\" not in quad[2]]
    oracle = jsonld.normalize(
        _nquads(quads),
        {"algorithm": "URDNA2015", "inputFormat": "application/n-quads", "format": "application/n-quads"},
    )
    assert rdfc.canonicalize(quads) == oracle


@given(_datasets, st.randoms(use_true_random=False))
def test_neither_order_nor_labels_matter(quads, random):
    renamed = {"_:a": "_:w", "_:b": "_:x", "_:c": "_:y", "_:d": "_:z"}
    other = [tuple(renamed.get(term, term) for term in quad) for quad in quads]
    random.shuffle(other)
    assert rdfc.canonicalize(other) == rdfc.canonicalize(quads)


def test_controls_are_escaped_as_canonical_n_quads_asks():
    written = rdfc.literal('\x00\b\t\n\x0b\f\r\x1f"\\\x7f\x80é\u2028😀')
    assert written == '"\\u0000\\b\\t\\n\\u000B\\f\\r\\u001F\\"\\\\\\u007F\x80é\u2028😀"'


@pytest.mark.parametrize("text", ["\ud800", "\ufffe", "\uffff"])
def test_characters_without_a_canonical_form_are_refused(text):
    with pytest.raises(LossyDocumentError):
        rdfc.literal(text)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "relative",
        "/a",
        "#a",
        "urn:a b",
        "urn:a>",
        "urn:a\n",
        "urn:<a",
        'urn:"',
        "urn:{a}",
        "1a:b",
        "é:b",
        ":a",
        "urn:a\u0000",
        "urn:a\\b",
    ],
)
def test_an_iri_that_n_quads_cannot_hold_is_refused(value):
    with pytest.raises(LossyDocumentError):
        rdfc.iri(value)


@pytest.mark.parametrize(
    "tag", ["", "zh CN", "en\n", "en .\n<urn:a> <urn:b> <urn:c>", "abcdefghi", "zh-", "é", "1a"]
)
def test_a_malformed_language_tag_cannot_smuggle_a_line_into_what_is_signed(tag):
    with pytest.raises(LossyDocumentError):
        rdfc.literal("x", language=tag)


def test_iris_and_tags_in_use_are_accepted():
    for value in (
        "https://a.example/b?c=d#e",
        "urn:uuid:1",
        "did:web:a.example%3A8080:b",
        "data:,x",
        "https://例.example/学",
    ):
        assert rdfc.iri(value) == f"<{value}>"
    assert rdfc.literal("学", language="zh-hans-cn") == '"学"@zh-hans-cn'


def test_alike_nodes_in_two_named_graphs_cost_little():
    """Two certificates of one kind in one presentation: the graph stands beside every quad of its nodes."""
    quads = []
    for graph in ("_:one", "_:two"):
        quads += [
            (f"<urn:holder:{graph[2:]}>", "<urn:p:has>", f"{graph}-part", graph),
            *((f"{graph}-part", f"<urn:p:{number}>", '"the same"', graph) for number in range(9)),
        ]
    assert "c14n3" in rdfc.canonicalize(quads, max_steps=500)


@given(st.lists(st.sampled_from("abc"), max_size=6))
def test_the_orders_of_neighbours_are_tried_once_each(nodes):
    orders = [tuple(order) for order in rdfc._orders(nodes)]
    assert len(set(orders)) == len(orders)
    assert set(orders) == set(permutations(nodes))


def test_thousands_of_statements_beside_one_graph_do_not_exhaust_the_stack():
    quads = []
    for graph in ("_:one", "_:two"):
        quads += [(f"<urn:holder:{graph[2:]}>", "<urn:p:has>", f"{graph}-part", graph)]
        quads += [(f"{graph}-part", f"<urn:p:{number}>", '"the same"', graph) for number in range(2_000)]
    assert rdfc.canonicalize(quads).count("\n") == 4_002
