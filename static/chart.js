// Lets plotly take over a chart that the server drew, once the chart is on screen.

const drawn = new WeakMap(); // element → the figure that it shows
let library = null;

export function drawCharts() {
  for (const plot of document.querySelectorAll(".plot")) {
    if (drawn.has(plot)) draw(plot);
    else seen.observe(plot);
  }
}

const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    load(target.dataset).then(() => draw(target));
  }
});

// Plotly finds its style sheet already there by this id and class, and then writes no inline style,
// which the page's policy would refuse.
function load({ plotly, plotlyCss }) {
  library ??= new Promise((resolve, reject) => {
    const sheet = document.createElement("link");
    Object.assign(sheet, { rel: "stylesheet", href: plotlyCss, id: "plotly.js-style-global", className: "no-inline-styles" });
    const script = document.createElement("script");
    script.src = plotly;
    sheet.onload = () => document.head.append(script);
    script.onload = resolve;
    sheet.onerror = script.onerror = reject;
    document.head.append(sheet);
  });
  return library;
}

function draw(plot) {
  const holder = plot.querySelector(".plotly");
  const look = theme(plot);
  const key = plot.dataset.figure + JSON.stringify(look);
  if (drawn.get(plot) === key) return;
  drawn.set(plot, key);
  const { data, layout } = JSON.parse(plot.dataset.figure);
  for (const trace of data) {
    const color = look[trace.meta];
    if (trace.type === "bar") trace.marker = { color };
    else trace.line = { color, width: 2 };
  }
  const axis = { gridcolor: look.grid, linecolor: look.grid, zerolinecolor: look.axis, tickcolor: look.grid };
  for (const name of ["xaxis", "yaxis"]) layout[name] = { ...axis, ...layout[name] };
  Object.assign(layout, {
    uirevision: "kept", // what the viewer zoomed into stays when the figures change
    showlegend: false,
    paper_bgcolor: "transparent",
    plot_bgcolor: "transparent",
    font: { family: look.family, size: 12, color: look.text },
    hoverlabel: { bgcolor: look.surface, bordercolor: look.axis, font: { family: look.family, size: 12, color: look.text } },
  });
  window.Plotly.react(holder, data, layout, { displayModeBar: false, showSendToCloud: false, plotlyServerURL: "", responsive: true, doubleClick: "reset" });
}

// Colours as the style sheet resolves them for the present theme.
function theme(plot) {
  const probe = plot.appendChild(document.createElement("span"));
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
  matchMedia(query).addEventListener("change", drawCharts);
}
