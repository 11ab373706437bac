"""Every setting, with its unit, default and variable name. Read once, in `bootstrap`.

A variable is `COUNTENANCE_` and the name in the field's metadata. A secret may also be given as
`NAME_FILE`, the path of a file that holds it; a file that cannot be read stops the start.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeVar

from countenance.errors import ConfigurationError

PREFIX: Final = "COUNTENANCE_"
T = TypeVar("T")


def _setting(variable: str, default: Any) -> Any:
    return field(default=default, metadata={"variable": variable})


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """The web server."""

    host: str = _setting("HOST", "127.0.0.1")
    """Address to listen on; anything but loopback needs HTTPS before it, or cameras stay shut."""
    port: int = _setting("PORT", 8000)
    threads: int = _setting("THREADS", 48)
    """Threads of the one worker; each open capture holds one."""
    origins: tuple[str, ...] = _setting("ORIGINS", ())
    """Further origins that may open a capture, comma separated, such as https://door.example."""
    trusted_proxies: int = _setting("TRUSTED_PROXIES", 0)
    """Reverse proxies before the server whose X-Forwarded headers are believed."""
    tls: str = _setting("TLS", "off")
    """self-signed makes a certificate for this machine; off serves plain HTTP."""
    tls_cert: str = _setting("TLS_CERT", "")
    """Path of an own certificate with its chain, PEM; takes the place of a self-signed one."""
    tls_key: str = _setting("TLS_KEY", "")
    """Path of its key, PEM without a password; empty when it lies in the same file."""

    def __post_init__(self) -> None:
        if self.tls not in ("off", "self-signed"):
            raise ConfigurationError(
                f"{PREFIX}TLS is {self.tls!r}.", remedy="Give self-signed or off."
            )
        if self.tls_key and not self.tls_cert:
            raise ConfigurationError(
                f"{PREFIX}TLS_KEY names a key without a certificate.",
                remedy=f"Give {PREFIX}TLS_CERT too.",
            )

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach the server itself over TLS."""
        return bool(self.tls_cert) or self.tls == "self-signed"


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """The inference engine."""

    threads: int = _setting("ENGINE_THREADS", 1)
    """Threads of one inference; captures run beside each other."""
    precision: str = _setting("ENGINE_PRECISION", "auto")
    """Arithmetic of watched frames: auto, float32 or int8."""
    pack: str = _setting("ENGINE_PACK", "opencv-zoo")
    """Model pack; faces enrolled with another one have to be enrolled again."""
    pad_card: str = _setting("PAD_CARD", "")
    """Path of the model card of another passive detector; empty takes the promoted one, else the
    shipped one."""
    pad_fusion: str = _setting("ENGINE_PAD_FUSION", "auto")
    """auto asks the pack minifasnet for a second opinion where it is installed; off does not."""
    pad_calibration: str = _setting("PAD_CALIBRATION", "auto")
    """auto moves the threshold of a known camera by its bona fide presentations; off does not."""
    model_mirror: str = _setting("MODEL_MIRROR", "")
    """Address of a mirror for model packs in place of their publishers; empty for none."""
    fpir: float = _setting("FPIR", 0.01)
    """Share of searches of a stranger among all who are enrolled that may name somebody, 0..1."""

    def __post_init__(self) -> None:
        if self.pad_fusion not in ("auto", "off"):
            raise ConfigurationError(
                f"{PREFIX}ENGINE_PAD_FUSION is {self.pad_fusion!r}.",
                remedy="Give auto or off.",
            )
        if self.pad_calibration not in ("auto", "off"):
            raise ConfigurationError(
                f"{PREFIX}PAD_CALIBRATION is {self.pad_calibration!r}.",
                remedy="Give auto or off.",
            )
        if not 0 < self.fpir < 1:
            raise ConfigurationError(
                f"{PREFIX}FPIR is {self.fpir}, which is no false positive identification rate.",
                remedy="Give a number between 0 and 1, such as 0.01.",
            )


LOGIN_POLICIES: Final[Mapping[str, float]] = {"passive": 20.0, "standard": 50.0, "strict": 80.0}
"""Policies of a login by name, and the seconds that each one gives."""


@dataclass(frozen=True, slots=True)
class LoginSettings:
    """What a login by face asks for."""

    policy: str = _setting("LOGIN_POLICY", "standard")
    """`passive` asks for good frames, `standard` for moves of the head besides, `strict` for
    colours of the screen on top."""
    without_colour: str = _setting("STRICT_WITHOUT_COLOUR", "refuse")
    """Under `strict`, for whoever cannot or will not look at changing colours: `refuse` leaves
    the way without a face, `moves` takes six moves for the colours."""
    frames: int = _setting("LOGIN_FRAMES", 10)
    """Consecutive good frames for a grant."""
    own_time_limit_s: float = _setting("LOGIN_TIME_LIMIT_S", 0.0)
    """Time for a login, seconds; 0 takes that of the policy."""
    pending_limit_s: float = _setting("LOGIN_PENDING_LIMIT_S", 300.0)
    """How long a right password waits for the face, seconds."""
    tries: int = _setting("LOGIN_TRIES", 5)
    """Face attempts after one right password; `identity.throttling` counts beyond it."""
    code_lifetime_s: float = _setting("LOGIN_CODE_LIFETIME_S", 900.0)
    """How long a one-time login code of an administrator is good, seconds."""
    invitation_lifetime_s: float = _setting("INVITATION_LIFETIME_S", 259_200.0)
    """How long the link is good with which somebody chooses a password, seconds."""

    def __post_init__(self) -> None:
        if self.policy not in LOGIN_POLICIES:
            raise ConfigurationError(
                f"{PREFIX}LOGIN_POLICY is {self.policy!r}, which is no policy.",
                remedy=f"Give one of: {', '.join(LOGIN_POLICIES)}.",
            )
        if self.without_colour not in ("refuse", "moves"):
            raise ConfigurationError(
                f"{PREFIX}STRICT_WITHOUT_COLOUR is {self.without_colour!r}.",
                remedy="Give refuse or moves.",
            )

    @property
    def time_limit_s(self) -> float:
        """From the first frame to the verdict, seconds."""
        return self.own_time_limit_s or LOGIN_POLICIES[self.policy]


@dataclass(frozen=True, slots=True)
class FactorSettings:
    """Which combinations of factors open the door; grammar in `identity.factor_policy`."""

    everyone: str = _setting("FACTORS", "")
    """Of every role without a policy of its own; empty takes the product's."""
    viewer: str = _setting("FACTORS_VIEWER", "")
    operator: str = _setting("FACTORS_OPERATOR", "")
    officer: str = _setting("FACTORS_OFFICER", "")
    auditor: str = _setting("FACTORS_AUDITOR", "")
    administrator: str = _setting("FACTORS_ADMINISTRATOR", "")
    step_up: tuple[str, ...] = _setting("FACTORS_STEP_UP", ("face", "passkey", "totp"))
    """With which a user confirms an act during a session; any one of them, comma separated."""

    step_up_lifetime_s: float = _setting("STEP_UP_LIFETIME_S", 120.0)
    """How long a confirmation waits for its act, seconds."""
    password_blocklist: str = _setting("PASSWORD_BLOCKLIST", "")
    """Path of a list of passwords to refuse, such as breached ones; empty for the built-in few."""
    passkey_domain: str = _setting("PASSKEY_DOMAIN", "")
    """Relying party id of passkeys; empty takes the host of the first of ORIGINS, else localhost.
    Passkeys made for one domain are good for no other."""

    @property
    def of_role(self) -> Mapping[str, str]:
        """The policies of single roles, by the role's value; empty ones left out."""
        names = "viewer", "operator", "officer", "auditor", "administrator"
        given = {name: str(getattr(self, name)) for name in names}
        return {name: text for name, text in given.items() if text}


