// Training: the chart of loss and held-out error, which grows while training works.
import { latest } from "/static/answers.js";
import { bind, film, on, readOnly } from "/static/studio.js";
import { element, spread, ticks, unit } from "/static/chart.js";

const LEFT = 64;
const RIGHT = 190;
const UPPER = { top: 34, bottom: 232 };
const LOWER = { top: 288, bottom: 356 };

const box = document.getElementById("chart");
const ask = latest();
let curve = null;

/** Draws the values of the curve. */
function draw() {
  if (!box || !curve) return;
  const width = Math.max(box.clientWidth / unit(), 480);
  const svg = element("svg", { viewBox: `0 0 ${width} 400`, "aria-hidden": "true" });
  const last = Math.max(curve.steps, ...curve.points.map((point) => point.step), 1);
  const x = (step) => LEFT + (step / last) * (width - LEFT - RIGHT);
  if (curve.points.length) {
    drawHeldOut(svg, width, x);
    drawLoss(svg, width, x);
  } else {
    svg.append(element("text", { x: LEFT, y: 40 }, "No checkpoint yet"));
  }
  for (const step of ticks(last)) {
    svg.append(element("text", { x: x(step), y: LOWER.bottom + 22, "text-anchor": "middle" }, step.toLocaleString("en")));
  }
  svg.append(element("text", { x: LEFT - 10, y: LOWER.bottom + 22, "text-anchor": "end" }, "steps"));
  box.replaceChildren(svg);
}

function grid(svg, width, y, label) {
  svg.append(element("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y, y2: y }));
  svg.append(element("text", { x: LEFT - 10, y: y + 4, "text-anchor": "end" }, label));
}

function polyline(points, name) {
  return element("polyline", { class: name, points: points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ") });
}

/** The upper panel: held-out error from zero, beside that of the LUT and of the closed form. */
function drawHeldOut(svg, width, x) {
  const points = curve.points.filter((point) => point.held_out != null);
  svg.append(element("text", { class: "title", x: LEFT, y: UPPER.top - 16 }, points.length ? "Held-out CIEDE2000" : "No hold-out pair measures the error"));
  if (!points.length) return;
  const levels = [
    { name: "LUT", value: curve.lut, style: "lut" },
    { name: "closed form", value: curve.closedForm, style: "closed" },
  ].filter((level) => level.value != null);
  const values = [...points.map((point) => point.held_out), ...levels.map((level) => level.value)];
  const marks = ticks(Math.max(...values));
  const top = Math.max(marks.at(-1), ...values, 1e-6);
  const y = (value) => UPPER.bottom - (value / top) * (UPPER.bottom - UPPER.top);
  const digits = marks[1] < 0.1 ? 2 : marks[1] < 1 ? 1 : 0;
  for (const mark of marks) grid(svg, width, y(mark), mark.toFixed(digits));
  for (const { value, style } of levels) {
    svg.append(element("line", { class: style, x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) }));
  }
  svg.append(polyline(points.map((point) => [x(point.step), y(point.held_out)]), "line"));
  for (const point of points) {
    const isBest = point.step === curve.best;
    svg.append(element("circle", { class: isBest ? "best" : "dot", cx: x(point.step), cy: y(point.held_out), r: isBest ? 5 : 3 }));
  }
  const best = Math.min(...points.map((point) => point.held_out));
  const labels = [...levels, { name: "networks, best", value: best, style: "strong" }].map((level) => ({ ...level, y: y(level.value) + 4 }));
  for (const label of spread(labels, 17)) {
    const name = label.style === "strong" ? "strong" : "";
    svg.append(element("text", { class: name, x: width - RIGHT + 14, y: label.y }, `${label.name} ${label.value.toFixed(2)}`));
  }
}

/** The lower panel: training loss on a logarithmic scale. */
function drawLoss(svg, width, x) {
  const logs = curve.points.map((point) => Math.log10(Math.max(point.loss, 1e-9)));
  const [low, high] = [Math.min(...logs), Math.max(...logs)];
  const y = (log) => LOWER.bottom - ((log - low) / Math.max(high - low, 1e-3)) * (LOWER.bottom - LOWER.top);
  svg.append(element("text", { class: "title", x: LEFT, y: LOWER.top - 16 }, "Training loss, logarithmic"));
  for (const log of high - low > 1e-3 ? [high, low] : [low]) grid(svg, width, y(log), (10 ** log).toPrecision(3));
  svg.append(polyline(curve.points.map((point, index) => [x(point.step), y(logs[index])]), "loss"));
}

/** Gets the values anew, and draws them if they have changed. */
async function update() {
  const isLast = ask();
  const answer = await fetch(`/film/${film}/training/curve`).catch(() => null);
  const next = answer?.ok ? await answer.json().catch(() => null) : null;
  if (!next || !isLast() || JSON.stringify(next) === JSON.stringify(curve)) return;
  curve = next;
  draw();
}

if (box) {
  update();
  new ResizeObserver(draw).observe(box);
  on("film", (event) => {
    if (event.film === film) update();
  });
  on("reset", update);
}

// A large display has room for the table below the chart.
const values = document.getElementById("values");
if (values && window.matchMedia("(min-width: 2000px)").matches) values.open = true;

if (!readOnly) bind("e", "stop training early and keep the best", () => document.getElementById("stop")?.click());
