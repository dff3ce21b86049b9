// Tokens as a host's own server answers them.

export const isToken = (text) => /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text);

export async function fromUrl(address, { widget }) {
  const url = new URL(address, document.baseURI);
  url.searchParams.set("widget", widget);
  const answer = await fetch(url, { credentials: "same-origin", cache: "no-store" });
  if (!answer.ok) throw new Error(`${url.pathname} answered ${answer.status}`);
  return (await answer.text()).trim();
}
