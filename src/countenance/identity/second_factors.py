"""Dropping everything that somebody set up beside password and face: a lost phone, a lost key."""

from __future__ import annotations

from countenance.identity.interfaces import UserId
from countenance.identity.services import Identity


def drop_second_factors(identity: Identity, user_id: UserId, *, actor: UserId | None) -> bool:
    """Forget passkeys, authenticator app and recovery codes, and end all sessions.

    Returns: whether there was anything; each thing leaves a row of its own in the trail.
    Raises: StorageError: what was dropped before it stays dropped; do it again.
    """
    passkeys = identity.passkeys.list_passkeys(user_id)
    dropped = [identity.passkeys.remove(key.id, user_id, actor=actor) for key in passkeys]
    dropped.append(identity.authenticator_apps.remove(user_id, actor=actor))
    dropped.append(identity.recovery_codes.drop(user_id, actor=actor))
    identity.sessions.end_all(user_id)
    return any(dropped)
