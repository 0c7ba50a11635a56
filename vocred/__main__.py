"""``python -m vocred`` is the ``vocred`` command."""

from vocred.cli import main

main()
