"""What goes between page and frame: every message fits its schema, and nobody else is heard."""

import json
from typing import Any

import jsonschema
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Watch
from tests.browser.host_app import HostApp
from tests.browser.tags import (
    LISTEN,
    OPEN,
    ORDER,
    STOCK,
    frame_of,
    heard,
    shown,
    wait_until,
    wait_until_heard,
)
from tests.conftest import ROOT, MockErp

pytestmark = pytest.mark.browser

SCHEMA = json.loads((ROOT / "static/messages.v1.json").read_text())

# Notes what a window's ports send, and what it hears, before any script of ours runs.
SPY = """
window.sent = [];
const send = MessagePort.prototype.postMessage;
MessagePort.prototype.postMessage = function (message, ...rest) {
  sent.push(message);
  return send.call(this, message, ...rest);
};
// A message to a window is noted where it arrives.
addEventListener("message", ({ data }) => (window.got ??= []).push(data), true);
"""


def all_messages(page: Page) -> list[dict[str, Any]]:
    """Of the page and of all frames, without what Playwright itself sends."""
    found: list[dict[str, Any]] = []
    for frame in page.frames:
        found += frame.evaluate("[...(window.sent ?? []), ...(window.got ?? [])]")
    return [message for message in found if isinstance(message, dict) and "ns" in message]


def wait_until_said(page: Page, kind: str) -> None:
    wait_until(page, lambda: any(each["type"] == kind for each in all_messages(page)))


def test_every_message_fits_its_schema(
    page: Page, app: HostApp, context: BrowserContext, mock_erp: MockErp
):
    context.add_init_script(SPY)
    app.life = 5
    page.goto(
        app.page(ORDER + STOCK.replace(" host", ' listens-to="orders" host') + app.script(LISTEN))
    )
    orders = shown(page, "#orders")
    shown(page, "#stock")
    orders.locator("[data-kind=item]").first.click()
    expect(frame_of(page, "#stock").locator("th").first).to_have_text("Site / warehouse")
    page.evaluate("""() => {
        document.documentElement.lang = "de";
        document.body.style.background = "#111";
        document.querySelector("#stock").setAttribute("rows", "2");
        document.querySelector("#stock").refresh();
    }""")
    expect(frame_of(page, "#stock").locator("tbody tr[id^=row]")).to_have_count(2)
    mock_erp.fault("WarehousesOnHandV2", "status", status=500)
    page.wait_for_timeout(300)
    page.evaluate("document.querySelector('#stock').refresh()")
    wait_until_heard(page, "inventory", "stale")
    page.evaluate("document.querySelector('#orders').setAttribute('order', 'none-such')")
    wait_until_heard(page, "order-status", "error")
    wait_until_said(page, "token.expiring")
    page.evaluate(
        "document.body.insertAdjacentHTML('afterbegin', '<div style=height:6000px></div>')"
    )
    wait_until_said(page, "visible")
    messages = all_messages(page)
    page.evaluate("document.querySelector('#orders').remove()")
    messages += page.evaluate("sent")
    checker = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
    for message in messages:
        definition = {**SCHEMA["$defs"][message["type"]], "$defs": SCHEMA["$defs"]}
        problems = [e.message for e in checker.evolve(schema=definition).iter_errors(message)]
        assert problems == [], message
    assert {message["type"] for message in messages} == SCHEMA["$defs"].keys() - {"iid"}


HOSTILE_FRAME = """<script>
const say = (type, data) => ({ ns: "erp-widget", v: 1, iid: "x", type, data });
const junk = [
  say("resize", { height: 5000 }), say("hello", { v: [1], widget: "w", version: "" }), "text", 7, null, [],
  say("event", { name: "select", kind: "item", key: "1" }), say("error", { code: "x" }), { ns: "erp-widget" },
];
setInterval(() => {
  for (const message of junk) parent.postMessage(message, "*");
  for (let n = 0; n < parent.length; n++) {
    const init = say("init", { v: 1, token: "x" });
    parent[n].postMessage(init, "*", [new MessageChannel().port1]);
  }
}, 20);
</script>"""


