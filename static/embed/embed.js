// The host side: <erp-widget name="inventory" host="sales" site="1">. See docs/embedding.md and docs/messages.md.
import { problemOf, SANDBOX } from "./iframe.js";
import { Height } from "./height.js";
import { around, asTheme, pageTheme, system } from "./look.js";
import { fromUrl, isToken } from "./tokens.js";

const SERVER = new URL(import.meta.url.split("/static/")[0] + "/");
const NS = "erp-widget";
const NO_PARAMETER = /^(name|height|title|theme|locale|token-url|listens-to|id|class|style|slot|part|hidden|lang|dir|role|tabindex|is|(data|aria)-.*|on[a-z]+)$/;
// Milliseconds:
const LOADS_WITHIN = 30_000; // an ERP may be slow
const SPEAKS_WITHIN = 5_000; // a frame that was refused never does
const TOKEN_WITHIN = 10_000;
const FADES = 400; // by then a page has faded from one theme to another

const sheet = new CSSStyleSheet();
sheet.replaceSync(`
  :host { display: block; position: relative } :host([hidden]) { display: none }
  iframe, ::slotted(iframe) { display: block; width: 100%; height: 100%; border: 0 }
  [part="fallback"] { position: absolute; inset: 0; padding: 16px; font: 14px/20px system-ui }
  button { font: inherit; margin-top: 8px; min-height: 32px } [hidden] { display: none }`);

const onPage = new Set();

class ErpWidget extends HTMLElement {
  #frame = null;
  #given = null; // the frame, where the page itself has put it into the tag
  #iid = "";
  #port = null;
  #later = {}; // timers
  #followed = {};
  #context = {};
  #provider = null;
  #said = {}; // what the frame was told
  #looks = []; // the names of its colours
  #where = "";
  #token = null; // promise of the first
  #hasToken = false;
  #patience = TOKEN_WITHIN;
  #box = document.createElement("div");
  #height = new Height(this.#box);
  #fallback = document.createElement("div");
  // A browser that was busy tells of several changes at once; the last one counts.
  #sight = new IntersectionObserver((changes) => this.#seen(changes.at(-1).isIntersecting), { rootMargin: "200px" });
  #changes = new MutationObserver((records) => this.#changed(records));
  #look = () => this.#showLook();

