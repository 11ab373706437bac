"""Frames that were sent before, by digest.

Revision ID: 0012
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from countenance.db import UtcDateTime

revision: Final = "0012"
down_revision: Final = "0011"


def upgrade() -> None:
    """Make the table of frames."""
    op.create_table(
        "seen_frames",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_seen_frames_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_seen_frames")),
    )
    op.create_index(op.f("ix_seen_frames_user_id"), "seen_frames", ["user_id"])
    op.create_index(op.f("ix_seen_frames_seen_at"), "seen_frames", ["seen_at"])
