"""A consortium founded, joined and governed from the command line, against a node with the real engine."""

import hashlib
import json
import shutil

import pytest
from click.testing import CliRunner

from crypto import cbor
from crypto.keys import PrivateKey
from ledger import governance_keys
from ledger.cli import Outside, cli
from ledger.governance_keys import GovernanceKeyError
from ledger.joining.errors import JoiningError
from ledger.node import create_app
from ledger.proof.pins import Pin
from ledger.proposing import InputError, end_of_day, moment
from ledger.running import ENGINE
from ledger.statements import key_possession
from tests.ledger.consortium import DAY, START
from tests.ledger.living_node import URL, Answer
from tests.ledger.paper_log import Fixed

OPERATOR, COLLEGE = "did:web:centre.example", "did:web:college.example"
INIT = [
    *("init", "--as", "operator", "--did", OPERATOR, "--name-zh", "运营中心", "--name-en", "Centre"),
    *("--credit-code", "91530000MA0000000X", "--delay", "0"),
]
ADMIT = [
    *("propose", "admit", "--name-zh", "学院", "--name-en", "College", "--role", "college"),
    *("--credit-code", "91530000MA0000001X"),
]


class Desk:
    """Where officers type commands; the node runs in the same process."""

    def __init__(self, home) -> None:
        self.home = home
        self.now = START
        self.app = None
        self.opened = {}
        self.environ = {
            "LEDGER_HOME": str(home),
            "LEDGER_URL": URL,
            "LEDGER_INSECURE_LOOPBACK": "1",
            "LEDGER_PASSPHRASE_OPERATOR": "correct horse",
            "LEDGER_PASSPHRASE_COLLEGE": "battery staple",
        }

    def transport(self, method, url, *, content, headers):
        path = url.removeprefix(URL)
        return Answer(self.app.test_client().open(path, method=method, data=content, headers=headers))

    def open_key(self, folder, name, *, environ):
        """Open a key as the command does, the slow way once per passphrase."""
        about = (name, environ.get(f"LEDGER_PASSPHRASE_{name.upper()}"))
        if about not in self.opened:
            self.opened[about] = governance_keys.open_key(folder, name, environ=environ)
        return self.opened[about]

    def copy(self, home) -> "Desk":
        """Return a desk with a copy of everything, at work; this one's node has to be closed."""
        shutil.copytree(self.home, home, dirs_exist_ok=True)
        desk = Desk(home)
        desk.opened = dict(self.opened)
        desk.serve()
        return desk

    def serve(self) -> None:
        self.app = create_app(self.environ, clock=lambda: self.now)

    def close(self) -> None:
        if self.app is not None:
            self.app.extensions[ENGINE].close()

    def type(self, *words: str):
        outside = Outside(
            environ=self.environ,
            clock=lambda: self.now,
            http=self.transport,
            random=Fixed(len(words)),
            open_key=self.open_key,
        )
        return CliRunner().invoke(cli, list(words), obj=outside)

    def run(self, *words: str) -> str:
        result = self.type(*words)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.output.strip()

    def ask(self, *words: str) -> dict:
        return json.loads(self.run(*words, "--json"))

    def refused(self, *words: str) -> BaseException:
        result = self.type(*words)
        assert result.exit_code != 0
        assert isinstance(result.exception.code, str | int)
        return result.exception

    def decide(self, *words: str, voters=("operator", "college")) -> dict:
        found = self.ask(*words)
        for voter in voters:
            if found["status"] == "open":
                found = self.ask("vote", found["id"], "yes", "--as", voter)
        return found

    def file(self, name: str, value: object) -> str:
        path = self.home / name
        path.write_text(json.dumps(value), encoding="utf-8")
        return str(path)


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path)
    yield desk
    desk.close()


@pytest.fixture(scope="module")
def founding(tmp_path_factory) -> Desk:
    desk = Desk(tmp_path_factory.mktemp("founding"))
    desk.run(*INIT)
    return desk


@pytest.fixture(scope="module")
def joining(founding, tmp_path_factory) -> Desk:
    desk = founding.copy(tmp_path_factory.mktemp("joining"))
    keys = desk.file("college.json", desk.ask("keygen", "--as", "college", "--did", COLLEGE))
    assert desk.decide(*ADMIT, "--keys", keys, "--as", "operator")["status"] == "done"
    desk.close()
    return desk


