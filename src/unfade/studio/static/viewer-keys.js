// The keys of the viewer.
import { bind, readOnly } from "/static/studio.js";
import { actions, openNote, set, toggleSide } from "/static/viewer-controls.js";
import { go, rest, scrub } from "/static/viewer-frames.js";
import { fit, move, zoomTo } from "/static/viewer-pointer.js";
import { part, place, state, viewer } from "/static/viewer-state.js";

const MOVE_PX = 60; // of the page, for a key
const round = (value) => Number(value.toFixed(2));
const channel = (number) => () => set({ channel: state.channel === number ? 0 : number });

/** Goes on by some frames, on proxies while the key is held; with Shift, moves the picture. */
const step = (count, across, down) => (event) => {
  if (event.shiftKey) move(across * MOVE_PX, down * MOVE_PX);
  else if (event.repeat) scrub(state.frame + count, true);
  else go(state.frame + count);
};

function nextB() {
  const { kinds } = viewer.film;
  const index = kinds.findIndex((one) => one.kind === state.b);
  set({ b: kinds[(index + 1) % kinds.length].kind });
}

export function bindKeys() {
  document.addEventListener("keyup", (event) => event.key.startsWith("Arrow") && rest());
  const key = (name, words, action) => bind(name, words, (event) => viewer.film && action(event));
  key("ArrowLeft", "one frame back; with Shift, move the picture", step(-1, 1, 0));
  key("ArrowRight", "one frame on; with Shift, move the picture", step(1, -1, 0));
  key("ArrowUp", "ten frames on; with Shift, move the picture", step(10, 0, 1));
  key("ArrowDown", "ten frames back; with Shift, move the picture", step(-10, 0, -1));
  key("Home", "first frame", () => go(viewer.film.first));
  key("End", "last frame", () => go(viewer.film.last));
  key("j", "play backwards; again, faster", actions.back);
  key("k", "stop", actions.stop);
  key("l", "play; again, faster", actions.play);
  key("[", "to the join before", actions["shot-back"]);
  key("]", "to the next join", actions["shot-on"]);
  key("q", "to the next outlier", actions["outlier-on"]);
  key("Q", "to the outlier before", actions["outlier-back"]);
  key("p", "to the next pair", actions["pair-on"]);
  key("P", "to the pair before", actions["pair-back"]);
  key("i", "in point here", actions.in);
  key("o", "out point here", actions.out);
  key("x", "without in and out", actions.clear);
  key("/", "type a frame number", () => part("frame").select());
  [...part("kind-a").options].forEach((one, index) => {
    key(String(index + 1), `picture A: ${one.text}`, () => one.disabled || set({ a: one.value }));
  });
  key("'", "next picture for B", nextB);
  key("v", "A alone", () => set({ mode: "single" }));
  key("t", "A and B in turn", () => set(state.mode === "toggle" ? { showsB: !state.showsB } : { mode: "toggle", showsB: true }));
  key("w", "wipe", () => set({ mode: "wipe" }));
  key(",", "edge of the wipe to the left", () => set({ edge: state.edge - 0.02 }));
  key(".", "edge of the wipe to the right", () => set({ edge: state.edge + 0.02 }));
  key("s", "side by side", () => set({ mode: "side" }));
  key("d", "difference", () => set({ mode: "difference" }));
  key("f", "fit the picture", fit);
  key("z", "1:1, around the pointer", () => zoomTo(1, viewer.pointer));
  key("+", "zoom in", () => zoomTo(place.zoom * Math.SQRT2, viewer.pointer));
  key("-", "zoom out", () => zoomTo(place.zoom / Math.SQRT2, viewer.pointer));
  key("e", "exposure half a stop up", () => set({ stops: round(state.stops + 0.5) }));
  key("E", "exposure half a stop down", () => set({ stops: round(state.stops - 0.5) }));
  key("m", "gamma up", () => set({ gamma: round(state.gamma + 0.1) }));
  key("M", "gamma down", () => set({ gamma: round(state.gamma - 0.1) }));
  key("0", "exposure, gamma and channels as they are", () => set({ stops: 0, gamma: 1, channel: 0 }));
  key("r", "red alone, or all", channel(1));
  key("g", "green alone, or all", channel(2));
  key("b", "blue alone, or all", channel(3));
  key("y", "luma, or all", channel(4));
  key("c", "stripes where values are clipped", () => set({ clipped: !state.clipped }));
  key("u", "dots where values are out of gamut", () => set({ gamut: !state.gamut }));
  key("h", "scopes", toggleSide);
  if (!readOnly) key("n", "bookmark this frame", openNote);
}
