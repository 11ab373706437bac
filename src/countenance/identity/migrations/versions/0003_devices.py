"""Browsers that are known, and which of them a session is in.

Revision ID: 0003
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from countenance.db import UtcDateTime

revision: Final = "0003"
down_revision: Final = "0002"


def upgrade() -> None:
    """Make the table of devices and let sessions name theirs."""
    op.create_table(
        "devices",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_devices_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("token_hash", "user_id", name=op.f("uq_devices_token_hash")),
    )
    op.create_index(op.f("ix_devices_user_id"), "devices", ["user_id"])
    with op.batch_alter_table("sessions") as sessions:
        sessions.add_column(sa.Column("device_id", sa.String(length=36), nullable=True))
        sessions.create_foreign_key(
            op.f("fk_sessions_device_id_devices"),
            "devices",
            ["device_id"],
            ["id"],
            ondelete="SET NULL",
        )
        sessions.create_index(op.f("ix_sessions_device_id"), ["device_id"])
