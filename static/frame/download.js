// Saves a file that the host's token opens.
import { bearer } from "./host.js";

export async function download(link) {
  const said = link.closest(".downloads").querySelector(".said");
  said.textContent = "";
  try {
    const answer = await fetch(link.href, { headers: { Authorization: `Bearer ${bearer()}` } });
    if (!answer.ok) throw new Error(String(answer.status));
    const [, name] = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition"));
    const address = URL.createObjectURL(await answer.blob());
    Object.assign(document.createElement("a"), { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000); // long after the browser has begun to write it
  } catch {
    said.textContent = "The file could not be had. Try again in a moment.";
  }
}
