"""Figures, printed and never asserted: ``python -m benchmarks [NAME…]`` runs all or those that are named.

Each module measures one thing in ``run()`` and can be read alone; ``measuring`` counts and prints,
``registers`` makes the registrars' files, ``college`` is an institution on a real ledger.
"""
