"""What the node's pages call statements and proposals."""

import re
from pathlib import Path

import pytest
from flask import Flask

import ledger
from ledger import listing, wording
from ledger.core.actions import ACTIONS
from ledger.statements import ROLES
from tests.ledger.consortium import key
from web import i18n

DID, OTHER = "did:web:college.example", "did:web:nobody.example"
KEY = key("signer").public
NAMES = {DID: "云岭学院"}
ABOUT = {
    "admit": {"member": {"did": DID, "names": {"zh": "云岭学院", "en": "Yunling"}, "roles": [], "types": []}},
    "remove": {"member": DID},
    "signer.set": {"member": DID, "receipt": None, "validator": None, "possession": {}},
    "rotate-lost-key": {"did": DID, "role": "document", "value": bytes(32)},
    "issuer.put": {"names": {"zh": "云岭学院", "en": "Yunling"}},
    "accredit": {"issuer": DID, "type": "GraduationCertificate", "from": 0, "until": None},
    "suspend-issuer": {"issuer": DID, "from": 0, "until": None},
    "close-issuer": {"issuer": DID},
    "wallet.put": {"tag": "W", "url": "https://w.example"},
    "agreement.start": {"id": "A-1", "version": 1},
    "agreement.amend": {"id": "A-1", "version": 2},
    "agreement.end": {"id": "A-1"},
    "params": {"numbers": 7},
    "upgrade": {"app_version": 2, "height": 900},
}


@pytest.fixture(params=["zh-CN", "en"])
def language(request):
    """Speak one of the two languages for a test."""
    app = Flask(__name__)
    i18n.init_app(app, directories=[Path(ledger.__file__).with_name("translations")])
    with app.test_request_context(f"/?lang={request.param}"):
        yield request.param


def asked(action: str, **changes) -> str:
    return wording.question(action, listing.about(action, {**ABOUT[action], **changes}), NAMES)


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_is_a_sentence_and_not_a_word_of_the_protocol(language, action):
    said = asked(action)
    assert action not in said
    assert bool(re.search("[\u4e00-\u9fff]", said.replace("云岭学院", ""))) == (language == "zh-CN"), said


@pytest.mark.parametrize("language", ["zh-CN"], indirect=True)
def test_a_sentence_tells_apart_what_one_action_can_do(language):
    stops, signs = asked("signer.set"), asked("signer.set", receipt=KEY.cose_key)
    assert ("不再签署" in stops, "不再签署" in signs) == (True, False)
    assert "解除" in asked("suspend-issuer", until=0)
    assert "1970" in asked("suspend-issuer", until=900_000)
    assert OTHER in asked("close-issuer", issuer=OTHER), "who has no name is called by the DID"


def test_an_action_of_a_later_version_is_called_by_its_name(language):
    assert wording.question("merge", {}, NAMES) == "merge"


def test_every_type_of_statement_has_a_word(language):
    assert set(wording.kinds()) == set(ROLES)