@dataclass(frozen=True, slots=True)
class ThrottleSettings:
    """How wrong tries slow down the next one."""

    pad: str = _setting("THROTTLE_PAD", "untested")
    """`tested` doubles the tries by face: only where detection of attacks meets the bar of NIST
    SP 800-63B-4, 3.2.3 in a test by ISO/IEC 30107-3; else `untested`."""

    def __post_init__(self) -> None:
        if self.pad not in ("untested", "tested"):
            raise ConfigurationError(
                f"{PREFIX}THROTTLE_PAD is {self.pad!r}.", remedy="Give untested or tested."
            )


@dataclass(frozen=True, slots=True)
class CaptureSettings:
    """The camera connection."""

    max_concurrent: int = _setting("CAPTURES", 32)
    """Captures at the same time; further ones are asked to wait (503, Retry-After)."""
    credit: int = _setting("CAPTURE_CREDIT", 2)
    """Frames a client may have under way."""
    ticket_lifetime_s: float = _setting("TICKET_LIFETIME_S", 60.0)
    """How long a capture ticket is good before it is used, seconds."""
    silence_limit_s: float = _setting("CAPTURE_SILENCE_LIMIT_S", 10.0)
    """How long a client may send nothing, seconds."""


class Suspicion(StrEnum):
    """What a sign of an injected picture does."""

    OBSERVE = "observe"
    """It is written into the audit trail."""
    BLOCK = "block"
    """It refuses."""


