"""Up to when a session's user knows of devices.

Revision ID: 0011
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from countenance.db import UtcDateTime

revision: Final = "0011"
down_revision: Final = "0010"


def upgrade() -> None:
    """Add the column; sessions from before are told nothing."""
    op.add_column("sessions", sa.Column("news_since", UtcDateTime(), nullable=True))
