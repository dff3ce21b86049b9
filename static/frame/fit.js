// Tells the host how tall the content is. It is measured by what wraps it, which does not depend on how tall the
// frame is, so that neither can drive the other on.
import { tell } from "./host.js";

const SETTLES = [0, 250, 1000]; // milliseconds after which a frame that came up cold is measured again
const ANSWERED = 500; // milliseconds in which a host that resizes has done so
let told = 0;

const observer = new ResizeObserver(measure);

export function fit() {
  observer.observe(document.body, { box: "border-box" });
  told = 0;
  for (const after of SETTLES) setTimeout(measure, after);
}

function measure() {
  const height = Math.ceil(document.body.getBoundingClientRect().height);
  if (height && height !== told) {
    told = height;
    tell("resize", { height });
  }
  // A scrollbar would come and go with each growth; there is one only where the host gives less room.
  setTimeout(() => document.documentElement.classList.toggle("fits", innerHeight >= told - 1), ANSWERED);
}