@pytest.fixture(scope="module")
def registering(joining, tmp_path_factory) -> Desk:
    desk = joining.copy(tmp_path_factory.mktemp("registering"))
    path = desk.file("registration.json", registration(desk))
    found = desk.decide("propose", "issuer.put", "--registration", path, "--as", "college")
    assert found["status"] == "done"
    desk.close()
    return desk


def at_work(desk, folder):
    desk = desk.copy(folder)
    yield desk
    desk.close()


@pytest.fixture
def founded(founding, tmp_path):
    yield from at_work(founding, tmp_path)


@pytest.fixture
def joined(joining, tmp_path):
    yield from at_work(joining, tmp_path)


@pytest.fixture
def registered(registering, tmp_path):
    yield from at_work(registering, tmp_path)


def registration(desk) -> dict:
    key = PrivateKey.from_bytes("Ed25519", hashlib.sha256(b"submission").digest())
    chain_id = Pin.from_bytes((desk.home / "pin").read_bytes()).chain_id
    proof = key_possession(key, chain_id=chain_id, did=COLLEGE, role="submission")
    return {
        "did": COLLEGE,
        "document": {},
        "documentDigest": hashlib.sha256(b"{}").hexdigest(),
        "submissionKey": cbor.encode(key.public.cose_key).hex(),
        "submissionKeyProof": proof.hex(),
        "names": {"zh-CN": "学院", "en": "College"},
        "urls": {
            "claims": "http://127.0.0.1:8701",
            "store": "http://127.0.0.1:8701/store",
            "lists": "http://127.0.0.1:8701/status",
        },
    }


def test_init_makes_a_ledger_its_pin_and_its_keys(desk):
    said = desk.ask(*INIT)
    pin = Pin.from_bytes((desk.home / "pin").read_bytes())
    assert (pin.chain_id, pin.single, pin.epoch) == (said["chainId"], True, 1)
    assert [signer.member for signer in pin.signers] == [OPERATOR]
    for name in ("receipt.key", "keys/operator.key"):
        assert (desk.home / name).stat().st_mode & 0o077 == 0


def test_init_changes_nothing_where_a_ledger_is(desk):
    desk.run(*INIT)
    before = (desk.home / "pin").read_bytes()
    assert isinstance(desk.refused(*INIT), JoiningError)
    assert (desk.home / "pin").read_bytes() == before


def test_a_governance_key_is_sealed(joined):
    blob = (joined.home / "keys" / "college.key").read_bytes()
    opened = governance_keys.open_key(joined.home / "keys", "college", environ=joined.environ)
    assert opened.did == COLLEGE
    assert opened.key.to_bytes() not in blob
    assert COLLEGE.encode() not in blob


@pytest.mark.parametrize("passphrase", ["another passphrase", "short", ""])
def test_a_governance_key_opens_with_its_passphrase_only(joined, passphrase):
    joined.environ["LEDGER_PASSPHRASE_COLLEGE"] = passphrase
    error = joined.refused("propose", "remove", COLLEGE, "--as", "college")
    assert isinstance(error, GovernanceKeyError)


@pytest.mark.parametrize("name", ["../operator", "Operator", "", "1st"])
def test_a_keys_name_leaves_its_folder_never(founded, name):
    assert isinstance(founded.refused("propose", "remove", COLLEGE, "--as", name), GovernanceKeyError)


def test_a_key_is_never_replaced(joined):
    before = (joined.home / "keys" / "college.key").read_bytes()
    joined.refused("keygen", "--as", "college", "--did", COLLEGE)
    assert (joined.home / "keys" / "college.key").read_bytes() == before


def test_proposing_is_not_voting(founded):
    keys = founded.file("college.json", founded.ask("keygen", "--as", "college", "--did", COLLEGE))
    line = founded.run(*ADMIT, "--keys", keys, "--as", "operator")
    assert line.endswith("admit open (0 of 1 yes, 1 more needed)")


def test_an_institution_uses_p_256_where_it_wants(founded):
    keys = founded.ask("keygen", "--as", "college", "--did", COLLEGE, "--algorithm", "P-256")
    path = founded.file("college.json", keys)
    assert founded.decide(*ADMIT, "--keys", path, "--as", "operator")["status"] == "done"
    assert founded.ask("propose", "remove", COLLEGE, "--as", "college")["proposer"] == COLLEGE


