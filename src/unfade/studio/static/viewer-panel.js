// What stands around the picture: the probe, the scopes, the bookmarks.
import { valueOf, ycbcrOf } from "/static/viewer-half.js";
import { drawParade, drawVectorscope, drawWaveform } from "/static/viewer-scopes.js";

const MAX_MEASURED = 400_000; // pixels that scopes count
const FACE = 3; // magnification of the vectorscope for the colours of faces

const part = (id) => document.getElementById(id);
const fixed = (value) => (value < 0 ? "\u2212" : " ") + Math.abs(value).toFixed(4);
const exact = (bits) => String(valueOf(bits)).replace("-", "\u2212").replace("Infinity", "beyond half floats");

/** The values of a picture at a place of the scan; null outside it.
 * @param {{facts: object, halves: Uint16Array, picture: object}} shown
 * @param {number[]} place */
export function bitsAt({ facts, halves }, [x, y]) {
  const { area, width, height, channels } = facts;
  const column = Math.floor(((x - area.x) / area.width) * width);
  const line = Math.floor(((y - area.y) / area.height) * height);
  if (column < 0 || line < 0 || column >= width || line >= height) return null;
  const start = (line * width + column) * channels;
  return { column, line, bits: [...halves.subarray(start, start + channels)] };
}

/** Shows the values below the pointer.
 * @param {import("./viewer-screen.js").Screen} screen
 * @param {object | null} shown
 * @param {number[] | null} place of the scan */
export function showProbe(screen, shown, place) {
  const found = shown?.halves && place ? bitsAt(shown, place) : null;
  const texts = { place: "", scene: "", rgb: "", ycbcr: "" };
  if (place) texts.place = `${Math.floor(place[0])}, ${Math.floor(place[1])}`;
  if (found && found.bits.length === 1) texts.scene = `${exact(found.bits[0])} CIEDE2000`;
  if (found && found.bits.length === 3) {
    texts.scene = found.bits.map(exact).join("  ");
    const { values } = screen.measure(shown.picture, { x: Math.floor(place[0]), y: Math.floor(place[1]), width: 1, height: 1 }, 1);
    const rgb = [...values.subarray(0, 3)];
    texts.rgb = rgb.map(fixed).join(" ");
    texts.ycbcr = ycbcrOf(rgb).map(fixed).join(" ");
  }
  part("probe-name").textContent = found?.bits.length === 1 ? "Value" : "ACES2065-1";
  if (shown && !shown.halves) texts.scene = "proxy, no exact values";
  for (const [name, text] of Object.entries(texts)) part(`probe-${name}`).value = text;
  part("probe-scene").dataset.bits = found ? found.bits.map((one) => one.toString(16).padStart(4, "0")).join(" ") : "";
}

/** Draws the scopes of a picture, or of a region of it.
 * @param {import("./viewer-screen.js").Screen} screen
 * @param {object | null} shown
 * @param {object | null} region of the scan
 * @param {string} title of the picture
 * @param {boolean} isMagnified */
export function showScopes(screen, shown, region, title, isMagnified) {
  const isColour = shown?.facts?.channels === 3;
  const area = region ?? shown?.facts?.area;
  const step = isColour ? Math.max(1, Math.ceil(Math.sqrt((area.width * area.height) / MAX_MEASURED))) : 1;
  const measured = isColour ? screen.measure(shown.picture, area, step) : null;
  const every = step > 1 ? `, each ${step}${step === 2 ? "nd" : step === 3 ? "rd" : "th"} pixel` : "";
  const depth = screen.measuresFloats && screen.hasFloats ? "" : ", from 8 bits";
  const what = region ? `region of ${area.width} \u00d7 ${area.height}` : "whole picture";
  part("scope-of").textContent = isColour ? `${title}: ${what}${every}${depth}` : "A map has no scopes";
  drawWaveform(part("waveform"), measured);
  drawParade(part("parade"), measured);
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
