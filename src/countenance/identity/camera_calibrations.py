"""What known cameras give bona fide presentations: a few numbers each, no scores of frames."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import ForeignKey, delete, func, select
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm import Session as DbSession

from countenance.db import Base, UtcDateTime
from countenance.events import Tag
from countenance.identity.audit import note
from countenance.identity.devices import DeviceRow
from countenance.identity.interfaces import (
    CameraKey,
    CameraLesson,
    Device,
    DeviceId,
    KnownCamera,
    TransactionState,
    UserId,
)
from countenance.identity.models import DIGEST, ID, TransactionRow
from countenance.identity.store import Store, is_id
from countenance.pad.camera import CameraScores, learned

MAX_CAMERAS: Final = 8
"""Of one device; beyond, those that taught longest ago go. The browser names them, after all."""


class CameraRow(Base):
    """A camera of a known device."""

    __tablename__ = "cameras"

    device_id: Mapped[str] = mapped_column(
        ID, ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True
    )
    width_px: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    height_px: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    mark: Mapped[str] = mapped_column(DIGEST, primary_key=True)
    detector: Mapped[str] = mapped_column(DIGEST, index=True)
    logins: Mapped[int]
    frames: Mapped[int]
    centre: Mapped[float]
    spread: Mapped[float]
    learned_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CameraLessonRow(Base):
    """What a granted capture saw, until its transaction is completed."""

    __tablename__ = "camera_lessons"

    transaction_id: Mapped[str] = mapped_column(
        ID, ForeignKey("transactions.id", ondelete="CASCADE"), primary_key=True
    )
    width_px: Mapped[int]
    height_px: Mapped[int]
    mark: Mapped[str] = mapped_column(DIGEST)
    detector: Mapped[str] = mapped_column(DIGEST)
    frames: Mapped[int]
    centre: Mapped[float]
    spread: Mapped[float]


class SqlCameraCalibrations:
    """`interfaces.CameraCalibrations` in the database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, device_id: DeviceId, camera: CameraKey, *, detector: str) -> CameraScores | None:
        if not is_id(device_id):
            return None
        with self._store.reading() as session:
            row = session.get(CameraRow, _place(device_id, camera))
        return _scores(row) if row is not None and row.detector == detector else None

    def propose(self, transaction_id: str, lesson: CameraLesson) -> None:
        with self._store.writing() as session:
            session.merge(
                CameraLessonRow(
                    transaction_id=transaction_id,
                    width_px=lesson.camera.width_px,
                    height_px=lesson.camera.height_px,
                    mark=lesson.camera.mark,
                    detector=lesson.detector,
                    frames=lesson.scores.frames,
                    centre=lesson.scores.centre,
                    spread=lesson.scores.spread,
                )
            )

    def confirm(self, transaction_id: str, device: Device) -> bool:
        query = (
            select(CameraLessonRow)
            .join(TransactionRow, TransactionRow.id == CameraLessonRow.transaction_id)
            .where(CameraLessonRow.transaction_id == transaction_id)
            .where(TransactionRow.user_id == device.user_id)
            .where(TransactionRow.state == TransactionState.COMPLETED.value)
            .with_for_update(of=CameraLessonRow)
        )
        with self._store.writing() as session:
            lesson = session.scalars(query).one_or_none()
            if lesson is None:
                return False
            session.delete(lesson)
            self._learn(session, device, _lesson(lesson))
        return True

    def list_cameras(self, user_id: UserId) -> tuple[KnownCamera, ...]:
        query = (
            select(CameraRow)
            .join(DeviceRow, DeviceRow.id == CameraRow.device_id)
            .where(DeviceRow.user_id == user_id)
            .order_by(CameraRow.learned_at.desc(), CameraRow.device_id)
        )
        with self._store.reading() as session:
            return tuple(_known(row) for row in session.scalars(query))

    def count_cameras(self) -> Mapping[str, int]:
        counted = func.count().label("cameras")
        counts = select(CameraRow.detector, counted).group_by(CameraRow.detector)
        with self._store.reading() as session:
            return {row.detector: row.cameras for row in session.execute(counts)}

    def _learn(self, session: DbSession, device: Device, lesson: CameraLesson) -> None:
        row = session.get(CameraRow, _place(device.id, lesson.camera), with_for_update=True)
        is_known = row is not None and row.detector == lesson.detector
        after = learned(_scores(row) if row is not None and is_known else None, lesson.scores)
        if row is None:
            _make_room(session, device.id)
            row = CameraRow(device_id=device.id, **_columns(lesson.camera))
            session.add(row)
        row.detector, row.learned_at = lesson.detector, self._store.now()
        row.logins, row.frames = after.logins, after.frames
        row.centre, row.spread = after.centre, after.spread
        session.flush()
        if not is_known:
            self._note_calibrated(session, device, lesson.camera)

    def _note_calibrated(self, session: DbSession, device: Device, camera: CameraKey) -> None:
        note(
            session,
            Tag.DEVICE_CALIBRATED,
            at=self._store.now(),
            subject_id=device.user_id,
            details={"device": device.id, "camera": f"{camera.width_px}x{camera.height_px}"},
        )


def drop_cameras(session: DbSession, user_id: UserId) -> None:
    """Forget what is known of the cameras of a user whose face is erased, and what was about to."""
    devices = select(DeviceRow.id).where(DeviceRow.user_id == user_id)
    pending = select(TransactionRow.id).where(TransactionRow.user_id == user_id)
    session.execute(delete(CameraRow).where(CameraRow.device_id.in_(devices)))
    session.execute(delete(CameraLessonRow).where(CameraLessonRow.transaction_id.in_(pending)))


def _make_room(session: DbSession, device_id: DeviceId) -> None:
    newest = (
        select(CameraRow)
        .where(CameraRow.device_id == device_id)
        .order_by(CameraRow.learned_at.desc())
        .offset(MAX_CAMERAS - 1)
    )
    for row in session.scalars(newest):
        session.delete(row)
    session.flush()


def _columns(camera: CameraKey) -> dict[str, int | str]:
    return {"width_px": camera.width_px, "height_px": camera.height_px, "mark": camera.mark}


def _place(device_id: DeviceId, camera: CameraKey) -> dict[str, int | str]:
    return {"device_id": device_id, **_columns(camera)}


def _scores(row: CameraRow) -> CameraScores:
    return CameraScores(row.logins, row.frames, row.centre, row.spread)


def _lesson(row: CameraLessonRow) -> CameraLesson:
    return CameraLesson(
        CameraKey(row.width_px, row.height_px, row.mark),
        row.detector,
        CameraScores(1, row.frames, row.centre, row.spread),
    )


def _known(row: CameraRow) -> KnownCamera:
    return KnownCamera(
        device_id=DeviceId(row.device_id),
        camera=CameraKey(row.width_px, row.height_px, row.mark),
        detector=row.detector,
        scores=_scores(row),
        learned_at=row.learned_at,
    )
