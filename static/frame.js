// A widget's frame: when to look for newer data, what a request shows while it is under way, and what a
// swap must leave as the viewer has it. Two kinds of request: what the viewer asks for (a link, a form, a
// search), and a refresh, which looks again at the same address and must never get in the way.
import { drawCharts, forgetCharts } from "./chart.js";

const { htmx, Idiomorph } = window;
const SLOW = 300; // milliseconds after which a request is shown to be under way
const underWay = new Set();
const widget = () => document.getElementById("widget");
const version = widget().dataset.version;

// --- Refresh: on a timer, never while nobody can see the frame, at once when it is seen again.

let lastLook = Date.now();
let inView = true;
let timer = 0;

function schedule() {
  clearTimeout(timer);
  const due = lastLook + Number(widget().dataset.refresh) * 1000;
  timer = setTimeout(refresh, Math.max(0, due - Date.now()));
}

function refresh() {
  if (document.hidden || !inView || underWay.size) return; // each of these schedules when it is over
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

let asked = location.href; // what the viewer asked for last; a refresh asks for it again if it failed
let known = { address: "", etag: "" }; // the partial that is shown
let focusNext = ""; // id of what a link leads to, for whoever uses the keyboard

const isRefresh = (detail) => detail.elt === widget();

document.addEventListener("htmx:configRequest", ({ detail }) => {
  delete detail.headers["HX-Current-URL"]; // the whole address, for nobody's log
  // A 304 to an ETag of ours reaches htmx, which then leaves the page as it is.
  if (isRefresh(detail) && known.address === asked) detail.headers["If-None-Match"] = known.etag;
});

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (isRefresh(detail)) return;
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
  document.addEventListener(name, () => (document.getElementById("unreachable").hidden = false));
}

// Neither does an answer of somebody in between, such as a proxy's page while the server starts again.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { detail } = event;
  const unchanged = detail.xhr.status === 304;
  const ours = unchanged || detail.xhr.responseText.includes('<main id="widget"');
  document.getElementById("unreachable").hidden = ours;
  if (!ours) event.preventDefault();
  if (!ours || unchanged) return;
  known = { address: asked, etag: detail.xhr.getResponseHeader("ETag") ?? "" };
  history.replaceState(null, "", asked); // the address can be copied; the host's history stays its own
});

// --- Swaps. A refresh leaves typed text, open parts and focus alone; an answer to the viewer brings its own.

let refreshing = false;

document.addEventListener("htmx:beforeSwap", ({ detail }) => (refreshing = isRefresh(detail.requestConfig)));

Idiomorph.defaults.ignoreActiveValue = true;
Object.assign(Idiomorph.defaults.callbacks, {
  beforeNodeMorphed: (old) => !(old instanceof Element && "keep" in old.dataset),
  beforeNodeRemoved: forgetCharts,
  beforeAttributeUpdated: (name, node) => {
    if (name === "open" && node.matches("details.figures-table")) return false;
    return !(refreshing && ["open", "value"].includes(name));
  },
});

document.addEventListener("htmx:afterSwap", () => showTimes());

document.addEventListener("htmx:afterSettle", () => {
  lastLook = Date.now();
  schedule();
  drawCharts(!refreshing);
  if (!refreshing) moveFocus();
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
  const language = document.documentElement.lang;
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  for (const time of document.querySelectorAll("time.local")) {
    const moment = new Date(time.dateTime);
    const isToday = moment.toDateString() === new Date().toDateString();
    const day = isToday ? {} : { day: "numeric", month: "short" };
    time.textContent = new Intl.DateTimeFormat(language, { ...day, ...clock }).format(moment);
    time.title = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "long" }).format(moment);
  }
}

showTimes();
drawCharts();
schedule();
if (document.querySelector(".strip")) import("./strip.js");