def test_one_of_two_is_not_enough(joined):
    found = joined.ask("propose", "remove", COLLEGE, "--as", "operator")
    voted = joined.ask("vote", found["id"], "yes", "--as", "operator")
    assert (voted["status"], voted["missing"]) == ("open", 1)


def test_a_vote_takes_the_beginning_of_an_id(joined):
    found = joined.ask("propose", "remove", COLLEGE, "--as", "operator")
    assert joined.ask("vote", found["id"][:8], "no", "--as", "college")["no"] == [COLLEGE]
    assert isinstance(joined.refused("vote", "zzzz", "yes", "--as", "college"), InputError)


def test_only_its_proposer_withdraws(joined):
    found = joined.ask("propose", "remove", COLLEGE, "--as", "operator")
    assert joined.refused("withdraw", found["id"], "--as", "college").code == "NOT_PERMITTED"
    assert joined.ask("withdraw", found["id"], "--as", "operator")["status"] == "withdrawn"
    assert joined.refused("vote", found["id"], "yes", "--as", "college").code == "VOTE_INVALID"


@pytest.mark.case("LEDG-019")
def test_a_member_votes_once(joined):
    found = joined.ask("propose", "remove", COLLEGE, "--as", "operator")
    joined.run("vote", found["id"], "no", "--as", "college")
    assert joined.refused("vote", found["id"], "yes", "--as", "college").code == "VOTE_INVALID"


def test_an_issuer_is_registered_from_what_it_printed(registered):
    (issuer,) = registered.app.test_client().get("/v1/registry", base_url=URL).json["issuers"]
    assert (issuer["did"], issuer["number"], issuer["names"]["zh"]) == (COLLEGE, 1, "学院")


def test_an_issuer_keeps_its_number_when_it_is_registered_again(registered):
    value = {**registration(registered), "submissionKeyProof": None}
    value["urls"] = {**value["urls"], "claims": "http://127.0.0.1:9999"}
    path = registered.file("again.json", value)
    registered.decide("propose", "issuer.put", "--registration", path, "--as", "college")
    (issuer,) = registered.app.test_client().get("/v1/registry", base_url=URL).json["issuers"]
    assert (issuer["number"], issuer["urls"]["claims"]) == (1, "http://127.0.0.1:9999")


def test_an_issuer_that_is_no_member_brings_its_own_keys(joined):
    value = {**registration(joined), "did": "did:web:other.example"}
    path = joined.file("other.json", value)
    error = joined.refused("propose", "issuer.put", "--registration", path, "--as", "college")
    assert isinstance(error, InputError)


def test_a_type_is_granted_from_a_day_in_china(registered):
    words = f"propose accredit --issuer {COLLEGE} --type GraduationCertificate --from 2025-03-01"
    assert registered.decide(*words.split(), "--as", "college")["status"] == "done"
    (issuer,) = registered.app.test_client().get("/v1/registry", base_url=URL).json["issuers"]
    assert issuer["grants"][0]["from"] == 1_740_758_400


def test_a_wallet_is_registered(joined):
    key = PrivateKey.from_bytes("Ed25519", hashlib.sha256(b"wallet").digest())
    chain_id = Pin.from_bytes((joined.home / "pin").read_bytes()).chain_id
    proof = key_possession(key, chain_id=chain_id, did="urn:vocred:wallet:7ZK0", role="wallet")
    public = cbor.encode(key.public.cose_key).hex()
    value = {"tag": "7ZK0", "url": "http://127.0.0.1:8704", "key": public, "keyProof": proof.hex()}
    path = joined.file("wallet.json", value)
    found = joined.decide("propose", "wallet.put", "--registration", path, "--as", "operator")
    assert found["status"] == "done"


def agreement(desk, version=1) -> str:
    parties = [{"id": did, "role": "recognising-body"} for did in (OPERATOR, COLLEGE)]
    title = {"zh-CN": "互认协议", "en": "Agreement"}
    value = {"id": "urn:vocred:agreement:A-1", "version": version, "title": title, "parties": parties}
    return desk.file(f"agreement-{version}.json", value)


