"""Alembic's entry: runs the migrations on the connection that `schema.upgrade` holds."""

from __future__ import annotations

from alembic import context

from countenance.db import Base
from countenance.identity import (  # noqa: F401 - they fill the metadata
    authenticator_apps,
    camera_calibrations,
    consents,
    devices,
    invitation_rows,
    models,
    passkeys,
    pending_face_rows,
    recovery_codes,
    seen_frames,
    step_up,
    throttle_book,
)

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
    render_as_batch=True,  # SQLite alters a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
