// What the viewer shows now: the state that buttons and keys change, kept in the address.
import { Place } from "/static/viewer-look.js";

const MODES = ["single", "toggle", "wipe", "side", "difference"];
export const part = (name) => document.getElementById(name);
export const all = (selector) => [...document.querySelectorAll(selector)];
export const canvas = part("screen");
export const stage = part("stage");
export const place = new Place(canvas);

/** What a person sets. */
export const state = {
  frame: 0, a: "source", b: "recovered", mode: "wipe", showsB: false, edge: 0.5, factor: 4, stops: 0,
  gamma: 1, channel: 0, clipped: false, gamut: false, from: null, to: null, direction: 1,
};

/** The film as the server tells it, null until it can be shown; what draws it; what is on the screen. */
export const viewer = {
  film: null, screen: null, pictures: null, strip: null, region: null, pointer: null,
  shown: { a: null, b: null }, isLoading: false,
};

/** Limits of numbers that are typed or come from an address. */
const LIMITS = { stops: [-12, 12], gamma: [0.2, 5], edge: [0, 1], channel: [0, 4] };

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
export const limited = (name, value) => clamp(value, ...LIMITS[name]);
export const clampFrame = (frame) => clamp(frame, viewer.film.first, viewer.film.last);

export const titleOf = (kind) => [...part("kind-a").options].find((one) => one.value === kind)?.text ?? kind;
export const needsB = () => state.mode !== "single";
export const kinds = () => (needsB() ? [state.a, state.b] : [state.a]);
export const isToggledB = () => state.mode === "toggle" && state.showsB;
export const isSide = () => state.mode === "side";

/** Pixels of the canvas for one of the page. */
export const dense = () => canvas.width / Math.max(1, canvas.clientWidth);

/** One sentence over the picture; an empty one hides it. */
export function notice(sentence) {
  put("notice", sentence);
  part("notice").hidden = !sentence;
}

/** Sets a text that has changed: a new layout takes longer than the comparison. */
export function put(name, text) {
  const line = part(name), key = line.localName === "output" || line.localName === "input" ? "value" : "textContent";
  if (line[key] !== String(text)) line[key] = text;
}

let keeping = 0;

/** Keeps the state in the address, so that a page that is loaded again shows the same. */
export function keepAddress() {
  clearTimeout(keeping);
  keeping = setTimeout(() => {
    const query = new URLSearchParams({ frame: state.frame, a: state.a, b: state.b, mode: state.mode });
    if (state.mode === "wipe") query.set("edge", state.edge.toFixed(3));
    for (const [name, value, plain] of [["stops", state.stops, 0], ["gamma", state.gamma, 1], ["channel", state.channel, 0], ["in", state.from, null], ["out", state.to, null]]) {
      if (value !== plain && value != null) query.set(name, value);
    }
    if (!place.isFit) query.set("at", [place.zoom, ...place.centre].map((one) => Number(one.toFixed(3))).join(","));
    history.replaceState(null, "", `?${query}`);
  }, 300);
}

/** Takes the state from the address. */
export function readAddress() {
  const { film } = viewer;
  const query = new URLSearchParams(location.search || location.hash.slice(1));
  const number = (name, plain) => (query.get(name)?.trim() && Number.isFinite(Number(query.get(name))) ? Number(query.get(name)) : plain);
  const frame = (name, plain) => (number(name, null) == null ? plain : clampFrame(Math.round(number(name, null))));
  state.frame = frame("frame", film.first);
  state.a = query.get("a") ?? "source";
  state.b = query.get("b") ?? "recovered";
  keepKinds();
  const plainMode = state.b === state.a ? "single" : "wipe";
  state.mode = MODES.includes(query.get("mode")) ? query.get("mode") : plainMode;
  for (const [name, plain] of [["edge", 0.5], ["stops", 0], ["gamma", 1]]) state[name] = limited(name, number(name, plain));
  state.channel = limited("channel", Math.round(number("channel", 0)));
  state.from = frame("in", null);
  state.to = frame("out", null);
  const at = query.get("at")?.split(",").map(Number);
  if (at?.length === 3 && at.every(Number.isFinite)) place.set(at[0], at.slice(1));
}

/** Replaces kinds of pictures that the film does not have, or no longer. */
export function keepKinds() {
  const has = (kind) => viewer.film.kinds.some((one) => one.kind === kind);
  if (!has(state.a)) state.a = "source";
  if (!has(state.b)) state.b = ["recovered", "reference", "source"].find(has);
}
