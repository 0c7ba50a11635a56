"""Enrolment lists, statements, the export, and the commands that go with them."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from issuer.bank import accounts, statements, store
from issuer.bank.accounts import Person
from issuer.cli import cli
from issuer.command_line import Outside
from issuer.errors import ForbiddenError, InvalidActError
from tests.issuer.bank.creditbank import AGREEMENT, BODY, COLLEGE, LIST, Applied, Town
from tests.issuer.college import PASSPHRASES
from tests.issuer.cosigning.bodies import CHECKER, MAKER, MENTOR
from tests.ledger.living_node import URL as LEDGER_URL
from web.database import transaction

HEADER = "姓名,证件类型,证件末四位,学校,专业代码,学号\n"


def enrol(town: Town, content: bytes | str, **changes: Any) -> accounts.Enrolled:
    raw = content.encode() if isinstance(content, str) else content
    given = {"actor": MAKER, "colleges": {"云岭": COLLEGE}, "now": town.now, **changes}
    return accounts.enrol(town.bank.db, town.bank.parts, content=raw, **given)


@pytest.fixture
def applied(town: Town) -> Applied:
    """Return an application that was registered at once."""
    town.enrol()
    found = town.apply()
    found.present(town.certificate())
    assert found.state()["state"] == "registered"
    return found


# Enrolment lists


def test_list_opens_accounts_that_need_no_further_word(town: Town):
    found = enrol(town, HEADER + "林晓雨,居民身份证,4821,云岭,460305,2023001\n")
    assert (found.opened, found.added, found.known, found.refused) == (1, 1, 0, ())
    account = accounts.get(town.bank.db, "CB-00000001")
    assert (account["name"], account["confirmed_at"]) == ("林晓雨", town.now)
    assert accounts.is_enrolled(town.bank.db, account["id"], college=COLLEGE, programme="460305")


def test_same_list_again_changes_nothing(town: Town):
    line = "林晓雨,居民身份证,482x,云岭,460305,2023001\n"
    enrol(town, HEADER + line)
    again = enrol(town, HEADER + line.replace("482x", "482X"))
    assert (again.opened, again.added, again.known) == (0, 0, 1)


@pytest.mark.row("S64")
def test_learner_at_a_second_college_keeps_the_one_account(town: Town):
    enrol(
        town,
        HEADER + "林晓雨,居民身份证,4821,云岭,460305,1\n林晓雨,居民身份证,4821,did:web:b.example,080901,2\n",
    )
    (account,) = store.accounts(town.bank.db, text="", offset=0, limit=10)
    assert len(store.enrolments(town.bank.db, account["id"])) == 2


def test_good_rows_go_on_while_refused_rows_come_back(town: Town):
    found = enrol(
        town,
        HEADER
        + ",居民身份证,4821,云岭,460305,1\n"
        + "林晓雨,居民身份证,48,云岭,460305,1\n"
        + "林晓雨,居民身份证,4821,无名学院,460305,1\n\n"
        + "王一,居民身份证,1111,云岭,460305,2\n",
    )
    assert found.opened == 1
    assert [line for line, _ in found.refused] == [2, 3, 4]


def test_list_in_gb18030_and_with_english_titles_can_be_read(town: Town):
    assert enrol(town, (HEADER + "林晓雨,居民身份证,4821,云岭,460305,1\n").encode("gb18030")).opened == 1
    english = "Name,Document,Document tail,College,Programme,Student number\n王一,护照,0001,云岭,460305,2\n"
    assert enrol(town, english).opened == 1


@pytest.mark.parametrize("content", [b"", b"\xff\xff\xff", "姓名,学号\n林晓雨,1\n".encode(), b'"open'])
def test_file_that_is_no_such_list_is_refused(town: Town, content: bytes):
    with pytest.raises(InvalidActError):
        enrol(town, content)


def test_officer_who_is_no_maker_enrols_nobody(town: Town):
    with pytest.raises(ForbiddenError):
        enrol(town, HEADER, actor=MENTOR)


def test_accounts_of_two_persons_of_one_name_are_two(town: Town):
    enrol(town, HEADER + "王一,居民身份证,1111,云岭,460305,1\n王一,居民身份证,2222,云岭,460305,2\n")
    found = accounts.find(town.bank.db, town.bank.parts, Person("王一", "居民身份证", "2222"))
    assert found["id"] == "CB-00000002"


# Statement and export


@pytest.mark.row("S55", "S56", "S64")
def test_statement_lists_every_entry_with_its_unit(town: Town, applied: Applied):
    statement = town.statement(applied)
    (entry,) = statement["entries"]
    assert (statement["account"], statement["balance"]) == ("CB-00000001", 8)
    assert statement["unit"] == entry["unit"] == "学分（16学时/学分）"
    assert (entry["agreement"], entry["rule"], entry["state"]) == (f"{AGREEMENT}#1", "R1", "active")
    assert (entry["course"]["code"], entry["college"], entry["programme"]) == ("RB2104", COLLEGE, "460305")
    assert entry["source"]["issuer"] == BODY
    assert entry["source"]["number"].startswith("HH1X-")


@pytest.mark.row("S55")
def test_credits_of_two_units_are_never_added(town: Town, applied: Applied):
    (conversion,), (record,) = (list(town.bank.db[name].rows) for name in ("bank_conversion", "record"))
    other = {"id": 2, "rule": "R8", "course_code": "RB1", "credits": 32.0, "unit": "学时", "record_id": "r2"}
    with transaction(town.bank.db):
        town.bank.db["record"].insert({**record, "id": "r2", "number": "r2"})
        town.bank.db["bank_conversion"].insert({**conversion, **other})
    statement = statements.statement(town.bank.db, "CB-00000001")
    assert {each["unit"]: each["credits"] for each in statement["balances"]} == {
        "学分（16学时/学分）": 8,
        "学时": 32,
    }
    assert "balance" not in statement


@pytest.mark.row("S56")
def test_export_has_one_row_for_each_conversion_and_the_columns_of_the_standard(town: Town, applied: Applied):
    content = statements.export_csv(town.bank.db).decode("utf-8-sig")
    header, row = list(csv.reader(io.StringIO(content)))
    assert len(header) == len(set(header)) == 21
    told = dict(zip(statements.COLUMNS, row, strict=True))
    assert told["account"] == "CB-00000001"
    assert (told["name"], told["documentTail"]) == ("林晓雨", "4821")
    assert (told["sourceIssuer"], told["sourceLevel"], told["sourceAwarded"]) == (BODY, "1X-2", "2023-10-31")
    assert (told["agreement"], told["credits"], told["grade"]) == (f"{AGREEMENT}#1", "8", "91")
    assert (told["state"], told["courseCode"]) == ("active", "RB2104")
    record = next(town.bank.db["record"].rows)
    assert told["sourceDigest"] == json.loads(record["fields"])["sourceDigest"]


def test_cell_that_a_spreadsheet_takes_for_a_formula_is_escaped(town: Town, applied: Applied):
    for name in ("=HYPERLINK(1)", "+1", "-1+1", "@SUM(1)", "\tx"):
        with transaction(town.bank.db):
            town.bank.db.execute("UPDATE bank_account SET name = ?", (name,))
        row = list(csv.reader(io.StringIO(statements.export_csv(town.bank.db).decode("utf-8-sig"))))[1]
        assert row[1] == f"'{name}"


# Commands


class Host:
    """The command line of the bank, with officers' passphrases in the environment."""

    def __init__(self, town: Town, folder: Path) -> None:
        self.town, self.folder = town, folder
        self.environ = {
            **town.bank.environ,
            "ISSUER_LEDGER_URL": LEDGER_URL,
            "ISSUER_LEDGER_PIN": str(town.node.home / "pin"),
            **{f"ISSUER_PASSPHRASE_{name.upper()}": phrase for name, phrase in PASSPHRASES.items()},
        }
        # The fixture's officers have a hash that nobody knows the passphrase of.
        from issuer import officers

        for name, phrase in PASSPHRASES.items():
            with transaction(town.bank.db):
                officers.reset(town.bank.db, name=name, passphrase_hash=officers.hash_passphrase(phrase))

    def run(self, *arguments: str, status: int = 0) -> Any:
        outside = Outside(clock=lambda: self.town.now, http=self.town.node.transport)
        found = CliRunner().invoke(cli, ["bank", *arguments], env=self.environ, obj=outside)
        assert found.exit_code == status, (found.output, found.exception)
        return found.output

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json"))


