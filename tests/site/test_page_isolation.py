"""Who gets which page out of the page cache: never one byte of another's, and nothing that is no longer
allowed."""

import itertools
import time
from dataclasses import dataclass, replace
from typing import Any

import pytest
from prometheus_client import REGISTRY

from tests.embedding import by_hand
from tests.embedding.by_hand import SHOWN, bearer
from widgets import create_app
from widgets.embedding.context import HostContext

HOSTS = f"""
{by_hand.SALES_AND_CRM}
[hosts.stock]
name = "Stock"
origins = ["https://stock.contoso.com"]
access = "key"
keys = [
  {{ id = "a", secret_file = "shown.key" }},
  {{ id = "b", secret_file = "next.key" }},
]

[hosts.lobby]
name = "Lobby"
origins = ["https://lobby.contoso.com"]
access = "open"

[hosts.hall]
name = "Hall"
origins = ["https://hall.contoso.com"]
access = "open"
locked = {{ company = "demf" }}
rate_limit = 3
"""
QUERY = "site=1&rows=3"
NEXT = "what-everybody-will-see-there-00004"


def client_of(settings, tmp_path):
    (tmp_path / "next.key").write_text(NEXT)
    return by_hand.client_of(settings, HOSTS, tmp_path)


@pytest.fixture
def client(settings, tmp_path):
    return client_of(settings, tmp_path)


@pytest.fixture
def cache(client):
    return client.application.wsgi_app


def is_hit(answer) -> bool:
    return "erp-widgets-pages; hit; ttl=" in answer.headers["Cache-Status"]


def everything(cache) -> str:
    """All that the page cache holds, but for the bodies."""
    pages = cache._pages._kept.items()
    return repr([(key, page.headers, page.unchanged) for key, page in pages])


@dataclass(frozen=True)
class Viewer:
    host: str
    locks: tuple[tuple[str, str], ...] = ()
    user: str = ""
    context: str = ""
    key: str = ""

    def ask(self, client, query: str = QUERY, **headers: str):
        if self.host in ("sales", "crm"):
            more: dict[str, Any] = {"sub": self.user} if self.user else {}
            if self.context:
                more["ctx"] = {"entity": {"type": "item", "id": self.context}}
            token = by_hand.token(iss=self.host, params=dict(self.locks), **more)
            headers |= bearer(token)
        key = f"&key={self.key}" if self.key else ""
        return client.get(f"/widgets/inventory/?host={self.host}&{query}{key}", headers=headers)


VIEWERS = [
    Viewer("sales"),
    Viewer("sales", (("company", "usmf"),)),
    Viewer("sales", (("company", "demf"),)),
    Viewer("sales", (("site", "1"),)),
    Viewer("sales", context="M0001"),
    Viewer("sales", context="M0002"),
    Viewer("crm"),
    Viewer("crm", (("company", "demf"),)),
    Viewer("stock", key=SHOWN),
    Viewer("stock", key=NEXT),
    Viewer("lobby"),
    Viewer("hall"),
]


def test_each_gets_what_it_would_get_without_a_cache(settings, tmp_path):
    """Whoever else has asked for the same before."""
    # A page of older data says that newer is on its way.
    settings = settings.model_copy(update={"keep": {"on_hand": (3600, 3600)}})
    client = client_of(settings, tmp_path)
    alone = {}
    for viewer in VIEWERS:
        # A server that has shown nothing to anybody else.
        answer = viewer.ask(client_of(settings, tmp_path))
        assert answer.status_code == 200
        alone[viewer] = answer
    for viewer in [*VIEWERS, *reversed(VIEWERS)]:
        answer = viewer.ask(client)
        wanted = alone[viewer]
        assert answer.data == wanted.data
        for name in ("Content-Security-Policy", "Cache-Control", "Vary"):
            assert answer.headers[name] == wanted.headers[name]


def test_only_those_who_may_see_the_same_share_a_page(client):
    for viewer in VIEWERS:
        assert not is_hit(viewer.ask(client))
        assert is_hit(viewer.ask(client))


