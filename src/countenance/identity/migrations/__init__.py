"""Migrations of identity's tables; `identity.schema.upgrade` runs them at the start."""
