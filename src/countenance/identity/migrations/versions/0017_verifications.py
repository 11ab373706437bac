"""Verifications for other apps.

Revision ID: 0017
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from countenance.db import UtcDateTime

revision: Final = "0017"
down_revision: Final = "0016"


def upgrade() -> None:
    """Make the table, and let a ceremony be about nobody.

    SQLite changes a column by making the table anew, which drops pending tickets with the old one.
    """
    with op.batch_alter_table("transactions") as transactions:
        transactions.alter_column("user_id", existing_type=sa.String(length=36), nullable=True)
    op.create_table(
        "verifications",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("owner", sa.String(length=36), nullable=False),
        sa.Column("origin", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("reference", sa.String(length=255), nullable=False),
        sa.Column("policy", sa.String(length=16), nullable=False),
        sa.Column("granted_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["id"],
            ["transactions.id"],
            name=op.f("fk_verifications_id_transactions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verifications")),
    )
