"""Indices that tell who has a face of which pack, and who has which role.

Revision ID: 0014
"""

from __future__ import annotations

from typing import Final

from alembic import op

revision: Final = "0014"
down_revision: Final = "0013"


def upgrade() -> None:
    """Make the indices; that of faces also does what the one of packs alone did."""
    op.drop_index("ix_templates_pack", "templates")
    op.create_index("ix_templates_pack_user_id", "templates", ["pack", "user_id"])
    op.create_index("ix_users_role_name", "users", ["role", "name"])
