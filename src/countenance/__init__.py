"""Self-hosted face login that checks the person is really there."""

__version__ = "0.1.0"