  connectedCallback() {
    if (!this.shadowRoot) this.#build();
    // Properties that are older than this file.
    for (const name of ["hostContext", "tokenProvider"]) {
      if (!Object.hasOwn(this, name)) continue;
      const given = this[name];
      delete this[name];
      this[name] = given;
    }
    onPage.add(this);
    addEventListener("message", this);
    system.addEventListener("change", this.#look);
    // Theme and language are mostly attributes around us.
    for (const element of around(this)) this.#changes.observe(element, { attributes: true, childList: element === this });
    this.#sight.observe(this);
    this.#showLook();
    this.#adopt();
  }

  disconnectedCallback() {
    onPage.delete(this);
    removeEventListener("message", this);
    system.removeEventListener("change", this.#look);
    this.#changes.disconnect();
    this.#sight.disconnect();
    this.#stop();
  }

  get hostContext() {
    return this.#context;
  }

  set hostContext(context) {
    this.#context = context ?? {};
    if (this.isConnected) this.#changed();
  }

  get tokenProvider() {
    return this.#provider;
  }

  set tokenProvider(provider) {
    this.#provider = provider;
    if (this.#port) this.#sendToken();
  }

  refresh() {
    if (!this.#hasToken) this.#sendToken();
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
    const slot = document.createElement("slot");
    slot.name = "frame";
    this.#box.append(slot);
    const given = this.querySelector(":scope > iframe");
    this.#height.set(Number(this.getAttribute("height") || given?.height) || 320);
  }

  #title() {
    const name = (this.getAttribute("name") || "widget").replaceAll("-", " ");
    return this.title || name[0].toUpperCase() + name.slice(1);
  }

  #wait(what, milliseconds, then) {
    clearTimeout(this.#later[what]);
    this.#later[what] = setTimeout(then, milliseconds);
  }

  #expectAnswer(milliseconds) {
    this.#wait("answer", milliseconds, () => this.#silent());
  }

  // --- The frame, made when it comes near the screen.

  #seen(visible) {
    if (visible && !this.#frame) return this.#start();
    this.#tell("visible", { visible });
    if (visible && this.#frame === this.#given && !this.#iid) this.#expectAnswer(LOADS_WITHIN);
  }

  #start() {
    const frame = document.createElement("iframe");
    frame.part = "frame";
    frame.referrerPolicy = "strict-origin";
    frame.setAttribute("sandbox", SANDBOX);
    this.#begin(frame);
    frame.src = this.#address();
    this.#expectAnswer(LOADS_WITHIN);
    this.#box.append(frame);
  }

  // A frame that the page has put into the tag is spoken to where it stands, since one that moves loads anew.
  #adopt() {
    const frame = this.querySelector(":scope > iframe");
    if (!frame || frame === this.#frame) return;
    if (this.#frame) this.#stop(); // the page was later than we
    this.#given = frame;
    frame.slot = "frame";
    this.#begin(frame);
    const problem = problemOf(frame, this.#address());
    if (!problem) return;
    console.warn(`<erp-widget> replaces the iframe in it: ${problem}.`);
    this.#restart();
  }

  #begin(frame) {
    this.#frame = frame;
    frame.title = this.#title();
    this.#said = { params: JSON.stringify(this.#params()) };
    this.#showLook();
    this.#where = this.#identity();
    frame.onload = () => this.#port || this.#expectAnswer(SPEAKS_WITHIN);
    this.#token = this.#tokenSource() && this.#askToken(); // while the frame loads
  }

  #stop() {
    this.#tell("teardown");
    for (const timer of Object.values(this.#later)) clearTimeout(timer);
    this.#height.forget();
    this.#port?.close();
    if (this.#frame !== this.#given) this.#frame?.remove();
    this.#port = this.#frame = this.#given = this.#token = null;
    this.#iid = "";
    this.#hasToken = false;
    this.#fallback.hidden = true;
  }

  #restart() {
    const given = this.#given;
    this.#stop();
    given?.remove();
    this.#start();
  }

  #silent() {
    if (this.#frame === this.#given) {
      console.warn("<erp-widget> loads the iframe in it anew: it says nothing, or has said it before this script came.");
      return this.#restart();
    }
    this.#frame.hidden = true;
    this.#fallback.hidden = false;
    const asked = new URLSearchParams({ ...this.#asked(), origin: location.origin });
    console.warn(`<erp-widget> has no answer from its frame. Why: ${SERVER}doctor?${asked}`);
    this.#fail("no-answer");
  }

  #asked() {
    return { widget: this.getAttribute("name") ?? "", host: this.getAttribute("host") ?? "" };
  }

  #identity() {
    return JSON.stringify([this.#asked(), this.getAttribute("key")]);
  }

  #params() {
    const params = {};
    for (const { name, value } of this.attributes) if (!NO_PARAMETER.test(name)) params[name] = value;
    const { entity, tenant } = this.#context;
    if (entity) Object.assign(params, { entity_type: String(entity.type), entity_id: String(entity.id) });
    if (tenant) params.tenant = String(tenant);
    return { ...params, ...this.#followed };
  }

  #address() {
    const address = new URL(`widgets/${encodeURIComponent(this.getAttribute("name"))}/`, SERVER);
    const query = Object.entries({ ...this.#params(), ...this.#said.look, loader: 1 });
    address.search = new URLSearchParams(query.filter(([, value]) => value));
    return address.href;
  }

  // --- What changes on the page.

  #changed(records = []) {
    for (const { target, attributeName } of records) {
      if (target !== this) continue;
      if (!attributeName) {
        this.#adopt(); // a child came or went
        continue;
      }
      delete this.#followed[attributeName];
      if (!NO_PARAMETER.test(attributeName)) this.#said.params = "";
      if (attributeName === "listens-to") this.#followed = {};
      if (attributeName === "token-url") this.#sendToken();
    }
    this.#showLook();
    this.#wait("look", FADES, this.#look);
    if (!this.#frame) return;
    if (this.#identity() !== this.#where) return this.#restart();
    this.#frame.title = this.#title();
    this.#sayParams();
  }

  #sayParams() {
    const params = this.#params();
    const key = JSON.stringify(params);
    if (!this.#frame || this.#said.params === key) return;
    this.#said.params = key;
    if (this.#port) this.#tell("params", { params });
    else this.#frame.src = this.#address();
  }

  #showLook() {
    const { theme, locale } = this.#context;
    const look = {
      theme: asTheme(this.getAttribute("theme")) ?? asTheme(theme) ?? pageTheme(this),
      locale: this.getAttribute("locale") || locale || around(this).find((element) => element.lang)?.lang || "",
    };
    const style = getComputedStyle(this);
    const variables = {};
    for (const name of this.#looks) {
      const value = style.getPropertyValue(`--erp-${name}`).trim();
      if (value) variables[name] = value;
    }
    const before = this.#said.look?.locale;
    const key = JSON.stringify([look, variables]);
    if (this.#said.key === key) return;
    Object.assign(this.#said, { key, look, variables });
    // Where schemes differ the frame is painted on an opaque box.
    if (this.#frame) this.#frame.style.colorScheme = look.theme === "light" ? "light" : "dark";
    this.#tell("theme", { theme: look.theme, variables });
    if (look.locale && look.locale !== before) this.#tell("locale", { locale: look.locale });
  }

  // --- The conversation.

  handleEvent({ source, origin, data }) {
    if (!this.#frame || source !== this.#frame.contentWindow || origin !== SERVER.origin) return;
    if (data?.ns !== NS || data.type !== "hello" || data.iid === this.#iid) return;
    this.#iid = data.iid;
    if (!data.data?.v?.includes?.(1)) return this.#fail("protocol-version", false);
    this.#looks = data.data.looks ?? [];
    this.#showLook();
    this.#port?.close();
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#hasToken = false;
    port1.onmessage = (message) => this.#hear(message.data ?? {});
    const { look, variables } = this.#said;
    const init = { v: 1, context: { ...look, variables }, tokenFollows: Boolean(this.#tokenSource()) };
    source.postMessage({ ns: NS, v: 1, iid: this.#iid, type: "init", data: init }, origin, [port2]);
    // An address that the page wrote does not say what language it is in.
    if (this.#frame === this.#given && look.locale) this.#tell("locale", { locale: look.locale });
    this.#sendToken();
  }

  #tell(type, data = {}) {
    this.#port?.postMessage({ ns: NS, v: 1, iid: this.#iid, type, data });
  }

  #hear({ ns, type, data }) {
    if (ns !== NS || !data) return;
    if (type === "ready") {
      clearTimeout(this.#later.answer);
      this.#frame.hidden = false;
      this.#fallback.hidden = true;
      this.#emit("ready", { widget: String(data.widget) });
    } else if (type === "resize") this.#height.ask(Number(data.height));
    else if (type === "rendered") this.#emit("rendered", { ms: Number(data.ms) });
    else if (type === "stale") this.#emit("stale", { asOf: String(data.asOf) });
    else if (type === "error") this.#fail(String(data.code), data.retryable === true, String(data.id));
    else if (type === "token.expiring") this.#sendToken();
    else if (type === "event" && data.name === "select") this.#selected(String(data.kind), String(data.key));
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #fail(code, retryable = true, id = "") {
    this.#emit("error", { code, retryable, id });
  }

  #selected(kind, key) {
    if (!/^[a-z_]{1,40}$/.test(kind)) return;
    this.#emit("select", { kind, key });
    for (const other of onPage) {
      if (this.id && other.getAttribute("listens-to")?.split(/\s+/).includes(this.id)) other.#follow(kind, key);
    }
  }

  #follow(kind, key) {
    this.#followed[kind] = key;
    this.#said.params = ""; // the viewer may have gone elsewhere
    this.#sayParams();
  }

  // --- Tokens.

  #tokenSource() {
    const url = this.getAttribute("token-url");
    return this.#provider ?? ErpWidget.tokenProvider ?? (url && ((asked) => fromUrl(url, asked)));
  }

  async #askToken() {
    try {
      const late = new Promise((_, refuse) => setTimeout(refuse, TOKEN_WITHIN, new Error("it took too long")));
      const token = await Promise.race([this.#tokenSource()(this.#asked()), late]);
      if (!isToken(token)) throw new Error("that is no token");
      return token;
    } catch (error) {
      console.error("<erp-widget> got no token:", error);
      this.#fail("token-provider");
      return "";
    }
  }

  async #sendToken() {
    const port = this.#port;
    if (!port || !this.#tokenSource()) return;
    const asked = this.#token ?? this.#askToken();
    this.#token = null;
    const token = await asked;
    if (port !== this.#port) return;
    this.#patience = token ? TOKEN_WITHIN : Math.min(this.#patience * 2, 3e5);
    if (!token) this.#wait("token", this.#patience, () => this.#sendToken());
    if (token || !this.#hasToken) this.#tell("token", { token });
    this.#hasToken ||= Boolean(token);
  }
}

if (!customElements.get("erp-widget")) customElements.define("erp-widget", ErpWidget);
