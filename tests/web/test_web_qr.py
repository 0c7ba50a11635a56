"""QR codes: as small as the design says, and read back by another library."""

import random
import re

import pytest
import segno
import zxingcpp

from web import qr

PRINTED = "HTTPS://V.YUNLING.EDU.EXAMPLE/C#7ZK0123456789ABCDEFGHJK5"
OFFER = "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fissuer.example%2Foffers%2Fabc"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def _read(code: segno.QRCode, *, scale: int = 4) -> str:
    rows = [bytes(0 if dark else 255 for dark in row) for row in code.matrix_iter(scale=scale, border=4)]
    picture = memoryview(b"".join(rows)).cast("B", (len(rows), len(rows[0])))
    found = zxingcpp.read_barcodes(picture)
    assert len(found) == 1
    return found[0].text


def test_a_printed_link_is_version_4_at_level_q() -> None:
    code = qr.make(PRINTED, level="Q")
    assert (code.version, code.error) == (4, "Q")


def test_one_byte_segment_would_be_larger() -> None:
    assert (
        segno.make(PRINTED.lower(), error="Q", boost_error=False).version
        > qr.make(PRINTED, level="Q").version
    )


@pytest.mark.parametrize("text", [PRINTED, OFFER, "https://v.example/S/WA11#k-_0", "中文"])
@pytest.mark.parametrize("level", ["M", "Q"])
def test_what_is_drawn_is_read_back(text: str, level: str) -> None:
    assert _read(qr.make(text, level=level)) == text


def test_every_code_is_read_back() -> None:
    dice = random.Random(7)
    for _ in range(50):
        text = "HTTPS://V.EXAMPLE/C#" + "".join(dice.choices(ALPHABET, k=24))
        assert _read(qr.make(text, level="Q")) == text


def test_a_drawing_has_a_label_a_quiet_zone_and_no_style_of_its_own() -> None:
    drawing = qr.svg(PRINTED, label='<b>"code"</b>', level="Q")
    assert "<title>&lt;b&gt;" in drawing
    assert 'role="img"' in drawing
    assert 'viewBox="0 0 41 41"' in drawing
    assert not re.search(r"style=|<style|<script|\bon\w+=", drawing)
