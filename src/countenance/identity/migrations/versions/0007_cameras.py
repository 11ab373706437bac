"""What known cameras give bona fide presentations.

Revision ID: 0007
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from countenance.db import UtcDateTime

revision: Final = "0007"
down_revision: Final = "0006"


def upgrade() -> None:
    """Make the tables of cameras and of what captures are about to teach of them."""
    op.create_table(
        "cameras",
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.Column("width_px", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("height_px", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("detector", sa.String(length=64), nullable=False),
        sa.Column("logins", sa.Integer(), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("centre", sa.Double(), nullable=False),
        sa.Column("spread", sa.Double(), nullable=False),
        sa.Column("learned_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["devices.id"],
            name=op.f("fk_cameras_device_id_devices"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "device_id", "width_px", "height_px", "mark", name=op.f("pk_cameras")
        ),
    )
    op.create_index(op.f("ix_cameras_detector"), "cameras", ["detector"])
    op.create_table(
        "camera_lessons",
        sa.Column("transaction_id", sa.String(length=36), nullable=False),
        sa.Column("width_px", sa.Integer(), nullable=False),
        sa.Column("height_px", sa.Integer(), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("detector", sa.String(length=64), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("centre", sa.Double(), nullable=False),
        sa.Column("spread", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["transactions.id"],
            name=op.f("fk_camera_lessons_transaction_id_transactions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("transaction_id", name=op.f("pk_camera_lessons")),
    )
