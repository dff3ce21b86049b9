// Runs first in every document of a visit. Notes, within the page, when a frame shows its data and its chart:
// before each paint it looks whether they are there, so a moment is that of the paint that shows them.
// GIVEN is {origin, first, bars, drawn}: of the frames, the number of the first item, whether there are bars that
// the chart takes the place of (null: it has none), and whether the chart is there.
((given) => {
  const isHost = self === top;
  if (!isHost && (parent !== top || location.origin !== given.origin)) return;

  const seen = (self.benchSeen = { start: performance.timeOrigin, data: 0, bars: 0, chart: 0, shift: 0 });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) seen.shift += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  if (isHost) return;

  function* trees(root) {
    yield root;
    for (const element of root.querySelectorAll("*")) if (element.shadowRoot) yield* trees(element.shadowRoot);
  }
  const find = (selector) => [...trees(document)].flatMap((tree) => [...tree.querySelectorAll(selector)]);
  const isShown = (element) => element.getClientRects().length > 0;

  // A canvas with more than one colour on it.
  const painted = (canvas) => {
    if (!isShown(canvas) || !canvas.width || !canvas.height) return false;
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size > 1;
  };
  const tools = { find, isShown, painted };
  const now = () => performance.timeOrigin + performance.now();
  const isReadable = () => find("table").some((table) => table.textContent.includes(given.first) && isShown(table));
  const look = () => {
    if (!seen.data && isReadable()) seen.data = now();
    if (given.bars && !seen.bars && given.bars(tools)) seen.bars = now();
    if (!seen.chart && given.drawn(tools)) seen.chart = now();
    if (seen.data && seen.chart) self.benchDone();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})(GIVEN);
