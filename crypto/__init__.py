"""Keys and their checks, COSE, deterministic CBOR, JCS, multibase, sealing: the leaf under ledger and vc."""