@dataclass(frozen=True, slots=True)
class InjectionSettings:
    """Pictures that come from no camera: recorded, looped, or made."""

    camera_metadata: str = _setting("CAMERA_METADATA", Suspicion.OBSERVE.value)
    """What becomes of a capture whose browser names a virtual camera: observe or block."""
    replay: str = _setting("REPLAY", Suspicion.BLOCK.value)
    """What becomes of a capture with frames that were sent before: block or observe."""
    replay_memory_days: float = _setting("REPLAY_MEMORY_DAYS", 90.0)
    """How long a frame counts as sent before, days."""

    def __post_init__(self) -> None:
        given = {"CAMERA_METADATA": self.camera_metadata, "REPLAY": self.replay}
        for variable, value in given.items():
            if value not in set(Suspicion):
                raise ConfigurationError(
                    f"{PREFIX}{variable} is {value!r}.", remedy=f"Give {' or '.join(Suspicion)}."
                )


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """How long a login lasts (NIST SP 800-63B-4, section 2.2.3: at most 1 h idle, 24 h in all)."""

    idle_limit_s: float = _setting("SESSION_IDLE_LIMIT_S", 1800.0)
    """Without a request, seconds."""
    absolute_limit_s: float = _setting("SESSION_ABSOLUTE_LIMIT_S", 43_200.0)
    """In all, seconds."""
    device_limit_days: float = _setting("DEVICE_LIMIT_DAYS", 180.0)
    """How long a browser stays known without a login, days."""


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """The REST API."""

    identify: str = _setting("API_IDENTIFY", "off")
    """`on` lets tokens with the scope `identify` ask whom a photograph shows; else `off`."""

    def __post_init__(self) -> None:
        if self.identify not in ("off", "on"):
            raise ConfigurationError(
                f"{PREFIX}API_IDENTIFY is {self.identify!r}.", remedy="Give off or on."
            )


