"""Who may enter whom into the registry: accreditors bring, nobody takes over."""

import pytest

from ledger import statements
from ledger.core.machine import Core
from tests.ledger.consortium import START, Consortium, Party, key


def grant(party, credential_type="GraduationCertificate", start=0, until=None):
    return {"issuer": party.did, "type": credential_type, "from": start, "until": until}


# Members and genesis.


def test_the_first_members_come_from_the_genesis(ledger):
    assert ledger.value("members") == [party.did for party in ledger.parties]
    record = ledger.value("member", ledger.founder.did)
    assert record["types"] == ["GraduationCertificate", "SkillLevelCertificate"]
    assert ledger.value("key", ledger.founder.key("receipt").public.thumbprint) == [
        ledger.founder.did,
        "receipt",
    ]
    assert ledger.value("credit-code", ledger.founder.record["code"]) == ledger.founder.did


def test_a_member_is_admitted_by_vote_with_its_keys(ledger):
    new = Party("new", roles=("college",))
    ledger.decide(new.admission(ledger.chain_id))
    assert new.did in ledger.value("members")
    assert ledger.value("member", new.did)["since"] == ledger.now
    ledger.accept(new, "endpoint.put", {"node": "https://new.example", "mirror": None, "receipts": None})


def test_an_organisation_is_admitted_once_whatever_its_did(ledger):
    new = Party("new")
    double = new.admission(ledger.chain_id, code=ledger.founder.record["code"])
    tx = {"action": double, "expires": ledger.now + 1000}
    assert ledger.refuse(ledger.founder, "propose", tx) == "ALREADY_USED"


def test_a_member_is_not_admitted_twice_under_another_code(ledger):
    double = ledger.parties[1].admission(ledger.chain_id, code="OTHERCODE1")
    tx = {"action": double, "expires": ledger.now + 1000}
    assert ledger.refuse(ledger.founder, "propose", tx) == "ALREADY_USED"


def test_a_credit_code_stays_used_after_the_member_left(ledger):
    left = ledger.parties[2]
    ledger.decide(["remove", {"member": left.did}])
    back = Party("m002bis")
    tx = {
        "action": back.admission(ledger.chain_id, code=left.record["code"]),
        "expires": ledger.now + 1000,
    }
    assert ledger.refuse(ledger.founder, "propose", tx) == "ALREADY_USED"


@pytest.mark.parametrize(
    "change",
    [
        {"names": {"zh": "只有中文"}},
        {"names": {"zh": "名\n称", "en": "Name"}},
        {"names": {"zh": "名\u202e称", "en": "Name"}},
        {"names": {"zh": "名\u200b称", "en": "Name"}},
        {"names": {"zh": "名称", "en": "N" * 201}},
        {"names": {"zh": "", "en": "Name"}},
        {"roles": []},
        {"roles": ["college", "college"]},
        {"roles": ["College"]},
        {"roles": ["accreditor"], "types": []},
        {"roles": ["college"], "types": ["GraduationCertificate"]},
        {"code": "91 530"},
        {"did": "https://new.example"},
        {"phone": "13800000000"},
        {"governance": None},
    ],
)
def test_a_member_record_holds_exactly_its_members(ledger, change):
    new = Party("new")
    action = new.admission(ledger.chain_id)
    action[1]["member"].update(change)
    tx = {"action": action, "expires": ledger.now + 1000}
    assert ledger.refuse(ledger.founder, "propose", tx) == "TX_MALFORMED"


def test_nobody_admits_a_key_that_it_does_not_hold(ledger):
    new, seen = Party("new"), Party("seen-elsewhere")
    action = new.admission(ledger.chain_id)
    action[1]["member"]["submission"] = seen.key("submission").public.cose_key
    tx = {"action": action, "expires": ledger.now + 1000}
    assert ledger.refuse(ledger.founder, "propose", tx) == "KEY_POSSESSION"
    action[1]["possession"]["submission"] = None
    assert ledger.refuse(ledger.founder, "propose", tx) == "KEY_POSSESSION"


def test_a_key_is_registered_once_ever(ledger):
    new = Party("new")
    action = new.admission(ledger.chain_id)
    taken = ledger.parties[1].key("receipt")
    action[1]["member"]["receipt"] = taken.public.cose_key
    action[1]["possession"]["receipt"] = statements.key_possession(
        taken, chain_id=ledger.chain_id, did=new.did, role="receipt"
    )
    tx = {"action": action, "expires": ledger.now + 1000}
    assert ledger.refuse(ledger.founder, "propose", tx) == "KEY_IN_USE"


