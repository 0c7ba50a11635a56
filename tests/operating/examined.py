"""What ``vocred doctor`` finds in the homes that a demo left."""

import shlex
from pathlib import Path

from vocred.operating.doctor import examine
from vocred.operating.instances import SERVICES


def findings(home: Path) -> list[str]:
    """Examine every service of a demo, without its ledger; return what is wrong."""
    found = []
    for file in sorted(home.glob("*.env")):
        words = [shlex.split(line) for line in file.read_text(encoding="utf-8").splitlines()]
        environ = dict(word.split("=", 1) for _export, word in words)
        for service in SERVICES:
            if f"{service.upper()}_HOME" in environ:
                outcomes = examine(service, environ, offline=True)
                found += [f"{file.stem}: {each.check}: {each.said}" for each in outcomes if not each.passed]
    return found
