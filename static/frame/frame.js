// A widget's frame: shows what the server sent, and from then on does what viewer, host and timer ask for.
import { drawCharts } from "./chart.js";
import { download } from "./download.js";
import { fit } from "./fit.js";
import { bearer, converse } from "./host.js";
import { isIsolated, isWaiting, root, setParam, setParams, version } from "./page.js";
import { offerPicks } from "./picks.js";
import { ask, askForHost, askOnceFree, needsToken, schedule, see } from "./requests.js";
import { moveStrip } from "./strip.js";
import { report, showTimes } from "./swaps.js";

const FIRST = 100; // milliseconds after which it is known whether a chart is on screen
const readyAfter = performance.now();

drawCharts();
schedule();
// To write a time takes a browser 20 ms at first. Where there is a chart, its library is sent for before.
if (document.querySelector(".plot")) setTimeout(showTimes, FIRST);
else showTimes();
if (document.querySelector(".strip")) moveStrip();

if (isIsolated) {
  console.warn("This frame's sandbox lacks allow-same-origin, so it loads anew instead of refreshing in place.");
  for (const part of document.querySelectorAll(".downloads.signed")) part.hidden = true; // nothing can send the token
  for (const element of document.querySelectorAll("[hx-boost], [hx-get]")) {
    for (const name of ["hx-boost", "hx-get"]) element.removeAttribute(name);
  }
} else {
  // A page of which no byte was transferred is the browser's own copy, such as one that was gone back to.
  // (Firefox tells nothing of a frame on another origin than its page: both are 0.)
  const { transferSize, decodedBodySize } = performance.getEntriesByType("navigation")[0] ?? {};
  if (transferSize === 0 && decodedBodySize > 0) askOnceFree();
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
  let known;
  try {
    known = new Intl.Locale(String(given).replaceAll("_", "-"));
  } catch {
    return; // no language: what is shown stays
  }
  // "en" is what "en-US" is.
  const isOther = known.maximize().toString() !== new Intl.Locale(root.dataset.locale).maximize().toString();
  root.dataset.locale = known.toString();
  if (setParam("locale", known.toString()) && isOther) askForHost();
}

function theme(given) {
  if (given) setParam("theme", given);
  drawCharts();
}

function refresh() {
  askOnceFree();
}

function visible(isVisible) {
  see({ asHostSays: isVisible });
}

function teardown() {
  see({ asHostSays: false });
}

// A link to a file works by itself, but not where a token opens the widget: that is in no address.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[download]");
  if (!link || !bearer() || isIsolated) return;
  event.preventDefault();
  download(link);
});