def test_an_etag_of_anothers_page_is_no_answer_to_oneself(client):
    for one, other in itertools.permutations([VIEWERS[1], VIEWERS[2], VIEWERS[10]], 2):
        etag = one.ask(client).headers["ETag"]
        assert other.ask(client, **{"If-None-Match": etag}).status_code == 200
        assert one.ask(client, **{"If-None-Match": etag}).status_code == 304


def test_viewers_whose_tokens_say_the_same_share_a_page(client):
    assert not is_hit(Viewer("sales", user="one").ask(client))
    assert is_hit(Viewer("sales", user="two").ask(client))


def test_a_widget_that_reads_the_viewer_has_a_page_for_each(client):
    widget = client.application.blueprints["inventory"]
    sound = widget.view_function
    seen = []

    def personal(params, erp, viewer):
        seen.append(viewer.user)
        return sound.call(params, erp=erp)

    reads = {**sound.reads, "viewer": HostContext}
    widget.view_function = replace(sound, call=personal, reads=reads)
    try:
        for user in ("one", "two", "one", "two"):
            Viewer("sales", user=user).ask(client)
        assert seen == ["one", "two"]
    finally:
        widget.view_function = sound


@pytest.mark.parametrize(
    "names",
    [("host=lobby", "h%6fst=lobby"), ("host=lobby&host=hall", "host=hall&host=lobby")],
)
def test_however_a_parameter_is_written_it_is_the_hosts_own_page(client, names):
    for name in [*names, *names]:
        answer = client.get(f"/widgets/inventory/?{name}&{QUERY}")
        first = "hall" if name.startswith("host=hall") else "lobby"
        assert f"https://{first}." in answer.headers["Content-Security-Policy"]
        assert ("company demf" in answer.text) is (first == "hall")


# --- Let in each time.


