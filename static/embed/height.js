// How tall a tag is: as its frame asks, unless each answer makes the frame ask for more.

const HIGHEST = 20_000; // pixels
const QUIET = 1_000; // milliseconds
const GROWTHS = 20; // in a row without quiet: more is a loop

export class Height {
  #box;
  #now = 0;
  #growths = 0;
  #grewAt = 0;
  #stopped = false;
  #later = 0;

  // box: the element that is as tall.
  constructor(box) {
    this.#box = box;
  }

  set(height) {
    this.#now = height;
    this.#box.style.height = `${height}px`;
  }

  // What the frame asks for.
  ask(height) {
    height = Math.min(Math.ceil(height), HIGHEST);
    if (!(height > 0) || height === this.#now) return;
    const now = performance.now();
    if (height < this.#now) this.#growths = 0;
    else {
      this.#growths = now - this.#grewAt < QUIET ? this.#growths + 1 : 1;
      this.#grewAt = now;
      if (this.#growths > GROWTHS) return this.#hold(height);
    }
    this.#stopped = false;
    this.set(height);
  }

  forget() {
    clearTimeout(this.#later);
  }

  // Content that comes to rest gets its height after all; a loop goes on and gets no more.
  #hold(height) {
    if (this.#stopped) return;
    clearTimeout(this.#later);
    this.#later = setTimeout(() => {
      this.#stopped = true;
      this.#grewAt = performance.now();
      this.set(height);
    }, QUIET);
  }
}
