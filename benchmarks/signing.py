"""Graduation certificates made of rows: built, checked, signed with eddsa-rdfc-2022, sealed under a code.

One thread. "All of it" is what approving a batch does for each row before it is written to the database.
"""

from collections.abc import Mapping

from benchmarks import registers
from benchmarks.college import GRADUATION, College
from benchmarks.measuring import folder, rate
from issuer import batches, issuance
from issuer.signing import Slot

COUNT = 200
_ENTRY = "urn:uuid:6f1b8a52-3f4e-4a53-9d13-7f3f0d7d0001"
_RECORD = "0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0001"


def run() -> None:
    """Measure the steps and all of them together."""
    with folder() as home:
        college = College(home)
        checked = college.check(registers.graduates(COUNT))
        rows = [row.fields for row in batches.new_rows(college.parts, checked)]
        press = issuance.press(college.db, college.parts, now=college.now)
        places = [Slot(1, index, _ENTRY) for index in range(COUNT)]

        def sign(fields: Mapping[str, str], slot: Slot, *, holder: str | None = None) -> object:
            return press.sign(fields, credential_type=GRADUATION, record_id=_RECORD, slot=slot, holder=holder)

        def sign_rows() -> list[object]:
            return [sign(fields, slot) for fields, slot in zip(rows, places, strict=True)]

        signed = sign_rows()
        rate("build, check and sign a paper form", sign_rows, count=COUNT)
        rate("seal it under a fresh printed code", lambda: [press.seal(form) for form in signed], count=COUNT)
        rate(
            "all of it: build, check, sign, seal",
            lambda: [press.seal(form) for form in sign_rows()],
            count=COUNT,
        )
        college.close()
