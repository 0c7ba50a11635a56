"""QR codes as inline SVG.

A printed certificate's link goes into three segments: everything before the fragment sign in the
alphanumeric alphabet, the sign itself as a byte, the code in the alphanumeric alphabet again. At
error correction level Q this is version 4 where one byte segment would be version 5.
"""

import io

import segno
from markupsafe import Markup
from segno.consts import MODE_ALPHANUMERIC, MODE_BYTE

QUIET_ZONE = 4
_ALPHANUMERIC = set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")


def svg(text: str, *, label: str, level: str = "M") -> Markup:
    """Draw ``text`` as a QR code.

    Args:
        text: What a scanner reads; links must be https.
        label: What a screen reader says.
        level: Error correction, ``M`` on screens and ``Q`` on paper.

    Returns:
        One ``svg`` element, black on white with a quiet zone, without a size of its own.
    """
    return Markup(_draw(make(text, level=level), label))  # noqa: S704 - segno's own markup, the label escaped


def make(text: str, *, level: str = "M") -> segno.QRCode:
    """Encode ``text``, in three segments where that makes the symbol smaller."""
    return segno.make(segments(text), error=level, boost_error=False, micro=False)


def segments(text: str) -> str | list[tuple[str, int]]:
    """Return the segments for ``text``: three for a printed link, one for anything else."""
    before, sign, after = text.partition("#")
    if sign and after and before and set(before) | set(after) <= _ALPHANUMERIC:
        return [(before, MODE_ALPHANUMERIC), (sign, MODE_BYTE), (after, MODE_ALPHANUMERIC)]
    return text


def _draw(code: segno.QRCode, label: str) -> str:
    buffer = io.BytesIO()
    code.save(
        buffer,
        kind="svg",
        border=QUIET_ZONE,
        dark="#000",
        light="#fff",
        xmldecl=False,
        svgns=True,
        svgclass="qr",
        lineclass=None,
        omitsize=True,
        title=label,
        nl=False,
    )
    return buffer.getvalue().decode("utf-8").replace("<svg ", '<svg role="img" ', 1)