@pytest.fixture
def host(town: Town, tmp_path: Path) -> Host:
    return Host(town, tmp_path)


def test_command_takes_over_a_list_that_names_colleges_by_code(host: Host):
    code = host.town.members[COLLEGE].record["code"]
    file = host.folder / "students.csv"
    file.write_text(LIST.format(college=code), encoding="utf-8")
    assert host.json("enrol", str(file), "--as", MAKER.name) == {
        "opened": 1, "added": 1, "known": 0, "refused": [],
    }  # fmt: skip
    (account,) = host.json("accounts")["accounts"]
    assert account["enrolments"][0]["college"] == COLLEGE


def test_commands_list_applications_and_return_one(host: Host):
    applied = host.town.apply()
    applied.present(host.town.certificate())
    (listed,) = host.json("applications", "--state", "submitted")["applications"]
    assert (listed["id"], listed["name"], listed["results"][0]["rule"]) == (applied.id, "林晓雨", "R1")
    answer = host.json("return", applied.id, "--reason", "学号不符", "--as", CHECKER.name)
    assert (answer["state"], answer["reason"]["note"]) == ("returned", "学号不符")
    assert "returned" in host.run("applications")


def test_commands_print_statement_and_export(host: Host, applied: Applied):
    assert host.json("statement", "CB-00000001")["balance"] == 8
    (row,) = host.json("export")["conversions"]
    assert row["account"] == "CB-00000001"
    target = host.folder / "export.csv"
    host.run("export", "--csv", "--to", str(target))
    assert target.read_bytes().startswith(b"\xef\xbb\xbf")
    host.run("export", status=2)


def test_command_decides_a_review_with_two_officers(host: Host, applied: Applied):
    from issuer.bank import reviews

    with transaction(host.town.bank.db):
        reviews.revoked(host.town.bank.db, source_id=1, reason=None, replacement=None, now=host.town.now)
    (review,) = host.json("reviews")["reviews"]
    host.run("decide-review", str(review["id"]), "cancel", "--as", MAKER.name, status=1)
    decided = host.json(
        "decide-review", str(review["id"]), "cancel", "--as", MAKER.name, "--approved-by", CHECKER.name
    )
    assert (decided["decision"], decided["state"]) == ("cancel", "cancelled")
    assert host.json("reviews")["reviews"] == []
    assert len(host.json("reviews", "--all")["reviews"]) == 1
