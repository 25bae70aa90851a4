// Buttons and fields, and what they and the keys change.
import { film as id, post } from "/static/studio.js";
import { drawSoon, tell } from "/static/viewer-draw.js";
import { go, jump, player, show } from "/static/viewer-frames.js";
import { measureSoon, probe } from "/static/viewer-panel.js";
import { all, isToggledB, keepAddress, kinds, limited, needsB, part, place, state, viewer } from "/static/viewer-state.js";

/** Buttons and fields follow the state. */
export function press() {
  for (const one of all("[data-mode]")) one.setAttribute("aria-pressed", one.dataset.mode === state.mode);
  for (const one of all("[data-channel]")) one.setAttribute("aria-pressed", Number(one.dataset.channel) === state.channel);
  part("warn-clipped").setAttribute("aria-pressed", state.clipped);
  part("warn-gamut").setAttribute("aria-pressed", state.gamut);
  part("fit").setAttribute("aria-pressed", place.isFit);
  part("one").setAttribute("aria-pressed", !place.isFit && place.zoom === 1);
  part("factor-label").hidden = state.mode !== "difference";
  part("kind-b").disabled = !needsB();
  part("stops").value = state.stops;
  part("gamma").value = state.gamma;
  part("factor").value = state.factor;
  part("kind-a").value = state.a;
  part("kind-b").value = state.b;
}

/** Changes how pictures are shown. */
export function set(changes) {
  const before = kinds().join(" ");
  Object.assign(state, changes);
  for (const name of ["stops", "gamma", "edge"]) state[name] = limited(name, state[name]);
  press();
  if (kinds().join(" ") !== before) show(state.frame);
  else {
    drawSoon();
    keepAddress();
    probe();
    if (changes.showsB !== undefined) {
      tell();
      measureSoon();
    }
  }
}

const joins = () => [...viewer.film.shots.map((one) => one[0]), viewer.film.last];
const pairs = () => viewer.film.pairs.map((one) => one.frame);
const outliers = () => [...new Set(viewer.film.outliers.map((one) => one.worst))].sort((x, y) => x - y);
const range = (from, to) => {
  Object.assign(state, { from, to });
  tell();
};

/** What the buttons below the picture do. */
export const actions = {
  "shot-back": () => jump(joins(), -1),
  "shot-on": () => jump(joins(), 1),
  back: () => player.play(-1),
  play: () => player.play(1),
  stop: () => player.stop(),
  in: () => range(state.frame, state.to != null && state.to < state.frame ? null : state.to),
  out: () => range(state.from != null && state.from > state.frame ? null : state.from, state.frame),
  clear: () => range(null, null),
  "pair-back": () => jump(pairs(), -1),
  "pair-on": () => jump(pairs(), 1),
  "outlier-back": () => jump(outliers(), -1),
  "outlier-on": () => jump(outliers(), 1),
};

export function toggleSide() {
  part("side").hidden = !part("side").hidden;
  part("show-side").setAttribute("aria-pressed", !part("side").hidden);
  measureSoon();
}

/** Reacts to an event only if there is a film. */
const whenShown = (action) => (event) => viewer.film && action(event);

export function bindControls() {
  const onClick = (one, action) => one?.addEventListener("click", whenShown(action));
  for (const one of all("[data-mode]")) onClick(one, () => set({ mode: one.dataset.mode, showsB: one.dataset.mode === "toggle" ? !isToggledB() : state.showsB }));
  for (const one of all("[data-channel]")) onClick(one, () => set({ channel: Number(one.dataset.channel) }));
  for (const one of all("[data-do]")) onClick(one, () => actions[one.dataset.do]());
  onClick(part("warn-clipped"), () => set({ clipped: !state.clipped }));
  onClick(part("warn-gamut"), () => set({ gamut: !state.gamut }));
  onClick(part("show-side"), toggleSide);
  onClick(part("magnify"), (event) => {
    event.target.setAttribute("aria-pressed", event.target.getAttribute("aria-pressed") !== "true");
    measureSoon();
  });
  const onChange = (name, action) => part(name).addEventListener("change", whenShown(() => action(part(name).value)));
  for (const name of ["a", "b"]) onChange(`kind-${name}`, (kind) => set({ [name]: kind }));
  onChange("factor", (factor) => set({ factor: Number(factor) }));
  onChange("stops", (stops) => set({ stops: Number(stops) || 0 }));
  onChange("gamma", (gamma) => set({ gamma: Number(gamma) || 1 }));
  onChange("frame", (frame) => {
    go(Math.round(Number(frame)) || state.frame);
    part("frame").blur();
  });
  for (const one of all(".bar select")) one.addEventListener("pointerup", () => one.addEventListener("change", () => one.blur(), { once: true }));
  onClick(part("mark"), openNote);
  part("note").addEventListener("close", addMark);
}

let marked = 0;

/** Asks for the note of a bookmark on the frame that is shown now. */
export function openNote() {
  actions.stop();
  marked = state.frame;
  part("note").showModal();
}

async function addMark() {
  const form = part("note-form");
  if (part("note").returnValue !== "add") return;
  const command = { frame: marked, note: form.elements.note.value, by: form.elements.by.value };
  if (await post(`/film/${id}/bookmarks`, command)) form.elements.note.value = "";
}
