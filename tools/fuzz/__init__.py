"""Fuzzing of what reads the bytes of strangers: `python -m tools.fuzz`."""
