"""What can stop the measurement of logins.

BenchError
├── ClipsUnusableError  no clip, or none that a login can be played from
└── BenchServerError    the server under test did not start or went away
"""

from __future__ import annotations

from countenance.bench.errors import BenchError


class ClipsUnusableError(BenchError):
    """No clip is there, or none that a login can be played from."""

    code = "bench.clips"


class BenchServerError(BenchError):
    """The server under test did not start or went away."""

    code = "bench.server"
