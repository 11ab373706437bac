"""Failed tries: tallies of each account, levels of addresses.

Revision ID: 0009
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from countenance.db import UtcDateTime

revision: Final = "0009"
down_revision: Final = "0008"


def upgrade() -> None:
    """Make both tables; nothing has failed yet."""
    op.create_table(
        "throttle_tallies",
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("factor", sa.String(length=16), nullable=False),
        sa.Column("device", sa.String(length=36), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("spent", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "factor", "device", name=op.f("pk_throttle_tallies")),
    )
    op.create_index(op.f("ix_throttle_tallies_at"), "throttle_tallies", ["at"], unique=False)
    op.create_table(
        "throttle_levels",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("amount", sa.Double(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_throttle_levels")),
    )
    op.create_index(op.f("ix_throttle_levels_at"), "throttle_levels", ["at"], unique=False)
