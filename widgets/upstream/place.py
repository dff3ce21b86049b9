"""Where answers are kept: on this machine, or where all machines find them."""

from dataclasses import dataclass
from pathlib import Path

from widgets.upstream import storage_redis
from widgets.upstream.locks import FileLocks, Locks, RedisLocks
from widgets.upstream.storage import Store
from widgets.upstream.storage_sqlite import SqliteStore


@dataclass(frozen=True, slots=True)
class Place:
    """Where answers are kept. path: the SQLite file; `storage_sqlite.prepare` makes it, once, before
    processes fork. most_bytes: of it. redis_url: instead of the file; "": none."""

    path: Path
    most_bytes: int = 256 * 1024 * 1024
    redis_url: str = ""

    def open(self) -> tuple[Store, Locks]:
        if self.redis_url:
            client = storage_redis.connect(self.redis_url)
            return storage_redis.RedisStore(self.redis_url, client), RedisLocks(client)
        return SqliteStore(self.path, self.most_bytes), FileLocks(Path(f"{self.path}.lock"))
