// What a page looks like around an element, where nobody says it.

const THEMES = { light: "light", default: "light", dark: "dark", contrast: "contrast" }; // "default" is Teams'

export const system = matchMedia("(prefers-color-scheme: dark)");

// A theme of ours by that name or a host's own; undefined: there is none.
export const asTheme = (name) => THEMES[name];

export function pageTheme(element) {
  const scheme = getComputedStyle(element).colorScheme;
  const isDark = scheme.includes("dark");
  if (isDark !== scheme.includes("light")) return isDark ? "dark" : "light";
  for (const behind of around(element)) {
    const [r, g, b, alpha = 1] = getComputedStyle(behind).backgroundColor.match(/[\d.]+/g) ?? [];
    if (r && alpha > 0.5) return r * 0.3 + g * 0.59 + b * 0.11 < 128 ? "dark" : "light";
  }
  return isDark && system.matches ? "dark" : "light";
}

// The element and all that it is in, out of shadow trees too.
export function around(element) {
  const found = [];
  for (let node = element; node; node = node.parentNode ?? node.host) if (node instanceof Element) found.push(node);
  return found;
}
