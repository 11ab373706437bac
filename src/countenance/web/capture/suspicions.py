"""What speaks against the pictures of one capture coming from a camera, now, for the first time."""

from __future__ import annotations

from collections.abc import Mapping

from countenance.ceremony.verdict import Reason, Verdict
from countenance.events import Tag
from countenance.identity.interfaces import AuditTrail, FrameDigest, SeenFrames, Transaction
from countenance.settings import InjectionSettings, Suspicion
from countenance.web.capture.course import Analysis


class Suspicions:
    """Gathers them while a capture runs; at its end they are written down and may refuse it.

    None of them ever speaks for a person.
    """

    def __init__(
        self,
        transaction: Transaction,
        *,
        seen_frames: SeenFrames,
        audit: AuditTrail,
        settings: InjectionSettings,
    ) -> None:
        """Begin without any; `settings` says which of them refuse."""
        self._transaction = transaction
        self._seen_frames = seen_frames
        self._audit = audit
        self._settings = settings
        self._frames: set[FrameDigest] = set()
        self._found: dict[Reason, str] = {}

    def look_at(self, analysis: Analysis) -> None:
        """Take a frame into account; one without a face that was judged proves nothing."""
        fingerprint = analysis.fingerprint
        if fingerprint is not None and analysis.embedding is not None:
            self._frames.add(self._seen_frames.digest(fingerprint.tobytes()))

    def settle(self, verdict: Verdict) -> Verdict:
        """The verdict in the light of all suspicions; called once, at the end of the capture.

        Raises: StorageError, UserNotFoundError: then nothing may be granted.
        """
        if sent_before := self._seen_frames.take(self._transaction.user_id, self._frames):
            self._found[Reason.REPLAYED] = f"{sent_before} of {len(self._frames)} frames"
        if not self._found:
            return verdict
        self._write_down({reason.value: detail for reason, detail in self._found.items()})
        refusing = [reason for reason in self._found if self._refuses(reason)]
        return Verdict.denied(refusing[0]) if refusing else verdict

    def _refuses(self, reason: Reason) -> bool:
        modes = {Reason.REPLAYED: self._settings.replay}
        return modes.get(reason) == Suspicion.BLOCK

    def _write_down(self, details: Mapping[str, str]) -> None:
        self._audit.append(
            Tag.CAPTURE_SUSPECTED,
            subject_id=self._transaction.user_id,
            actor_id=self._transaction.actor_id,
            address=self._transaction.address,
            details={"purpose": self._transaction.purpose.value, **details},
        )
