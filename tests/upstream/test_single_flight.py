"""One call for a key, however many threads, processes or machines ask; and at most so many at once."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest

from tests.redis_server import RedisServer
from tests.upstream.conftest import PATIENT
from tests.upstream.processes import PATIENCE as LONG
from tests.upstream.processes import SPAWN, Results, run
from tests.upstream.scripted import Behaviour, Reply, Scripted, hang, ok
from widgets.errors import UpstreamRefused, UpstreamUnavailable
from widgets.upstream import Keep, Read, ReadThrough, reading, request_ids
from widgets.upstream.credentials import Anonymous
from widgets.upstream.flights import PATIENT as PATIENT_THREADS
from widgets.upstream.place import Place
from widgets.upstream.reads import Asking, Upstream


def get(
    reader: ReadThrough, url: str, target: str = "/data/1", ttl: float = 100, **more: Any
) -> Any:
    return reader.get(
        Upstream("ERP", "the ERP", url, Anonymous()),
        url + target,
        what="Numbers",
        keep=Keep(ttl, 1000),
        check=lambda data: data,
        asking=Asking("host", **more),
    )


def slow(seconds: float, reply: Reply) -> Behaviour:
    def behave(handler: Any) -> None:
        time.sleep(seconds)
        reply(handler)

    return behave


def test_threads_share_one_call(server: Scripted, read_through: ReadThrough) -> None:
    # Trap 2: requests-cache made 50 calls.
    server.always(slow(0.3, ok({"n": 1})))
    with ThreadPoolExecutor(50) as pool:
        found = list(pool.map(lambda _: get(read_through, server.url), range(50)))
    assert found == [{"n": 1}] * 50
    assert len(server.calls) == 1


def test_threads_share_one_failure_and_each_has_its_own_error(
    server: Scripted, read_through: ReadThrough
) -> None:
    server.always(slow(0.3, Reply(status=500)))

    def fail(_: int) -> UpstreamUnavailable:
        with pytest.raises(UpstreamUnavailable) as caught:
            get(read_through, server.url)
        return caught.value

    with ThreadPoolExecutor(20) as pool:
        errors = list(pool.map(fail, range(20)))
    assert len({id(error) for error in errors}) == 20
    assert len(server.calls) == 1
    with pytest.raises(UpstreamUnavailable):  # and for a while nobody tries again
        get(read_through, server.url)
    assert len(server.calls) == 1


def ask_in_a_process(results: Results, barrier: Any, place: Place, url: str, keys: int) -> None:
    reader = ReadThrough(place, limits=PATIENT)
    barrier.wait(LONG)
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda n: get(reader, url, f"/data/{n % keys}"), range(16 * keys)))
    results.put((found == [{"n": 1}] * len(found), reader.storage_errors))
    reader.close()


def test_processes_of_one_machine_share_one_call(server: Scripted, cache_file: Path) -> None:
    server.always(slow(0.2, ok({"n": 1})))
    found = run(ask_in_a_process, Place(cache_file), server.url, 3, processes=3)
    assert [good for good, _ in found] == [True] * 3
    assert sorted(call.path for call in server.calls) == ["/data/0", "/data/1", "/data/2"]


def test_instances_on_one_redis_share_one_call(
    server: Scripted, tmp_path: Path, redis_server: RedisServer
) -> None:
    server.always(slow(0.2, ok({"n": 1})))
    place = Place(tmp_path / "none.sqlite", redis_url=redis_server.url)
    found = run(ask_in_a_process, place, server.url, 3, processes=3)
    assert found == [(True, 0)] * 3
    assert sorted(call.path for call in server.calls) == ["/data/0", "/data/1", "/data/2"]
    assert not list(tmp_path.glob("none*"))


def hang_in_a_process(place: Place, url: str) -> None:
    get(ReadThrough(place, limits=PATIENT), url)


@pytest.mark.parametrize("shared", ["file", "redis"])
def test_whoever_waits_for_a_process_that_is_killed_goes_on(
    shared: str, server: Scripted, cache_file: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("redis_server").url if shared == "redis" else ""
    place = Place(cache_file, redis_url=url)
    server.script(hang, ok({"n": 2}))
    other = SPAWN.Process(target=hang_in_a_process, args=(place, server.url))
    other.start()
    while not server.calls:
        time.sleep(0.01)
    reader = ReadThrough(place, limits=PATIENT)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(get, reader, server.url)
        time.sleep(0.3)
        assert len(server.calls) == 1
        os.kill(other.pid or 0, signal.SIGKILL)
        assert waiting.result(LONG) == {"n": 2}
    other.join()
    reader.close()


def test_a_lock_in_redis_outlives_its_lease_while_it_is_needed(
    server: Scripted, cache_file: Path, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from widgets.upstream import locks

    monkeypatch.setattr(locks, "LEASE", 0.6)
    monkeypatch.setattr(locks, "_RENEW_EVERY", 0.1)
    server.always(slow(2.0, ok({"n": 1})))
    place = Place(cache_file, redis_url=redis_server.url)
    readers = [ReadThrough(place, limits=PATIENT) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda reader: get(reader, server.url), readers)) == [{"n": 1}] * 2
    assert len(server.calls) == 1
    for reader in readers:
        reader.close()


def test_at_most_so_many_calls_at_once(
    server: Scripted, cache_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_MOMENT", LONG)  # so that nobody goes before their call is made
    at_once, most, lock = 0, 0, threading.Lock()

    def answer(handler: Any) -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.05)
        with lock:
            at_once -= 1
        ok({"n": 1})(handler)

    server.always(answer)
    reader = ReadThrough(cache_file, limits=PATIENT, at_once=3)
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda n: get(reader, server.url, f"/data/{n}"), range(20)))
    assert (most, len(server.calls)) == (3, 20)
    reader.close()


def test_too_long_a_queue_turns_away_and_one_upstream_does_not_hold_another(
    server: Scripted, cache_file: Path
) -> None:
    server.answer = lambda call: hang if call.path.startswith("/slow") else ok({"n": 1})
    reader = ReadThrough(cache_file, limits=PATIENT, at_once=1)
    slow_url = f"{server.url}/slow"
    with ThreadPoolExecutor(8) as pool:
        waiting = [
            pool.submit(get, reader, slow_url, f"/{n}", deadline=time.monotonic() + 2)
            for n in range(8)
        ]
        while not server.calls:
            time.sleep(0.01)
        time.sleep(0.2)
        with pytest.raises(UpstreamUnavailable, match="too much at once"):
            get(reader, slow_url, "/9")
        assert get(reader, server.url) == {"n": 1}
        for each in waiting:
            with pytest.raises(UpstreamUnavailable, match="takes too long"):
                each.result()
    server.stopping.set()
    reader.close()


def test_many_reads_of_an_upstream_that_hangs_hold_none_of_another(
    server: Scripted, cache_file: Path
) -> None:
    server.answer = lambda call: hang if call.path.startswith("/slow") else ok({"n": 1})
    reader = ReadThrough(cache_file, limits=PATIENT)
    feed = Upstream("price feed", "the price feed", f"{server.url}/slow", Anonymous())
    erp = Upstream("ERP", "the ERP", server.url, Anonymous())

    def fail(n: int) -> None:
        end = time.monotonic() + 5
        with pytest.raises(UpstreamUnavailable):
            get(reader, feed.base_url, f"/{n}", deadline=end)

    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(reader.each, feed, fail, range(12))
        wait_until(lambda: len(server.calls) >= 6)
        started = time.monotonic()
        assert reader.each(erp, lambda n: get(reader, server.url, f"/{n}"), range(3))
        assert time.monotonic() - started < 3
        assert not hanging.done()
        hanging.result(LONG)
    server.stopping.set()
    reader.close()


def test_what_nobody_waited_for_is_kept(server: Scripted, read_through: ReadThrough) -> None:
    server.always(slow(0.5, ok({"n": 1})))
    with pytest.raises(UpstreamUnavailable, match="takes too long"):
        get(read_through, server.url, deadline=time.monotonic() + 0.1)
    time.sleep(1.0)
    assert get(read_through, server.url) == {"n": 1}
    assert len(server.calls) == 1


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_old_data_is_shown_at_once_and_asked_for_anew_once(
    server: Scripted, read_through: ReadThrough, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Trap 2: requests-cache starts a thread and a call for each who asks.
    for patience in ("_GLANCE", "_PATIENCE", "_MOMENT"):  # whoever waited would get the newer
        monkeypatch.setattr(reading, patience, LONG)
    reads: list[Read] = []
    given = threading.Event()

    def late(handler: Any) -> None:
        given.wait(LONG)
        ok({"n": 2})(handler)

    server.script(ok({"n": 1}), late)

    def show() -> Any:
        return get(read_through, server.url, ttl=10, log=reads.append)

    show()
    clock.advance(20)
    with ThreadPoolExecutor(30) as pool:
        asked = [pool.submit(show) for _ in range(30)]
        done, _ = wait(asked, LONG / 2)
        was_current = read_through.is_current(reads[-1].key, reads[-1].as_of)
        given.set()
    assert len(done) == 30
    assert was_current  # nobody was shown what had come meanwhile
    assert [each.result() for each in asked] == [{"n": 1}] * 30
    assert {read.outcome for read in reads[1:]} == {"refreshing"}
    old = reads[-1]
    wait_until(lambda: not read_through.is_current(old.key, old.as_of))
    assert show() == {"n": 2}
    assert reads[-1].outcome == "hit"
    assert len(server.calls) == 2


def test_a_refusal_is_not_forgotten_by_processes_that_remember_the_answer(
    server: Scripted, cache_file: Path, clock: Any
) -> None:
    one, other = (ReadThrough(cache_file, limits=PATIENT, clock=clock) for _ in range(2))
    server.script(ok({"n": 1}), Reply(status=403), Reply(status=500))
    for reader in (one, other):
        assert get(reader, server.url, ttl=10) == {"n": 1}
    clock.advance(60)
    with pytest.raises(UpstreamRefused):
        get(one, server.url, ttl=10)
    one.purge()
    clock.advance(100)
    for reader in (other, one):
        with pytest.raises(UpstreamUnavailable):
            get(reader, server.url, ttl=10)
        reader.close()


def test_what_is_there_does_not_wait_behind_what_hangs(
    server: Scripted, read_through: ReadThrough
) -> None:
    server.answer = lambda call: hang if "slow" in call.path else ok({"n": 1})
    erp = Upstream("ERP", "the ERP", server.url, Anonymous())
    for n in range(2):
        get(read_through, server.url, f"/{n}")

    def fail(n: int) -> None:
        with pytest.raises(UpstreamUnavailable):
            get(read_through, server.url, f"/slow/{n}", deadline=time.monotonic() + 4)

    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(read_through.each, erp, fail, range(12))
        wait_until(lambda: len(server.calls) >= 4)
        started = time.monotonic()
        both = read_through.each(erp, lambda n: get(read_through, server.url, f"/{n}"), range(2))
        assert both == [{"n": 1}] * 2
        assert time.monotonic() - started < 2
        assert not hanging.done()
        hanging.result(LONG)
    server.stopping.set()


def test_an_upstream_that_hangs_leaves_threads_for_others(
    server: Scripted, read_through: ReadThrough
) -> None:
    server.always(hang)

    def wait(n: int) -> float:
        started = time.monotonic()
        with pytest.raises(UpstreamUnavailable):
            get(read_through, server.url, f"/{n % 2}", deadline=time.monotonic() + 4)
        return time.monotonic() - started

    with ThreadPoolExecutor(16) as pool:
        waited = sorted(pool.map(wait, range(16)))
    assert sum(seconds > 3 for seconds in waited) == PATIENT_THREADS
    assert waited[0] < 3
    server.stopping.set()


def test_a_fault_of_ours_is_logged_with_its_request_and_not_repeated_at_once(
    *,
    server: Scripted,
    read_through: ReadThrough,
    clock: Any,
    caplog: pytest.LogCaptureFixture,
    request: pytest.FixtureRequest,
) -> None:
    server.always(ok({"n": 1}))
    broken = False

    def check(data: object) -> object:
        if broken:
            raise TypeError("a bug")
        return data

    def show() -> object:
        return read_through.get(
            Upstream("ERP", "the ERP", server.url, Anonymous()),
            f"{server.url}/data",
            what="Numbers",
            keep=Keep(10, 1000),
            check=check,
            asking=Asking("host", request_id="r-1"),
        )

    heard = []

    class Ear(logging.Filter):
        def filter(self, _record: logging.LogRecord) -> bool:
            heard.append(request_ids.current())
            return True

    ear = Ear()
    caplog.handler.addFilter(ear)
    request.addfinalizer(lambda: caplog.handler.removeFilter(ear))
    show()
    clock.advance(20)
    broken = True
    show()
    wait_until(lambda: len(server.calls) == 2 and "a bug" in caplog.text)
    assert heard[-1:] == ["r-1"]
    broken = False
    for _ in range(5):
        assert show() == {"n": 1}
    assert len(server.calls) == 2


def test_a_refusal_behind_old_data_ends_it(
    server: Scripted, read_through: ReadThrough, clock: Any
) -> None:
    server.script(ok({"n": 1}), Reply(status=403))
    get(read_through, server.url, ttl=10)
    clock.advance(20)
    assert get(read_through, server.url, ttl=10) == {"n": 1}
    wait_until(lambda: len(server.calls) == 2)

    def is_refused() -> bool:
        try:
            get(read_through, server.url, ttl=10)
        except UpstreamRefused:
            return True
        return False

    wait_until(is_refused)
    assert len(server.calls) == 2
