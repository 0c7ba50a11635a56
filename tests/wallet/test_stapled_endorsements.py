"""A share carries what its endorsements rest on, so that it can be checked while enterprise and ledger are
away.
"""

import pytest

from tests.wallet.doubles import NOW
from tests.wallet.enterprises import Enterprise, RecordingCollege
from tests.wallet.test_presenting import opened
from wallet import looking_up, presenting, receiving

RECORD = "ApprenticeshipRecord"


@pytest.fixture
def enterprise(registry, network):
    found = Enterprise(registry)
    network.hosts[found.url] = found
    return found


@pytest.fixture
def school(registry, network, enterprise):
    found = RecordingCollege(registry, enterprise=enterprise)
    found.register(types=(RECORD,))
    network.hosts[found.url] = found
    return found


@pytest.fixture
def package(db, wallet, school, parts):
    def package():
        offered = looking_up.look_up(school.hand_out(kind=RECORD), parts=parts, now=NOW)
        held = receiving.receive(db, wallet, offered, pin="123456", parts=parts, now=NOW)
        made = presenting.present(db, wallet, list(held), label="星衡", days=30, parts=parts, now=NOW)
        return opened(db, made)

    return package


@pytest.mark.row("S48")
def test_share_of_an_endorsed_record_carries_the_enterprises_list_and_keys(package, school, enterprise):
    found = package()
    assert {item["id"] for item in found.status_lists} == {school.list_url, enterprise.list_url}
    assert set(found.documents) == {school.document, enterprise.document}


def test_enterprise_that_is_away_leaves_the_share_without_its_list(package, school, enterprise, network):
    del network.hosts[enterprise.url]
    found = package()
    assert [item["id"] for item in found.status_lists] == [school.list_url]
