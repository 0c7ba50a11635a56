"""The link by which a mentor opens a draft: ``<enterprise>/E#<college's number>.<draft>.<secret>``.

The part behind the number sign reaches no server by itself. The college is named by its number in the
registry, so that the enterprise's service asks only an address for which the consortium vouches.
"""

import re
from dataclasses import dataclass

from issuer.cosigning.errors import CosignLinkError

_CODE = re.compile(r"([0-9]{1,7})\.([0-9a-f]{20})\.([A-Za-z0-9_-]{22})")
_MOST_CHARS = 2_000


@dataclass(frozen=True)
class Link:
    """What a link names.

    Attributes:
        college_number: The college's number in the registry.
        draft_id: The draft there.
        secret: What opens it.
    """

    college_number: int
    draft_id: str
    secret: str

    @property
    def code(self) -> str:
        """What stands behind the number sign."""
        return f"{self.college_number}.{self.draft_id}.{self.secret}"

    def at(self, address: str) -> str:
        """Return the whole link at an enterprise's service."""
        return f"{address}/E#{self.code}"


def parse(text: str) -> Link:
    """Read a link, or what stands behind its number sign.

    Raises:
        CosignLinkError: It is neither.
    """
    found = _CODE.fullmatch(text.strip().rpartition("#")[2]) if len(text) <= _MOST_CHARS else None
    if found is None:
        raise CosignLinkError("not a link to a draft that is to be endorsed")
    return Link(int(found[1]), found[2], found[3])
