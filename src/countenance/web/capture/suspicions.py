"""What speaks against the pictures of one capture coming from a camera, now, for the first time."""

from __future__ import annotations

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
        self._found: dict[Reason, list[str]] = {}
        self._refusing: list[Reason] = []

    def look_at(self, analysis: Analysis) -> None:
        """Take a frame into account; one without a face that was judged proves nothing."""
        fingerprint = analysis.fingerprint
        if fingerprint is not None and analysis.embedding is not None:
            self._frames.add(self._seen_frames.digest(fingerprint.tobytes()))

    def add(self, reason: Reason, detail: str, *, is_certain: bool) -> bool:
        """Note one of them; True when it refuses.

        Args:
            detail: one word that tells what was found.
            is_certain: whether nothing else explains it.
        """
        self._found.setdefault(reason, []).append(detail)
        modes = {
            Reason.REPLAYED: self._settings.replay,
            Reason.VIRTUAL_CAMERA: self._settings.camera_metadata,
        }
        default = Suspicion.BLOCK if is_certain else Suspicion.OBSERVE
        if modes.get(reason, default) != Suspicion.BLOCK:
            return False
        self._refusing.append(reason)
        return True

    def settle(self, verdict: Verdict) -> Verdict:
        """The verdict in the light of all suspicions; called once, at the end of the capture.

        Raises: StorageError, UserNotFoundError: then nothing may be granted.
        """
        user_id = self._transaction.subject_id
        if user_id and (sent_before := self._seen_frames.take(user_id, self._frames)):
            detail = f"{sent_before} of {len(self._frames)} frames"
            self.add(Reason.REPLAYED, detail, is_certain=True)
        if self._found:
            self._write_down()
        return Verdict.denied(self._refusing[0]) if self._refusing else verdict

    def _write_down(self) -> None:
        found = {reason.value: " ".join(details) for reason, details in self._found.items()}
        self._audit.append(
            Tag.CAPTURE_SUSPECTED,
            subject_id=self._transaction.subject_id,
            actor_id=self._transaction.actor_id,
            address=self._transaction.address,
            details={"purpose": self._transaction.purpose.value, **found},
        )
