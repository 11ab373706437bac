"""The tables of identity.

Whatever belongs to a user goes with the user (`ON DELETE CASCADE`); the audit trail alone keeps
ids, without a foreign key.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from countenance.db import Base, UtcDateTime

ID = String(36)
DIGEST = String(64)
"""SHA-256 or HMAC-SHA-256 in hex."""
_ROW_ID = BigInteger().with_variant(Integer, "sqlite")


class InstallationRow(Base):
    """Facts of this installation: that it is set up, and which master key it uses."""

    __tablename__ = "installation"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class UserRow(Base):
    """A person."""

    __tablename__ = "users"
    __table_args__ = (Index("ix_users_role_name", "role", "name"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    display_name: Mapped[str] = mapped_column(Text)
    search_text: Mapped[str] = mapped_column(Text)
    """Both names, case-folded: SQLite folds ASCII only."""
    role: Mapped[str] = mapped_column(String(32))
    is_enabled: Mapped[bool]
    must_change_password: Mapped[bool]
    password_hash: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_login_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def _owner() -> ForeignKey:
    return ForeignKey("users.id", ondelete="CASCADE")


class TemplateRow(Base):
    """An encrypted template."""

    __tablename__ = "templates"
    # Lists ask who has a face, and of which pack, without reading the ciphertext beside it.
    __table_args__ = (Index("ix_templates_pack_user_id", "pack", "user_id"),)

    user_id: Mapped[str] = mapped_column(ID, _owner(), primary_key=True)
    pack: Mapped[str] = mapped_column(String(128))
    samples: Mapped[int]
    enrolled_at: Mapped[datetime] = mapped_column(UtcDateTime)
    nonce: Mapped[bytes] = mapped_column(LargeBinary)
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)


class TemplateKeyRow(Base):
    """The data key of a template, wrapped by the master key."""

    __tablename__ = "template_keys"

    user_id: Mapped[str] = mapped_column(ID, _owner(), primary_key=True)
    nonce: Mapped[bytes] = mapped_column(LargeBinary)
    wrapped_key: Mapped[bytes] = mapped_column(LargeBinary)


class TemplateChangeRow(Base):
    """The last time that a user's template came, was replaced or went.

    Without a foreign key: it tells of a removed user that the template is gone.
    """

    __tablename__ = "template_changes"

    user_id: Mapped[str] = mapped_column(ID, primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger, unique=True, index=True)


class SessionRow(Base):
    """A login."""

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    token_hash: Mapped[str] = mapped_column(DIGEST, unique=True)
    user_id: Mapped[str] = mapped_column(ID, _owner(), index=True)
    methods: Mapped[str] = mapped_column(String(64))
    """Joined by commas."""
    address: Mapped[str] = mapped_column(String(64))
    device_id: Mapped[str | None] = mapped_column(
        ID, ForeignKey("devices.id", ondelete="SET NULL"), index=True
    )
    """The browser; None when it is not known, or no longer."""
    news_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The user knows of devices up to here; None in rows from before."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TransactionRow(Base):
    """A pending ceremony."""

    __tablename__ = "transactions"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    token_hash: Mapped[str] = mapped_column(DIGEST, unique=True)
    purpose: Mapped[str] = mapped_column(String(16))
    user_id: Mapped[str | None] = mapped_column(ID, _owner(), index=True)
    """None in a verification of somebody who cannot be verified, so that nothing shows that."""
    actor_id: Mapped[str | None] = mapped_column(ID, _owner(), index=True)
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(64))
    tries: Mapped[int]
    """Captures that ended with a refusal."""
    captures: Mapped[int]
    """Tickets redeemed: bounds captures that run beside each other or never end."""
    factors: Mapped[str | None] = mapped_column(String(128))
    """Done so far beside the face, joined by blanks (`factor_policy.Factor`); None in old rows."""
    confirms: Mapped[str | None] = mapped_column(Text)
    """The act of a step-up (`interfaces.Confirmation`) as JSON."""
    address: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class TicketRow(Base):
    """A permit for one capture."""

    __tablename__ = "tickets"

    ticket_hash: Mapped[str] = mapped_column(DIGEST, primary_key=True)
    transaction_id: Mapped[str] = mapped_column(
        ID, ForeignKey("transactions.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class LoginCodeRow(Base):
    """The one-time code of a user."""

    __tablename__ = "login_codes"

    user_id: Mapped[str] = mapped_column(ID, _owner(), primary_key=True)
    code_hash: Mapped[str] = mapped_column(DIGEST)
    wrong_tries: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AuditRow(Base):
    """Something that happened."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_subject_id_id", "subject_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(_ROW_ID, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    tag: Mapped[str] = mapped_column(String(64), index=True)
    subject_id: Mapped[str | None] = mapped_column(ID)
    actor_id: Mapped[str | None] = mapped_column(ID)
    address: Mapped[str] = mapped_column(String(64))
    details: Mapped[str] = mapped_column(Text)
    """A JSON object of strings."""
    number: Mapped[int | None] = mapped_column(BigInteger, unique=True, index=True)
    """Place in the chain, from 1; None outside of it."""
    mac: Mapped[str | None] = mapped_column(DIGEST)
    """HMAC of `audit_chain`."""
