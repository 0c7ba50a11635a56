"""Proofs that outlive the ledger's nodes, checked offline."""
