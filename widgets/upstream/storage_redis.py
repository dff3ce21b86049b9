"""The store that several machines share: requests-cache's Redis storage, in Redis or Valkey."""

from urllib.parse import urlsplit

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError
from redis.retry import Retry
from requests_cache.backends.redis import RedisDict
from requests_cache.models.response import CachedResponse

_NAMESPACE = "erp-widgets:reads:1"  # the number changes with the form of what is kept
_WAIT = 0.5  # seconds; redis-py's own default can hold a page for a minute where packets vanish
_LINGER = 60  # seconds that an entry outlives what may be shown of it


def connect(url: str) -> "Redis":
    """A client whose calls end soon. A connection that broke while idle is opened once more."""
    return Redis.from_url(
        url,
        socket_timeout=_WAIT,
        socket_connect_timeout=_WAIT,
        # Not after a timeout, which would double the wait.
        retry=Retry(NoBackoff(), 1, supported_errors=(ConnectionError,)),
    )


def address(url: str) -> str:
    """Where it is, for a log. Of a URL that can have a password elsewhere than in its place, nothing."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "Redis"
    path = parts.path
    known = parts.scheme in ("redis", "rediss", "unix")
    if not known or "@" in path + parts.query + parts.fragment:
        return "Redis"
    if parts.scheme == "unix":
        return f"unix://{path}"
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}{port}{path if path[1:].isdigit() else ''}"


class _Responses(RedisDict):
    """requests-cache's table. requests-cache 1.3.3 sets an entry by `setex`, which redis-py 8 warns of."""

    def __setitem__(self, key: str, item: CachedResponse) -> None:
        seconds = max(1, (item.expires_delta or 0) + self.ttl_offset)
        self.connection.set(self._bkey(key), self.serialize(item), ex=seconds)


class RedisStore:
    """Answers by key, in one Redis database. See `storage.Store`. Redis itself drops what has expired, and
    bounds the rest (`maxmemory`)."""

    kind = "redis"

    def __init__(self, url: str, client: "Redis") -> None:
        self.name = address(url)
        self._client = client
        self._responses = _Responses(
            _NAMESPACE, connection=client, serializer="json", ttl_offset=_LINGER
        )

    def get(self, key: str) -> CachedResponse | None:
        entry: CachedResponse | None = self._responses[key]
        return entry

    def put(self, key: str, entry: CachedResponse) -> None:
        self._responses[key] = entry

    def purge(self) -> None:
        """Nothing to do."""

    def reset(self, _error: Exception | None = None) -> None:
        """Closes the idle connections: they are as broken as the one that failed."""
        self._client.connection_pool.disconnect(inuse_connections=False)

    def connections(self) -> object:
        return self._client
