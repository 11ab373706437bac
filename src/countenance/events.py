"""Audit tags: `subject:object:action`, written once here and nowhere as a literal."""

from __future__ import annotations

from enum import StrEnum


class Tag(StrEnum):
    """What happened, for the audit trail.

    The grammar is `subject:object:action`; the subject is whose record it concerns.
    """

    SETUP_COMPLETED = "system:setup:completed"
    KEYS_ROTATED = "system:keys:rotated"
    BACKUP_MADE = "system:backup:made"
    BACKUP_RESTORED = "system:backup:restored"
    AUDIT_BEGAN = "system:audit:began"
    AUDIT_EXPORTED = "system:audit:exported"
    DETECTOR_PROMOTED = "system:detector:promoted"
    DETECTOR_DEMOTED = "system:detector:demoted"
    MODELS_ADOPTED = "system:models:adopted"
    MODELS_LISTED = "system:models:listed"
    MODELS_UNLISTED = "system:models:unlisted"
    MODELS_ACCEPTED = "system:models:accepted"
    SECOND_OPINION_INSTALLED = "system:second-opinion:installed"
    TOKEN_MADE = "system:token:made"  # noqa: S105 # nosec B105 # a tag, not a secret
    TOKEN_REVOKED = "system:token:revoked"  # noqa: S105 # nosec B105 # a tag, not a secret
    LAB_COLLECTED = "lab:presentations:collected"
    LAB_DELETED = "lab:presentations:deleted"
    LAB_PUT_BACK = "lab:presentations:put-back"
    LAB_EXPORTED = "lab:presentations:exported"
    LAB_ERASED = "lab:trash:emptied"
    LAB_DATASET_MADE = "lab:dataset:made"
    LAB_DATASET_REMOVED = "lab:dataset:removed"
    LAB_TRIED = "lab:detector:tried"
    USER_ADDED = "user:account:added"
    USER_DISABLED = "user:account:disabled"
    USER_ENABLED = "user:account:enabled"
    USER_RENAMED = "user:account:renamed"
    USER_REMOVED = "user:account:removed"
    USER_ROLE_CHANGED = "user:role:changed"
    INVITATION_ISSUED = "user:invitation:issued"
    INVITATION_ACCEPTED = "user:invitation:accepted"
    USER_UNLOCKED = "user:account:unlocked"
    PASSWORD_CHANGED = "user:password:changed"  # noqa: S105 # nosec B105 # a tag, not a secret
    PASSWORD_RESET = "user:password:reset"  # noqa: S105 # nosec B105 # a tag, not a secret
    PASSWORD_REFUSED = "user:password:refused"  # noqa: S105 # nosec B105 # a tag, not a secret
    LOGIN_GRANTED = "user:login:granted"
    LOGIN_REFUSED = "user:login:refused"
    LOGIN_SLOWED = "user:login:slowed"
    LOGIN_SHUT = "user:login:shut"
    CAPTURE_SUSPECTED = "user:capture:suspected"
    LOGIN_CODE_ISSUED = "user:login-code:issued"
    LOGIN_CODE_USED = "user:login-code:used"
    LOGIN_CODE_REFUSED = "user:login-code:refused"
    DEVICE_ADDED = "user:device:added"
    DEVICE_FORGOTTEN = "user:device:forgotten"
    TOTP_ADDED = "user:totp:added"
    TOTP_REMOVED = "user:totp:removed"
    RECOVERY_CODES_MADE = "user:recovery-codes:made"
    RECOVERY_CODES_DROPPED = "user:recovery-codes:dropped"
    RECOVERY_CODE_USED = "user:recovery-code:used"
    PASSKEY_ADDED = "user:passkey:added"
    PASSKEY_REMOVED = "user:passkey:removed"
    STEP_UP_GRANTED = "user:step-up:granted"
    STEP_UP_REFUSED = "user:step-up:refused"
    FACTOR_REFUSED = "user:factor:refused"
    VERIFICATION_GRANTED = "user:verification:granted"
    VERIFICATION_REFUSED = "user:verification:refused"
    DEVICE_CALIBRATED = "user:device:calibrated"
    SESSION_ENDED = "user:session:ended"
    CONSENT_GIVEN = "user:consent:given"
    CONSENT_WITHDRAWN = "user:consent:withdrawn"
    DATA_EXPORTED = "user:data:exported"
    FACE_ENROLLED = "user:face:enrolled"
    FACE_ENROLMENT_REFUSED = "user:face:enrolment-refused"
    FACE_DUPLICATE_FOUND = "user:face:duplicate-found"
    FACE_SEARCHED = "user:face:searched"
    FACE_PROPOSED = "user:face:proposed"
    FACE_APPROVED = "user:face:approved"
    FACE_CONFIRMED = "user:face:confirmed"
    FACE_REJECTED = "user:face:rejected"
    FACE_ERASED = "user:face:erased"
