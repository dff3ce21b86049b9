// When to look for newer data, and what a request shows while it is under way. Three may ask: the viewer (a
// link, a form, a search), the host (other parameters), and the timer, which looks again at the same address
// and must never get in the way.
import { bearer, tell } from "./host.js";
import { holdUntilLoaded, load, SLOW } from "./libraries.js";
import { address, isIsolated, isWaiting, setAddress, showAddress, widget } from "./page.js";

const TOGETHER = 20; // milliseconds in which a host that changes several things has said them all
const underWay = new Set();

// --- On a timer, never while nobody can see the frame, at once when it is seen again.

let lastLook = Date.now();
let timer = 0;
const seen = { inHost: true, asHostSays: true };

export function schedule() {
  clearTimeout(timer);
  const due = lastLook + Number(widget().dataset.refresh) * 1000;
  timer = setTimeout(refresh, Math.max(0, due - Date.now()));
}

export function scheduleFromNow() {
  lastLook = Date.now();
  schedule();
}

export function see(how) {
  Object.assign(seen, how);
  schedule();
}

function refresh() {
  if (document.hidden || !seen.inHost || !seen.asHostSays || underWay.size) return; // each schedules when it is over
  if (!isIsolated) ask("timer");
  else if (document.activeElement === document.body) location.reload();
  else schedule();
}

document.addEventListener("visibilitychange", schedule);
// A browser that was busy tells of several changes at once; the last one counts.
new IntersectionObserver((changes) => see({ inHost: changes.at(-1).isIntersecting })).observe(widget());

// --- For the timer and the host. A frame that waits for its token asks once it has it.

let asker = "timer";
let next = ""; // who asks once the libraries are there
let soon = 0;

export function ask(by, even = mayHelp(by)) {
  if (!even) return;
  if (!next) load().then(askNow, () => ((next = ""), unreachable()));
  if (next !== "host") next = by; // whose answer brings more than the timer's
  scheduleFromNow();
}

function askNow() {
  asker = next;
  next = "";
  const how = { source: widget(), target: widget(), swap: "morph:outerHTML show:none" };
  window.htmx.ajax("GET", address(), how).catch(() => {}); // the events below say what became of it
}

function mayHelp(by) {
  const isRefused = widget().dataset.code?.startsWith("token-");
  return bearer() ? !isRefused || by !== "timer" : !isRefused && !isWaiting();
}

export function askForHost() {
  clearTimeout(soon);
  soon = setTimeout(ask, TOGETHER, "host");
}

// What is under way may have been answered before there was what the host wants to see.
let isWanted = false;

export function askOnceFree() {
  isWanted = underWay.size > 0;
  if (!isWanted) ask("timer");
}

// --- Every request, by its `by`: "viewer", "host" or "timer".

export const latest = { startedAt: 0, focusNext: "" }; // focusNext: id of what a link leads to, for the keyboard
let shown = { address: "", etag: "" }; // the partial that is on the page
let isRenewing = false; // the host was asked for another token, since this one has ended
export const needsToken = () => isRenewing || isWaiting() || widget().dataset.code?.startsWith("token-");

const askedBy = (detail) => (detail.elt === widget() ? asker : "viewer");
const notice = (hidden) => (document.getElementById("unreachable").hidden = hidden);

document.addEventListener("htmx:configRequest", ({ detail }) => {
  delete detail.headers["HX-Current-URL"]; // the whole address, for nobody's log
  // What a proxy may show while it asks for newer data, a browser's own cache would show too; to a proxy of the
  // server's this says nothing.
  detail.headers["Cache-Control"] = "max-age=0";
  // A 304 to an ETag of ours reaches htmx, which then leaves the page as it is.
  if (askedBy(detail) !== "viewer" && shown.address === address()) detail.headers["If-None-Match"] = shown.etag;
  if (bearer()) detail.headers.Authorization = `Bearer ${bearer()}`;
});

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  latest.startedAt = performance.now();
  detail.requestConfig.by = askedBy(detail);
  if (detail.requestConfig.by !== "viewer") return;
  setAddress(detail.pathInfo.finalRequestPath.replace("?&", "?"));
  latest.focusNext = detail.elt.dataset.focus ?? "";
  setTimeout(() => underWay.has(detail.xhr) && widget().setAttribute("aria-busy", "true"), SLOW);
});

document.addEventListener("htmx:beforeSend", ({ detail }) => underWay.add(detail.xhr));

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  underWay.delete(detail.xhr);
  if (!underWay.size) widget().removeAttribute("aria-busy");
  schedule();
  if (isWanted) setTimeout(askOnceFree); // after what htmx itself had put off
});

// --- What takes nothing away: the data stays, and a line says that there is no newer.

// A server that cannot be reached.
function unreachable() {
  notice(false);
  tell("error", { code: "unreachable", retryable: true, id: "" });
}

for (const name of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(name, unreachable);
if (!isIsolated) {
  holdUntilLoaded((wanted) => {
    if (wanted) setAddress(wanted); // the next look asks for it
    unreachable();
  });
}
if (isWaiting()) load().catch(() => {}); // its token comes soon

document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { xhr, requestConfig } = event.detail;
  const isUnchanged = xhr.status === 304;
  // An answer of somebody in between, such as a proxy's page while the server starts again.
  const isForeign = !isUnchanged && !xhr.responseText.includes('<main id="widget"');
  // A page that asks for more than it may; the viewer who asked is told.
  const isTooMuch = xhr.status === 429 && requestConfig.by !== "viewer" && !isWaiting();
  if (isTooMuch) tell("error", { code: "rate-limited", retryable: true, id: "" });
  const isEnded = xhr.status === 401 && !isForeign && renews(xhr.responseText);
  if (isForeign || isTooMuch || isEnded) event.preventDefault();
  if (isEnded) return;
  notice(!isForeign && !isTooMuch);
  if (isForeign || isTooMuch || isUnchanged) return;
  shown = { address: address(), etag: xhr.getResponseHeader("ETag") ?? "" };
  if (xhr.status < 400) isRenewing = false;
  showAddress();
});

// A token that ended while the machine slept: once, the host is asked for another.
function renews(page) {
  if (isRenewing || !page.includes('data-code="token-expired"')) return false;
  isRenewing = tell("token.expiring");
  return isRenewing;
}