def test_one_key_cannot_have_two_roles(ledger):
    new = Party("new")
    action = new.admission(ledger.chain_id)
    one = new.key("governance")
    action[1]["member"]["submission"] = one.public.cose_key
    action[1]["possession"]["submission"] = statements.key_possession(
        one, chain_id=ledger.chain_id, did=new.did, role="submission"
    )
    tx = {"action": action, "expires": ledger.now + 1000}
    assert ledger.refuse(ledger.founder, "propose", tx) == "KEY_IN_USE"


def test_a_weak_key_is_refused(ledger):
    new = Party("new")
    action = new.admission(ledger.chain_id)
    identity_point = {1: 1, -1: 6, -2: b"\x01" + bytes(31)}
    action[1]["member"]["governance"] = identity_point
    tx = {"action": action, "expires": ledger.now + 1000}
    assert ledger.refuse(ledger.founder, "propose", tx) == "TX_MALFORMED"


def test_a_removed_member_neither_speaks_nor_counts(ledger):
    left = ledger.parties[2]
    ledger.accept(left, "endpoint.put", {"node": None, "mirror": "https://m.example", "receipts": None})
    ledger.decide(["remove", {"member": left.did}])
    assert ledger.value("member", left.did) is None
    assert ledger.value("endpoint", left.did) is None
    assert left.did not in ledger.value("members")
    urls = {"node": None, "mirror": None, "receipts": None}
    assert ledger.refuse(left, "endpoint.put", urls) == "NOT_A_MEMBER"
    action = ["agreement.end", {"id": "urn:vocred:agreement:X"}]
    assert ledger.refuse(left, "propose", {"action": action, "expires": ledger.now + 9}) == "NOT_A_MEMBER"


def test_numbers_of_statements_survive_removal(ledger):
    left = ledger.parties[2]
    ledger.accept(left, "endpoint.put", {"node": None, "mirror": None, "receipts": None})
    ledger.decide(["remove", {"member": left.did}])
    assert ledger.value("seq", left.did, "governance") >= 1
    assert ledger.value("key", left.key("governance").public.thumbprint) == [left.did, "governance"]


def test_the_last_signer_is_never_removed(ledger):
    action = ["remove", {"member": ledger.founder.did}]
    tx = {"action": action, "expires": ledger.now + 1000}
    assert ledger.refuse(ledger.founder, "propose", tx) == "NOT_PERMITTED"


# Issuers.


def test_an_accreditor_brings_a_new_issuer(ledger):
    college = Party("college")
    ledger.accept(ledger.founder, "issuer.put", college.issuer(ledger.chain_id, 99))
    record = ledger.value("issuer", college.did)
    assert (record["number"], record["since"]) == (99, ledger.now)
    assert (record["suspensions"], record["compromised"], record["closed"]) == ([], [], None)
    assert ledger.value("number", 99) == college.did
    assert ledger.value("quota", ledger.founder.did) == 1


def test_a_member_that_is_no_accreditor_brings_nobody(ledger):
    body = Party("college").issuer(ledger.chain_id, 99)
    assert ledger.refuse(ledger.parties[1], "issuer.put", body) == "NOT_PERMITTED"


def test_an_accreditor_registers_itself_but_no_other_member(ledger):
    other = ledger.parties[1].issuer(ledger.chain_id, 98)
    assert ledger.refuse(ledger.founder, "issuer.put", other) == "NOT_PERMITTED"
    ledger.accept(ledger.founder, "issuer.put", ledger.founder.issuer(ledger.chain_id, 99))


def test_another_member_becomes_an_issuer_by_vote(ledger):
    member = ledger.parties[1]
    ledger.decide(["issuer.put", member.issuer(ledger.chain_id, 98)])
    assert ledger.value("number", 98) == member.did


def test_an_accreditor_cannot_take_an_issuer_over(ledger, college):
    thief = college.issuer(ledger.chain_id, 7, submission=key("thief").public.cose_key)
    assert ledger.refuse(ledger.founder, "issuer.put", thief) == "NOT_PERMITTED"
    same = college.issuer(ledger.chain_id, 7, document=bytes(32))
    assert ledger.refuse(ledger.founder, "issuer.put", same) == "NOT_PERMITTED"


def test_a_number_is_never_used_again(ledger, college):
    body = Party("later").issuer(ledger.chain_id, 7)
    assert ledger.refuse(ledger.founder, "issuer.put", body) == "ALREADY_USED"


