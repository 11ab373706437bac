"""Confirmations of single acts.

Revision ID: 0008
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from countenance.db import UtcDateTime

revision: Final = "0008"
down_revision: Final = "0007"


def upgrade() -> None:
    """Make the table, and let a ceremony say what it confirms."""
    op.create_table(
        "step_up_grants",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("act_digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["sessions.id"],
            name=op.f("fk_step_up_grants_session_id_sessions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_step_up_grants_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_step_up_grants")),
    )
    for column in ("session_id", "user_id", "expires_at"):
        name = op.f(f"ix_step_up_grants_{column}")
        op.create_index(name, "step_up_grants", [column], unique=False)
    op.add_column("transactions", sa.Column("confirms", sa.Text(), nullable=True))
