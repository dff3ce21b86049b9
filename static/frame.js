// A widget's frame: shows what the server sent, and from then on does what viewer, host and timer ask for.
import { drawCharts } from "./chart.js";
import { fit } from "./fit.js";
import { converse } from "./host.js";
import { isIsolated, isWaiting, root, setParam, setParams, version } from "./page.js";
import { offerPicks } from "./picks.js";
import { ask, askForHost, askUnlessUnderWay, needsToken, schedule, see } from "./requests.js";
import { report, showTimes } from "./swaps.js";

const readyAfter = performance.now();

showTimes();
drawCharts();
schedule();
if (document.querySelector(".strip")) import("./strip.js");

if (isIsolated) {
  console.warn("This frame's sandbox lacks allow-same-origin, so it loads anew instead of refreshing in place.");
  for (const element of document.querySelectorAll("[hx-boost], [hx-get]")) {
    for (const name of ["hx-boost", "hx-get"]) element.removeAttribute(name);
  }
} else {
  const widget = location.pathname.split("/").at(-2);
  converse({ connected, alone, token, params, locale, theme, refresh, visible, teardown }, { widget, version });
}

// --- What the host says, see docs/messages.md.

function connected() {
  offerPicks();
  fit();
  report(readyAfter);
}

// Nobody speaks, or nobody has a token: the server's answer says what is missing.
function alone() {
  if (isWaiting()) ask("host", true);
}

function token() {
  if (needsToken()) askForHost();
}

function params(given) {
  setParams(given);
  askForHost();
}

function locale(given) {
  let known = "";
  try {
    [known] = Intl.getCanonicalLocales(String(given).replaceAll("_", "-"));
  } catch {
    return; // no language: what is shown stays
  }
  root.dataset.locale = known;
  if (setParam("locale", known)) askForHost();
}

function theme(given) {
  if (given) setParam("theme", given);
  drawCharts();
}

function refresh() {
  askUnlessUnderWay();
}

function visible(isVisible) {
  see({ asHostSays: isVisible });
}

function teardown() {
  see({ asHostSays: false });
}

// htmx notes the address in the browser's storage when it starts; the next frame there may be another's.
try {
  sessionStorage.removeItem("htmx-current-path-for-history");
} catch {
  // No storage in this frame, so nothing was kept.
}
