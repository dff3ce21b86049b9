// The log of messages, newest first.
import { onMessage } from "./workbench_tap.js";

const MOST = 200; // entries
const SHOWN = 300; // characters of what a message says
const list = () => document.getElementById("log");
const button = () => document.getElementById("pause");
let isPaused = false;
let heard = 0;

onMessage(({ from, type, data, pane, at }) => {
  heard += 1;
  if (isPaused) return count();
  const entry = document.createElement("li");
  const text = JSON.stringify(data);
  const parts = {
    time: at.toTimeString().slice(0, 8),
    from: from === "page" ? "page → widget" : "widget → page",
    pane: pane ? `${pane} px` : "",
    type,
    data: text === "{}" ? "" : text.slice(0, SHOWN) + (text.length > SHOWN ? "…" : ""),
  };
  for (const [name, value] of Object.entries(parts)) {
    const part = document.createElement(name === "data" ? "code" : "span");
    part.className = `log-${name} ${name === "type" ? "strong" : ""}`;
    part.textContent = value;
    entry.append(part, " ");
  }
  entry.dataset.from = from;
  list().prepend(entry);
  while (list().children.length > MOST) list().lastElementChild.remove();
  count();
});

function count() {
  document.getElementById("log-count").textContent = isPaused ? `Paused; ${heard} heard since.` : "";
}

document.addEventListener("click", ({ target }) => {
  if (target.id === "pause") {
    isPaused = !isPaused;
    heard = 0;
    button().setAttribute("aria-pressed", isPaused);
    count();
  } else if (target.id === "clear") list().replaceChildren();
});
