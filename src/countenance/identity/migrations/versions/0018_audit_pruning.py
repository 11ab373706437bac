"""Let rows of the audit trail go that were pruned: up to the number that a pruning wrote down.

The triggers stop mistakes; what they let through shows in the chain unless the head was sealed anew
with the key (`audit_pruning`).

Revision ID: 0018
"""

from __future__ import annotations

from typing import Final

from alembic import op

revision: Final = "0018"
down_revision: Final = "0017"

_SQLITE: Final = (
    "DROP TRIGGER IF EXISTS audit_rows_remain",
    """CREATE TRIGGER audit_rows_remain BEFORE DELETE ON audit
    WHEN OLD.number IS NULL OR OLD.number > coalesce(
      (SELECT CAST(value AS INTEGER) FROM installation WHERE name = 'audit-cut'), 0)
    BEGIN SELECT RAISE(ABORT, 'audit rows are never deleted'); END""",
)
_POSTGRESQL: Final = (
    """CREATE OR REPLACE FUNCTION audit_rows_stay() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'UPDATE' THEN
        IF OLD.mac IS NULL OR (NEW.mac IS NULL
          AND (NEW.id, NEW.at, NEW.tag, NEW.subject_id, NEW.actor_id, NEW.address, NEW.details)
          IS NOT DISTINCT FROM
          (OLD.id, OLD.at, OLD.tag, OLD.subject_id, OLD.actor_id, OLD.address, OLD.details)) THEN
          RETURN NEW;
        END IF;
      ELSIF TG_OP = 'DELETE' THEN
        IF OLD.number <= (SELECT CAST(value AS bigint) FROM installation
          WHERE name = 'audit-cut') THEN
          RETURN OLD;
        END IF;
      END IF;
      RAISE EXCEPTION 'audit rows are never changed or deleted'
        USING ERRCODE = 'integrity_constraint_violation';
    END $$""",
)


def upgrade() -> None:
    """Replace what forbids to delete."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _SQLITE if is_sqlite else _POSTGRESQL:
        op.execute(statement)
