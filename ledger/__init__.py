"""The consortium's shared log: its registry, agreements and votes."""
