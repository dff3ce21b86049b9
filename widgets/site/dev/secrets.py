"""What no page may show: the secrets that the settings hold, and the files that they name."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from pydantic import SecretStr

from widgets.embedding.hosts import Registry
from widgets.site.settings import Settings
from widgets.upstream import JsonConfig


def of_settings(settings: Settings) -> Iterator[str]:
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, SecretStr) and value != field.default:
            yield value.get_secret_value()
            yield urlsplit(value.get_secret_value()).password or ""


def of_hosts(registry: Registry) -> Iterator[str]:
    for host in registry.hosts.values():
        for key in host.keys.values():
            yield key.secret.raw_value.decode(errors="replace")


def of_upstreams(configs: Mapping[str, JsonConfig]) -> Iterator[str]:
    for config in configs.values():
        yield config.secret
