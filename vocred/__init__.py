"""The one command line, and the demo."""
