// Only in development: shows what has changed and leaves on the page what is there. A style replaces the one before,
// a template or the code has frames look again, a script loads those pages anew that use it.

const baked = new URL(import.meta.url).searchParams.get("state"); // the server's, when it made this page
const isFrame = document.getElementById("widget") !== null;
const root = document.documentElement;
const isError = root.dataset.dev === "error"; // a page about a mistake, and nothing else
const KEPT = `erp-widgets-dev ${location.pathname}`;
let known = null;

const fields = () => [...document.querySelectorAll("input, select, textarea")].filter(({ type }) => type !== "hidden");
const isChosen = ({ type }) => type === "radio" || type === "checkbox";
const nameOf = (field) => [field.id, field.name, isChosen(field) ? field.value : ""].join("|");
const stateOf = (field) => (isChosen(field) ? field.checked : field.value);
const fileOf = (address) => new URL(address, location.href).pathname.split("/").at(-1);
const baseOf = (name) => name.split("/").at(-1);
const isOfAnother = (widget) => isFrame && widget && !document.getElementById("widget").classList.contains(widget);

restore();
const original = isFrame ? null : read();

try {
  const worker = new SharedWorker(new URL("worker.js", import.meta.url));
  worker.port.onmessage = ({ data }) => hear(data);
  addEventListener("pagehide", () => worker.port.postMessage("gone"));
  addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
} catch {
  console.info("This frame's sandbox lacks allow-same-origin, so it does not follow what is changed.");
}

function hear(state) {
  const before = known;
  known = state;
  if (!before) {
    root.dataset.dev ??= "follows";
    return state.id === baked ? tell(state.mistake) : reload(); // it changed while this page was on its way
  }
  if (state.id === before.id) return;
  const names = Object.keys({ ...before.files, ...state.files });
  const changed = names.filter((name) => before.files[name] !== state.files[name]);
  const isOther = before.process !== state.process || before.mistake !== state.mistake;
  const isDrawnAnew = changed.some((name) => name.endsWith(".html") && !isOfAnother(state.widgets[name]));
  const isNew = (name) => name.endsWith(".css") && !(before.files[name] && state.files[name]); // or gone
  tell(state.mistake);
  restyle(changed.filter((name) => name.endsWith(".css")));
  if (isError) location.reload();
  else if (uses(changed.filter((name) => name.endsWith(".js")))) reload();
  else if (isFrame && changed.some((name) => name.endsWith("/frame.html") || isNew(name))) reload();
  else if (isOther || isDrawnAnew) {
    if (isFrame) lookAgain();
    else if (!state.mistake) compare();
  }
}

// --- A frame asks for its partial, as at each interval: what was typed, opened and scrolled to stays.

async function lookAgain() {
  const link = document.querySelector("link[rel='modulepreload'][href$='/requests.js']");
  if (!link || self.origin === "null") return reload();
  const { ask } = await import(link.href);
  ask("timer");
}

// --- A page around frames is loaded anew only where it would be another itself.

async function read() {
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    const page = await answer.text();
    return answer.ok ? page.replace(/dev\.js\?state=\w*/, "") : null;
  } catch {
    return null;
  }
}

async function compare() {
  const [before, now] = [await original, await read()];
  if (now !== null && now !== before) reload();
}

// --- Styles and scripts.

function restyle(names) {
  for (const link of document.querySelectorAll("link[rel='stylesheet']")) {
    if (!names.some((name) => baseOf(name) === fileOf(link.href))) continue;
    const next = link.cloneNode();
    const address = new URL(link.href);
    address.searchParams.set("changed", known.id);
    next.href = address;
    next.onload = next.onerror = () => link.remove(); // not before, so that nothing flashes
    link.after(next);
  }
}

function uses(names) {
  const loaded = new Set(performance.getEntriesByType("resource").map((entry) => fileOf(entry.name)));
  return names.some((name) => loaded.has(baseOf(name)));
}

// --- What is typed, chosen and open stays when a page is loaded anew.

function reload() {
  const kept = {
    fields: fields().map((field) => [nameOf(field), stateOf(field)]),
    open: [...document.querySelectorAll("details")].map((part) => part.open),
    top: scrollY,
  };
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(kept));
  } catch {
    // No storage in this frame.
  }
  location.reload();
}

function restore() {
  if (isError) return; // what was kept is for the page itself
  let kept = null;
  try {
    kept = JSON.parse(sessionStorage.getItem(KEPT));
    sessionStorage.removeItem(KEPT);
  } catch {
    return;
  }
  if (!kept) return;
  const values = new Map(kept.fields);
  for (const field of fields()) {
    const value = values.get(nameOf(field));
    if (value === undefined || value === stateOf(field)) continue;
    field[isChosen(field) ? "checked" : "value"] = value;
    if (isChosen(field) && !value) continue; // the one that was chosen instead says so
    for (const type of ["input", "change"]) field.dispatchEvent(new Event(type, { bubbles: true }));
  }
  const parts = document.querySelectorAll("details");
  if (parts.length === kept.open.length) parts.forEach((part, n) => (part.open = kept.open[n]));
  scrollTo(0, kept.top);
}

// --- A mistake that keeps the server from being loaded: a frame has it in its place, a page above everything.

function tell(mistake) {
  document.getElementById("dev-mistake")?.remove();
  if (!mistake || isFrame || isError) return;
  const said = document.createElement("aside");
  said.id = "dev-mistake";
  said.className = "dev-error";
  said.role = "alert";
  const [title, ...lines] = mistake.split("\n");
  said.append(Object.assign(document.createElement("h2"), { textContent: title }));
  said.append(Object.assign(document.createElement("pre"), { className: "says", textContent: lines.join("\n") }));
  document.body.prepend(said);
}
