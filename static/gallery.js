// The gallery's two conveniences: the theme of the previews, and copying a snippet.
import "./copy.js";

const themes = document.querySelector(".themes");
const previews = document.querySelectorAll("iframe.preview");
themes.hidden = false;
themes.addEventListener("change", () => previews.forEach(dress));
// Also one that has just loaded anew by itself, and so overtaken its change.
for (const frame of previews) frame.addEventListener("load", () => dress(frame));

function dress(frame) {
  const theme = themes.querySelector(":checked").value;
  const shown = shownIn(frame);
  const address = new URL(shown ?? frame.src);
  if ((address.searchParams.get("theme") ?? "") === theme) return;
  if (theme) address.searchParams.set("theme", theme);
  else address.searchParams.delete("theme");
  if (shown) frame.contentWindow.location.replace(address); // no entry in the browser's history
  else frame.src = address;
}

// Its address, null before it comes into view, and where the browser has a page of its own that nothing answers.
function shownIn(frame) {
  try {
    const { href } = frame.contentWindow.location;
    return href === "about:blank" ? null : href;
  } catch {
    return null;
  }
}