def test_a_hostile_frame_on_the_page_gets_nowhere(
    page: Page, app: HostApp, watch: Watch, mock_erp: MockErp
):
    # On another origin than page and widgets, and it knows the protocol.
    app.page(HOSTILE_FRAME, path="/hostile")
    body = (
        OPEN + app.script(LISTEN) + f'<iframe src="http://127.0.0.1:{app.port}/hostile"></iframe>'
    )
    page.goto(app.page(body))
    shown(page)
    page.wait_for_timeout(1_000)
    assert [e[1] for e in heard(page)] == ["ready", "rendered"]
    page.evaluate("document.querySelector('erp-widget').setAttribute('rows', '2')")
    expect(frame_of(page).locator("tbody tr[id^=row]")).to_have_count(2)
    assert watch.complaints == []


HOSTILE_PAGE = """
const evil = '"><img src=x onerror="window.hacked = 1">';
const junk = [null, "text", {}, { theme: evil, variables: "x" }, { token: {} }, { locale: 7 }];
const types = ["nonsense", "constructor", "__proto__", "theme", "token", "visible", "refresh", "locale"];
const variables = { accent: "url(https://evil.example)", "x:y": "red", onclick: "1", ["__proto__"]: "red" };
addEventListener("message", ({ data, source }) => {
  if (data.type !== "hello" || window.port) return;
  const { port1, port2 } = new MessageChannel();
  window.port = port1;
  const context = { theme: evil, locale: evil, variables };
  source.postMessage({ ...data, type: "init", data: { v: 1, context } }, "*", [port2]);
  const say = (type, data) => port1.postMessage({ ns: "erp-widget", v: 1, iid: "x", type, data });
  for (const type of types) for (const data of junk) say(type, data);
  say("params", { params: { search: evil, host: "nobody", rows: 3, site: { a: 1 }, ["__proto__"]: "x" } });
});
"""


def test_a_page_that_may_frame_but_talks_nonsense_changes_nothing(
    page: Page, app: HostApp, watch: Watch
):
    address = f"{app.served}/widgets/inventory/?site=1&rows=3"
    app.script(HOSTILE_PAGE, path="/hostile.js")
    page.goto(
        app.page(
            f'<iframe src="{address}" width=500 height=600></iframe><script src="/hostile.js"></script>'
        )
    )
    frame = page.frame_locator("iframe")
    expect(frame.locator("#search")).to_have_value('"><img src=x onerror="window.hacked = 1">')
    inside = page.frames[1]
    assert inside.evaluate("window.hacked") is None
    assert inside.evaluate("document.querySelectorAll('img').length") == 0
    assert inside.evaluate("document.documentElement.style.cssText") == ""
    assert watch.but_overtaken() == []


def test_a_version_that_is_not_spoken_is_said(page: Page, app: HostApp):
    app.script(
        """
        window.got = [];
        addEventListener("message", ({ data, source }) => {
          if (data.type !== "hello" || window.port) return;
          const { port1, port2 } = new MessageChannel();
          window.port = port1;
          port1.onmessage = ({ data }) => got.push(data);
          source.postMessage({ ...data, type: "init", data: { v: 2 } }, "*", [port2]);
        });
        """,
        path="/newer.js",
    )
    page.goto(
        app.page(
            f'<iframe src="{app.served}/widgets/inventory/?site=1"></iframe><script src="/newer.js"></script>'
        )
    )
    page.wait_for_function("got.length > 0")
    assert page.evaluate("got.map(({ type, data }) => [type, data.code])") == [
        ["error", "protocol-version"]
    ]


def test_two_widgets_that_listen_to_each_other_come_to_rest(page: Page, app: HostApp, watch: Watch):
    page.set_viewport_size({"width": 900, "height": 1400})
    pair = "".join(
        f'<erp-widget id="{me}" listens-to="{other}" name="inventory" site="1" rows="3"></erp-widget>'
        for me, other in (("a", "b"), ("b", "a"))
    )
    page.goto(app.page(pair))
    first = shown(page, "#a")
    shown(page, "#b")
    first.locator("tbody tr[id^=row] td").first.click()
    expect(frame_of(page, "#b").locator("th").first).to_have_text("Site / warehouse")
    page.wait_for_timeout(3_000)  # old data is asked for once more after two seconds
    watch.addresses.clear()
    page.wait_for_timeout(1_000)
    assert watch.addresses == []
