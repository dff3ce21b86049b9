// The gallery's two conveniences: the theme of the previews, and copying a snippet.

const themes = document.querySelector(".themes");
themes.hidden = false;
themes.addEventListener("change", ({ target }) => {
  for (const frame of document.querySelectorAll("iframe.preview")) {
    const address = new URL(frame.getAttribute("src"), location.href);
    if (target.value) address.searchParams.set("theme", target.value);
    else address.searchParams.delete("theme");
    frame.contentWindow.location.replace(address); // no entry in the browser's history
  }
});

for (const button of document.querySelectorAll("button.copy")) {
  const said = button.parentElement.querySelector(".copied");
  button.hidden = false;
  button.addEventListener("click", async () => {
    const code = document.getElementById(button.dataset.copies);
    try {
      await navigator.clipboard.writeText(code.textContent);
      said.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code); // no clipboard on this page: selected, ready for Ctrl+C
      said.textContent = "Selected: press Ctrl+C";
    }
    setTimeout(() => (said.textContent = ""), 4000);
  });
}
