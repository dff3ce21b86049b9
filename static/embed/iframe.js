// The iframe of a tag: what it may do, and whether one that the page itself has put there is as the tag would make it.

export const SANDBOX = "allow-scripts allow-same-origin allow-forms allow-popups allow-downloads";

// Why the tag cannot keep it; "" where it can. own: the address that the tag would give it.
export function problemOf({ src, sandbox }, own) {
  if (!sandbox.length) return "it has no sandbox";
  const allowed = SANDBOX.split(" ");
  const more = [...sandbox].filter((each) => !allowed.includes(each));
  if (more.length) return `its sandbox has ${more.join(" ")}`;
  if (!sandbox.contains("allow-scripts") || !sandbox.contains("allow-same-origin")) {
    return "its sandbox lacks allow-scripts or allow-same-origin, without which there is nobody to speak to";
  }
  const [given, wanted] = [src, own].map((each) => new URL(each, document.baseURI));
  if (given.origin !== wanted.origin || given.pathname !== wanted.pathname) {
    return `its address is of ${given.origin}${given.pathname}, and not of ${wanted.origin}${wanted.pathname}`;
  }
  const names = new Set([...given.searchParams.keys(), ...wanted.searchParams.keys()]);
  for (const name of ["theme", "locale"]) names.delete(name);
  const differ = [...names].filter((name) => given.searchParams.get(name) !== wanted.searchParams.get(name));
  return differ.length ? `its address and the tag's attributes differ in ${differ.join(", ")}` : ""; // values may be secret
}
