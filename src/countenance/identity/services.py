"""All of identity in one value, and how it is opened."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from pathlib import Path

from argon2 import PasswordHasher

from countenance.clock import Clock
from countenance.db import Database, DatabaseError, open_database
from countenance.identity.administration_interfaces import ApiTokens, Invitations, PendingFaces
from countenance.identity.api_tokens import SqlApiTokens
from countenance.identity.audit import SqlAuditTrail
from countenance.identity.audit_pruning import TrailPruning
from countenance.identity.audit_trail import SealedTrail, open_trail
from countenance.identity.authenticator_apps import SqlAuthenticatorApps
from countenance.identity.blocklist import Blocklist
from countenance.identity.camera_calibrations import SqlCameraCalibrations
from countenance.identity.consents import SqlConsents
from countenance.identity.devices import SqlDevices
from countenance.identity.enrolled_faces import SqlEnrolledFaces
from countenance.identity.errors import StorageError
from countenance.identity.factor_interfaces import (
    AuthenticatorApps,
    Passkeys,
    RecoveryCodes,
    StepUp,
)
from countenance.identity.factor_policy import FactorPolicies
from countenance.identity.factor_settings import read_policies
from countenance.identity.interfaces import (
    AuditTrail,
    CameraCalibrations,
    Consents,
    Devices,
    EnrolledFaces,
    LoginCodes,
    News,
    Passwords,
    PersonalDataExports,
    SeenFrames,
    Sessions,
    TemplateVault,
    Transactions,
    Users,
)
from countenance.identity.invitations import SqlInvitations
from countenance.identity.keys import Keys, is_current_key, open_keys
from countenance.identity.login_codes import SqlLoginCodes
from countenance.identity.model_manifest import SqlManifestBook
from countenance.identity.news import SqlNews
from countenance.identity.passkeys import SqlPasskeys
from countenance.identity.passwords import Hasher, SqlPasswords
from countenance.identity.pending_faces import SqlPendingFaces
from countenance.identity.personal_data import PersonalData
from countenance.identity.recovery_codes import SqlRecoveryCodes
from countenance.identity.schema import upgrade
from countenance.identity.seen_frames import SqlSeenFrames
from countenance.identity.sessions import SqlSessions
from countenance.identity.step_up import SqlStepUp
from countenance.identity.store import Store
from countenance.identity.template_vault import SqlTemplateVault
from countenance.identity.throttle_book import SqlThrottleBook
from countenance.identity.throttles import Throttles
from countenance.identity.throttling import paces
from countenance.identity.transactions import SqlTransactions
from countenance.identity.users import SqlUsers
from countenance.identity.verification_interfaces import Verifications
from countenance.identity.verifications import SqlVerifications
from countenance.settings import Settings
from countenance.vision.manifest import ManifestBook


@dataclass(frozen=True, slots=True)
class Purged:
    """What housekeeping dropped."""

    sessions: int
    transactions: int
    login_codes: int
    invitations: int
    pending_faces: int
    api_tokens: int
    devices: int
    tallies: int
    seen_frames: int


@dataclass(frozen=True, slots=True)
class Identity:
    """The services over one database; safe to use from many threads."""

    users: Users
    passwords: Passwords
    vault: TemplateVault
    faces: EnrolledFaces
    sessions: Sessions
    devices: Devices
    news: News
    cameras: CameraCalibrations
    transactions: Transactions
    verifications: Verifications
    login_codes: LoginCodes
    invitations: Invitations
    pending_faces: PendingFaces
    api_tokens: ApiTokens
    authenticator_apps: AuthenticatorApps
    recovery_codes: RecoveryCodes
    passkeys: Passkeys
    step_up: StepUp
    factor_policies: FactorPolicies
    throttles: Throttles
    seen_frames: SeenFrames
    consents: Consents
    personal_data: PersonalDataExports
    audit: AuditTrail
    trail: SealedTrail
    pruning: TrailPruning
    manifest_book: ManifestBook
    key_fingerprint: str
    """Tells master keys apart; reveals nothing of them."""
    _database: Database
    _store: Store
    _keys: Keys
    _expiring: tuple[
        SqlSessions,
        SqlTransactions,
        SqlLoginCodes,
        SqlDevices,
        SqlInvitations,
        SqlPendingFaces,
        SqlApiTokens,
    ]

    def purge_expired(self) -> Purged:
        """Drop what can no longer be used. Raises: StorageError."""
        sessions, transactions, codes, devices, invitations, faces, tokens = (
            service.purge() for service in self._expiring
        )
        return Purged(
            sessions=sessions,
            transactions=transactions,
            login_codes=codes,
            invitations=invitations,
            pending_faces=faces,
            api_tokens=tokens,
            devices=devices,
            tallies=self.throttles.purge(),
            seen_frames=self.seen_frames.purge(),
        )

    def has_current_keys(self) -> bool:
        """Whether the database still goes by the master key of this process."""
        with self._store.reading() as session:
            return is_current_key(session, self._keys)

    def after_audit(self, call: Callable[[str, Mapping[str, str]], None]) -> None:
        """Have something called with tag and details of each audit row that was written."""
        self._store.after_audit(call)

    def close(self) -> None:
        """Close the database connections."""
        self._database.close()


def open_identity(
    settings: Settings, *, clock: Clock, argon2: PasswordHasher | None = None
) -> Identity:
    """Open database and keys, bring the schema up to date, and make the services.

    Args:
        settings: its home directory exists.
        clock: for all limits.
        argon2: cost of a password hash; None takes the product's.

    Raises:
        ConfigurationError: URL, schema or master key do not fit.
        StorageError: database or key file cannot be used.
    """
    database = open_database(settings.database_url)
    try:
        upgrade(database)
        hasher = Hasher(argon2, blocklist=_blocklist(settings))
        return _services(Store(database, clock), settings, hasher)
    except DatabaseError as error:
        database.close()
        raise StorageError(error.message, remedy=error.remedy) from error
    except BaseException:
        database.close()
        raise


def _blocklist(settings: Settings) -> Container[str]:
    path = settings.factors.password_blocklist
    return Blocklist(Path(path)) if path else frozenset()


def _services(store: Store, settings: Settings, hasher: Hasher) -> Identity:
    keys = open_keys(store, home=settings.home, configured=settings.master_key)
    trail, book = open_trail(store, keys.audit), SqlManifestBook(store, keys)
    sessions = SqlSessions(
        store,
        idle_limit_s=settings.sessions.idle_limit_s,
        absolute_limit_s=settings.sessions.absolute_limit_s,
    )
    transactions = SqlTransactions(
        store,
        login_lifetime_s=settings.login.pending_limit_s,
        login_tries=settings.login.tries,
        ticket_lifetime_s=settings.capture.ticket_lifetime_s,
        capture_limit_s=settings.login.time_limit_s,
    )
    devices = SqlDevices(store, forget_after_days=settings.sessions.device_limit_days)
    seen_frames = SqlSeenFrames(
        store, keys, forget_after_days=settings.injection.replay_memory_days
    )
    codes = SqlLoginCodes(store, keys, lifetime_s=settings.login.code_lifetime_s)
    pending_faces = SqlPendingFaces(store, keys)
    api_tokens = SqlApiTokens(store)
    invitations = SqlInvitations(store, hasher, lifetime_s=settings.login.invitation_lifetime_s)
    vault = SqlTemplateVault(store, keys)
    return Identity(
        users=SqlUsers(store, hasher),
        passwords=SqlPasswords(store, hasher),
        vault=vault,
        faces=SqlEnrolledFaces(store, keys),
        sessions=sessions,
        devices=devices,
        news=SqlNews(store),
        cameras=SqlCameraCalibrations(store),
        transactions=transactions,
        verifications=SqlVerifications(store, transactions),
        login_codes=codes,
        invitations=invitations,
        pending_faces=pending_faces,
        api_tokens=api_tokens,
        authenticator_apps=SqlAuthenticatorApps(store, keys),
        recovery_codes=SqlRecoveryCodes(store, keys),
        passkeys=SqlPasskeys(store),
        step_up=SqlStepUp(store, lifetime_s=settings.factors.step_up_lifetime_s),
        factor_policies=read_policies(settings.factors),
        throttles=Throttles(
            SqlThrottleBook(store),
            paces=paces(is_pad_tested=settings.throttle.pad == "tested"),
            now=store.now,
            name_key=keys.names,
        ),
        seen_frames=seen_frames,
        consents=SqlConsents(store),
        personal_data=PersonalData(store, vault.load),
        audit=SqlAuditTrail(store),
        trail=trail,
        pruning=TrailPruning(store, keys.audit, carried=book.carried),
        manifest_book=book,
        key_fingerprint=keys.check[:16],
        _database=store.database,
        _store=store,
        _keys=keys,
        _expiring=(
            sessions,
            transactions,
            codes,
            devices,
            invitations,
            pending_faces,
            api_tokens,
        ),
    )
