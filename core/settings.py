"""Every knob, read once and validated as a whole.

Order, first wins: keyword arguments, environment (and a file ``.env``, see :mod:`core.environment`),
``data_dir/overrides.toml`` (written by pages and REST), ``kintsugi.toml`` in the working directory, defaults.
Environment names are ``KINTSUGI_`` plus the field's name; the five ``HEALTH_*`` variables go without the prefix.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, PrivateAttr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from core.environment import environment
from core.setting_kinds import (
    Codes,
    Folder,
    LoopbackUrl,
    Origins,
    Paths,
    RelayUrl,
    Targets,
    Texts,
    Token,
)
from core.setting_sources import PREFIX, SettingsError, sources

__all__ = ["Settings", "SettingsError"]


def _health(name: str, default: Any, description: str, **limits: Any) -> Any:
    return Field(default, validation_alias=name, description=description, **limits)


class Settings(BaseSettings):
    """How a hub behaves. Frozen; times in seconds. SettingsError when a value is not allowed."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        frozen=True,
        extra="forbid",
        validate_default=True,
        populate_by_name=True,
        env_ignore_empty=True,
    )

    mode: Literal["auto", "live", "lab"] = Field(
        "auto",
        description="live data, the lab, or live with the lab opening by itself when there is no network",
    )
    data_dir: Folder = Field(
        default_factory=lambda: Path.home() / ".kintsugi", description="folder for cache and state"
    )
    catalog_dirs: Paths = Field((), description="TOML files or folders of providers of one's own")
    private_hosts: Texts = Field(
        (), description="hosts of one's own providers that may be on this machine or its network"
    )
    providers: Texts = Field((), description="ids of the only providers to use; empty means all")
    ccxt_exchanges: Codes = Field(
        (), description="exchanges to ask through ccxt (an extra), by ccxt's names, after all others"
    )
    transformers_model: str = Field(
        "",
        max_length=300,
        description="a model of the sentiment of texts to run here, by its name on the Hub or its folder; "
        "needs the extra transformers",
    )
    lab_url: LoopbackUrl = Field("", description="a lab on a socket (loopback only) that gets every request")
    lab_seed: int = Field(7, ge=0, lt=2**32, description="the simulated market's seed")

    deadline: float = Field(10.0, gt=0, le=300, description="seconds a call may take, all attempts together")
    request_timeout: float = Field(4.0, gt=0, le=120, description="seconds a single request may take")
    connect_timeout: float = Field(2.5, gt=0, le=60, description="seconds to look up and connect")
    max_attempts: int = Field(
        40, ge=1, le=100, description="requests a call may spend, hedges and retries included"
    )
    hosts_per_call: int = Field(2, ge=1, le=20, description="hosts of one provider that a call may try")
    retries: int = Field(1, ge=0, le=5, description="retries of one request, where retrying can help")
    hedge_after: float = Field(0.4, gt=0, le=60, description="hedge delay while an endpoint has no samples")
    hedge_max: float = Field(0.8, gt=0, le=60, description="longest hedge delay, whatever the endpoint's p95")
    hedge_burst: int = Field(
        10, ge=0, le=1000, description="hedges that may be spent at once; 0 turns hedging off"
    )
    hedge_refill: float = Field(0.1, ge=0, le=1, description="hedges earned by each call")
    balance: Literal["p2c", "round_robin"] = Field(
        "p2c", description="among equals: two random choices by peak-EWMA latency, or in turn"
    )

    health_error_threshold: int = _health(
        "health_error_threshold", 3, "errors that open a circuit", ge=1, le=1000
    )
    health_cooldown_seconds: float = _health(
        "health_cooldown_seconds",
        300.0,
        "longest pause of an open circuit; the first is a tenth",
        gt=0,
        le=86400,
    )
    health_recovery_count: int = _health(
        "health_recovery_count", 2, "successes in a row that make an endpoint healthy again", ge=1, le=1000
    )
    health_auto_reinit: bool = _health("health_auto_reinit", True, "heal by itself")
    health_reinit_cooldown: float = _health(
        "health_reinit_cooldown", 600.0, "pause between two healings of one target", gt=0, le=86400
    )
    monitor: Literal["auto", "on", "off"] = Field(
        "auto",
        description="ask hosts that nobody asks, and heal by itself: auto is on in the app, off in scripts",
    )
    failure_rate: float = Field(
        0.5, gt=0, le=1, description="share of failures in the last 20 calls that opens"
    )
    dissent_tolerance: float = Field(
        0.03, gt=0, le=1, description="share by which a price may differ from the median of its peers"
    )
    revalidate_seconds: float = Field(
        0.0,
        ge=0,
        le=86400,
        description="after its fresh window an answer is given at once as stale for so long, "
        "and fetched again behind it",
    )
    slow_rate: float = Field(0.8, gt=0, le=1, description="share of slow calls in the last 20 that opens")
    slow_after: float = Field(3.0, gt=0, le=120, description="seconds from which on a call is slow")
    observe_only: bool = Field(
        False, description="circuits never refuse; how often they would have is counted"
    )
    half_open_probes: int = Field(
        1, ge=1, le=100, description="requests let through at once by a half-open circuit"
    )
    throttle_default: float = Field(60.0, gt=0, le=86400, description="pause after a 429 that names none")
    blocked_cooldown: float = Field(3600.0, gt=0, le=7 * 86400, description="pause after 401, 403 or 451")

    cache_bytes: int = Field(512_000_000, ge=1_000_000, description="size of the answer cache on disk")
    cache_entries: int = Field(512, ge=0, le=100_000, description="decoded answers kept in memory")
    stale_seconds: float = Field(7 * 86400.0, ge=0, description="how long an answer may be served as stale")

    admin_token: Token = Field(
        None,
        description="what REST and pages ask of whoever acts; without one only this machine may, "
        "and only while the server listens on loopback alone",
    )
    public: bool = Field(
        default_factory=lambda: bool(environment.get("SPACE_ID")),
        description="strangers are expected: being on this machine is no right to act. On by itself in a Space",
    )
    admins: Texts = Field(
        (), description="addresses of those who may act from pages once they have logged in (OpenID Connect)"
    )
    allowed_hosts: Texts = Field(
        default_factory=lambda: tuple(filter(None, [environment.get("SPACE_HOST", "")])),
        description="names under which this server may be opened, beside loopback; empty: any",
    )
    alert_urls: Targets = Field(
        (),
        description="where alerts go, as apprise writes it: json://HOST/PATH, mailto://…, slack://…, tgram://…",
    )
    alert_every: float = Field(5.0, gt=0, le=3600, description="seconds between two looks at the alert rules")
    action_rate: int = Field(60, ge=1, le=1_000_000, description="actions a minute that REST carries out")
    question_rate: int = Field(
        300,
        ge=1,
        le=1_000_000,
        description="questions a minute that REST answers to one address; one with refresh, deadline or providers "
        "counts as ten, as does a refresh from a page. Whoever may act is not held up",
    )
    proxy_rate: int = Field(60, ge=1, le=1_000_000, description="requests a minute that the proxy API sends")
    front_ends: Origins = Field(
        (),
        description="origins of web pages of your own that may use the API, as in https://app.example; "
        "whoever acts needs the token all the same",
    )
    relay_url: RelayUrl = Field(
        None,
        description="an address of your own that forwards requests, asked last before the stale cache; "
        "{url} in it stands for the address to fetch, otherwise ?url= is added",
    )
    auto_repair_enabled: bool = Field(
        True,
        description="repair candles when nobody asks: pages then show the best estimate, not the raw candles, "
        "and the monitor mends bad series of the archive",
    )
    gap_detection_window_hours: float = Field(
        24.0, ge=0, le=1e6, description="how far back from its end a series is repaired when nobody asks"
    )
    max_gap_fill_attempts: int = Field(
        3,
        ge=0,
        le=1000,
        description="how often one gap is asked for, and in a day one series is mended, when nobody asks",
    )
    corruption_threshold: float = Field(
        0.05,
        ge=0,
        le=1,
        description="share of broken candles above which a whole series is fetched anew; when nobody asks, a series "
        "is mended whose quality is below one less this",
    )
    judge_every: float = Field(
        600.0, gt=0, le=86_400, description="seconds between two looks at the quality of an archived series"
    )
    archive: bool = Field(True, description="keep the closed candles that were fetched, as Parquet")
    archive_days: int = Field(
        0, ge=0, le=36_500, description="whole months older than this are given up; 0 keeps all"
    )

    _given: dict[str, Any] = PrivateAttr(default_factory=dict)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise SettingsError("; ".join(_told(e, values) for e in error.errors())) from None
        self._given = values

    @property
    def given(self) -> dict[str, Any]:
        """The keyword arguments it was made with: they go before everything else."""
        return self._given

    def follow(self, other: "Settings", names: Iterable[str]) -> None:
        """Take over some knobs in place: for a hub, with the copy that its parts read."""
        self.__dict__.update({name: getattr(other, name) for name in names})

    @model_validator(mode="after")
    def _consistent(self) -> "Settings":
        if self.connect_timeout > self.request_timeout:
            raise ValueError(
                f"connect_timeout={self.connect_timeout}: expected at most "
                f"request_timeout={self.request_timeout}"
            )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Place the two TOML files behind the environment."""
        del env_settings, dotenv_settings, file_secret_settings
        return sources(settings_cls, init_settings)

    @classmethod
    def variable(cls, field: str) -> str:
        """Name of the environment variable that holds a knob."""
        bare = isinstance(cls.model_fields[field].validation_alias, str)
        return (field if bare else PREFIX + field).upper()

    @classmethod
    def secrets(cls) -> frozenset[str]:
        """Knobs whose value is shown nowhere."""
        return frozenset(
            name for name, field in cls.model_fields.items() if "SecretStr" in str(field.annotation)
        )

    @classmethod
    def locked(cls) -> frozenset[str]:
        """Knobs that the environment holds now; an empty variable holds none."""
        present = {name.upper() for name, value in environment.items() if value}
        return frozenset(name for name in cls.model_fields if cls.variable(name) in present)


def _told(error: Any, given: dict[str, Any]) -> str:
    """``HEALTH_ERROR_THRESHOLD='x': input should be a valid integer`` for one pydantic error."""
    message = str(error["msg"]).removeprefix("Value error, ")
    if not error["loc"]:
        return message
    name = str(error["loc"][0])
    field = name.removeprefix(PREFIX.lower())
    if error["type"] == "extra_forbidden" or field not in Settings.model_fields:
        return f"{name}: no such setting"  # its value may be a key, under a name with a slip in it
    said = name if field in given else Settings.variable(field)
    description = Settings.model_fields[field].description or ""
    value = "…" if field in Settings.secrets() else repr(str(error["input"])[:80])
    return f"{said}={value}: {message[0].lower()}{message[1:]} ({description})"
