"""Programs that run inside a peer's environment, where nothing of ours is installed.

They use the standard library, numpy and the peer's own packages; `serving` speaks with the bench.
"""
