// Moves a strip that does not fit slowly to its end and back: never for who wants no motion, and not while
// somebody points at it, is in it, or has paused it. It moves by scrolling, so a finger or a wheel can too.

const SPEED = 24; // pixels a second
const REST = 2000; // milliseconds at either end, and after somebody let go
const wantsStill = matchMedia("(prefers-reduced-motion: reduce)");
let at = 0;
let heading = 1;
let before = 0;
let restUntil = REST;

function step(now) {
  const strip = document.querySelector(".strip");
  if (strip) move(strip, now, Math.min(now - before, 100) / 1000);
  before = now;
  requestAnimationFrame(step);
}

function move(strip, now, seconds) {
  const room = strip.scrollWidth - strip.clientWidth;
  const canMove = room > 1 && !wantsStill.matches;
  document.documentElement.classList.toggle("strip-moves", canMove);
  const paused = document.querySelector(".pause-box").checked;
  const byHand = Math.abs(strip.scrollLeft - at) > 2;
  if (!canMove || paused || byHand || strip.matches(":hover, :active, :focus-within")) {
    at = strip.scrollLeft;
    restUntil = now + REST;
  }
  if (now < restUntil) return;
  at = Math.min(Math.max(at + heading * SPEED * seconds, 0), room);
  strip.scrollLeft = at;
  if (at === 0 || at === room) {
    heading = at ? -1 : 1;
    restUntil = now + REST;
  }
}

export const moveStrip = () => requestAnimationFrame(step);