@pytest.mark.parametrize("number", [-1, 1 << 20, "7", None])
def test_a_number_fits_the_printed_code(ledger, number):
    body = Party("college").issuer(ledger.chain_id, number)
    assert ledger.refuse(ledger.founder, "issuer.put", body) == "TX_MALFORMED"


def test_an_accreditor_has_a_quota_of_numbers(tmp_path):
    ledger = Consortium(tmp_path, numbers=2)
    for number in range(2):
        ledger.accept(ledger.founder, "issuer.put", Party(f"c{number}").issuer(ledger.chain_id, number))
    third = Party("c3").issuer(ledger.chain_id, 3)
    assert ledger.refuse(ledger.founder, "issuer.put", third) == "QUOTA"
    ledger.core.close()


def test_an_issuer_keeps_its_own_record_up_to_date(ledger, college):
    document = b"\x02" * 32
    ledger.accept(college, "issuer.put", college.issuer(ledger.chain_id, 7, document=document))
    record = ledger.value("issuer", college.did)
    assert record["document"] == document
    assert record["since"] < ledger.now


@pytest.mark.parametrize("role", ["submission", "governance"])
def test_an_issuer_cannot_replace_its_keys_by_itself(ledger, college, role):
    new = key("fresh")
    body = college.issuer(ledger.chain_id, 7, **{role: new.public.cose_key})
    body["possession"][role] = statements.key_possession(
        new, chain_id=ledger.chain_id, did=college.did, role=role
    )
    assert ledger.refuse(college, "issuer.put", body) == "NOT_PERMITTED"


def test_an_issuer_cannot_change_its_number(ledger, college):
    assert ledger.refuse(college, "issuer.put", college.issuer(ledger.chain_id, 8)) == "NOT_PERMITTED"


def test_a_submission_key_cannot_change_the_record(ledger, college):
    body = college.issuer(ledger.chain_id, 7, document=bytes(32))
    tx = ledger.sign(college, "issuer.put", body, key=college.key("submission"))
    assert ledger.block(tx).results[0].refusal.code == "TX_ROLE"


def test_a_member_that_becomes_issuer_repeats_its_keys(ledger):
    body = ledger.founder.issuer(ledger.chain_id, 5)
    other = key("second governance key")
    body["governance"] = other.public.cose_key
    body["possession"]["governance"] = statements.key_possession(
        other, chain_id=ledger.chain_id, did=ledger.founder.did, role="governance"
    )
    assert ledger.refuse(ledger.founder, "issuer.put", body) == "NOT_PERMITTED"


def test_repeated_keys_need_no_signature_but_never_a_wrong_one(ledger):
    body = ledger.founder.issuer(ledger.chain_id, 5)
    body["possession"] = {"submission": None, "governance": bytes(64)}
    assert ledger.refuse(ledger.founder, "issuer.put", body) == "KEY_POSSESSION"
    body["possession"]["governance"] = None
    ledger.accept(ledger.founder, "issuer.put", body)


@pytest.mark.parametrize(
    "url",
    [
        "http://yunling.example",
        "ftp://yunling.example",
        "https://user@yunling.example",
        "HTTPS://yunling.example",
        "https://Yunling.example",
        "http://127.0.0.1.evil.example",
        "http://localhost@evil.example",
        "https://yunling.example\\@evil.example",
        "https://yunling.example/?q=1",
        "https://yunling.example/#f",
        "https://yunling.example/a b",
        "https:///path",
        "https://云岭.example",
        "javascript:alert(1)",
        "https://yunling.example:port",
        "https://" + "a" * 600,
        None,
    ],
)
def test_urls_are_https_and_plain(ledger, url):
    body = Party("college").issuer(ledger.chain_id, 9)
    body["urls"] = {**body["urls"], "claims": url}
    assert ledger.refuse(ledger.founder, "issuer.put", body) == "TX_MALFORMED"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8701", "http://localhost:8701/store", "https://a.example:1"]
)
def test_loopback_urls_may_be_http(ledger, url):
    body = Party("college").issuer(ledger.chain_id, 9)
    body["urls"] = {**body["urls"], "store": url}
    ledger.accept(ledger.founder, "issuer.put", body)


# New keys by vote.


def replaced(ledger, party, *roles):
    fresh = {role: key(f"fresh {role}") for role in roles}
    body = party.issuer(ledger.chain_id, 7)
    for role, new in fresh.items():
        body[role] = new.public.cose_key
        body["possession"][role] = statements.key_possession(
            new, chain_id=ledger.chain_id, did=party.did, role=role
        )
    return body, fresh


