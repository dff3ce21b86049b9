// The host side. One tag shows a widget, any number on a page; docs/embedding.md says all it can do:
//   <script type="module" src="https://widgets.contoso.com/static/embed.js"></script>
//   <erp-widget name="inventory" host="sales" site="1" height="480"></erp-widget>
// Attributes are the widget's parameters. What is said to the frame and back is docs/messages.md.

const SERVER = new URL(import.meta.url.split("/static/")[0] + "/");
const NS = "erp-widget";
const SANDBOX = "allow-scripts allow-same-origin allow-forms allow-popups allow-downloads";
const NO_PARAMETER = /^(name|height|title|token-url|listens-to|id|class|style|slot|part|hidden|lang|dir|role|tabindex|is|(data|aria)-.*|on.*)$/;
const COLORS = "text text-2 text-3 surface raised sunken line line-soft line-control accent accent-fill on-accent focus good good-fill warning warning-fill bad bad-fill chart-main chart-muted font".split(" ");
const ANSWER_WITHIN = 10_000; // milliseconds until a frame that says nothing is said to be silent
const HIGHEST = 10_000; // pixels
const GROWTHS = 20; // in a row, each within a second of the last: more is a loop, not content

const sheet = new CSSStyleSheet();
sheet.replaceSync(`
  :host { display: block; position: relative } :host([hidden]) { display: none }
  iframe { display: block; width: 100%; height: 100%; border: 0 }
  [part="fallback"] { position: absolute; inset: 0; padding: 16px; font: 14px/20px "Segoe UI", system-ui, sans-serif }
  button { font: inherit; margin-top: 8px; min-height: 32px } [hidden] { display: none }`);

const onPage = new Set();
const system = matchMedia("(prefers-color-scheme: dark)");

class ErpWidget extends HTMLElement {
  #frame = null;
  #iid = "";
  #port = null;
  #height = 0;
  #growths = 0;
  #grewAt = 0;
  #timer = 0;
  #followed = {};
  #context = {};
  #said = {}; // what the frame was told last
  #where = "";
  #tokenAsked = null;
  #box = document.createElement("div");
  #fallback = document.createElement("div");
  #sight = new IntersectionObserver(([{ isIntersecting }]) => this.#seen(isIntersecting), { rootMargin: "200px" });
  #changes = new MutationObserver(() => this.#changed());
  #look = () => this.#showLook();

  connectedCallback() {
    if (!this.shadowRoot) this.#build();
    // A property that was set before this file had loaded.
    if (Object.hasOwn(this, "hostContext")) {
      const given = this.hostContext;
      delete this.hostContext;
      this.#context = given ?? {};
    }
    onPage.add(this);
    addEventListener("message", this);
    system.addEventListener("change", this.#look);
    // Theme and language of a page are most often attributes of an element around us.
    for (let node = this; node; node = node.parentNode ?? node.host) {
      if (node instanceof Element) this.#changes.observe(node, { attributes: true });
    }
    this.#sight.observe(this);
    this.#showLook();
  }

  disconnectedCallback() {
    onPage.delete(this);
    removeEventListener("message", this);
    system.removeEventListener("change", this.#look);
    this.#changes.disconnect();
    this.#sight.disconnect();
    this.#stop();
  }

  /** What the page knows of its surroundings: {theme, locale, entity: {type, id}, tenant}. */
  get hostContext() {
    return this.#context;
  }

  set hostContext(context) {
    this.#context = context ?? {};
    if (this.isConnected) this.#changed();
  }

  /** Looks for newer data now. */
  refresh() {
    this.#tell("refresh");
  }

  #build() {
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    const again = document.createElement("button");
    again.textContent = "Try again";
    again.onclick = () => this.#restart();
    this.#fallback.part = "fallback";
    this.#fallback.setAttribute("role", "status");
    this.#fallback.hidden = true;
    const said = document.createElement("slot");
    said.textContent = `${this.#title()} cannot be shown at the moment.`;
    this.#fallback.append(said, document.createElement("br"), again);
    root.append(this.#box, this.#fallback);
    this.#setHeight(Number(this.getAttribute("height")) || 320);
  }

  #title() {
    const name = (this.getAttribute("name") ?? "widget").replaceAll("-", " ");
    return this.title || name[0].toUpperCase() + name.slice(1);
  }

  // --- The frame: made when it comes near the screen, made anew for another widget or host.

  #seen(visible) {
    if (visible && !this.#frame) this.#start();
    else this.#tell("visible", { visible });
  }

  #start() {
    const frame = (this.#frame = document.createElement("iframe"));
    frame.part = "frame";
    frame.title = this.#title();
    frame.referrerPolicy = "strict-origin";
    frame.setAttribute("sandbox", SANDBOX);
    this.#said = {};
    this.#showLook();
    this.#where = this.#identity();
    frame.src = this.#address();
    this.#box.append(frame);
    this.#tokenAsked = this.#askToken(); // while the frame loads
    this.#timer = setTimeout(() => this.#silent(), ANSWER_WITHIN);
  }

  #stop() {
    this.#tell("teardown");
    clearTimeout(this.#timer);
    this.#port?.close();
    this.#frame?.remove();
    this.#port = this.#frame = this.#tokenAsked = null;
    this.#iid = "";
    this.#fallback.hidden = true;
  }

  #restart() {
    this.#stop();
    this.#start();
  }

