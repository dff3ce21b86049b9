// Lets plotly take over a chart that the server drew, once the chart is on screen.

const drawn = new WeakMap(); // element → the figure that it shows
const LABEL = 80; // pixels that a date of the axis takes, with room beside it
let library = null;
let spoken = ""; // the locale that plotly was taught last
let view = 0; // another number forgets what the viewer zoomed into

// Draws what has changed. asked: the viewer asked for something else, so a zoom is over.
export function drawCharts(asked) {
  if (asked) view += 1;
  for (const plot of document.querySelectorAll(".plot")) {
    if (drawn.has(plot)) draw(plot);
    else seen.observe(plot);
  }
}

// Plotly listens to the window for each chart until it is told that the chart is gone.
export function forgetCharts(node) {
  if (!(node instanceof Element)) return;
  for (const holder of node.querySelectorAll(".plotly.js-plotly-plot")) window.Plotly.purge(holder);
}

const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    load(target.dataset).then(
      () => draw(target),
      () => (library = null), // the server's drawing stays; the next look tries again
    );
  }
});

// Plotly finds its style sheet already there by this id and class, and then writes no inline style,
// which the page's policy would refuse.
function load({ plotly, plotlyCss }) {
  const sheet = document.createElement("link");
  Object.assign(sheet, { rel: "stylesheet", href: plotlyCss, id: "plotly.js-style-global", className: "no-inline-styles" });
  const script = document.createElement("script");
  script.src = plotly;
  // The script first: it is what everything waits for.
  library ??= Promise.all([script, sheet].map(loaded)).catch((error) => {
    sheet.remove();
    script.remove();
    throw error;
  });
  return library;
}

function loaded(element) {
  return new Promise((resolve, reject) => {
    element.onload = resolve;
    element.onerror = () => reject(new Error("plotly.js could not be loaded"));
    document.head.append(element);
  });
}

function draw(plot) {
  const look = theme(plot);
  const { locale } = document.documentElement.dataset;
  const room = Math.min(5, Math.max(2, Math.floor(plot.clientWidth / LABEL)));
  const key = plot.dataset.figure + view + JSON.stringify(look) + locale + room;
  if (drawn.get(plot) === key || !plot.isConnected) return;
  drawn.set(plot, key);
  const { data, layout } = JSON.parse(plot.dataset.figure);
  for (const trace of data) {
    const color = look[trace.meta];
    // The outline makes a pale bar stand out from its background.
    if (trace.type === "bar") trace.marker = { color, line: { color: look.main, width: 1 } };
    else trace.line = { color, width: 2 };
  }
  const axis = { gridcolor: look.grid, linecolor: look.grid, zerolinecolor: look.grid, tickcolor: look.grid };
  for (const name of ["xaxis", "yaxis"]) layout[name] = { ...axis, ...layout[name] };
  if (layout.xaxis.nticks) layout.xaxis.nticks = Math.min(layout.xaxis.nticks, room);
  Object.assign(layout, {
    separators: ["decimal", "group"].map((type) => numberPart(locale, type)).join(""),
    uirevision: view, // what the viewer zoomed into stays when a refresh brings other figures
    showlegend: false,
    paper_bgcolor: "transparent",
    plot_bgcolor: "transparent",
    font: { family: look.family, size: 12, color: look.text },
    hoverlabel: { bgcolor: look.surface, bordercolor: look.axis, font: { family: look.family, size: 12, color: look.text } },
  });
  // A finger that drags over a chart wants to scroll the page.
  if (matchMedia("(pointer: coarse)").matches) layout.dragmode = false;
  speak(locale);
  const quiet = { locale, displayModeBar: false, showSendToCloud: false, plotlyServerURL: "", showTips: false };
  window.Plotly.react(plot.querySelector(".plotly"), data, layout, { ...quiet, responsive: true, doubleClick: "reset" });
}

const numberPart = (locale, type) =>
  new Intl.NumberFormat(locale).formatToParts(12345.6).find((part) => part.type === type)?.value ?? " ";

// Teaches plotly the names of days and months, which the browser knows for every language. Its own English is
// what all others are laid over.
function speak(locale) {
  if (locale.startsWith("en") || locale === spoken) return;
  spoken = locale;
  const names = (count, make, format) => Array.from({ length: count }, (_, n) => new Intl.DateTimeFormat(locale, { ...format, timeZone: "UTC" }).format(make(n)));
  const day = (n) => Date.UTC(2023, 0, 1 + n); // a Sunday
  const month = (n) => Date.UTC(2023, n, 1);
  window.Plotly.register({
    moduleType: "locale",
    name: locale,
    dictionary: {},
    format: {
      days: names(7, day, { weekday: "long" }),
      shortDays: names(7, day, { weekday: "short" }),
      months: names(12, month, { month: "long" }),
      shortMonths: names(12, month, { month: "short" }),
      date: "%d.%m.%Y",
    },
  });
}

// Colours as the style sheet resolves them for the present theme.
function theme(plot) {
  const probe = plot.appendChild(document.createElement("span"));
  probe.className = "probe";
  const resolve = (variable) => {
    probe.style.color = `var(${variable})`;
    return getComputedStyle(probe).color;
  };
  const look = {
    main: resolve("--chart-main"),
    muted: resolve("--chart-muted"),
    grid: resolve("--line-soft"),
    axis: resolve("--line"),
    text: resolve("--text-2"),
    surface: resolve("--raised"),
    family: getComputedStyle(plot).fontFamily,
  };
  probe.remove();
  return look;
}

for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
  matchMedia(query).addEventListener("change", () => drawCharts());
}
addEventListener("resize", () => drawCharts()); // another width has room for more dates or fewer
