// What this frame is: its widget, its state, and the address of what it shows.

export const root = document.documentElement;
export const widget = () => document.getElementById("widget"); // another one after each swap
export const version = widget().dataset.version;
export const isWaiting = () => widget().dataset.state === "waiting"; // for its host's token

// A frame whose sandbox lacks allow-same-origin may not fetch: it loads anew, as without scripts.
export const isIsolated = self.origin === "null";

// What was asked for last; a refresh asks for it again, also if it failed. A token is for this frame's memory
// alone and not for an address, which can be copied.
let asked = new URL(location.href);
if (asked.searchParams.has("token")) asked.searchParams.delete("token");
if (asked.href !== location.href && !isIsolated) history.replaceState(null, "", asked);

export const address = () => asked.href;

export function setAddress(href) {
  asked = new URL(href, location.href);
}

// The address can be copied; the host's history stays its own.
export const showAddress = () => history.replaceState(null, "", asked);

// Other parameters. Whose frame it is stays, and so does its look if nothing is said of it.
export function setParams(params) {
  const before = asked.searchParams;
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) if (typeof value === "string") query.set(name, value);
  for (const name of ["token", "host", "key", "loader"]) query.delete(name);
  for (const name of ["host", "key", "loader", "theme", "locale"]) {
    if (before.has(name) && !query.has(name)) query.set(name, before.get(name));
  }
  setAddress(`?${query}`);
}

// Whether that changed anything.
export function setParam(name, value) {
  if (asked.searchParams.get(name) === value) return false;
  asked.searchParams.set(name, value);
  return true;
}
