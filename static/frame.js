// A widget's frame: when to look for newer data, what a request shows while it is under way, and what a
// swap must leave as the viewer has it. Three may ask: the viewer (a link, a form, a search), the host (other
// parameters), and the timer, which looks again at the same address and must never get in the way.
import { drawCharts, forgetCharts } from "./chart.js";
import { fit } from "./fit.js";
import { bearer, converse, tell } from "./host.js";
import { offerPicks } from "./picks.js";

const { htmx, Idiomorph } = window;
const SLOW = 300; // milliseconds after which a request is shown to be under way
const underWay = new Set();
const root = document.documentElement;
const widget = () => document.getElementById("widget");
const version = widget().dataset.version;
// A frame whose sandbox lacks allow-same-origin may not fetch: links and forms load it anew, as without scripts.
const isolated = self.origin === "null";

if (isolated) {
  console.warn("This frame's sandbox lacks allow-same-origin, so it loads anew instead of refreshing in place.");
  for (const element of document.querySelectorAll("[hx-boost], [hx-get]")) {
    for (const name of ["hx-boost", "hx-get"]) element.removeAttribute(name);
  }
}

// --- Refresh: on a timer, never while nobody can see the frame, at once when it is seen again.

let lastLook = Date.now();
let inView = true;
let shown = true; // as far as the host says
let gone = false;
let timer = 0;

function schedule() {
  clearTimeout(timer);
  const due = lastLook + Number(widget().dataset.refresh) * 1000;
  timer = setTimeout(refresh, Math.max(0, due - Date.now()));
}

function refresh() {
  if (gone || document.hidden || !inView || !shown || underWay.size) return; // each of these schedules when it is over
  if (widget().dataset.state === "waiting") return;
  if (!isolated) return ask("timer");
  if (document.activeElement === document.body) location.reload();
  else schedule();
}

// Asks for what is at `asked`, for the timer or the host.
function ask(by) {
  asker = by;
  lastLook = Date.now();
  const how = { source: widget(), target: widget(), swap: "morph:outerHTML show:none" };
  htmx.ajax("GET", asked, how).catch(() => {}); // the events below say what became of it
  schedule();
}

document.addEventListener("visibilitychange", schedule);
new IntersectionObserver(([entry]) => {
  inView = entry.isIntersecting;
  schedule();
}).observe(widget());

// --- Requests.

let asked = without(location.href, "token"); // what was asked for last; a refresh asks for it again if it failed
let asker = "timer"; // who is behind a request that no element makes
let startedAt = 0;
let renewing = false; // the host was asked for another token, since this one has ended
let known = { address: "", etag: "" }; // the partial that is shown
let focusNext = ""; // id of what a link leads to, for whoever uses the keyboard

const askedBy = (detail) => (detail.elt === widget() ? asker : "viewer");

function without(address, name) {
  const url = new URL(address, location.href);
  if (url.searchParams.has(name)) url.searchParams.delete(name);
  return url.href;
}

// A token is for this frame's memory alone: not for its address, which can be copied.
if (asked !== location.href && !isolated) history.replaceState(null, "", asked);

document.addEventListener("htmx:configRequest", ({ detail }) => {
  delete detail.headers["HX-Current-URL"]; // the whole address, for nobody's log
  // A 304 to an ETag of ours reaches htmx, which then leaves the page as it is.
  if (askedBy(detail) !== "viewer" && known.address === asked) detail.headers["If-None-Match"] = known.etag;
  if (bearer()) detail.headers.Authorization = `Bearer ${bearer()}`;
});

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  startedAt = performance.now();
  detail.requestConfig.by = askedBy(detail);
  if (detail.requestConfig.by !== "viewer") return;
  asked = new URL(detail.pathInfo.finalRequestPath.replace("?&", "?"), location.href).href;
  focusNext = detail.elt.dataset.focus ?? "";
  setTimeout(() => underWay.has(detail.xhr) && widget().setAttribute("aria-busy", "true"), SLOW);
});

document.addEventListener("htmx:beforeSend", ({ detail }) => underWay.add(detail.xhr));

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  underWay.delete(detail.xhr);
  if (!underWay.size) widget().removeAttribute("aria-busy");
  schedule();
});

// A server that cannot be reached takes nothing away: the data stays, and a line says so.
for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, () => {
    document.getElementById("unreachable").hidden = false;
    tell("error", { code: "unreachable", retryable: true, id: "" });
  });
}

// Neither does an answer of somebody in between, such as a proxy's page while the server starts again.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { detail } = event;
  const unchanged = detail.xhr.status === 304;
  const ours = unchanged || detail.xhr.responseText.includes('<main id="widget"');
  if (!unchanged && detail.xhr.status === 401 && ours && mayRenew(detail.xhr.responseText)) return event.preventDefault();
  document.getElementById("unreachable").hidden = ours;
  if (!ours) event.preventDefault();
  if (!ours || unchanged) return;
  known = { address: asked, etag: detail.xhr.getResponseHeader("ETag") ?? "" };
  if (detail.xhr.status < 400) renewing = false;
  history.replaceState(null, "", asked); // the address can be copied; the host's history stays its own
});

