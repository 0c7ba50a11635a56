"""The page's script gives Python's answer about every receipt, good or forged; in a real browser, offline."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from crypto import cbor, jcs, strict_json
from tests.e2e.browser import ARGUMENTS, CHROMIUM
from tests.ledger.explorer.receipt_corpus import Question, corpus
from tests.ledger.living_node import LivingNode
from tests.ledger.paper_log import ISSUER, TYPE, anchored, make_key

pytestmark = [pytest.mark.e2e]

ASK = """async (questions) => {
    const { unhex, readPin, check } = VocredCheck;
    const answers = [];
    for (const { receipt, digest, issuer, types, pin, now, proof } of questions) {
        answers.push(await check({
            receipt: unhex(receipt), digest: unhex(digest), issuer, types, pin: readPin(unhex(pin)), now,
            proof: proof && unhex(proof),
        }));
    }
    return answers;
}"""
MOST = 2_000


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page as somebody saved it."""
    folder = tmp_path_factory.mktemp("saved")
    node = LivingNode(folder)
    try:
        path = folder / "vocred-check.html"
        path.write_bytes(node.http.get("/check/file?lang=en").data)
        return path
    finally:
        node.close()


@pytest.fixture(scope="module")
def page(saved: Path) -> Iterator[Page]:
    """The saved page in a browser that has no network."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = browser.new_context(offline=True)
        opened = context.new_page()
        opened.goto(saved.as_uri())
        yield opened
        browser.close()


@pytest.mark.case("LEDG-004", "LEDG-006")
def test_the_browser_gives_pythons_answer_about_every_receipt(page: Page) -> None:
    questions = corpus()[:MOST]
    assert len(questions) > 100
    assert sum(question.code is None for question in questions) > 10
    answers = page.evaluate(ASK, [question.to_json() for question in questions])
    different = [
        (question.name, question.code, answer["code"], answer["steps"])
        for question, answer in zip(questions, answers, strict=True)
        if answer["code"] != question.code
    ]
    assert not different
    for question, answer in zip(questions, answers, strict=True):
        if question.answer is not None:
            receipt = question.answer
            assert answer["verdict"] == "holds"
            assert answer["issued"] == receipt.time_of_issue, question.name
            assert answer["single"] == receipt.single_operator, question.name
            assert answer["consistent"] == receipt.consistent, question.name


def question_of(world) -> Question:
    asked = {
        "digest": world.digest,
        "issuer_id": ISSUER,
        "credential_type": TYPE,
        "pin": world.log.pin,
        "now": world.now,
    }
    return Question("own", world.receipt().encode(), asked, None, None)


def test_a_browser_without_ed25519_says_that_it_could_not_check(page: Page) -> None:
    without = """async (questions) => {
        const real = crypto.subtle.importKey;
        crypto.subtle.importKey = () => Promise.reject(new DOMException("no", "NotSupportedError"));
        try { return await (%s)(questions); } finally { crypto.subtle.importKey = real; }
    }"""
    (answer,) = page.evaluate(without % ASK, [question_of(anchored()).to_json()])
    assert answer["verdict"] == "unavailable"
    assert answer["code"] == "COULD_NOT_BE_CHECKED_HERE"
    assert [step["outcome"] for step in answer["steps"][3:5]] == ["unavailable", "not run"]


@pytest.mark.parametrize("wrong", [False, True])
def test_a_signer_with_a_p_256_key_is_checked_as_well(page: Page, wrong: bool) -> None:
    check = """([key, header, payload, signature]) => {
        const { unhex, decode, verifies } = VocredCheck;
        const bytes = unhex(header);
        return verifies(decode(unhex(key)), decode(bytes), bytes, unhex(payload), unhex(signature), "X")
            .then(() => true, () => false);
    }"""
    private, header = make_key(5, "P-256"), cbor.encode({1: -7})
    message = b"something else" if wrong else b"signed"
    signature = private.sign(cbor.encode(["Signature1", header, b"", b"signed"]))
    given = [cbor.encode(private.public.cose_key), header, message, signature]
    assert page.evaluate(check, [each.hex() for each in given]) is not wrong


def test_the_script_reads_json_as_it_was_anchored(page: Page) -> None:
    document = '{"z": 1.0, "issuer": {"id": "did:web:a.example"}, "type": ["X"], "a": "é\\u20ac", "n": 0.25}'
    digest = page.evaluate(
        """async (text) => {
            const read = await VocredCheck.readForm(new TextEncoder().encode(text));
            return VocredCheck.hex(read.digest);
        }""",
        document,
    )
    assert digest == jcs.digest(strict_json.parse(document.encode())).hex()


def test_the_first_pin_comes_from_the_first_entry_by_its_fingerprint(page: Page, tmp_path: Path) -> None:
    node = LivingNode(tmp_path)
    try:
        entry = node.http.get("/v1/entries/0").data
        chain = node.consortium.chain_id
    finally:
        node.close()
    ask = """async ([entry, fingerprint]) => {
        const { unhex, pinFromGenesis, encode, hex } = VocredCheck;
        const pin = await pinFromGenesis(unhex(entry), fingerprint);
        return Object.assign({}, pin, {
            signers: pin.signers.map(({ member, key }) => [member, hex(encode(key))]),
        });
    }"""
    found = page.evaluate(ask, [entry.hex(), chain.rpartition(":")[2]])
    founder = node.founder
    assert found["chain"] == chain
    assert (found["epoch"], found["single"], found["size"]) == (1, True, 1)
    assert found["signers"] == [[founder.did, cbor.encode(founder.key("receipt").public.cose_key).hex()]]
    refused = page.evaluate(
        """([entry, fingerprint]) => VocredCheck.pinFromGenesis(VocredCheck.unhex(entry), fingerprint)
            .then(() => "", (error) => error.code)""",
        [entry.hex(), "0" * 64],
    )
    assert refused == "LEDGER_PIN_INVALID"


def test_a_person_checks_a_receipt_with_the_saved_page(page: Page, tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("receipt.cbor", "form.json", "pin")}
    world = anchored()
    files["receipt.cbor"].write_bytes(world.receipt().encode())
    files["form.json"].write_text('{"issuer": "did:web:college.example", "type": ["GraduationCertificate"]}')
    files["pin"].write_bytes(world.log.pin.to_bytes())
    page.set_input_files("#field-receipt", files["receipt.cbor"])
    page.set_input_files("#field-form", files["form.json"])
    page.set_input_files("#field-pin", files["pin"])
    page.get_by_role("button", name="Check").click()
    page.wait_for_selector("#check-output[data-verdict]")
    assert page.locator("#check-output").get_attribute("data-verdict") == "fails"
    outcomes = page.locator("#check-list li").evaluate_all("items => items.map((item) => item.className)")
    assert outcomes == [*["held"] * 9, "failed", "not-run"]