  #silent() {
    this.#frame.hidden = true;
    this.#fallback.hidden = false;
    const asked = new URLSearchParams({ widget: this.getAttribute("name") ?? "", host: this.getAttribute("host") ?? "", origin: location.origin });
    console.warn(`<erp-widget> has no answer from its frame. Why: ${SERVER}doctor?${asked}`);
    this.#emit("error", { code: "no-answer", retryable: true, id: "" });
  }

  #identity() {
    return `${this.getAttribute("name")} ${this.getAttribute("host")} ${this.getAttribute("key")}`;
  }

  #params() {
    const params = {};
    for (const { name, value } of this.attributes) if (!NO_PARAMETER.test(name)) params[name] = value;
    const { entity, tenant } = this.#context;
    if (entity) Object.assign(params, { entity_type: entity.type, entity_id: entity.id });
    if (tenant) params.tenant = tenant;
    const all = { ...params, ...this.#followed, ...this.#said.look };
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value));
  }

  #address() {
    const address = new URL(`widgets/${encodeURIComponent(this.getAttribute("name"))}/`, SERVER);
    address.search = new URLSearchParams({ ...this.#params(), loader: 1 });
    return address.href;
  }

  // --- What changes on the page: attributes, theme, language.

  #changed() {
    this.#showLook();
    setTimeout(this.#look, 400); // a page that fades from one theme to the other has arrived by then
    if (!this.#frame) return;
    if (this.#identity() !== this.#where) return this.#restart();
    this.#frame.title = this.#title();
    this.#sayParams();
  }

  #sayParams() {
    const params = this.#params();
    const key = JSON.stringify(params);
    if (this.#said.params === key) return;
    this.#said.params = key;
    if (this.#port) this.#tell("params", { params });
    else if (this.#frame && this.#frame.src !== this.#address()) this.#frame.src = this.#address();
  }

  #showLook() {
    const { theme, locale } = this.#context;
    const look = {
      theme: this.getAttribute("theme") || theme || this.#pageTheme(),
      locale: this.getAttribute("locale") || locale || this.closest("[lang]")?.lang || "",
    };
    if (look.theme === "default") look.theme = "light"; // as Teams calls it
    const style = getComputedStyle(this);
    const variables = {};
    for (const name of COLORS) {
      const value = style.getPropertyValue(`--erp-${name}`).trim();
      if (value) variables[name] = value;
    }
    const key = JSON.stringify([look, variables]);
    if (this.#said.key === key) return;
    Object.assign(this.#said, { key, look, variables });
    // A frame whose scheme differs from its element's is painted on an opaque box.
    if (this.#frame) this.#frame.style.colorScheme = look.theme === "light" ? "light" : "dark";
    this.#tell("theme", { theme: look.theme, variables });
    this.#tell("locale", { locale: look.locale });
    this.#said.params = JSON.stringify(this.#params());
  }

  #pageTheme() {
    const scheme = getComputedStyle(this).colorScheme;
    if (/^(only )?(light|dark)( only)?$/.test(scheme)) return scheme.includes("dark") ? "dark" : "light";
    for (let node = this; node; node = node.parentNode ?? node.host) {
      if (!(node instanceof Element)) continue;
      const [r, g, b, alpha = 1] = getComputedStyle(node).backgroundColor.match(/[\d.]+/g)?.map(Number) ?? [0, 0, 0, 0];
      if (alpha > 0.5) return r * 0.3 + g * 0.59 + b * 0.11 < 128 ? "dark" : "light";
    }
    return scheme.includes("dark") && system.matches ? "dark" : "light";
  }

  // --- The conversation.

  handleEvent({ source, origin, data }) {
    if (!this.#frame || source !== this.#frame.contentWindow || origin !== SERVER.origin) return;
    if (data?.ns !== NS || data.type !== "hello" || data.iid === this.#iid) return;
    if (!data.data?.v?.includes?.(1)) return this.#emit("error", { code: "protocol-version", retryable: false, id: "" });
    this.#port?.close();
    this.#iid = data.iid;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.onmessage = (message) => this.#hear(message.data ?? {});
    const { look, variables } = this.#said;
    const init = { v: 1, context: { ...look, variables }, tokenFollows: Boolean(this.#tokenSource()) };
    source.postMessage({ ns: NS, v: 1, iid: this.#iid, type: "init", data: init }, origin, [port2]);
    this.#sendToken();
  }

  #tell(type, data = {}) {
    this.#port?.postMessage({ ns: NS, v: 1, iid: this.#iid, type, data });
  }

  #hear({ ns, type, data }) {
    if (ns !== NS || !data) return;
    if (type === "ready") {
      clearTimeout(this.#timer);
      this.#frame.hidden = false;
      this.#fallback.hidden = true;
      this.#emit("ready", { widget: String(data.widget) });
    } else if (type === "resize") this.#resize(Number(data.height));
    else if (type === "rendered") this.#emit("rendered", { ms: Number(data.ms) });
    else if (type === "stale") this.#emit("stale", { asOf: String(data.asOf) });
    else if (type === "error") this.#emit("error", { code: String(data.code), retryable: data.retryable === true, id: String(data.id) });
    else if (type === "token.expiring") this.#sendToken();
    else if (type === "event" && data.name === "select") this.#selected(String(data.kind), String(data.key));
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #selected(kind, key) {
    if (!/^[a-z_]{1,40}$/.test(kind)) return;
    this.#emit("select", { kind, key });
    for (const other of onPage) {
      if (this.id && other.getAttribute("listens-to")?.split(/\s+/).includes(this.id)) other.#follow(kind, key);
    }
  }

  #follow(kind, key) {
    this.#followed = { [kind]: key };
    this.#sayParams();
  }

  #resize(height) {
    height = Math.min(Math.ceil(height), HIGHEST);
    if (!(height > 0) || height === this.#height) return;
    const now = performance.now();
    if (height < this.#height) this.#growths = 0;
    else {
      this.#growths = now - this.#grewAt < 1000 ? this.#growths + 1 : 1;
      this.#grewAt = now;
      if (this.#growths > GROWTHS) return;
    }
    this.#setHeight(height);
  }

  #setHeight(height) {
    this.#height = height;
    this.#box.style.height = `${height}px`;
  }

  // --- Tokens: asked for when the frame is about to be seen, and again each time one is about to end.

  #tokenSource() {
    const url = this.getAttribute("token-url");
    return this.tokenProvider ?? ErpWidget.tokenProvider ?? (url && ((asked) => fromUrl(url, asked)));
  }

  async #askToken() {
    try {
      const asked = { widget: this.getAttribute("name"), host: this.getAttribute("host") };
      return String((await this.#tokenSource()?.(asked)) ?? "");
    } catch (error) {
      console.error("<erp-widget> got no token:", error);
      this.#emit("error", { code: "token-provider", retryable: true, id: "" });
      return ""; // the frame then says that it could not sign in
    }
  }

  async #sendToken() {
    const port = this.#port;
    if (!this.#tokenSource()) return;
    const asked = this.#tokenAsked ?? this.#askToken();
    this.#tokenAsked = null;
    const token = await asked;
    if (port === this.#port) this.#tell("token", { token });
  }
}

async function fromUrl(address, { widget }) {
  const url = new URL(address, document.baseURI);
  if (url.origin !== location.origin) throw new Error("token-url must be an address of this page's own server");
  url.searchParams.set("widget", widget);
  const answer = await fetch(url, { credentials: "same-origin", cache: "no-store" });
  if (!answer.ok) throw new Error(`${url.pathname} answered ${answer.status}`);
  return (await answer.text()).trim();
}

// A page that loads this file twice keeps the first.
if (!customElements.get("erp-widget")) customElements.define("erp-widget", ErpWidget);