// A token that ended while the machine slept takes nothing away: once, the host is asked for another.
function mayRenew(page) {
  if (renewing || !page.includes('data-code="token-expired"')) return false;
  renewing = tell("token.expiring");
  return renewing;
}

// --- Swaps. What the timer brings leaves typed text, open parts and focus alone; an answer to the viewer brings its own;
// one to the host brings its own but no focus, which is somewhere else.

let by = "timer";

document.addEventListener("htmx:beforeSwap", ({ detail }) => (by = detail.requestConfig.by));

Idiomorph.defaults.ignoreActiveValue = true;
Object.assign(Idiomorph.defaults.callbacks, {
  beforeNodeMorphed: (old) => !(old instanceof Element && "keep" in old.dataset),
  beforeNodeRemoved: forgetCharts,
  beforeAttributeUpdated: (name, node) => {
    if (name === "open" && node.matches("details.figures-table")) return false;
    return !(by === "timer" && ["open", "value"].includes(name));
  },
});

document.addEventListener("htmx:afterSwap", () => showTimes());

document.addEventListener("htmx:afterSettle", () => {
  lastLook = Date.now();
  schedule();
  drawCharts(by !== "timer");
  if (by === "viewer") moveFocus();
  offerPicks();
  report(performance.now() - startedAt);
  // A newer server sends markup that this frame's styles and scripts may not know.
  const editing = document.activeElement.matches("input") || document.querySelector("details[open] form");
  if (widget().dataset.version !== version && !editing) location.reload();
});

function moveFocus() {
  const lost = document.activeElement === document.body;
  const first = (...selectors) => selectors.map((s) => document.querySelector(s)).find(Boolean);
  const target = document.getElementById(focusNext) ?? (lost && first(".answer", ".state h2", "h1"));
  if (target) target.focus({ preventScroll: true });
}

// htmx notes the address in the browser's storage when it starts; the next frame there may be another's.
try {
  sessionStorage.removeItem("htmx-current-path-for-history");
} catch {
  // No storage in this frame, so nothing was kept.
}

// --- Times in the viewer's own zone; the server wrote UTC.

function showTimes() {
  const language = root.dataset.locale;
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  for (const time of document.querySelectorAll("time.local")) {
    const moment = new Date(time.dateTime);
    const isToday = moment.toDateString() === new Date().toDateString();
    const day = isToday ? {} : { day: "numeric", month: "short" };
    time.textContent = new Intl.DateTimeFormat(language, { ...day, ...clock }).format(moment);
    time.title = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "long" }).format(moment);
  }
}

// --- The host.

function report(milliseconds) {
  const { state, code, retryable, reference, asOf } = widget().dataset;
  if (state === "error") tell("error", { code, retryable: retryable === "true", id: reference });
  else if (state !== "waiting") tell("rendered", { ms: Math.round(milliseconds) });
  if (state === "stale") tell("stale", { asOf });
}

// The same address with other parameters; whose frame it is stays.
function readdress(params) {
  const url = new URL(asked);
  const kept = ["host", "key", "loader", "theme", "locale"].map((name) => [name, url.searchParams.get(name)]);
  url.search = new URLSearchParams(Object.entries(params).filter(([, value]) => typeof value === "string"));
  for (const [name, value] of kept) if (value && !url.searchParams.has(name)) url.searchParams.set(name, value);
  return url.href;
}

function setFrameParam(name, value) {
  const url = new URL(asked);
  if (url.searchParams.get(name) === value) return false;
  url.searchParams.set(name, value);
  asked = url.href;
  return true;
}

if (!isolated) {
  const readyAfter = performance.now();
  const handlers = {
    connected() {
      offerPicks();
      fit();
      report(readyAfter);
    },
    alone: () => widget().dataset.state === "waiting" && ask("host"), // which says what is missing
    token: () => (renewing || widget().dataset.state === "waiting") && ask("host"),
    params(params) {
      asked = readdress(params);
      ask("host");
    },
    locale(locale) {
      root.dataset.locale = locale;
      if (setFrameParam("locale", locale)) ask("host");
    },
    theme(theme) {
      if (theme) setFrameParam("theme", theme);
      drawCharts();
    },
    refresh: () => ask("timer"),
    visible(visible) {
      shown = visible;
      schedule();
    },
    teardown: () => (gone = true),
  };
  converse(handlers, { widget: location.pathname.split("/").at(-2), version });
}

showTimes();
drawCharts();
schedule();
if (document.querySelector(".strip")) import("./strip.js");
