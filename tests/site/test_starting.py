"""What the server does before its workers start."""

import sys

import pytest

from tests.redis_server import RedisServer
from tests.site.gunicorns import gunicorn
from tools import cluster

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
NOWHERE = "/proc/nothing/can/be/made/here/reads.sqlite"


def test_with_redis_no_cache_file_is_made(tmp_path, redis_server: RedisServer):
    with gunicorn(
        tmp_path,
        workers=1,
        WIDGETS_DEMO="yes",
        WIDGETS_REDIS_URL=redis_server.url,
        WIDGETS_CACHE_FILE=NOWHERE,
        WIDGETS_ERP_URL=f"http://127.0.0.1:{cluster.free_port()}",
    ) as server:
        assert server.get("/widgets/inventory/?site=1").status_code == 503  # there is no ERP
    assert NOWHERE not in server.err.read_text()
