// The status page looks again by itself, with htmx; this is what htmx leaves out.

const unreachable = (is) => (document.getElementById("unreachable").hidden = !is);

document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden) event.preventDefault(); // nobody looks
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) window.htmx.trigger("#status", "look");
});
for (const failed of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
  document.addEventListener(failed, () => unreachable(true));
}
// The swap takes the notice away, since the server's page has it hidden.