def test_new_keys_come_by_vote_and_the_old_ones_end(ledger, college):
    body, fresh = replaced(ledger, college, "submission")
    ledger.decide(["issuer.put", body])
    assert ledger.refuse(college, "anchor", {"root": bytes(32)}) == "TX_UNKNOWN_KEY"
    ledger.accept(college, "anchor", {"root": bytes(32)}, key=fresh["submission"])


def test_new_keys_by_vote_wait_for_the_delay(tmp_path):
    ledger = Consortium(tmp_path, delay=1000)
    college = Party("college")
    ledger.make_issuer(college)
    body, fresh = replaced(ledger, college, "submission")
    ledger.decide(["issuer.put", body])
    ledger.accept(college, "anchor", {"root": bytes(32)})
    ledger.block(after=1000)
    ledger.accept(college, "anchor", {"root": b"\x01" * 32}, key=fresh["submission"])
    unchanged = college.issuer(ledger.chain_id, 7, **{r: body[r] for r in ("submission", "possession")})
    ledger.decide(["issuer.put", {**unchanged, "document": bytes(32)}])  # no new key: no delay
    assert ledger.value("issuer", college.did)["document"] == bytes(32)
    ledger.core.close()


def test_not_even_a_vote_changes_an_issuers_number(ledger, college):
    tx = {"action": ["issuer.put", college.issuer(ledger.chain_id, 8)], "expires": ledger.now + 1000}
    assert ledger.refuse(ledger.founder, "propose", tx) == "NOT_PERMITTED"


def test_a_key_that_nobody_registered_says_nothing(ledger, college):
    tx = ledger.sign(college, "anchor", {"root": bytes(32)}, key=key("unregistered"))
    assert ledger.block(tx).results[0].refusal.code == "TX_UNKNOWN_KEY"
    other = ledger.sign(college, "anchor", {"root": bytes(32)}, key=ledger.founder.key("submission"))
    assert ledger.block(other).results[0].refusal.code == "TX_UNKNOWN_KEY"


def test_a_replaced_key_never_comes_back(ledger, college):
    body, _ = replaced(ledger, college, "submission")
    ledger.decide(["issuer.put", body])
    tx = {"action": ["issuer.put", college.issuer(ledger.chain_id, 7)], "expires": ledger.now + 1000}
    assert ledger.refuse(ledger.founder, "propose", tx) == "KEY_IN_USE"


def test_a_did_has_one_governance_key_as_member_and_issuer(ledger):
    member = ledger.parties[1]
    ledger.decide(["issuer.put", member.issuer(ledger.chain_id, 7)])
    body, fresh = replaced(ledger, member, "governance")
    ledger.decide(["issuer.put", body])
    assert ledger.value("member", member.did)["governance"] == body["governance"]
    urls = {"node": None, "mirror": None, "receipts": None}
    assert ledger.refuse(member, "endpoint.put", urls) == "TX_UNKNOWN_KEY"
    ledger.accept(member, "endpoint.put", urls, key=fresh["governance"])


def test_the_old_governance_key_stops_its_own_replacement(tmp_path):
    ledger = Consortium(tmp_path, delay=1000)
    college = Party("college")
    ledger.make_issuer(college)
    body, _ = replaced(ledger, college, "governance")
    proposal = ledger.decide(["issuer.put", body])
    assert ledger.status(proposal) == "enacted"
    ledger.accept(college, "withdraw", {"proposal": proposal})
    ledger.block(after=2000)
    assert ledger.status(proposal) == "withdrawn"
    assert ledger.value("keys", college.did)["governance"] == college.record["governance"]
    ledger.core.close()


# Grants.


def test_a_grant_may_lie_in_the_past_and_end_early(ledger, college):
    ledger.accept(ledger.founder, "accredit", grant(college, start=START - 10**7))
    ledger.accept(ledger.founder, "accredit", grant(college, start=START - 10**7, until=ledger.now))
    assert ledger.refuse(college, "anchor", {"root": bytes(32)}) == "NOT_ACCREDITED"


def test_an_accreditor_grants_only_the_types_of_its_admission(ledger, college):
    body = grant(college, "CompetitionAward")
    assert ledger.refuse(ledger.founder, "accredit", body) == "NOT_PERMITTED"


