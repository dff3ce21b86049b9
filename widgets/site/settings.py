"""Every setting, read from the environment once, at start-up. The README's table is checked against this.

A secret can also be a file: `WIDGETSSECRETS_DIR` names a folder with one file a setting, as container
platforms mount them (`widgets_erp_client_secret`).
"""

import json
import os
import re
import ssl
from pathlib import Path
from typing import Annotated, Literal, Self

from babel import Locale, UnknownLocaleError
from platformdirs import user_cache_path
from pydantic import (
    AfterValidator,
    AnyHttpUrl,
    Field,
    FilePath,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from widgets.site import redis_address, setting_paths
from widgets.site.setting_mistakes import PREFIX, SECRETS_DIR, line, wrong_names
from widgets.upstream.dynamics_rows import ENTITY_SETS
from widgets.upstream.reads import Kind

MOCK = "http://127.0.0.1:8001"

Span = Annotated[float, Field(ge=0, le=366 * 86_400, allow_inf_nan=False)]
"""Seconds, up to a year."""


class SettingsError(Exception):
    """A setting has a value that cannot be used. The message has a line for each."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    erp_url: AnyHttpUrl = Field(
        AnyHttpUrl(MOCK),
        description="Root of the Dynamics 365 environment, such as "
        "`https://contoso.operations.dynamics.com`",
    )
    erp_token_url: AnyHttpUrl | None = Field(
        None,
        description="Where bearer tokens come from, such as "
        "`https://login.microsoftonline.com/TENANT/oauth2/v2.0/token`",
    )
    erp_client_id: str = Field(
        "",
        description="Client id of the app registration; empty: no token",
        validate_default=True,
    )
    erp_client_secret: SecretStr = Field(SecretStr(""), description="Its secret")
    erp_token_scope: str = Field("", description="Scope of the token; empty: `ERP_URL/.default`")
    erp_entity_sets: Annotated[dict[str, str], NoDecode] = Field(
        {}, description='Other names for entity sets, as JSON: `{"CustomersV3": "MyCustomers"}`'
    )
    company: str = Field(
        "usmf",
        pattern=r"^[A-Za-z0-9]{1,4}$",
        description="Company shown where an embed names none",
    )
    commodities_url: AnyHttpUrl = Field(
        AnyHttpUrl(f"{MOCK}/query"),
        description="Commodity prices, an API in Alpha Vantage's shape",
    )
    commodities_key: SecretStr = Field(SecretStr("demo"), description="API key for it")
    rates_url: AnyHttpUrl = Field(
        AnyHttpUrl(f"{MOCK}/v2/rates"), description="Exchange rates, an API in Frankfurter's shape"
    )
    cache_file: Annotated[Path, AfterValidator(setting_paths.cache)] = Field(
        default_factory=lambda: user_cache_path("erp-widgets") / "reads.sqlite",
        description="SQLite file that keeps what was read",
    )
    cache_mb: int = Field(
        256, ge=8, le=1_000_000, description="Megabytes that the SQLite file may take"
    )
    redis_url: Annotated[SecretStr, AfterValidator(redis_address.checked)] = Field(
        SecretStr(""),
        description="Redis or Valkey that keeps what was read, and lets several instances share it, such as "
        "`redis://:PASSWORD@10.0.0.5:6379/0`, with special characters as `%XX`; empty: the SQLite file",
    )
    pages_mb: int = Field(
        16,
        ge=0,
        le=100_000,
        description="Megabytes of finished pages that each worker keeps; `0`: none",
    )
    upstream_calls: int = Field(
        8,
        ge=1,
        le=52,
        description="Calls that each worker makes at once to one upstream; Dynamics refuses more than 52 of "
        "all workers together",
    )
    page_timeout: float = Field(
        10.0,
        gt=0,
        le=300,
        description="Seconds that a page waits for all its upstreams together",
    )
    keep: Annotated[dict[Kind, tuple[Span, Span]], NoDecode] = Field(
        {},
        description="Seconds for which a kind of answer is fresh, and for which it may then be shown "
        'while its upstream fails, as JSON: `{"on_hand": [15, 3600]}`; for four times as long as it is fresh '
        "it is shown at once while a newer one is fetched",
    )
    connect_timeout: float = Field(
        2.0, gt=0, le=30, description="Seconds to wait for a connection to an upstream"
    )
    read_timeout: float = Field(
        8.0, gt=0, le=120, description="Seconds to wait for an upstream's answer"
    )
    hosts_file: Annotated[Path, AfterValidator(setting_paths.there)] | None = Field(
        None,
        description="TOML file that registers the hosts: who may show which widget, see "
        "[docs/hosts.md](docs/hosts.md); empty: the host `demo` alone, over made-up data only",
    )
    upstreams_file: Annotated[Path, AfterValidator(setting_paths.there)] | None = Field(
        None,
        description="TOML file that says where the upstreams are that widgets have of their own, see "
        "[docs/json-upstream.md](docs/json-upstream.md)",
    )
    demo: bool | None = Field(
        None,
        description="Whether the data is made up, so that without a hosts file pages on this machine may "
        "show it; empty: yes where `WIDGETS_ERP_URL` is not set",
    )
    public_url: AnyHttpUrl | None = Field(
        None,
        description="This server's address as hosts see it: in the snippets, and what a token's `aud` "
        "must say; empty: as requested, and `erp-widgets` for `aud`",
    )
    proxies: int = Field(
        0,
        ge=0,
        le=10,
        description="How many reverse proxies in front of this server set `X-Forwarded-For`, `-Proto`, "
        "`-Host` and `-Prefix`; these are believed of so many and of no more",
    )
    ca_file: FilePath | None = Field(
        None,
        description="Certificates, as PEM, of the authority that vouches for your ERP, where the usual "
        "ones do not; the market feeds are then checked against these too",
    )
    operator_password: SecretStr = Field(
        SecretStr(""),
        description="Password of the user `operator` for `/status` and `/metrics` (HTTP Basic); empty: they "
        "answer to this machine alone, and not through a proxy",
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="How log lines are written: `text`, or `json` for a log collector"
    )
    locale: str = Field("en_US", description="How numbers and dates are written")

    @field_validator("ca_file")
    @classmethod
    def _holds_certificates(cls, value: Path | None) -> Path | None:
        try:
            ssl.create_default_context(cafile=value)
        except (ssl.SSLError, OSError) as error:
            raise ValueError(f"{value} holds no certificates ({error})") from None
        return value

    @field_validator(
        *("erp_token_url", "public_url", "ca_file", "hosts_file", "upstreams_file", "demo"),
        mode="before",
    )
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("erp_url", "erp_token_url", "commodities_url", "rates_url")
    @classmethod
    def _no_credentials(cls, value: AnyHttpUrl | None) -> AnyHttpUrl | None:
        # An address ends up in logs and cache keys; a secret has settings of its own.
        if value and (value.username or value.password):
            raise ValueError("an address must not carry a user name or password")
        return value

    @field_validator("erp_url")
    @classmethod
    def _root_only(cls, value: AnyHttpUrl) -> AnyHttpUrl:
        given = str(value).rstrip("/")
        root = re.split(r"[?#]", given)[0].rstrip("/").removesuffix("/data")
        if root != given:
            raise ValueError(f"the root of the environment is wanted, without what follows: {root}")
        return value

    @field_validator("public_url")
    @classmethod
    def _no_query(cls, value: AnyHttpUrl | None) -> AnyHttpUrl | None:
        if value and (value.query is not None or value.fragment is not None):
            raise ValueError("an address that others can be added to is wanted, without ? and #")
        return value

    @field_validator("erp_client_id")
    @classmethod
    def _both_or_neither(cls, value: str, info: ValidationInfo) -> str:
        if "erp_token_url" in info.data and bool(value) != bool(info.data["erp_token_url"]):
            raise ValueError(
                "it is set, and WIDGETS_ERP_TOKEN_URL is not; set both, or neither for no sign-in"
                if value
                else "WIDGETS_ERP_TOKEN_URL is set, and this is not; set both, or neither for no sign-in"
            )
        return value

    @field_validator("erp_entity_sets", "keep", mode="before")
    @classmethod
    def _parse(cls, value: object, info: ValidationInfo) -> object:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError as error:
            examples = {"keep": '{"on_hand": [15, 3600]}'}
            like = examples.get(str(info.field_name), '{"CustomersV3": "MyCustomers"}')
            raise ValueError(f"it is not JSON ({error}); write it like {like}") from None

    @field_validator("erp_entity_sets")
    @classmethod
    def _known_sets(cls, value: dict[str, str]) -> dict[str, str]:
        if unknown := sorted(value.keys() - ENTITY_SETS):
            raise ValueError(
                f"{', '.join(unknown)} is not read; the standard names are {', '.join(sorted(ENTITY_SETS))}"
            )
        for name in value.values():
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
                raise ValueError(f"{name!r} is no name of an entity set")
        return value

    @field_validator("locale")
    @classmethod
    def _known_locale(cls, value: str) -> str:
        try:
            return str(Locale.parse(value.replace("-", "_")))
        except (ValueError, UnknownLocaleError):
            raise ValueError(
                f"{value!r} is no known locale; write it like en_US or de_DE"
            ) from None

    @property
    def public_address(self) -> str:
        """`public_url` without a slash at the end, or ""."""
        return str(self.public_url or "").rstrip("/")

    @property
    def audience(self) -> str:
        """What a token's `aud` must say."""
        return self.public_address or "erp-widgets"

    @property
    def mocked(self) -> bool:
        """Whether the data is made up."""
        return self.demo if self.demo is not None else "erp_url" not in self.model_fields_set

    @classmethod
    def load(cls) -> Self:
        """From the environment. Raises SettingsError, which names each variable and what it wants."""
        wrong = list(wrong_names(cls.model_fields))
        folder = os.environ.get(SECRETS_DIR)
        if folder is not None and not Path(folder).expanduser().is_dir():
            wrong.append(f"{SECRETS_DIR}: there is no folder {folder!r}")
            folder = None
        try:
            made = cls(_secrets_dir=folder)  # type: ignore[call-arg]
        except ValidationError as error:
            wrong += [line(item) for item in error.errors(include_url=False, include_input=False)]
        if wrong:
            raise SettingsError("\n".join(wrong))
        return made
