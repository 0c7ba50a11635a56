"""Verifiable credentials: pure functions over bytes and JSON; no clock, network, database or Flask."""
