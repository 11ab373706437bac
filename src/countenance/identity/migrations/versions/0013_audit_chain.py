"""The chain of the audit trail, and triggers that keep sealed rows as they are.

The rows that there are get sealed at the first start, which has the key (`audit_trail.begin`).

Revision ID: 0013
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0013"
down_revision: Final = "0012"

_SQLITE: Final = (
    # A sealed row may be taken out of the chain, which shows, and never altered within it.
    """CREATE TRIGGER audit_rows_stay BEFORE UPDATE ON audit
    WHEN OLD.mac IS NOT NULL AND (NEW.mac IS NOT NULL OR NEW.id <> OLD.id OR NEW.at <> OLD.at
      OR NEW.tag <> OLD.tag OR NEW.subject_id IS NOT OLD.subject_id
      OR NEW.actor_id IS NOT OLD.actor_id OR NEW.address <> OLD.address
      OR NEW.details <> OLD.details)
    BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END""",
    """CREATE TRIGGER audit_rows_remain BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'audit rows are never deleted'); END""",
)
_POSTGRESQL: Final = (
    """CREATE OR REPLACE FUNCTION audit_rows_stay() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'UPDATE' AND (OLD.mac IS NULL OR (NEW.mac IS NULL
        AND (NEW.id, NEW.at, NEW.tag, NEW.subject_id, NEW.actor_id, NEW.address, NEW.details)
        IS NOT DISTINCT FROM
        (OLD.id, OLD.at, OLD.tag, OLD.subject_id, OLD.actor_id, OLD.address, OLD.details))) THEN
        RETURN NEW;
      END IF;
      RAISE EXCEPTION 'audit rows are never changed or deleted'
        USING ERRCODE = 'integrity_constraint_violation';
    END $$""",
    """CREATE TRIGGER audit_rows_stay BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_rows_stay()""",
    """CREATE TRIGGER audit_rows_remain BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_rows_stay()""",
)


def upgrade() -> None:
    """Add number and HMAC, empty; then the triggers."""
    op.add_column("audit", sa.Column("number", sa.BigInteger(), nullable=True))
    op.add_column("audit", sa.Column("mac", sa.String(length=64), nullable=True))
    op.create_index(op.f("ix_audit_number"), "audit", ["number"], unique=True)
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _SQLITE if is_sqlite else _POSTGRESQL:
        op.execute(statement)
