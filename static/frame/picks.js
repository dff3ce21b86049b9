// Records that a viewer can select, for a host that wants to know: an element with data-kind and data-key, or
// the table row around it. Without a host that speaks, it is plain text.
import { connected, tell } from "./host.js";

let picked = "";

// Makes what is on the page selectable, after each swap, and keeps the mark on what was selected.
export function offerPicks() {
  if (!connected()) return;
  document.documentElement.classList.add("hosted");
  for (const element of document.querySelectorAll("[data-kind]")) {
    const isPicked = `${element.dataset.kind} ${element.dataset.key}` === picked;
    element.closest("tr")?.toggleAttribute("data-picked", isPicked);
    if (element.matches("a")) {
      if (!element.closest(".quotes")) element.ariaCurrent = isPicked ? "true" : null;
      continue;
    }
    element.role = "button";
    element.tabIndex = 0;
    element.ariaPressed = String(isPicked);
    element.ariaLabel = `Select ${element.textContent}`;
  }
}

function pick(element) {
  if (!element || !connected()) return;
  const { kind, key } = element.dataset;
  picked = `${kind} ${key}`;
  tell("event", { name: "select", kind, key });
  offerPicks();
}

document.addEventListener("click", ({ target }) => {
  const element = target.closest("[data-kind]");
  if (element || target.closest("a, button, input, label, summary") || getSelection().toString()) return pick(element);
  const row = target.closest("tr.below")?.previousElementSibling ?? target.closest("tr");
  pick(row?.querySelector("[data-kind]"));
});

document.addEventListener("keydown", (event) => {
  if (!event.target.matches("[data-kind]:not(a)") || ![" ", "Enter"].includes(event.key)) return;
  event.preventDefault();
  pick(event.target);
});