@dataclass(frozen=True, slots=True)
class PrivacySettings:
    """What people are told."""

    consent_file: str = _setting("CONSENT_FILE", "")
    """Path of the words to agree to before a face is enrolled, paragraphs apart by empty lines;
    empty takes the ones that come with the product."""
    attempts_days: float = _setting("ATTEMPTS_DAYS", 365.0)
    """How long logins, refusals and all else in the audit trail are kept, days; 0 for ever."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.attempts_days) and self.attempts_days >= 0):
            raise ConfigurationError(
                f"{PREFIX}ATTEMPTS_DAYS is {self.attempts_days}; it has to be 0 or more.",
                remedy="Set it to a number of days, or to 0 to keep everything.",
            )


@dataclass(frozen=True, slots=True)
class Settings:
    """All of them."""

    home: Path
    """Where database, keys and prepared models live; COUNTENANCE_HOME."""
    database_url: str
    """SQLAlchemy URL; COUNTENANCE_DATABASE_URL, default SQLite in the home directory."""
    master_key: str | None = None
    """COUNTENANCE_MASTER_KEY(_FILE): 64 hex digits; None takes the key file of the home."""
    metrics_token: str | None = None
    """COUNTENANCE_METRICS_TOKEN(_FILE): reads `/metrics` from elsewhere; None only from here."""
    server: ServerSettings = field(default_factory=ServerSettings)
    engine: EngineSettings = field(default_factory=EngineSettings)
    login: LoginSettings = field(default_factory=LoginSettings)
    factors: FactorSettings = field(default_factory=FactorSettings)
    throttle: ThrottleSettings = field(default_factory=ThrottleSettings)
    capture: CaptureSettings = field(default_factory=CaptureSettings)
    injection: InjectionSettings = field(default_factory=InjectionSettings)
    sessions: SessionSettings = field(default_factory=SessionSettings)
    api: ApiSettings = field(default_factory=ApiSettings)
    privacy: PrivacySettings = field(default_factory=PrivacySettings)

    def __repr__(self) -> str:
        return f"Settings(home={str(self.home)!r})"  # a database URL may hold a password


GROUPS: Final = (
    ServerSettings,
    EngineSettings,
    LoginSettings,
    FactorSettings,
    ThrottleSettings,
    CaptureSettings,
    InjectionSettings,
    SessionSettings,
    ApiSettings,
    PrivacySettings,
)


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read all settings from the environment.

    Args:
        environ: variables; None reads those of this process.

    Raises: ConfigurationError: a value cannot be understood or a secret's file cannot be read.
    """
    values = os.environ if environ is None else environ
    home = Path(values.get(f"{PREFIX}HOME") or "var").expanduser().absolute()
    return Settings(
        home=home,
        database_url=_secret(values, "DATABASE_URL") or f"sqlite:///{home / 'countenance.db'}",
        master_key=_secret(values, "MASTER_KEY"),
        metrics_token=_secret(values, "METRICS_TOKEN"),
        server=_group(ServerSettings, values),
        engine=_group(EngineSettings, values),
        login=_group(LoginSettings, values),
        factors=_group(FactorSettings, values),
        throttle=_group(ThrottleSettings, values),
        capture=_group(CaptureSettings, values),
        injection=_group(InjectionSettings, values),
        sessions=_group(SessionSettings, values),
        api=_group(ApiSettings, values),
        privacy=_group(PrivacySettings, values),
    )


def _group(group: type[T], values: Mapping[str, str]) -> T:
    given: dict[str, Any] = {}
    for entry in fields(group):  # type: ignore[arg-type]  # every group is a dataclass
        name = PREFIX + entry.metadata["variable"]
        if values.get(name):
            given[entry.name] = _parse(name, values[name], type(entry.default))
    return group(**given)


def _parse(name: str, text: str, kind: type) -> object:
    if kind is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    try:
        value = kind(text)
    except ValueError:
        raise ConfigurationError(
            f"{name} is {text!r}, which is no {kind.__name__}.",
            remedy=f"Give {name} a number or unset it.",
        ) from None
    if kind in (int, float) and not 0 <= value < float("inf"):
        raise ConfigurationError(
            f"{name} is {text!r}, which is out of range.", remedy="Give a number of 0 or more."
        )
    return value


def _secret(values: Mapping[str, str], name: str) -> str | None:
    direct, path = values.get(PREFIX + name), values.get(f"{PREFIX}{name}_FILE")
    if direct and path:
        raise ConfigurationError(
            f"{PREFIX}{name} and {PREFIX}{name}_FILE are both set.", remedy="Keep one of them."
        )
    if not path:
        return direct or None
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(
            f"{PREFIX}{name}_FILE names {path}, which cannot be read: {error.strerror}.",
            remedy="Check the path and its permissions.",
        ) from error