def test_a_member_that_is_no_accreditor_grants_nothing(ledger, college):
    assert ledger.refuse(ledger.parties[1], "accredit", grant(college)) == "NOT_PERMITTED"


def test_an_issuer_that_is_no_member_grants_nothing(ledger, college):
    assert ledger.refuse(college, "accredit", grant(college)) == "NOT_A_MEMBER"


def test_a_grant_is_for_a_registered_issuer(ledger):
    assert ledger.refuse(ledger.founder, "accredit", grant(Party("nobody"))) == "UNKNOWN"


def test_a_grant_does_not_end_before_it_begins(ledger, college):
    assert ledger.refuse(ledger.founder, "accredit", grant(college, start=9, until=8)) == "TX_MALFORMED"


def test_a_grant_by_vote_stands_under_the_chain_id(ledger, college):
    ledger.decide(["accredit", grant(college, "CompetitionAward")])
    assert ledger.value("grant", ledger.chain_id, college.did, "CompetitionAward")["until"] is None
    assert ledger.value("grants", college.did) == [
        [ledger.founder.did, "GraduationCertificate"],
        [ledger.chain_id, "CompetitionAward"],
    ]


def test_removing_an_accreditor_ends_its_grants(tmp_path):
    ledger = Consortium(tmp_path, count=4, signers=2)
    college = Party("college")
    ledger.make_issuer(college, until=START + 10**6)
    accreditor = ledger.founder
    to_come = grant(college, "SkillLevelCertificate", start=START + 10**6)
    ledger.accept(accreditor, "accredit", to_come)
    ledger.accept(college, "anchor", {"root": bytes(32)})
    ledger.decide(["remove", {"member": accreditor.did}])
    assert ledger.value("grant", accreditor.did, college.did, "GraduationCertificate")["until"] == ledger.now
    ended = ledger.value("grant", accreditor.did, college.did, "SkillLevelCertificate")
    assert ended == {"from": START + 10**6, "until": START + 10**6}
    ledger.block()  # the first of the new epoch has an entry of its own
    assert ledger.refuse(college, "anchor", {"root": b"\x01" * 32}) == "NOT_ACCREDITED"
    ledger.core.close()


# Wallets and endpoints.


def wallet(ledger, tag="AB12", url="https://wallet.example", seed="wallet"):
    new = key(seed)
    proof = statements.key_possession(
        new, chain_id=ledger.chain_id, did=f"urn:vocred:wallet:{tag}", role="wallet"
    )
    return ["wallet.put", {"tag": tag, "url": url, "key": new.public.cose_key, "possession": proof}]


def test_a_wallet_enters_by_vote_only(ledger):
    ledger.decide(wallet(ledger))
    assert ledger.value("wallet", "AB12")["url"] == "https://wallet.example"
    assert "wallet.put" not in statements.ROLES


def test_a_wallets_tag_is_four_characters_of_the_code_alphabet(ledger):
    for tag in ("AB1", "AB123", "ab12", "ABIL", "AB-1"):
        tx = {"action": wallet(ledger, tag=tag), "expires": ledger.now + 1000}
        assert ledger.refuse(ledger.founder, "propose", tx) == "TX_MALFORMED"


def test_a_wallet_moves_by_vote_and_keeps_its_key(ledger):
    ledger.decide(wallet(ledger))
    action = wallet(ledger, url="https://moved.example")
    action[1]["possession"] = None
    ledger.decide(action)
    assert ledger.value("wallet", "AB12")["url"] == "https://moved.example"


def test_a_wallet_cannot_take_anothers_key(ledger):
    ledger.decide(wallet(ledger))
    tx = {"action": wallet(ledger, tag="CD34"), "expires": ledger.now + 1000}
    assert ledger.refuse(ledger.founder, "propose", tx) == "KEY_IN_USE"


def test_an_endpoint_is_a_members_own(ledger, college):
    urls = {"node": "https://node.example", "mirror": None, "receipts": None}
    ledger.accept(ledger.parties[1], "endpoint.put", urls)
    assert ledger.value("endpoint", ledger.parties[1].did) == urls
    assert ledger.refuse(college, "endpoint.put", urls) == "NOT_A_MEMBER"
    assert ledger.refuse(ledger.founder, "endpoint.put", {"node": None}) == "TX_MALFORMED"


def test_a_ledger_opens_again_as_it_was_closed(ledger, college):
    head = ledger.core.head
    ledger.core.close()
    ledger.core = Core.open(ledger.path)
    assert ledger.core.head == head
    ledger.accept(college, "anchor", {"root": bytes(32)})
