// How the server answered each preview. A frame of our own origin can be looked into: the browser has timings of its
// page, and htmx has the headers of what it asked for later. Of a whole page no script sees the headers, so the same
// address is asked for once more, without a body.
import { frameIn, onFrame, onMessage } from "./workbench_tap.js";

const TOGETHER = 1000; // milliseconds in which previews of one address are answered by one more request
const PARTS = { pages: /erp-widgets-pages; ([^,]+)/, reads: /erp-widgets-reads; ([^,]+)/ };
const seen = new WeakMap(); // by frame's document: what is shown of it
const underWay = new Map(); // by address

onFrame((frame, pane) => {
  const { contentDocument: page, contentWindow: inside } = frame;
  page.addEventListener("htmx:afterRequest", ({ detail: { xhr } }) => {
    if (!xhr.status) return;
    const timing = inside.performance.getEntriesByName(xhr.responseURL).at(-1);
    show(pane, { answer: "refresh", status: xhr.status, bytes: xhr.getResponseHeader("Content-Length"), took: timing?.duration, ...said(xhr.getAllResponseHeaders()) });
  });
  firstAnswer(frame, pane);
});

onMessage(({ type, pane }) => {
  const place = document.getElementById(`pane-${pane}`);
  const frame = place && frameIn(place);
  if (frame && ["rendered", "error"].includes(type)) firstAnswer(frame, place);
});

async function firstAnswer(frame, pane) {
  const { contentDocument: page, contentWindow: inside } = frame;
  const [load] = inside.performance.getEntriesByType("navigation");
  if (!load?.responseEnd || seen.has(page)) return;
  seen.set(page, true);
  const timing = load.serverTiming.map((each) => [each.name, each.duration, each.description]);
  const first = { answer: "page", status: load.responseStatus, bytes: load.encodedBodySize, took: load.responseEnd - load.requestStart, timing };
  show(pane, first);
  const headers = await askedAgain(load.name);
  if (frame.isConnected && frame.contentDocument === page) show(pane, { ...headers, ...first }, true);
}

function askedAgain(address) {
  if (!underWay.has(address)) {
    const asked = fetch(address, { method: "HEAD" }).then(
      ({ headers }) => said([...headers].map(([name, value]) => `${name}: ${value}`).join("\r\n")),
      () => ({}),
    );
    underWay.set(address, asked);
    setTimeout(() => underWay.delete(address), TOGETHER);
  }
  return underWay.get(address);
}

// What the headers say, as the table has it.
function said(text) {
  const headers = new Headers(text.trim().split(/\r?\n/).map((line) => line.split(/:\s*(.*)/s).slice(0, 2)));
  const status = headers.get("Cache-Status") ?? "";
  const timing = (headers.get("Server-Timing") ?? "").split(/,\s*(?=\w+;)/).filter(Boolean).map((entry) => {
    const [name] = entry.split(";");
    return [name, Number(/dur=([\d.]+)/.exec(entry)?.[1] ?? 0), /desc="?([^";]*)/.exec(entry)?.[1] ?? ""];
  });
  return { pages: PARTS.pages.exec(status)?.[1] ?? "", reads: PARTS.reads.exec(status)?.[1] ?? "", age: headers.get("Age") ?? "", timing };
}

function show(pane, { answer, status, pages = "", reads = "", age = "", timing = [], bytes, took }, isMore = false) {
  const body = document.getElementById("requests");
  const width = Number(pane.id.replace("pane-", ""));
  let row = body.querySelector(`[data-pane="${pane.id}"]`);
  if (isMore && row?.dataset.answer !== answer) return; // a refresh was quicker
  if (!row) {
    row = document.createElement("tr");
    row.dataset.pane = pane.id;
    const next = [...body.children].find((other) => parseInt(other.cells[0].textContent) > width);
    body.insertBefore(row, next ?? null);
  }
  row.dataset.answer = answer;
  const times = timing.map(([name, duration, words]) => `${name}${duration ? ` ${duration}` : ""}${words ? ` (${words})` : ""}`);
  const cells = [`${width} px`, answer, status, pages, reads, age, times.join(", "), bytes, took && Math.round(took)];
  row.replaceChildren(...cells.map((value, place) => {
    const cell = document.createElement(place ? "td" : "th");
    if (!place) cell.scope = "row";
    if ([2, 5, 7, 8].includes(place)) cell.className = "number";
    cell.textContent = value || value === 0 ? value : "–";
    return cell;
  }));
}
