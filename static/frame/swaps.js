// What a swap leaves as the viewer has it. What the timer brings leaves typed text, open parts and focus alone; an
// answer to the viewer brings its own; one to the host brings its own but no focus, which is somewhere else.
import { drawCharts, forgetCharts } from "./chart.js";
import { isFromAddress, tell } from "./host.js";
import { onceLoaded } from "./libraries.js";
import { root, version, widget } from "./page.js";
import { offerPicks } from "./picks.js";
import { latest, scheduleFromNow } from "./requests.js";

const MINE = ["role", "tabindex", "aria-pressed", "aria-label"]; // which picks.js gives to records
let by = "timer";
let isSwapping = false;

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  by = detail.requestConfig.by;
  isSwapping = true;
});

onceLoaded(() => {
  const { defaults } = window.Idiomorph;
  defaults.ignoreActiveValue = true;
  Object.assign(defaults.callbacks, {
    beforeNodeMorphed: (old) => !(old instanceof Element && "keep" in old.dataset),
    beforeNodeRemoved: forgetCharts,
    beforeAttributeUpdated: (name, node) => {
      if (node.matches("[data-kind]:not(a)") && MINE.includes(name)) return false;
      if (name === "open" && node.matches("details.figures-table")) return false;
      return !(by === "timer" && ["open", "value"].includes(name));
    },
  });
});

document.addEventListener("htmx:afterSwap", () => showTimes());

document.addEventListener("htmx:afterSettle", () => {
  if (!isSwapping) return; // there is one of these for each new element
  isSwapping = false;
  scheduleFromNow();
  drawCharts(by !== "timer");
  if (by === "viewer") moveFocus();
  offerPicks();
  report(performance.now() - latest.startedAt);
  // A newer server sends markup that this frame's styles and scripts may not know. A token from the address
  // would be lost.
  const isEditing = document.activeElement.matches("input") || document.querySelector("details[open] form");
  if (widget().dataset.version !== version && !isEditing && !isFromAddress) location.reload();
});

function moveFocus() {
  const isLost = document.activeElement === document.body;
  const first = (...selectors) => selectors.map((s) => document.querySelector(s)).find(Boolean);
  const target = document.getElementById(latest.focusNext) ?? (isLost && first(".answer", ".state h2", "h1"));
  if (target) target.focus({ preventScroll: true });
}

// Tells the host what is shown now.
export function report(milliseconds) {
  const { state, code, retryable, reference, asOf } = widget().dataset;
  if (state === "error") tell("error", { code, retryable: retryable === "true", id: reference });
  else if (state !== "waiting") tell("rendered", { ms: Math.round(milliseconds) });
  if (state === "stale") tell("stale", { asOf });
}

// Times in the viewer's own zone; the server wrote UTC.
export function showTimes() {
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
