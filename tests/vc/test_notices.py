"""Status notices: readable to who holds the credential, and to nobody else."""

import itertools

import pytest

from crypto import jcs
from vc import dates, notices
from vc.errors import NoticeError, StoreError
from vc.notices import Notice

FROM = dates.parse("2026-11-20T00:00:00Z")
UNTIL = dates.parse("2026-11-27T00:00:00Z")
OURS, OTHERS = "urn:uuid:6f1b8a52-3f4e-4a53-9d13-7f3f0d7d0001", "urn:uuid:0"
REVOKED = Notice("revoked", "录入错误更正", "2026-11-19", replacement="urn:uuid:9")
WITHDRAWN = Notice("withdrawn", "持有人申请", "2026-11-18")


def sealed(entries):
    counter = itertools.count()
    return notices.seal(
        entries,
        issuer="did:web:yunling.edu.example",
        version=3,
        valid_from=FROM,
        valid_until=UNTIL,
        nonce=lambda: next(counter).to_bytes(12, "big"),
    )


def test_a_notice_reads_back_for_its_own_entry():
    document = notices.parse(sealed({7: (OURS, REVOKED), 9: (OTHERS, WITHDRAWN)}))
    assert notices.open_notice(document, index=7, entry_id=OURS) == REVOKED
    assert notices.open_notice(document, index=9, entry_id=OTHERS) == WITHDRAWN


def test_an_index_without_a_notice_has_none():
    assert notices.open_notice(notices.parse(sealed({})), index=7, entry_id=OURS) is None


def test_a_notice_does_not_open_for_another_entry():
    document = notices.parse(sealed({7: (OURS, REVOKED)}))
    with pytest.raises(NoticeError):
        notices.open_notice(document, index=7, entry_id=OTHERS)


def test_a_notice_moved_to_another_index_does_not_open():
    document = notices.parse(sealed({7: (OURS, REVOKED)}))
    moved = notices.Notices(head=document.head, sealed={8: document.sealed[7]})
    with pytest.raises(NoticeError):
        notices.open_notice(moved, index=8, entry_id=OURS)


def test_the_document_tells_no_reason_and_no_length_to_others():
    document = notices.parse(sealed({7: (OURS, REVOKED), 9: (OTHERS, WITHDRAWN)}))
    assert "录入" not in sealed({7: (OURS, REVOKED)}).decode()
    assert len({len(text) for text in document.sealed.values()}) == 1


def test_the_head_carries_the_anchored_dates_and_version():
    head = notices.parse(sealed({})).head
    assert (head.version, head.valid_from, head.valid_until) == (3, FROM, UNTIL)


def test_a_reason_that_is_no_code_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="no reason code"):
        sealed({7: (OURS, Notice("revoked", "because", "2026-11-19"))})


@pytest.mark.parametrize(
    "changes",
    [{"notices": []}, {"notices": {"07": "x"}}, {"notices": {"-1": "x"}}, {"notices": {"7": 1}}, {"x": 1}],
)
def test_a_document_of_another_shape_is_refused(changes):
    members = {
        "issuer": "did:web:yunling.edu.example",
        "version": 1,
        "validFrom": "2026-11-20T00:00:00Z",
        "notices": {},
    }
    notices.parse(jcs.canonicalize(members))
    with pytest.raises(StoreError):
        notices.parse(jcs.canonicalize({**members, **changes}))


def test_what_is_no_json_is_refused():
    with pytest.raises(NoticeError):
        notices.parse(b"{")
