"""From a record to the head and subject of a credential: one module for each kind of record."""
