// The conversation with the page around the frame, as docs/messages.md has it: a hello to the parent, which
// answers with a port; everything after goes through that port. Only pages that may frame us are heard.

const NS = "erp-widget";
const [SHORTEST, LONGEST] = [5, 300]; // seconds between two tokens
const LAST_PAUSE = 4000; // milliseconds: with those before it nearly 8 seconds, in which nobody has answered
const iid = Array.from(crypto.getRandomValues(new Uint8Array(8)), (n) => n.toString(16).padStart(2, "0")).join("");
// What a host's colours may replace: variables of frame.css.
const LOOKS = ["text", "text-2", "text-3", "surface", "raised", "sunken", "line", "line-soft", "line-control", "accent",
  "accent-fill", "on-accent", "focus", "good", "good-fill", "warning", "warning-fill", "bad", "bad-fill", "chart-main",
  "chart-muted", "font"];
let port = null;
let token = new URLSearchParams(location.search).get("token") ?? ""; // of a page that wrote the iframe by itself
export const isFromAddress = token !== "";
let asking = 0; // timer until the token is about to end

export const bearer = () => token;

export const connected = () => port !== null;

// Says something to the host, and whether there is one. Text and numbers only.
export function tell(type, data = {}) {
  port?.postMessage({ ns: NS, v: 1, iid, type, data });
  return connected();
}

// Calls on.connected, on.token, on.params, on.locale, on.theme, on.refresh, on.visible and on.teardown as the
// host says so; on.alone where no host speaks, or none that has a token.
export function converse(on, { widget, version }) {
  if (parent === window) return on.alone();
  const hello = { ns: NS, v: 1, iid, type: "hello", data: { v: [1], widget, version, looks: LOOKS } };
  let pause = 60;
  let called = 0;
  const call = () => {
    if (pause > LAST_PAUSE) return on.alone();
    parent.postMessage(hello, "*"); // the only message to whoever it may be, so there is nothing in it
    called = setTimeout(call, pause);
    pause *= 2;
  };
  addEventListener("message", ({ source, origin, data, ports }) => {
    if (source !== parent || !mayFrame(origin) || !ports[0]) return;
    if (data?.ns !== NS || data.type !== "init" || data.iid !== iid) return;
    clearTimeout(called);
    port?.close();
    port = ports[0];
    if (data.data?.v !== 1) return tell("error", { code: "protocol-version", retryable: false, id: "" });
    port.onmessage = (message) => hear(on, message.data);
    const { context = {}, token: first, tokenFollows } = data.data;
    dress(context);
    if (first) keepToken(first);
    tell("ready", { widget });
    on.connected();
    if (first) on.token();
    else if (!tokenFollows) on.alone();
  });
  call();
}

function hear(on, message) {
  if (message?.ns !== NS || !message.data) return;
  const { type, data } = message;
  if (type === "theme") on.theme(dress(data));
  else if (type === "locale") on.locale(data.locale);
  else if (type === "params" && data.params) on.params(data.params);
  else if (type === "token") {
    keepToken(data.token);
    if (token) on.token();
    else on.alone();
  } else if (type === "refresh") on.refresh();
  else if (type === "visible") on.visible(data.visible !== false);
  else if (type === "teardown") {
    clearTimeout(asking);
    on.teardown();
  }
}

function mayFrame(origin) {
  const sources = document.querySelector("meta[name='frame-ancestors']").content.split(" ");
  return sources.some((source) => {
    if (source === "'self'") return origin === location.origin;
    const pattern = source
      .replaceAll(".", "\\.")
      .replace("http:", "https?:")
      .replace("*\\.", "(?:[^.:/]+\\.)+")
      .replace(/:\*$/, "(?::\\d+)?");
    return new RegExp(`^${pattern}$`).test(origin);
  });
}

// Theme and colours of the host. A value that is none for its kind is left out.
function dress({ theme, variables = {} }) {
  const root = document.documentElement;
  if (["light", "dark", "contrast"].includes(theme)) root.dataset.theme = theme;
  for (const name of [...root.style]) root.style.removeProperty(name);
  for (const [name, value] of Object.entries(variables)) {
    const kind = name === "font" ? "font-family" : "color";
    if (LOOKS.includes(name) && CSS.supports(kind, value)) root.style.setProperty(`--${name}`, value);
  }
  return root.dataset.theme;
}

// Asks for the next token at four fifths of this one's life. Only its holder can read what it says; the
// server alone checks it.
function keepToken(given) {
  token = typeof given === "string" ? given : "";
  clearTimeout(asking);
  try {
    const said = JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
    const life = said.exp - said.iat;
    const left = said.exp - Date.now() / 1000;
    // A clock that is wrong by more than a life cannot tell what is left.
    const wait = left > 0 && left <= life ? left - life / 5 : life * 0.8;
    // However it was made, its host is not asked without end.
    if (wait <= LONGEST) asking = setTimeout(() => tell("token.expiring"), Math.max(wait, SHORTEST) * 1000);
  } catch {
    // No token, or one that the server will refuse by name.
  }
}
