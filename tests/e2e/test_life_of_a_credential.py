"""The life of a credential, over HTTP, with a student whose wallet is not ours."""

from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.faults import Town, graduates
from tests.e2e.foreign_wallet import ForeignWallet

pytestmark = pytest.mark.e2e


@pytest.fixture
def town(tmp_path_factory: pytest.TempPathFactory, guarded_environment: dict[str, str]) -> Iterator[Town]:
    """Start a ledger, an accredited college and a verifier."""
    town = Town(tmp_path_factory.mktemp("life") / "town", guarded_environment)
    try:
        town.open("verifier")
        yield town
    finally:
        town.close()


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """Make requests as anybody would."""
    with httpx.Client(timeout=30) as client:
        yield client


@pytest.mark.timeout(900)
def test_life_of_a_credential(town: Town, http: httpx.Client) -> None:
    student = ForeignWallet(http)

    def ask(question: dict[str, object]) -> dict:
        answer = http.post(f"{town.url('verifier')}/api/verify", json=question)
        assert answer.status_code == 200, answer.text
        return answer.json()

    # The registrar's file is imported, a second officer approves, and everything is signed and anchored.
    issued = town.issue(graduates(1, 3))
    town.settle()
    record = issued["records"][0]["record"]

    # An employer holds the paper: its code is valid, and the name stays masked until it is typed.
    batch = issued["batch"]
    sheets = town.world.run("college", "issuer", "print", batch, "--as", "han", "--json")["certificates"]
    paper = next(sheet for sheet in sheets if sheet["record"] == record)
    unmatched = ask({"code": paper["code"]})
    assert unmatched["verdict"] == "valid"
    assert paper["name"] not in str(unmatched)
    assert paper["number"] not in str(unmatched)
    assert ask({"code": paper["code"], "name": "别人"})["match"] == "different"
    assert ask({"code": paper["code"], "name": paper["name"]})["match"] == "same"

    # The student opens the slip's offer; a wrong PIN costs one of five tries and nothing else.
    slip = town.world.run("college", "issuer", "offer", record, "--as", "han", "--json")
    offer = student.read(slip["offer"])
    wrong = f"{(int(slip['tx_code']) + 1) % 1_000_000:06}"
    refused = student.token(offer, wrong)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    granted = student.token(offer, slip["tx_code"])
    assert granted.status_code == 200, granted.text

    # The credential is bound to the student's own key, and nobody else can claim it with the same slip.
    received = student.credential(offer, granted.json()["access_token"])
    assert received.status_code == 200, received.text
    credential = received.json()["credentials"][0]["credential"]
    assert credential["credentialSubject"]["id"] == student.did
    assert student.token(offer, slip["tx_code"]).json()["error"] == "invalid_grant"

    # Once it is anchored it is valid, whoever shows the file.
    town.settle()
    verified = ask({"verifiableCredential": credential})
    assert (verified["verdict"], verified["verified"]) == ("valid", True)
    assert verified["issuer"]["id"] == "did:web:yunling.edu.example"

    # A changed letter is seen.
    forged = {**credential, "credentialSubject": {**credential["credentialSubject"], "conclusion": "结业"}}
    assert ask({"verifiableCredential": forged})["verdict"] == "notAuthentic"

    # Two officers revoke the record: paper and wallet form say so at once, the neighbour's paper does not.
    town.world.run(
        "college", "issuer", "revoke", record,
        "--reason", "录入错误更正", "--as", "han", "--approved-by", "shen", "--json",
    )  # fmt: skip
    assert ask({"verifiableCredential": credential})["verdict"] == "revoked"
    assert ask({"code": paper["code"]})["verdict"] == "revoked"
    neighbour = next(sheet for sheet in sheets if sheet["record"] != record)
    assert ask({"code": neighbour["code"]})["verdict"] == "valid"

    # The college's server is gone, and the answer stays.
    town.kill("college")
    assert ask({"verifiableCredential": credential})["verdict"] == "revoked"
