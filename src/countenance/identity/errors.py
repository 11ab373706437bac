"""Errors of identity.

IdentityError
├── UserNotFoundError       no user has that name or id
├── NameTakenError          another user has that name
├── UnacceptableNameError   the name is empty, too long or has forbidden characters
├── WeakPasswordError       the password is too short, too long or too common
├── LastAdministratorError  the act would leave nobody who can administer
├── AlreadySetUpError       the first administrator exists
├── InvitationError         a code for choosing a password is unknown, used or expired
├── NoPendingFaceError      no face waits for a decision, or another one than was looked at
├── OwnApprovalError        somebody approves the own face, or one enrolled by themselves
├── OwnRoleError            somebody changes the own role
├── NotPermittedError       the role of whoever asks does not reach that far
├── TicketError             a capture ticket is unknown, expired or already used
├── TokenNotFoundError      no token of the API has that id
├── UnfitTokenError         a token of the API would have no name, no scope or no end
├── FactorUnreadableError   the stored secret of a factor cannot be decrypted
├── TemplateUnreadableError a stored template cannot be decrypted
├── GalleryFilesError       a gallery in a folder is missing, foreign, damaged or not writable
├── BackupError             a backup is unusable here, or would replace people
└── StorageError            the database or the home directory cannot be used (db.DatabaseError)
"""

from __future__ import annotations

from countenance.errors import CountenanceError


class IdentityError(CountenanceError):
    """A user, credential, template, session or the storage of them."""

    code = "identity"


class UserNotFoundError(IdentityError):
    """No user has that name or id."""

    code = "identity.user_not_found"


class NameTakenError(IdentityError):
    """Another user has that name."""

    code = "identity.name_taken"


class UnacceptableNameError(IdentityError):
    """The name is empty, too long or has forbidden characters."""

    code = "identity.unacceptable_name"


class WeakPasswordError(IdentityError):
    """The password is too short, too long or too common."""

    code = "identity.weak_password"


class LastAdministratorError(IdentityError):
    """The act would leave nobody who can administer."""

    code = "identity.last_administrator"


class AlreadySetUpError(IdentityError):
    """The first administrator exists; setup is over."""

    code = "identity.already_set_up"


class InvitationError(IdentityError):
    """A code for choosing a password is unknown, used or expired."""

    code = "identity.invitation"


class NoPendingFaceError(IdentityError):
    """No face waits for a decision, or another one than was looked at."""

    code = "identity.no_pending_face"


class OwnApprovalError(IdentityError):
    """Somebody approves the own face, or one enrolled by themselves."""

    code = "identity.own_approval"


class OwnRoleError(IdentityError):
    """Somebody changes the own role."""

    code = "identity.own_role"


class NotPermittedError(IdentityError):
    """The role of whoever asks does not reach that far."""

    code = "identity.not_permitted"


class TicketError(IdentityError):
    """A capture ticket is unknown, expired or already used."""

    code = "identity.ticket"


class TokenNotFoundError(IdentityError):
    """No token of the API has that id."""

    code = "identity.token_not_found"


class UnfitTokenError(IdentityError):
    """A token of the API would have no fit name, no scope, or too late an end."""

    code = "identity.unfit_token"


class FactorUnreadableError(IdentityError):
    """The stored secret of a factor cannot be decrypted: wrong master key or altered row."""

    code = "identity.factor_unreadable"


class TemplateUnreadableError(IdentityError):
    """A stored template cannot be decrypted: wrong master key or altered row."""

    code = "identity.template_unreadable"


class GalleryFilesError(IdentityError):
    """A gallery in a folder is missing, of another program, damaged, or cannot be written."""

    code = "identity.gallery_files"


class BackupError(IdentityError):
    """A backup is cut off, altered, of a newer version, or would replace people."""

    code = "identity.backup"


class StorageError(IdentityError):
    """The database or the home directory cannot be written."""

    code = "identity.storage"
