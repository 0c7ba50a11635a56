"""A compiled shape says what the general path says, whatever stands in a document's strings."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import schemas
from schemas.bundle import example
from schemas.catalogue import CATALOGUE
from vc import cryptosuites, jsonld, shapes
from vc.errors import VcError

EXAMPLES = [
    "GraduationCertificate",
    "SkillLevelCertificate",
    "MicroCredential",
    "CompetitionAward",
    "ApprenticeshipRecord",
    "TeacherTrainingRecord",
    "CreditRecord",
    "EmployerEvaluation",
    "MemberAccreditation",
]
NASTY = [
    "",
    " ",
    "@id",
    "@type",
    "_:b0",
    "_:c14n0",
    "assertionMethod",
    "GraduationCertificate",
    "name",
    'a"b\\c\nd\re\tf',
    "\x00\x08\x0c\x7f\u2028\u2029\u0085",
    "\ufffe",
    "\ud800",
    "%s %d %% {0}",
    "1",
    "true",
    "2026-06-30T00:00:00+08:00",
    "relative/iri",
    "did:",
    "did:web:a b",
    "https://a.example/<>",
    "https://a.example/ü",
    "HTTPS://A.EXAMPLE/",
    "urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0001",
    "vocred-leaf-3-end",
    "https://leaf-3.vocred.invalid/end",
    "xsd:string",
    "schema:name",
    "林晓雨",
    "𫖮",
]


def said(canonicalize, document):
    """Return what a path says: the canonical form, or the kind of its refusal."""
    try:
        return canonicalize(document)
    except VcError as error:
        return type(error)


@pytest.fixture(scope="module")
def known() -> shapes.Shapes:
    """Every example has been seen twice, so each has its shape; nothing is compared at run time."""
    known = shapes.Shapes(recheck_every=10**9)
    for name in EXAMPLES:
        for _ in range(2):
            known.canonicalize(example(name))
    return known


def with_leaves(document, leaves):
    return shapes._with_leaves(document, iter(leaves))


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_type_of_ours_has_a_shape_whose_strings_are_free_but_for_names_of_types(name):
    document = example(name)
    shape = shapes.compile_shape(document, shapes.read(document)[1])
    terms = set(CATALOGUE)
    assert {value for _, value in shape.fixed} <= terms


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_known_shape_does_not_expand(known, name, monkeypatch):
    document = example(name)
    expected = jsonld.canonicalize(document)
    monkeypatch.setattr(jsonld, "canonicalize", None)
    assert known.canonicalize(document) == expected


@pytest.mark.parametrize("name", EXAMPLES)
def test_nasty_strings_in_every_place_come_out_as_by_the_general_path(known, name):
    document = example(name)
    _, leaves = shapes.read(document)
    for place in range(len(leaves)):
        for nasty in NASTY if place % 3 == 0 else NASTY[place % 7 :: 7]:
            changed = with_leaves(document, [*leaves[:place], nasty, *leaves[place + 1 :]])
            assert said(known.canonicalize, changed) == said(jsonld.canonicalize, changed), (place, nasty)


@given(data=st.data())
def test_any_strings_come_out_as_by_the_general_path(known, data):
    document = example(data.draw(st.sampled_from(EXAMPLES)))
    _, leaves = shapes.read(document)
    text = st.one_of(st.sampled_from(NASTY), st.sampled_from(leaves), st.text(max_size=8))
    iri = st.one_of(st.sampled_from([leaf for leaf in leaves if ":" in leaf]), text.map("urn:x:{}".format))
    places = data.draw(st.sets(st.integers(0, len(leaves) - 1), min_size=1, max_size=6))
    for place in places:
        leaves[place] = data.draw(iri if ":" in leaves[place] else text)
    changed = with_leaves(document, leaves)
    assert said(known.canonicalize, changed) == said(jsonld.canonicalize, changed)


def test_members_that_become_equal_count_once(known):
    document = example("MicroCredential")
    document["credentialSubject"]["achievement"]["tag"] = ["a", "b"]
    both = shapes.Shapes(recheck_every=10**9)
    for _ in range(2):
        both.canonicalize(document)
    document["credentialSubject"]["achievement"]["tag"] = ["a", "a"]
    assert both.canonicalize(document) == jsonld.canonicalize(document)


@pytest.mark.parametrize(
    "change", ["another number", "true for one", "a member more", "another type", "longer"]
)
def test_another_outline_is_another_shape(known, change):
    document = example("MicroCredential")
    achievement = document["credentialSubject"]["achievement"]
    match change:
        case "another number":
            achievement["learningHours"] += 1
        case "true for one":
            achievement["learningHours"] = True
        case "a member more":
            achievement["fieldOfStudy"] = "x"
        case "another type":
            document["type"] = ["VerifiableCredential", "OpenBadgeCredential", "CompetitionAward"]
        case "longer":
            document["credentialSchema"].append(document["credentialSchema"][0] | {"id": "urn:x:1"})
    assert said(known.canonicalize, document) == said(jsonld.canonicalize, document)
    assert shapes.read(document)[0] != shapes.read(example("MicroCredential"))[0]


def test_a_proofs_purpose_is_never_filled_in():
    options = {
        "@context": list(schemas.CREDENTIAL_CONTEXTS),
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-rdfc-2022",
        "created": "2026-06-30T00:00:00Z",
        "verificationMethod": "did:web:a.example#key-1",
        "proofPurpose": "assertionMethod",
    }
    known = shapes.Shapes(recheck_every=10**9)
    for _ in range(2):
        known.canonicalize(options)
    for purpose in ("authentication", "no such purpose", "https://w3id.org/security#assertionMethod"):
        changed = options | {"proofPurpose": purpose}
        assert said(known.canonicalize, changed) == said(jsonld.canonicalize, changed)


def test_a_shape_is_compiled_at_the_second_sight_only(monkeypatch):
    compiled = []
    monkeypatch.setattr(shapes, "compile_shape", lambda *given: compiled.append(given))
    fresh = shapes.Shapes()
    fresh.canonicalize(example("MicroCredential"))
    assert compiled == []
    fresh.canonicalize(example("MicroCredential"))
    assert len(compiled) == 1


def test_an_outline_that_has_no_shape_is_not_compiled_again_and_again(monkeypatch):
    compiled = []
    monkeypatch.setattr(shapes, "compile_shape", lambda *given: compiled.append(given))
    fresh = shapes.Shapes()
    for _ in range(20):
        fresh.canonicalize(example("MicroCredential"))
    assert len(compiled) <= shapes.MOST_OF_AN_OUTLINE


def test_a_shape_that_differs_is_not_kept(monkeypatch):
    wrong = shapes.Shape((), lambda leaves: b"wrong")
    monkeypatch.setattr(shapes, "compile_shape", lambda *given: wrong)
    fresh = shapes.Shapes()
    document = example("MicroCredential")
    assert {fresh.canonicalize(document) for _ in range(3)} == {jsonld.canonicalize(document)}


def test_a_shape_found_wrong_later_ends_the_use_of_shapes(caplog):
    document = example("MicroCredential")
    fresh = shapes.Shapes(recheck_every=2)
    for _ in range(2):
        fresh.canonicalize(document)
    outline, _ = shapes.read(document)
    fresh._shapes[outline] = [shapes.Shape((), lambda leaves: b"wrong")]
    assert fresh.canonicalize(document) == b"wrong"
    assert fresh.canonicalize(document) == jsonld.canonicalize(document)
    assert "shapes are off" in caplog.text
    assert fresh.canonicalize(document) == jsonld.canonicalize(document)


def test_only_so_many_shapes_are_kept(monkeypatch):
    monkeypatch.setattr(shapes, "MOST_SHAPES", 4)
    fresh = shapes.Shapes()
    for hours in range(1, 12):
        document = example("MicroCredential")
        document["credentialSubject"]["achievement"]["learningHours"] = hours
        for _ in range(2):
            fresh.canonicalize(document)
        assert sum(map(len, fresh._shapes.values())) <= 4


def test_no_context_has_a_term_that_would_rewrite_the_iris_that_are_filled_in():
    names: set[str] = set()

    def gather(value):
        if isinstance(value, dict):
            names.update(value)
            for member in value.values():
                gather(member)
        elif isinstance(value, list):
            for item in value:
                gather(item)

    for body in schemas.contexts().values():
        gather(json.loads(body))
    assert not names & set(shapes.SCHEMES)
    assert not {name for name in names if ":" in name}


def test_the_suite_uses_shapes():
    assert cryptosuites.EDDSA_RDFC_2022.canonicalize == cryptosuites.SHAPES.canonicalize
