"""What can stop a measurement.

CountenanceError
└── BenchError                  the measurement cannot be made
    ├── PeerUnavailableError    another project's software cannot be installed here
    └── PeerFailedError         another project's software stopped or answered nonsense
"""

from __future__ import annotations

from countenance.errors import CountenanceError


class BenchError(CountenanceError):
    """The measurement cannot be made with what was given."""

    code = "bench"


class PeerUnavailableError(BenchError):
    """The environment of a peer cannot be made on this machine."""

    code = "bench.peer_unavailable"


class PeerFailedError(BenchError):
    """A peer's process stopped, was too slow or answered nonsense."""

    code = "bench.peer_failed"
