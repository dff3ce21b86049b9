"""How the read-through says that its upstreams and its storage are."""

from dataclasses import dataclass

import pytest

from tests.upstream.scripted import Reply, ok
from widgets.errors import UpstreamUnavailable
from widgets.upstream.credentials import Anonymous
from widgets.upstream.reads import Asking, Keep, Upstream


@dataclass
class Erp:
    upstream: Upstream

    def read(self, reads, path="/data"):
        return reads.get(
            self.upstream,
            f"{self.upstream.base_url}{path}",
            what="Things",
            keep=Keep(0, 0),
            check=lambda data: data,
            asking=Asking("scope"),
        )


@pytest.fixture
def erp(server):
    return Erp(Upstream("ERP", "the ERP", server.url, Anonymous()))


def test_what_was_not_asked_is_not_known(read_through):
    health = read_through.health({"ERP": "http://erp"})
    assert (health.storage, health.upstreams[0].state) == ("ok", "unknown")


def test_an_upstream_that_answers_is_closed(read_through, server, erp, clock):
    server.always(ok({}))
    erp.read(read_through)
    (found,) = read_through.health({"ERP": server.url}).upstreams
    assert (found.name, found.address, found.state) == ("ERP", server.url, "closed")
    assert found.last_answer is not None
    assert found.last_answer.timestamp() == clock.now
    assert (found.because, found.failures, found.until) == ("", 0, None)


def test_an_upstream_that_fails_is_open_with_the_reason(read_through, server, erp, clock):
    server.always(Reply(status=503, headers={"Retry-After": "20"}))
    with pytest.raises(UpstreamUnavailable):
        erp.read(read_through)
    (found,) = read_through.health({"ERP": server.url}).upstreams
    assert found.state == "open"
    assert "The ERP" in found.because
    assert found.until is not None
    assert 15 < found.until.timestamp() - clock.now <= 20


def test_a_storage_that_fails_says_so(read_through, server, erp, cache_file):
    server.always(ok({}))
    cache_file.unlink()
    cache_file.mkdir()
    erp.read(read_through)
    assert read_through.health({}).storage.startswith("what is kept cannot be used: ")
