"""What changed among the templates, so that a gallery in memory can follow.

Revision ID: 0002
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0002"
down_revision: Final = "0001"


def upgrade() -> None:
    """Make the table of changes and its counter."""
    op.create_table(
        "template_changes",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_template_changes")),
    )
    op.create_index(
        op.f("ix_template_changes_revision"), "template_changes", ["revision"], unique=True
    )
    installation = sa.table("installation", sa.column("name"), sa.column("value"))
    op.bulk_insert(installation, [{"name": "template_revision", "value": "0"}])
