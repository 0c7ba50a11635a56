"""The deterministic state machine of the ledger."""
