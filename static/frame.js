// A widget's frame: when to look for newer data, and what a swap must leave alone.
import { drawCharts } from "./chart.js";

const { htmx, Idiomorph } = window;
const etags = new Map(); // address → ETag of the partial shown for it
let lastLook = Date.now();
let inView = true;
let timer = 0;

const widget = () => document.getElementById("widget");
const pause = () => Number(widget().dataset.refresh) * 1000;

// --- Refresh: on a timer, never while nobody can see the frame, at once when it is seen again.

function schedule() {
  clearTimeout(timer);
  timer = setTimeout(refreshIfSeen, Math.max(0, lastLook + pause() - Date.now()));
}

function refreshIfSeen() {
  if (document.hidden || !inView) return;
  lastLook = Date.now();
  htmx.ajax("GET", location.href, { source: widget(), target: widget(), swap: "morph:outerHTML show:none" });
  schedule();
}

document.addEventListener("visibilitychange", schedule);
new IntersectionObserver(([entry]) => {
  inView = entry.isIntersecting;
  schedule();
}).observe(widget());

// --- Requests and answers.

document.addEventListener("htmx:configRequest", ({ detail }) => {
  delete detail.headers["HX-Current-URL"]; // the whole address, for nobody's log
  // Asked for by us, a 304 reaches htmx, which then leaves the page as it is.
  const etag = detail.elt === widget() && etags.get(location.href);
  if (etag) detail.headers["If-None-Match"] = etag;
});

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const etag = detail.xhr.getResponseHeader("ETag");
  etags.clear();
  if (etag) etags.set(new URL(detail.xhr.responseURL).href, etag);
});

// A server that cannot be reached takes nothing away: the data stays, and a line says so.
for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, () => {
    document.getElementById("unreachable").hidden = false;
  });
}
document.addEventListener("htmx:beforeOnLoad", () => {
  document.getElementById("unreachable").hidden = true;
});

// --- Swaps keep what the viewer did: focus and typed text, open tables, pressed switches, drawn charts.

Idiomorph.defaults.ignoreActiveValue = true;
Idiomorph.defaults.callbacks.beforeNodeMorphed = (old) => !(old instanceof Element && "keep" in old.dataset);
Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) => !(name === "open" && node.matches("details.figures-table"));

document.addEventListener("htmx:afterSettle", () => {
  lastLook = Date.now();
  schedule();
  showLocally();
});

// --- Times in the viewer's own zone; the server wrote UTC.

function showLocally() {
  const language = document.documentElement.lang;
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  for (const time of document.querySelectorAll("time.local")) {
    const moment = new Date(time.dateTime);
    const isToday = moment.toDateString() === new Date().toDateString();
    const day = isToday ? {} : { day: "numeric", month: "short" };
    time.textContent = new Intl.DateTimeFormat(language, { ...day, ...clock }).format(moment);
    time.title = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "long" }).format(moment);
  }
  drawCharts();
}

showLocally();
schedule();
