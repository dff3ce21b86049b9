// Changes show at once: the server draws the page for the new address, and what is different in it is taken over.
// The previews are tags, so the loader has their frames take other parameters without a reload.
import { loadAnew } from "./workbench_previews.js";

const QUIET = 350; // milliseconds without a keystroke
let latest = 0; // the last change; answers to earlier ones come too late
let soon = 0;
let typedIn = null; // a control that was typed in last: one entry of the browser's history for a word, not for a letter

const form = () => document.getElementById("knobs");
const state = () => document.querySelector("erp-widget")?.getAttribute("simulate");
const unreachable = (is) => (document.getElementById("unreachable").hidden = !is);

function address() {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form())) {
    if (value) query.set(name, query.has(name) ? `${query.get(name)},${value}` : value);
  }
  return `${location.pathname}?${query}`;
}

function apply(control = null) {
  clearTimeout(soon);
  const next = address();
  if (next === location.pathname + location.search) return;
  const isSameWord = control !== null && control === typedIn;
  typedIn = control;
  history[isSameWord ? "replaceState" : "pushState"](null, "", next);
  show(next);
}

async function show(next, { isGone = false } = {}) {
  const mine = ++latest;
  let page = null;
  try {
    const answer = await fetch(next, { headers: { "HX-Request": "true" } });
    if (answer.ok) page = await answer.text();
  } catch {
    // said below
  }
  if (mine !== latest) return;
  unreachable(page === null);
  if (page === null) return;
  const before = state();
  const drawn = new DOMParser().parseFromString(page, "text/html").getElementById("bench");
  window.Idiomorph.morph(document.getElementById("bench"), drawn, {
    ignoreActiveValue: !isGone, // what is typed meanwhile stays
    callbacks: {
      beforeNodeMorphed: (old) => !old.hasAttribute?.("data-live"), // scripts write there
      // A field of another type would lose the place of the caret.
      beforeAttributeUpdated: (name, old) => isGone || name !== "type" || old !== document.activeElement,
    },
  });
  // A frame that shows something already shows it until it has something new: how slow an ERP is, one sees at first.
  if (before !== "slow" && state() === "slow") loadAnew();
}

document.addEventListener("input", ({ target }) => {
  if (target.form !== form()) return;
  clearTimeout(soon);
  const isTyped = target.matches("input:not([type=radio], [type=checkbox])");
  if (isTyped) soon = setTimeout(apply, QUIET, target);
  else apply();
});

document.addEventListener("submit", (event) => {
  if (event.target !== form()) return;
  event.preventDefault();
  apply();
});

document.addEventListener("click", (event) => {
  const tab = event.target.closest("a.tab");
  if (!tab || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  form().elements[tab.dataset.sets].value = tab.dataset.to;
  apply();
});

addEventListener("popstate", () => {
  typedIn = null;
  clearTimeout(soon);
  show(location.href, { isGone: true });
});
