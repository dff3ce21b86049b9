"""Every setting, read from the environment once, at start-up. The README's table is checked against this.

A secret can also be a file: `WIDGETS_SECRETS_DIR` names a folder with one file a setting, as container
platforms mount them (`widgets_erp_client_secret`).
"""

import os
from pathlib import Path
from typing import Annotated, Self

from platformdirs import user_cache_path
from pydantic import (
    AnyHttpUrl,
    Field,
    NonNegativeFloat,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from widgets.upstream.reads import Kind

MOCK = "http://127.0.0.1:8001"


class SettingsError(Exception):
    """A setting has a value that cannot be used. The message has a line for each."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="WIDGETS_", extra="forbid", frozen=True)

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
    erp_client_id: str = Field("", description="Client id of the app registration; empty: no token")
    erp_client_secret: SecretStr = Field(SecretStr(""), description="Its secret")
    erp_token_scope: str = Field("", description="Scope of the token; empty: `ERP_URL/.default`")
    erp_entity_sets: dict[str, str] = Field(
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
    cache_file: Path = Field(
        default_factory=lambda: user_cache_path("erp-widgets") / "reads.sqlite",
        description="SQLite file that keeps what was read",
    )
    keep: dict[Kind, tuple[NonNegativeFloat, NonNegativeFloat]] = Field(
        {},
        description="Seconds for which a kind of answer is fresh, and for which it may then be shown "
        'while its upstream fails, as JSON: `{"on_hand": [15, 3600]}`',
    )
    connect_timeout: float = Field(
        2.0, gt=0, le=30, description="Seconds to wait for a connection to an upstream"
    )
    read_timeout: float = Field(
        8.0, gt=0, le=120, description="Seconds to wait for an upstream's answer"
    )
    frame_ancestors: Annotated[tuple[str, ...], NoDecode] = Field(
        ("'self'", "http://localhost:*", "http://127.0.0.1:*"),
        description="Who may frame the widgets: CSP sources, separated by spaces",
    )
    public_url: AnyHttpUrl | None = Field(
        None,
        description="This server's address as hosts see it, for the snippets; empty: as requested",
    )
    locale: str = Field("en_US", description="How numbers and dates are written")

    @field_validator("erp_url", "erp_token_url", "commodities_url", "rates_url")
    @classmethod
    def _no_credentials(cls, value: AnyHttpUrl | None) -> AnyHttpUrl | None:
        # An address ends up in logs and cache keys; a secret has settings of its own.
        if value and (value.username or value.password):
            raise ValueError("an address must not carry a user name or password")
        return value

    @field_validator("frame_ancestors", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(value.split()) if isinstance(value, str) else value

    @field_validator("frame_ancestors")
    @classmethod
    def _single_sources(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        # A semicolon or comma would end the directive and start one of somebody else's making.
        for source in value:
            if any(character in source for character in ";,\r\n"):
                raise ValueError(f"{source!r} is not one CSP source")
            if source == "*":
                raise ValueError("'*' would let every site frame the widgets; name the origins")
        return value

    @classmethod
    def load(cls) -> Self:
        """From the environment. Raises SettingsError, which names each variable and what it wants."""
        try:
            return cls(_secrets_dir=os.environ.get("WIDGETS_SECRETS_DIR"))  # type: ignore[call-arg]
        except ValidationError as error:
            lines = [
                f"WIDGETS_{'.'.join(map(str, item['loc'])).upper()}: {item['msg']}"
                for item in error.errors(include_url=False, include_input=False)
            ]
            raise SettingsError("\n".join(lines)) from None
