"""What lapses when a user is shut out or a password changes."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.orm import Session as DbSession

from countenance.identity.interfaces import Purpose, UserId
from countenance.identity.invitation_rows import InvitationRow
from countenance.identity.models import LoginCodeRow, SessionRow, TransactionRow
from countenance.identity.store import affected


def shut_out(session: DbSession, user_id: UserId) -> None:
    """End sessions, pending logins, ceremonies begun for others, login code and invitation."""
    session.execute(delete(InvitationRow).where(InvitationRow.user_id == user_id))
    session.execute(delete(LoginCodeRow).where(LoginCodeRow.user_id == user_id))
    session.execute(delete(TransactionRow).where(TransactionRow.actor_id == user_id))
    session.execute(delete(TransactionRow).where(TransactionRow.user_id == user_id))
    end_sessions(session, user_id)


def end_authority(session: DbSession, user_id: UserId) -> None:
    """End sessions and what the user began for others; the own ways in stay."""
    session.execute(delete(TransactionRow).where(TransactionRow.actor_id == user_id))
    end_sessions(session, user_id)


def drop_pending_logins(session: DbSession, user_id: UserId) -> None:
    """Forget logins that began with a password that no longer counts."""
    session.execute(
        delete(TransactionRow).where(
            TransactionRow.user_id == user_id, TransactionRow.purpose == Purpose.LOGIN.value
        )
    )


def end_sessions(session: DbSession, user_id: UserId, *, keep_token_hash: str | None = None) -> int:
    """End the sessions of a user but one; returns how many."""
    ending = delete(SessionRow).where(SessionRow.user_id == user_id)
    if keep_token_hash is not None:
        ending = ending.where(SessionRow.token_hash != keep_token_hash)
    return affected(session, ending)
