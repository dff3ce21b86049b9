// Types of embed.js. Save it beside your sources, or name it in a triple-slash reference.

/** What a token is wanted for. */
export interface TokenRequest {
  widget: string;
  host: string | null;
}

/** Answers a JWT of at most 300 seconds that your back end has made. */
export type TokenProvider = (request: TokenRequest) => string | Promise<string>;

/** What your page knows of its surroundings. What is left out is found on the page. */
export interface HostContext {
  theme?: "light" | "dark" | "contrast" | "default";
  /** BCP 47, such as "de-DE". */
  locale?: string;
  /** A record by your own words for it. One whose type is a widget's parameter gives that its value. */
  entity?: { type: string; id: string };
  tenant?: string;
}

export interface ErpWidgetEvents {
  /** The frame answers. */
  ready: CustomEvent<{ widget: string }>;
  /** Data is shown, for the first time or anew. */
  rendered: CustomEvent<{ ms: number }>;
  /** An error is shown instead of data, or no data can be had. Codes: docs/errors.md. */
  error: CustomEvent<{ code: string; retryable: boolean; id: string }>;
  /** What is shown is older than it should be. asOf: ISO 8601. */
  stale: CustomEvent<{ asOf: string }>;
  /** The viewer selected a record. */
  select: CustomEvent<{ kind: string; key: string }>;
}

/** `<erp-widget name="inventory" host="sales" site="1">`. Every attribute that is not listed here is a parameter. */
export interface ErpWidget extends HTMLElement {
  tokenProvider: TokenProvider | null;
  hostContext: HostContext;
  /** Looks for newer data now. */
  refresh(): void;

  addEventListener<K extends keyof ErpWidgetEvents>(
    type: K,
    listener: (this: ErpWidget, event: ErpWidgetEvents[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

/** `customElements.get("erp-widget")` */
export interface ErpWidgetClass extends CustomElementConstructor {
  /** For all elements of the page that have none of their own. */
  tokenProvider?: TokenProvider;
}

/** Attributes that are no parameters of the widget. */
export interface ErpWidgetAttributes {
  /** Name of the widget. */
  name: string;
  /** Your id in the server's hosts file. */
  host?: string;
  /** For a host that uses a key instead of tokens. */
  key?: string;
  /** Pixels kept for the widget until it says how tall it is. */
  height?: string;
  /** Title of the frame, for screen readers. */
  title?: string;
  theme?: "light" | "dark" | "contrast";
  locale?: string;
  /** Address on your own server that answers a token as text. */
  "token-url"?: string;
  /** Ids of other widgets, separated by spaces: what is selected there is shown here. */
  "listens-to"?: string;
}

declare global {
  interface HTMLElementTagNameMap {
    "erp-widget": ErpWidget;
  }
}
