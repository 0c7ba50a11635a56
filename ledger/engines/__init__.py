"""What drives the core: the embedded engine."""