def test_an_agreement_is_signed_voted_in_and_ended(joined):
    path = agreement(joined)
    signed = [joined.run("sign", path, "--as", name) for name in ("operator", "college")]
    words = ["propose", "agreement.start", path, "--as", "operator"]
    for name in signed:
        words += ["--signature", name]
    assert joined.decide(*words)["status"] == "done"
    client = joined.app.test_client()
    (listed,) = client.get("/v1/agreements", base_url=URL).json["agreements"]
    served = client.get(f"/v1/agreements/{listed['digest']}", base_url=URL)
    assert served.json["title"]["en"] == "Agreement"
    found = joined.decide("propose", "agreement.end", listed["id"], "--as", "college")
    assert found["status"] == "done"


def test_an_agreement_is_amended_from_the_command_line(joined):
    for version, action in ((1, "agreement.start"), (2, "agreement.amend")):
        path = agreement(joined, version=version)
        words = ["propose", action, path, "--as", "operator"]
        for name in ("operator", "college"):
            words += ["--signature", joined.run("sign", path, "--as", name)]
        assert joined.decide(*words)["status"] == "done"
    client = joined.app.test_client()
    (listed,) = client.get("/v1/agreements", base_url=URL).json["agreements"]
    assert (listed["version"], listed["first"]) == (2, 1)
    history = client.get(f"/v1/agreements/{listed['id']}/history", base_url=URL).json
    assert [version["proposal"]["action"] for version in history["versions"]] == [
        "agreement.start",
        "agreement.amend",
    ]


@pytest.mark.case("LEDG-018")
def test_an_agreement_goes_on_while_too_few_want_its_end(joined):
    path = agreement(joined)
    signed = [joined.run("sign", path, "--as", name) for name in ("operator", "college")]
    words = ["propose", "agreement.start", path, "--as", "operator"]
    joined.decide(*words, "--signature", signed[0], "--signature", signed[1])
    found = joined.decide(
        "propose", "agreement.end", "urn:vocred:agreement:A-1", "--as", "college", voters=["college"]
    )
    assert (found["status"], found["missing"]) == ("open", 1)
    (listed,) = joined.app.test_client().get("/v1/agreements", base_url=URL).json["agreements"]
    assert listed["ended"] is None


def test_an_agreement_needs_every_partys_signature(joined):
    path = agreement(joined)
    signed = joined.run("sign", path, "--as", "operator")
    error = joined.refused("propose", "agreement.start", path, "--signature", signed, "--as", "operator")
    assert isinstance(error, InputError)
    assert COLLEGE in str(error)


def test_the_parties_sign_for_the_same_end_of_the_vote(joined):
    path = agreement(joined)
    first = joined.run("sign", path, "--as", "operator")
    second = joined.run("sign", path, "--as", "college", "--expires", str(START + DAY))
    error = joined.refused(
        "propose", "agreement.start", path, "--signature", first, "--signature", second, "--as", "operator"
    )
    assert isinstance(error, InputError)


def test_only_a_party_signs(joined):
    path = joined.file(
        "foreign.json", {"id": "urn:vocred:agreement:B-1", "version": 1, "parties": [{"id": OPERATOR}]}
    )
    assert isinstance(joined.refused("sign", path, "--as", "college"), InputError)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2025-03-01", 1_740_758_400),
        ("2025-03-01T00:00:00+00:00", 1_740_787_200),
        ("1740758400", 1_740_758_400),
    ],
)
def test_times_are_read_as_people_write_them(text, seconds):
    assert moment(text) == seconds


@pytest.mark.parametrize("text", ["tomorrow", "2025-13-01", ""])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(InputError):
        moment(text)


def test_all_who_sign_on_one_day_sign_for_the_same_end():
    morning = moment("2026-11-21T00:00:01+08:00")
    evening = moment("2026-11-21T23:59:59+08:00")
    assert end_of_day(morning, days=7) == end_of_day(evening, days=7) == moment("2026-11-29") - 1


def test_without_a_pin_nothing_is_signed(desk):
    assert desk.refused("keygen", "--as", "college", "--did", COLLEGE).code == "CONFIG_REFUSED"
    assert not (desk.home / "keys").exists()


@pytest.mark.parametrize("content", [b"{}", b"\xa0", b""])
def test_a_file_that_is_no_evidence_says_where_evidence_is_found(founding, content):
    (founding.home / "file").write_bytes(content)
    for command in ("check", "publish"):
        refusal = founding.refused("evidence", command, str(founding.home / "file"))
        assert "file holds none" in str(refusal)
        assert "pin.evidence/" in str(refusal)
