// htmx and idiomorph, which are as heavy as all else of a frame together: fetched when a viewer comes near, or
// something is to be swapped for the first time. They are one file, so that there is never one without the other.
import { widget } from "./page.js";

export const SLOW = 300; // milliseconds after which something is shown to be under way
const PATIENCE = 30_000; // milliseconds, as htmx has it
const address = document.querySelector("script[data-libraries]").dataset.libraries;
const isParsed = new Promise((resolve) => {
  if (document.readyState === "complete") resolve();
  else document.addEventListener("DOMContentLoaded", resolve); // after all modules, so not yet
});
let fetching = null;
let isLoaded = false;
const starts = [];

// Done once they are there, before anything is asked for.
export const onceLoaded = (start) => starts.push(start);

// Rejects where the server cannot be reached, or is too slow; the next call tries again, or waits on.
export function load() {
  if (isLoaded) return fetching;
  fetching ??= isParsed.then(fetched).catch((error) => {
    fetching = null;
    throw error;
  });
  const late = new Promise((_, refuse) => setTimeout(refuse, PATIENCE, new Error(`${address} takes too long`)));
  return Promise.race([fetching, late]);
}

function fetched() {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => {
      wake();
      forgetAddress();
      for (const start of starts) start();
      isLoaded = true;
      resolve();
    };
    script.onerror = () => {
      script.remove();
      reject(new Error(`${address} could not be loaded`));
    };
    document.head.append(script);
  });
}

// htmx starts when the document is there or complete; in between it waits for an event that is over.
function wake() {
  if (document.readyState !== "complete") document.dispatchEvent(new Event("DOMContentLoaded"));
}

// htmx notes the address in the browser's storage when it starts; the next frame there may be another's.
function forgetAddress() {
  try {
    sessionStorage.removeItem("htmx-current-path-for-history");
  } catch {
    // No storage in this frame, so nothing was kept.
  }
}

// --- What a viewer does before they are there is done once they are. onFailure: is given the address that was
// wanted, where they cannot be had.

const ASKS = "[hx-get], [hx-post], [hx-put], [hx-patch], [hx-delete]";
const FIELD = "input, select, textarea, label, summary";
const HELD = ["click", "submit", "input", "change"];

export function holdUntilLoaded(onFailure) {
  const comesNear = () => load().catch(() => {}); // a press will say so
  for (const name of ["pointerover", "pointerdown", "focusin"]) document.addEventListener(name, comesNear, { once: true });
  if ([...document.querySelectorAll("[hx-trigger]")].some(cannotBeHeld)) comesNear();

  const on = (name, hold) => document.addEventListener(name, (event) => isLoaded || hold(event), true);
  const instead = (event, wanted, act) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    const slow = setTimeout(() => widget().setAttribute("aria-busy", "true"), SLOW);
    const over = () => {
      clearTimeout(slow);
      widget().removeAttribute("aria-busy");
    };
    load().then(
      () => (over(), act()),
      () => (over(), onFailure(wanted)),
    );
  };
  on("click", (event) => {
    const pressed = event.target.closest(`a[href], button, ${FIELD}, ${ASKS}`);
    const isForTab = event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
    if (!pressed || isForTab || pressed.matches(FIELD) || !isSwapped(pressed)) return;
    if (pressed.matches("button") && !pressed.matches(ASKS)) return; // its form is sent
    instead(event, pressed.href, () => pressed.click());
  });
  const sent = new Set(); // forms, with what was typed in them
  on("submit", (event) => {
    const { target, submitter } = event;
    if (!isSwapped(target)) return;
    sent.add(target);
    instead(event, filled(target), () => target.requestSubmit(submitter));
  });
  const typedIn = new Set();
  for (const name of ["input", "change"]) {
    on(name, ({ target }) => {
      if (!target.matches(ASKS) || typedIn.has(target)) return;
      typedIn.add(target);
      const again = () => sent.has(target.form) || ask(target, name);
      const failed = () => onFailure(target.form && filled(target.form));
      load().then(again, failed).finally(() => typedIn.delete(target));
    });
  }
}

// A field that asks when it has changed: what htmx finds in it is no change to it.
function ask(field, name) {
  const isNoChange = field.getAttribute("hx-trigger")?.includes("changed") && field.hasAttribute("hx-get");
  if (isNoChange) window.htmx.ajax("GET", field.getAttribute("hx-get"), { source: field }).catch(() => {});
  else field.dispatchEvent(new Event(name, { bubbles: true }));
}

// A trigger that waits for nobody, or for what is not held here.
function cannotBeHeld(element) {
  const triggers = element.getAttribute("hx-trigger").split(",");
  return triggers.some((each) => !HELD.includes(each.trim().split(/[\s[]/)[0]) || each.includes("from:"));
}

const filled = (form) => `?${new URLSearchParams(new FormData(form))}`;

// Whether htmx will take the place of what the browser does.
function isSwapped(element) {
  if (element.matches(ASKS)) return true;
  if (element.closest("[hx-boost]")?.getAttribute("hx-boost") !== "true" || element.matches("[target], [download]")) return false;
  const href = element.getAttribute("href") ?? "";
  return !href.startsWith("#") && new URL(href, location.href).origin === location.origin;
}
