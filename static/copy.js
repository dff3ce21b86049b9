// Buttons that copy: <button data-copies="ID"> takes the text of the element with that id. Also those that come later.

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("button.copy");
  if (!button) return;
  const code = document.getElementById(button.dataset.copies);
  const said = button.parentElement.querySelector(".copied");
  try {
    await navigator.clipboard.writeText(code.textContent);
    said.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(code); // no clipboard on this page: selected, ready for Ctrl+C
    said.textContent = "Selected: press Ctrl+C";
  }
  setTimeout(() => (said.textContent = ""), 4000);
});
