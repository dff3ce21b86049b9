// The gallery's two conveniences: the theme of the previews, and copying a snippet.
import "./copy.js";

const themes = document.querySelector(".themes");
themes.hidden = false;
themes.addEventListener("change", ({ target }) => {
  for (const frame of document.querySelectorAll("iframe.preview")) {
    const address = new URL(frame.getAttribute("src"), location.href);
    if (target.value) address.searchParams.set("theme", target.value);
    else address.searchParams.delete("theme");
    const isLoaded = frame.contentWindow.location.href !== "about:blank"; // it is when it comes into view
    if (isLoaded) frame.contentWindow.location.replace(address); // no entry in the browser's history
    else frame.src = address;
  }
});
