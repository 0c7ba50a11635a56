"""``vocred issuer cosign``, ``endorse``, ``endorsements``, ``withdraw-endorsement`` and ``renew-form``; the
background half.
"""

import json

import pytest
from click.testing import CliRunner, Result

from issuer import officers, store_officers
from issuer.cli import cli
from issuer.command_line import Outside
from issuer.cosigning import commands, drafting, endorsing, links, store, worker
from issuer.cosigning.network import Network
from ledger.settings import PIN
from tests.issuer.college import PASSPHRASES
from tests.issuer.cosigning.bodies import COLLEGE_URL, MAKER, MENTOR, Body, Wire, apprentice
from web.database import transaction

SECRETS = {**PASSPHRASES, "zheng": "a bench and a lathe"}


class Desk:
    """Runs commands for one body or the other, over the wire between them."""

    def __init__(self, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(commands, "network_of", lambda parts: Network(parts.ledger, wire))

    def run(self, body: Body, *words: str) -> Result:
        environ = {
            **body.environ,
            "ISSUER_LEDGER_PIN": str(body.node.home / PIN),
            **{f"ISSUER_PASSPHRASE_{name.upper()}": value for name, value in SECRETS.items()},
        }

        def clock() -> int:
            # Time goes on while a command works: what was asked a moment ago is asked again.
            body.node.now += 1
            return body.node.now

        outside = Outside(clock=clock, http=body.node.transport)
        return CliRunner().invoke(cli, words, env=environ, obj=outside)

    def json(self, body: Body, *words: str):
        result = self.run(body, *words, "--json")
        assert result.exit_code == 0, (result.output, result.exception)
        return json.loads(result.stdout)


@pytest.fixture
def desk(college: Body, enterprise: Body, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Desk:
    for body in (college, enterprise):
        with transaction(body.db):
            for name, passphrase in SECRETS.items():
                store_officers.set_passphrase(body.db, name, officers.hash_passphrase(passphrase))
    return Desk(wire, monkeypatch)


@pytest.mark.row("S48")
def test_commands_take_a_record_from_its_draft_to_a_withdrawn_endorsement(desk, college, enterprise):
    batch_id = college.batch(apprentice())
    asked = desk.json(college, "cosign", batch_id, "--as", "zhang")
    (draft,) = asked["drafts"]
    assert (draft["state"], draft["row"], asked["missing"], asked["refused"]) == ("waiting", 2, 1, [])
    college.issue(batch_id)
    given = desk.json(enterprise, "endorse", draft["link"], "--as", "zheng")
    assert (given["state"], given["delivered"], given["record"]) == ("endorsed", True, draft["record"])
    listed = desk.json(enterprise, "endorsements")["endorsements"]
    assert [each["endorsement"] for each in listed] == [given["endorsement"]]
    renewed = desk.json(college, "renew-form", draft["record"], "--as", "zhang", "--approved-by", "li")
    assert renewed["offer"].startswith("openid-credential-offer://")
    assert len(renewed["tx_code"]) == 6
    withdrawn = desk.json(
        enterprise,
        "withdraw-endorsement",
        given["endorsement"],
        "--as",
        "zhang",
        "--approved-by",
        "li",
    )
    assert (withdrawn["state"], withdrawn["anchored"]) == ("withdrawn", True)
    again = desk.json(college, "cosign", batch_id, "--as", "zhang")
    assert [each["state"] for each in again["drafts"]] == ["waiting"]


def test_command_returns_a_draft_with_its_reason(desk, college, enterprise):
    batch_id = college.batch(apprentice())
    (draft,) = desk.json(college, "cosign", batch_id, "--as", "zhang")["drafts"]
    answer = desk.json(enterprise, "endorse", draft["link"], "--as", "zheng", "--return", "岗位学时应为 940")
    assert answer["state"] == "returned"
    (found,) = drafting.listing(college.db, college.parts, batch_id=batch_id)
    assert found.note == "岗位学时应为 940"


def test_command_says_which_rows_gave_no_draft(desk, college, enterprise):
    batch_id = college.batch(apprentice(enterpriseDid="did:web:lixin.example"))
    asked = desk.json(college, "cosign", batch_id, "--as", "zhang")
    assert asked["drafts"] == []
    assert [each["code"] for each in asked["refused"]] == ["NOT_FOUND"]


def test_withdrawing_by_command_takes_two_different_officers(desk, college, enterprise):
    batch_id = college.batch(apprentice())
    (draft,) = desk.json(college, "cosign", batch_id, "--as", "zhang")["drafts"]
    given = desk.json(enterprise, "endorse", draft["link"], "--as", "zheng")
    result = desk.run(
        enterprise,
        "withdraw-endorsement",
        given["endorsement"],
        "--as",
        "zhang",
        "--approved-by",
        "zhang",
    )
    assert getattr(result.exception, "code", None) == "SAME_OFFICER"


# The background half


@pytest.fixture
def waiting(college: Body, enterprise: Body) -> endorsing.Given:
    """Return an endorsement that was signed and not yet delivered."""
    (draft,), _ = drafting.cosign(
        college.db,
        college.parts,
        college.network,
        actor=MAKER,
        batch_id=college.batch(apprentice()),
        now=college.now,
    )
    opened = endorsing.open_draft(
        enterprise.db, enterprise.network, actor=MENTOR, link=links.parse(draft.link), now=enterprise.now
    )
    return endorsing.endorse(
        enterprise.db, enterprise.parts, actor=MENTOR, opened=opened, comment="", now=enterprise.now
    )


def look(body: Body) -> int:
    body.node.now += 1
    return worker.deliver(body.db, body.parts, body.network, now=body.now)


def test_worker_delivers_as_soon_as_the_list_is_with_the_ledger(college, enterprise, waiting):
    assert sum(look(enterprise) for _ in range(10)) == 1
    assert store.undelivered(enterprise.db) == []
    assert look(enterprise) == 0


def test_worker_tries_again_after_a_while_and_not_at_every_look(college, enterprise, waiting, wire):
    enterprise.anchor()
    wire.down.add(COLLEGE_URL)
    look(enterprise)
    wire.asked.clear()
    for _ in range(2 * worker.AGAIN_SECONDS):
        look(enterprise)
    assert len([url for url in wire.asked if url.endswith("/endorsement")]) == 2
    wire.down.clear()
    assert sum(look(enterprise) for _ in range(worker.AGAIN_SECONDS)) == 1


def test_endorsement_that_the_college_refuses_for_good_is_not_sent_again(college, enterprise, waiting):
    found = store.undelivered(enterprise.db)[0]
    college_draft = store.draft(college.db, found["draft_id"])
    with transaction(college.db):
        store.decide_draft(college.db, college_draft["id"], state="returned", note="x", at=college.now)
    for _ in range(5):
        look(enterprise)
    assert endorsing.get(enterprise.db, waiting.id).problem == "DRAFT_DECIDED"
    assert store.undelivered(enterprise.db) == []
