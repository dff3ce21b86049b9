// The previews: what each says of itself beside its width, and loading them anew.
import { onMessage } from "./workbench_tap.js";

const say = (pane, words) => {
  const said = document.querySelector(`#pane-${pane} .said`);
  if (said) said.textContent = words;
};

onMessage(({ type, data, pane }) => {
  if (type === "rendered") say(pane, `drawn in ${data.ms} ms`);
  else if (type === "error") say(pane, `error: ${data.code}`);
  else if (type === "stale") say(pane, "stale");
  else if (type === "params") say(pane, "asks…");
});

// Another element has another frame, which is loaded as it is the first time in a host's page.
export function loadAnew() {
  for (const widget of document.querySelectorAll("erp-widget")) {
    say(widget.closest(".pane").id.replace("pane-", ""), "loads…");
    widget.replaceWith(widget.cloneNode(true));
  }
}

document.addEventListener("click", ({ target }) => {
  if (target.id === "again") loadAnew();
});
