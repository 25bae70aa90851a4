// What stands around the picture: the probe, the scopes, the bookmarks.
import { valueOf, ycbcrOf } from "/static/viewer-half.js";
import { canvas, isSide, isToggledB, part, place, state, titleOf, viewer } from "/static/viewer-state.js";
import { drawParade, drawVectorscope, drawWaveform } from "/static/viewer-scopes.js";

const MAX_MEASURED = 400_000; // pixels that scopes count
const SCOPES_MS = 60; // after the last change, because scopes take as long as a picture
const FACE = 3; // magnification of the vectorscope for the colours of faces

const fixed = (value) => (value < 0 ? "\u2212" : " ") + Math.abs(value).toFixed(4);
const exact = (bits) => String(valueOf(bits)).replace("-", "\u2212").replace("Infinity", "beyond half floats");

/** The values of a picture at a place of the scan; null outside it.
 * @param {{facts: object, halves: Uint16Array, picture: object}} shown
 * @param {number[]} place */
function bitsAt({ facts, halves }, [x, y]) {
  const { area, width, height, channels } = facts;
  const column = Math.floor(((x - area.x) / area.width) * width);
  const line = Math.floor(((y - area.y) / area.height) * height);
  if (column < 0 || line < 0 || column >= width || line >= height) return null;
  const start = (line * width + column) * channels;
  return { column, line, bits: [...halves.subarray(start, start + channels)] };
}

/** The picture and the place of the scan below a pixel of the canvas. */
export function under([x, y]) {
  const { shown } = viewer, parts = place.parts(isSide());
  const index = isSide() && x >= parts[1].x ? 1 : 0;
  const isB = index === 1 || isToggledB() || (state.mode === "wipe" && x >= Math.round(state.edge * canvas.width));
  return { one: isB ? shown.b : shown.a, at: place.scanAt(parts[index], x, y), part: parts[index] };
}

/** Shows the values below the pointer. */
export function probe() {
  const { film, pointer } = viewer;
  if (!film) return;
  const { one, at } = pointer ? under(pointer) : { one: null, at: null };
  const isInside = at && at[0] >= 0 && at[1] >= 0 && at[0] < film.width && at[1] < film.height;
  showValues(one, isInside ? at : null);
}

function showValues(shown, place) {
  const isWhole = shown?.scale === 1;
  const found = isWhole && place ? bitsAt(shown, place) : null;
  const texts = { place: "", scene: "", rgb: "", ycbcr: "" };
  if (place) texts.place = `${Math.floor(place[0])}, ${Math.floor(place[1])}`;
  if (found && found.bits.length === 1) texts.scene = `${exact(found.bits[0])} CIEDE2000`;
  if (found && found.bits.length === 3) {
    texts.scene = found.bits.map(exact).join("  ");
    const { values } = viewer.screen.measure(shown.picture, { x: Math.floor(place[0]), y: Math.floor(place[1]), width: 1, height: 1 }, 1);
    const rgb = [...values.subarray(0, 3)];
    texts.rgb = rgb.map(fixed).join(" ");
    texts.ycbcr = ycbcrOf(rgb).map(fixed).join(" ");
  }
  part("probe-name").textContent = found?.bits.length === 1 ? "Value" : "ACES2065-1";
  if (shown && place && !isWhole) texts.scene = shown.halves ? "full pixels are coming" : "proxy, no exact values";
  for (const [name, text] of Object.entries(texts)) part(`probe-${name}`).value = text;
  part("probe-scene").dataset.bits = found ? found.bits.map((one) => one.toString(16).padStart(4, "0")).join(" ") : "";
}

let measuring = 0;

/** Draws the scopes a moment later, if full pixels are shown then. */
export function measureSoon() {
  clearTimeout(measuring);
  measuring = setTimeout(() => {
    const one = isToggledB() ? viewer.shown.b : viewer.shown.a;
    if (!part("side").hidden && (!one || one.scale === 1)) showScopes(one, titleOf(isToggledB() ? state.b : state.a));
  }, SCOPES_MS);
}

/** Draws the scopes of a picture, or of the region of it. */
function showScopes(shown, title) {
  const { screen, region } = viewer;
  const isColour = shown?.facts.channels === 3;
  const area = region ?? shown?.facts.area;
  const step = isColour ? Math.max(1, Math.ceil(Math.sqrt((area.width * area.height) / MAX_MEASURED))) : 1;
  const measured = isColour ? screen.measure(shown.picture, area, step) : null;
  const every = step > 1 ? `, each ${step}${step === 2 ? "nd" : step === 3 ? "rd" : "th"} pixel` : "";
  const depth = screen.measuresFloats && screen.hasFloats ? "" : ", from 8 bits";
  const what = region ? `region of ${area.width} \u00d7 ${area.height}` : "whole picture";
  const none = shown ? "A map has no scopes" : `${title}: no picture`;
  part("scope-of").textContent = isColour ? `${title}: ${what}${every}${depth}` : none;
  drawWaveform(part("waveform"), measured);
  drawParade(part("parade"), measured);
  const isMagnified = part("magnify").getAttribute("aria-pressed") === "true";
  drawVectorscope(part("vectorscope"), measured, isMagnified ? FACE : 1);
}

/** Lists the bookmarks.
 * @param {{frame: number, note: string, date: string, by: string}[]} marks
 * @param {(frame: number) => void} go */
export function showMarks(marks, go) {
  part("marks").replaceChildren(
    ...marks.map((mark) => {
      const item = document.createElement("li"), button = document.createElement("button");
      const frame = document.createElement("b"), who = document.createElement("span");
      frame.textContent = mark.frame;
      who.className = "quiet";
      who.textContent = ` ${mark.by ? `${mark.by}, ` : ""}${mark.date.slice(0, 10)}`;
      button.type = "button";
      button.append(frame, ` ${mark.note}`, who);
      button.addEventListener("click", () => go(mark.frame));
      item.append(button);
      return item;
    }),
  );
}
