"""From a file's rows to printed, anchored, claimed and revoked certificates, on a real ledger."""

from issuer import batches, printing
from tests.issuer.college import MAKER, College, new_row


def test_approved_batch_is_signed_anchored_indexed_and_printable(college: College):
    batch_id = college.issue(*(new_row(serial) for serial in range(30)))
    assert batches.progress(college.db, batch_id).signed == 30
    state = college.anchor()
    assert (state.problem, state.pending) == (None, 0)
    assert batches.progress(college.db, batch_id).printable
    sheets = printing.certificates(college.db, college.parts, batch_id=batch_id, actor=MAKER, now=college.now)
    assert len(sheets) == 30
    assert sheets[0].credential["credentialSubject"]["licenseNumber"] == sheets[0].record.number
    assert "id" not in sheets[0].credential["credentialSubject"]
