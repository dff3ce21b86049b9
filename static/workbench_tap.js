// Hears what page and widgets say to each other (docs/messages.md), without the loader's doing: a hello comes to this
// window, an init to a frame's, which has our own origin here, and everything after through a channel.

const hearers = [];
const panes = new Map(); // by iid: the pane whose frame says or hears it

// hear({ from: "page" or "widget", type, data, pane, at })
export const onMessage = (hear) => hearers.push(hear);

// hear(frame, pane) for each frame that says hello, once.
export const onFrame = (hear) => framers.push(hear);
const framers = [];

export const paneOf = (widget) => widget.closest(".pane");
export const frameIn = (pane) => pane.querySelector("erp-widget")?.shadowRoot?.querySelector("iframe");

function say(from, message) {
  if (message?.ns !== "erp-widget") return;
  const { type, data, iid } = message;
  for (const hear of hearers) hear({ from, type, data: withoutTokens(data), pane: panes.get(iid), at: new Date() });
}

const withoutTokens = (data) => JSON.parse(JSON.stringify(data ?? {}, (name, value) => (name === "token" ? "•••" : value)));

addEventListener("message", ({ source, data }) => {
  if (data?.ns !== "erp-widget" || data.type !== "hello") return;
  if (!panes.has(data.iid)) {
    const pane = [...document.querySelectorAll(".pane")].find((each) => frameIn(each)?.contentWindow === source);
    if (!pane) return;
    panes.set(data.iid, pane.id.replace("pane-", ""));
    source.addEventListener("message", (event) => event.data?.type === "init" && say("page", event.data));
    for (const hear of framers) hear(frameIn(pane), pane);
  }
  say("widget", data);
});

const Channel = window.MessageChannel;
window.MessageChannel = class extends Channel {
  constructor() {
    super();
    const { port1 } = this;
    port1.addEventListener("message", ({ data }) => say("widget", data));
    const post = port1.postMessage.bind(port1);
    port1.postMessage = (message, ...more) => {
      say("page", message);
      post(message, ...more);
    };
  }
};