def test_a_token_that_has_expired_gets_nothing_that_is_kept(client):
    now = int(time.time())
    assert Viewer("sales").ask(client).status_code == 200
    assert is_hit(Viewer("sales").ask(client))
    for claims in ({"iat": now - 400, "exp": now - 100}, {"wid": "ticker"}, {"aud": "other"}):
        token = by_hand.token(**claims)
        for headers, query in ((bearer(token), ""), ({}, f"&token={token}")):
            answer = client.get(f"/widgets/inventory/?host=sales&{QUERY}{query}", headers=headers)
            assert answer.status_code in (401, 403)
            assert "<table" not in answer.text
    for headers in ({}, bearer("x"), bearer(by_hand.token(secret=by_hand.OTHER_SECRET))):
        answer = client.get(f"/widgets/inventory/?host=sales&{QUERY}", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["Cache-Status"] == "erp-widgets-pages; fwd=bypass"


def test_a_key_that_is_revoked_opens_nothing_from_the_next_request_on(client, cache, tmp_path):
    viewer, other = Viewer("stock", key=SHOWN), Viewer("stock", key=NEXT)
    for each in (viewer, other):
        each.ask(client)
        assert is_hit(each.ask(client))
    revoked = HOSTS.replace(
        'secret_file = "shown.key" }', 'secret_file = "shown.key", revoked = true }'
    )
    (tmp_path / "hosts.toml").write_text(revoked)
    assert cache._services.admission.reload(quiet=True)
    assert viewer.ask(client).status_code == 401
    assert not is_hit(other.ask(client))
    assert is_hit(other.ask(client))
    assert len(cache._pages._kept) == 1  # what was kept before is gone


def test_hosts_that_are_read_again_have_new_pages(client, cache, tmp_path):
    lobby = Viewer("lobby")
    lobby.ask(client)
    assert is_hit(lobby.ask(client))
    (tmp_path / "hosts.toml").write_text(HOSTS.replace("https://lobby.", "https://foyer."))
    cache._services.admission.reload(quiet=True)
    answer = lobby.ask(client)
    assert answer.headers["Content-Security-Policy"].endswith("https://foyer.contoso.com")
    (tmp_path / "hosts.toml").write_text(HOSTS.replace("[hosts.lobby]", "[hosts.other]"))
    cache._services.admission.reload(quiet=True)
    assert lobby.ask(client).status_code == 403


def test_hosts_that_are_read_while_a_page_is_made_do_not_get_that_page(client, cache, tmp_path):
    widget = client.application.blueprints["inventory"]
    sound = widget.view_function

    def meanwhile(params, erp):
        (tmp_path / "hosts.toml").write_text(HOSTS.replace("https://lobby.", "https://foyer."))
        cache._services.admission.reload(quiet=True)
        Viewer("hall").ask(client)  # so that the new hosts are in force
        return sound.call(params, erp=erp)

    widget.view_function = replace(sound, call=meanwhile)
    try:
        first = Viewer("crm").ask(client, query="site=2")
    finally:
        widget.view_function = sound
    assert "stored" not in first.headers["Cache-Status"]
    assert not is_hit(Viewer("crm").ask(client, query="site=2"))


def test_pages_out_of_the_cache_count_against_the_hosts_limit(client):
    hall = Viewer("hall")
    assert [hall.ask(client).status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    refused = hall.ask(client)
    assert refused.headers["Retry-After"]
    assert "hit" not in refused.headers["Cache-Status"]


# --- Secrets.


def test_no_token_and_no_key_is_in_any_key_or_header(client, cache):
    token = by_hand.token()
    address = f"/widgets/inventory/?host=sales&{QUERY}"
    pages = [
        client.get(f"{address}&token={token}"),
        client.get(f"{address}&t%6Fken={token}"),
        client.get(address, headers=bearer(token)),
        client.get(f"/widgets/inventory/?host=stock&{QUERY}&key={SHOWN}"),
        client.get(f"/widgets/inventory/?host=lobby&{QUERY}&key={SHOWN}&token={token}"),
    ]
    assert {page.status_code for page in pages} == {200}
    assert len(cache._pages._kept) == len({page.headers["Cache-Control"] for page in pages}) + 1
    for part in (*token.split("."), SHOWN, NEXT):
        assert part not in everything(cache)
        assert part not in "".join(str(page.headers) for page in pages)
    assert not [part for page in pages for part in token.split(".") if part in page.text]


def test_a_page_whose_address_has_a_token_is_kept_by_nobody_else(client):
    address = f"/widgets/inventory/?host=sales&{QUERY}"
    for _ in range(2):
        with_token = client.get(f"{address}&token={by_hand.token()}")
        assert with_token.headers["Cache-Control"] == "no-store"
        header = client.get(address, headers=bearer(by_hand.token()))
        assert header.headers["Cache-Control"] == "private, no-cache"
        assert "s-maxage" not in str(header.headers)
    assert is_hit(with_token)
    assert is_hit(header)


# --- A frame that waits for its token.


def test_a_frame_that_waits_is_kept_for_its_host_alone(client):
    for host in ("sales", "crm", "sales", "crm"):
        answer = client.get(f"/widgets/inventory/?host={host}&loader=1&{QUERY}")
        assert 'data-state="waiting"' in answer.text
        assert answer.headers["Cache-Control"] == "private, max-age=60"
        assert answer.headers["Content-Security-Policy"].endswith(f"https://{host}.contoso.com")
    assert is_hit(answer)
    assert "Age" not in answer.headers
    shown = Viewer("crm").ask(client, f"loader=1&{QUERY}")
    assert 'data-state="ok"' in shown.text
    waiting = client.get(f"/widgets/inventory/?host=crm&loader=1&{QUERY}")
    assert "<table" not in waiting.text
    partial = client.get(
        f"/widgets/inventory/?host=crm&loader=1&{QUERY}", headers={"HX-Request": "true"}
    )
    assert partial.status_code == 401


# --- Addresses of this server.


HOSTILE = {
    "Host": "evil.example",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Prefix": "/evil",
}


def test_what_one_says_that_this_server_is_called_is_not_said_to_another(client):
    def ask(**headers: str) -> str:
        return str(client.get(f"/widgets/inventory/?host=lobby&{QUERY}", headers=headers).text)

    ask(**HOSTILE)
    for _ in range(2):
        assert "evil" not in ask()
        assert "http://evil.example/oembed" in ask(**HOSTILE)


@pytest.mark.parametrize("public_url", [None, "https://widgets.example"])
def test_behind_a_proxy_the_same(settings, tmp_path, public_url):
    (tmp_path / "hosts.toml").write_text(HOSTS[HOSTS.index("[hosts.lobby]") :])
    changes = {"proxies": 1, "public_url": public_url, "hosts_file": tmp_path / "hosts.toml"}
    client = create_app(settings.model_copy(update=changes)).test_client()
    address = f"/widgets/inventory/?host=lobby&{QUERY}"
    client.get(address, headers=HOSTILE)
    answer = client.get(address)
    assert "evil" not in answer.text
    assert "evil" in client.get(address, headers=HOSTILE).text
    # A cache in the proxy must not give one to the other either.
    vary = set(answer.headers["Vary"].split(", "))
    assert "X-Forwarded-Prefix" in vary
    assert ({"X-Forwarded-Host", "X-Forwarded-Proto"} <= vary) is (public_url is None)


def test_where_its_address_is_set_all_names_share_a_page(settings, tmp_path):
    (tmp_path / "hosts.toml").write_text(HOSTS[HOSTS.index("[hosts.lobby]") :])
    changes = {"public_url": "https://widgets.example", "hosts_file": tmp_path / "hosts.toml"}
    client = create_app(settings.model_copy(update=changes)).test_client()
    client.get(f"/widgets/inventory/?host=lobby&{QUERY}", headers={"Host": "a.example"})
    assert is_hit(
        client.get(f"/widgets/inventory/?host=lobby&{QUERY}", headers={"Host": "b.example"})
    )


# --- What is counted.


def counts(host: str, widget: str = "inventory") -> dict[tuple[str, str], float]:
    return {
        (sample.labels["state"], sample.labels["layer"]): sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.name == "widgets_requests_total"
        and (sample.labels["host"], sample.labels["widget"]) == (host, widget)
    }


def observed(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"{name}_count", labels) or 0


def test_each_request_is_counted_once(client):
    before, unknown = counts("lobby"), counts("-")
    seconds = [
        observed("widgets_request_seconds", widget="inventory", layer=layer)
        for layer in ("page", "render")
    ]
    ages = observed("widgets_data_age_seconds", widget="inventory")
    lobby = Viewer("lobby")
    first = lobby.ask(client)
    for more in ({}, {"If-None-Match": first.headers["ETag"]}, {"HX-Request": "true"}):
        lobby.ask(client, **more)
    lobby.ask(client, query="rows=0")
    lobby.ask(client, query="site=77")
    Viewer("nobody-knows").ask(client)
    client.get("/widgets/inventory")
    client.post("/widgets/inventory/")
    client.get("/healthz")

    def since(was, now):
        return {
            key: value - was.get(key, 0) for key, value in now.items() if value != was.get(key, 0)
        }

    assert since(before, counts("lobby")) == {
        ("ok", "render"): 2,
        ("ok", "page"): 2,
        ("error", "render"): 1,
        ("empty", "render"): 1,
    }
    assert since(unknown, counts("-")) == {("error", "render"): 1}
    assert [
        observed("widgets_request_seconds", widget="inventory", layer=layer)
        for layer in ("page", "render")
    ] == [seconds[0] + 2, seconds[1] + 5]
    assert observed("widgets_data_age_seconds", widget="inventory") == ages + 5


def test_what_is_kept_is_measured(client, cache):
    for viewer in VIEWERS[:3]:
        viewer.ask(client)
    assert REGISTRY.get_sample_value("widgets_pages_kept") == 3
    assert REGISTRY.get_sample_value("widgets_page_bytes") == cache._pages._kept.currsize
