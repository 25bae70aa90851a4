// Scopes: waveform, parade and vectorscope, counted from floats.
import { ycbcrOf } from "/static/viewer-half.js";

const LOW = -0.05, HIGH = 1.1; // display values at the edges of a waveform
const EDGE = 0.55; // Cb or Cr at the edge of a vectorscope, a little beyond 0.5
const SKIN_DEGREES = 123; // from +Cb towards +Cr: the +I axis of NTSC
const SCALE = 30; // pixels for the numbers at the left
const BARS = { R: [0.75, 0, 0], Mg: [0.75, 0, 0.75], B: [0, 0, 0.75], Cy: [0, 0.75, 0.75], G: [0, 0.75, 0], Yl: [0.75, 0.75, 0] };

const GROUND = "#1c1c1c", FAINT = "#4a4a4a", TEXT = "#b0b0b0";

/** A canvas with the size it has on the screen, cleared. */
function cleared(canvas) {
  const dense = window.devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * dense), height = Math.round(canvas.clientHeight * dense);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.fillStyle = GROUND;
  pen.fillRect(0, 0, width, height);
  pen.font = `${11 * dense}px system-ui, sans-serif`;
  return { pen, width, height, dense };
}

const rowOf = (value, height) => (1 - (value - LOW) / (HIGH - LOW)) * (height - 1);

function graticule({ pen, width, height, dense }) {
  pen.fillStyle = TEXT;
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  for (const level of [0, 0.25, 0.5, 0.75, 1]) {
    const y = Math.round(rowOf(level, height));
    pen.fillStyle = FAINT;
    pen.fillRect(SCALE * dense, y, width, 1);
    pen.fillStyle = TEXT;
    pen.fillText(String(Math.round(level * 100)), (SCALE - 6) * dense, y);
  }
}

/** Adds counts as a trace to a canvas: brighter where there are more than the mean. */
function trace(pen, counts, left, width, height, [red, green, blue]) {
  const image = pen.getImageData(left, 0, width, height);
  let sum = 0, marked = 0;
  for (const count of counts) {
    sum += count;
    marked += count > 0;
  }
  const gain = marked / (4 * sum || 1);
  for (let index = 0; index < counts.length; index += 1) {
    if (!counts[index]) continue;
    const level = Math.min(1, 0.15 + (counts[index] * gain) ** 0.6);
    const at = 4 * index;
    image.data[at] += (red - image.data[at]) * level;
    image.data[at + 1] += (green - image.data[at + 1]) * level;
    image.data[at + 2] += (blue - image.data[at + 2]) * level;
  }
  pen.putImageData(image, left, 0);
}

/** Counts the levels of each column. */
function levels(measured, width, height, valueAt) {
  const counts = new Float32Array(width * height);
  const { values } = measured;
  let index = 0;
  for (let line = 0; line < measured.height; line += 1) {
    for (let column = 0; column < measured.width; column += 1, index += 4) {
      if (!values[index + 3]) continue;
      const row = Math.min(height - 1, Math.max(0, Math.round(rowOf(valueAt(values, index), height))));
      const x = Math.floor((column * width) / measured.width);
      counts[row * width + x] += 1;
    }
  }
  return counts;
}

const lumaAt = (values, at) => 0.2126 * values[at] + 0.7152 * values[at + 1] + 0.0722 * values[at + 2];

/** Luma by column. */
export function drawWaveform(canvas, measured) {
  const sheet = cleared(canvas);
  graticule(sheet);
  if (!measured) return;
  const left = Math.round(SCALE * sheet.dense), width = sheet.width - left;
  trace(sheet.pen, levels(measured, width, sheet.height, lumaAt), left, width, sheet.height, [225, 225, 225]);
}

/** Red, green and blue by column, side by side, each with its letter. */
export function drawParade(canvas, measured) {
  const sheet = cleared(canvas);
  graticule(sheet);
  const left = Math.round(SCALE * sheet.dense), third = Math.floor((sheet.width - left) / 3);
  [["R", [240, 110, 100]], ["G", [120, 215, 125]], ["B", [125, 155, 250]]].forEach(([letter, ink], index) => {
    const start = left + index * third, width = third - 4;
    if (measured) trace(sheet.pen, levels(measured, width, sheet.height, (values, at) => values[at + index]), start, width, sheet.height, ink);
    sheet.pen.fillStyle = TEXT;
    sheet.pen.textAlign = "left";
    sheet.pen.fillText(letter, start + 4, 9 * sheet.dense);
  });
}

/** Chroma, +Cb to the right and +Cr up, with the boxes of 75 % bars and the line of skin tones. */
export function drawVectorscope(canvas, measured, magnification = 1) {
  const sheet = cleared(canvas);
  const { pen, width, height, dense } = sheet;
  const edge = EDGE / magnification, radius = Math.min(width, height) / 2;
  const at = (cb, cr) => [width / 2 + (cb / edge) * radius, height / 2 - (cr / edge) * radius];
  pen.strokeStyle = FAINT;
  pen.lineWidth = dense;
  pen.beginPath();
  pen.moveTo(...at(-edge, 0));
  pen.lineTo(...at(edge, 0));
  pen.moveTo(...at(0, -edge));
  pen.lineTo(...at(0, edge));
  pen.stroke();
  if (measured) {
    const counts = new Float32Array(width * height);
    const { values } = measured;
    for (let index = 0; index < values.length; index += 4) {
      if (!values[index + 3]) continue;
      const y = lumaAt(values, index);
      const [x, row] = at((values[index + 2] - y) / 1.8556, (values[index] - y) / 1.5748);
      if (x >= 0 && x < width && row >= 0 && row < height) counts[Math.floor(row) * width + Math.floor(x)] += 1;
    }
    trace(pen, counts, 0, width, height, [225, 225, 225]);
  }
  pen.strokeStyle = TEXT;
  pen.fillStyle = TEXT;
  pen.textAlign = "center";
  for (const [name, rgb] of Object.entries(BARS)) {
    const [, cb, cr] = ycbcrOf(rgb);
    const [x, y] = at(cb, cr);
    if (x < 0 || x > width || y < 0 || y > height) continue;
    pen.strokeRect(x - 4 * dense, y - 4 * dense, 8 * dense, 8 * dense);
    pen.fillText(name, x, y + (cr > 0 ? -11 : 11) * dense);
  }
  const angle = (SKIN_DEGREES * Math.PI) / 180;
  pen.setLineDash([4 * dense, 3 * dense]);
  pen.beginPath();
  pen.moveTo(width / 2, height / 2);
  pen.lineTo(...at(edge * Math.cos(angle), edge * Math.sin(angle)));
  pen.stroke();
  pen.setLineDash([]);
  const [x, y] = at(0.86 * edge * Math.cos(angle), 0.86 * edge * Math.sin(angle));
  pen.textAlign = "right";
  pen.fillText("skin", x - 6 * dense, y);
}
