// The viewer: any frame of the film, two pictures compared, measured, played.
import { bind, film as id, on, post, readOnly } from "/static/studio.js";
import { Pictures } from "/static/viewer-load.js";
import { Place } from "/static/viewer-look.js";
import { showMarks, showProbe, showScopes } from "/static/viewer-panel.js";
import { Player } from "/static/viewer-play.js";
import { PLAIN, Screen } from "/static/viewer-screen.js";
import { Strip, firstFrom } from "/static/viewer-strip.js";

const MODES = ["single", "toggle", "wipe", "side", "difference"];
const REST_MS = 200; // without a move, after which scrubbing shows full pixels
const part = (name) => document.getElementById(name);
const all = (selector) => [...document.querySelectorAll(selector)];

const canvas = part("screen"), stage = part("stage");
const state = {
  frame: 0, a: "source", b: "recovered", mode: "wipe", showsB: false, edge: 0.5, factor: 4, stops: 0,
  gamma: 1, channel: 0, clipped: false, gamut: false, from: null, to: null, direction: 1,
};
let film = null, screen = null, pictures = null, strip = null, region = null, pointer = null;
let shown = { a: null, b: null };
let turn = 0;
const place = new Place(canvas);

const player = new Player({
  rate: () => film.rate,
  frame: () => state.frame,
  range: () => [state.from ?? film.first, state.to ?? film.last],
  loops: () => part("loop").checked,
  show: showProxy,
  ended: () => show(state.frame),
});

function notice(sentence) {
  part("notice").textContent = sentence;
  part("notice").hidden = !sentence;
}

const titleOf = (kind) => film.kinds.find((one) => one.kind === kind)?.title ?? kind;
const needsB = () => state.mode !== "single";
const kinds = () => (needsB() ? [state.a, state.b] : [state.a]);
const clampFrame = (frame) => Math.min(film.last, Math.max(film.first, frame));

/** Shows a frame in full, and loads the next ones in the direction of stepping. */
async function show(frame) {
  state.frame = clampFrame(frame);
  const mine = (turn += 1);
  tell();
  const wanted = [state.a, state.b].slice(0, kinds().length);
  const next = [1, 2].map((step) => state.frame + step * state.direction).filter((one) => one >= film.first && one <= film.last);
  pictures.only([state.frame, ...next].flatMap((one) => wanted.map((kind) => `${one} ${kind}`)));
  const found = await Promise.allSettled(wanted.map((kind) => pictures.get(state.frame, kind, state.direction)));
  if (mine !== turn) return;
  const failed = found.find((one) => one.status === "rejected");
  notice(failed ? failed.reason.message : "");
  setShown(found[0].value ?? null, found[1]?.value ?? null);
  canvas.dataset.shown = `${state.frame} ${wanted.join(" ")}`;
  measureSoon();
  for (const one of next) for (const kind of wanted) if (mine === turn) await pictures.get(one, kind).catch(() => {});
}

function setShown(a, b) {
  for (const one of [shown.a, shown.b]) if (one) one.isShown = false;
  shown = { a, b };
  for (const one of [a, b]) if (one) one.isShown = true;
  draw();
  probe();
  tell();
}

const proxyTextures = {};

/** Shows the proxies of a frame, or full pictures that are there; false if they have to be loaded. */
function showProxy(frame) {
  const wanted = kinds();
  const found = wanted.map((kind, index) => {
    const full = player.speed ? null : pictures.here(frame, kind);
    if (full) return full;
    const proxy = pictures.proxy(frame, kind, film.first);
    if (!proxy) return null;
    proxyTextures[index] = screen.uploadProxy(proxy, proxy.bytes, film.live_area, proxyTextures[index]);
    return { frame, kind, picture: proxyTextures[index], shows: proxy.shows };
  });
  pictures.proxiesAhead(frame, state.a, film.first, film.last, Math.sign(player.speed) || state.direction);
  if (needsB()) pictures.proxiesAhead(frame, state.b, film.first, film.last, Math.sign(player.speed) || state.direction);
  if (found.includes(null)) return false;
  turn += 1;
  state.frame = frame;
  setShown(found[0], found[1] ?? null);
  canvas.dataset.shown = `${frame} proxy`;
  return true;
}

let resting = 0;

/** Goes to a frame; while moving on proxies, at rest in full pixels. */
function scrub(frame, isMoving) {
  player.stop();
  clearTimeout(resting);
  if (frame !== state.frame) state.direction = Math.sign(frame - state.frame);
  if (!isMoving) {
    show(frame);
    return;
  }
  if (!showProxy(frame)) {
    state.frame = frame;
    tell();
    pictures.awaitedProxy(frame, state.a, film.first).then(() => state.frame === frame && showProxy(frame), () => {});
  }
  resting = setTimeout(() => show(frame), REST_MS);
}

function go(frame) {
  player.stop();
  clearTimeout(resting);
  const target = clampFrame(frame);
  if (target !== state.frame) state.direction = Math.sign(target - state.frame);
  show(target);
}

function draw() {
  if (!screen?.view || !film) return;
  place.settle(state.mode === "side");
  const parts = place.parts(state.mode === "side");
  const look = {
    ...PLAIN, stops: state.stops, gamma: state.gamma, channel: state.channel,
    warnClipped: state.clipped, warnGamut: state.gamut, factor: state.factor,
  };
  const a = shown.a?.picture ?? null, b = shown.b?.picture ?? null;
  const here = place.of(parts[0]), edge = Math.round(state.edge * canvas.width);
  screen.clear();
  if (state.mode === "side") {
    screen.draw(a, null, here, parts[0], look);
    screen.draw(b, null, place.of(parts[1]), parts[1], look);
  } else if (state.mode === "wipe") {
    screen.draw(a, null, here, { x: 0, width: edge }, look);
    screen.draw(b, null, here, { x: edge, width: canvas.width - edge }, look);
  } else if (state.mode === "difference") {
    if (a && b) screen.draw(a, b, here, parts[0], look);
  } else {
    screen.draw(state.mode === "toggle" && state.showsB ? b : a, null, here, parts[0], look);
  }
  overlay();
}

let drawing = null;
function drawSoon() {
  drawing ??= requestAnimationFrame(() => {
    drawing = null;
    draw();
  });
}

const dense = () => canvas.width / Math.max(1, canvas.clientWidth);

/** Labels, the edge of the wipe and the region, above the picture. */
function overlay() {
  const isToggledB = state.mode === "toggle" && state.showsB;
  part("edge").hidden = state.mode !== "wipe";
  part("edge").style.left = `${state.edge * 100}%`;
  const mixed = state.mode === "difference";
  if (!mixed) tag(part("tag-a"), isToggledB ? shown.b : shown.a, isToggledB ? "B" : "A", isToggledB ? state.b : state.a);
  if (mixed) put("tag-a", `Difference of ${titleOf(state.a)} and ${titleOf(state.b)} \u00d7 ${state.factor}`);
  part("tag-b").hidden = !["wipe", "side"].includes(state.mode);
  tag(part("tag-b"), shown.b, "B", state.b);
  put("zoom", `${(place.zoom * 100).toFixed(place.zoom < 1 ? 1 : 0)} %`);
  part("region").hidden = !region;
  if (region) {
    const { origin, zoom } = place.of(place.parts(state.mode === "side")[0]);
    const box = { left: origin[0] + region.x * zoom[0], top: origin[1] + region.y * zoom[1], width: region.width * zoom[0], height: region.height * zoom[1] };
    for (const [name, value] of Object.entries(box)) part("region").style[name] = `${value / dense()}px`;
  }
}

function tag(line, one, letter, kind) {
  const depth = screen.hasFloats ? "" : " \u2013 8 bits, highlights are cut";
  const proxy = one && !one.halves ? ` \u2013 proxy${one.shows === kind ? "" : ` of ${titleOf(one.shows)}`}, ${one.picture.width} pixels wide` : "";
  const beyond = one?.facts?.beyond ? ` \u2013 ${one.facts.beyond.toLocaleString("en")} values beyond half floats` : "";
  const scale = one?.facts?.channels === 1 ? " \u2013 black is 0, white is CIEDE2000 10" : "";
  put(line.id, `${letter}: ${titleOf(kind)}${scale}${proxy}${beyond}${depth}`);
}

/** Sets a text that has changed: a new layout takes longer than the comparison. */
function put(name, text) {
  const line = part(name), key = line.localName === "output" || line.localName === "input" ? "value" : "textContent";
  if (line[key] !== String(text)) line[key] = text;
}

/** What stands below the picture about the frame. */
function tell() {
  const { frame } = state;
  if (document.activeElement !== part("frame")) put("frame", frame);
  const index = firstFrom(film.shots, frame + 1, (one) => one[0]) - 1;
  const [first, last, number] = film.shots[Math.max(0, index)];
  put("shot", `shot ${number}, ${frame - first + 1} of ${last - first + 1}`);
  const facts = (state.mode === "toggle" && state.showsB ? shown.b : shown.a)?.facts;
  put("timecode", facts?.frame === frame ? (facts.timecode ?? "") : "");
  const pair = film.pairs.find((one) => one.frame === frame);
  const outlier = film.outliers.find((one) => one.first <= frame && frame <= one.last);
  const words = [facts?.frame === frame ? [facts.what, facts.file].filter(Boolean).join(" \u2013 ") : "", pair ? `${pair.role} pair` : "", outlier ? `outlier: ${outlier.kind}` : ""];
  put("what", words.filter(Boolean).join(" \u2013 "));
  part("what").title = outlier?.why ?? part("what").textContent;
  put("range", state.from == null && state.to == null ? "" : `${state.from ?? film.first} \u2013 ${state.to ?? film.last}`);
  strip.setState(frame, state.from, state.to);
  part("strip").setAttribute("aria-valuenow", frame);
  part("strip").setAttribute("aria-valuetext", `frame ${frame}, ${part("shot").value}${pair ? `, ${pair.role} pair` : ""}${outlier ? `, outlier ${outlier.kind}` : ""}`);
  canvas.setAttribute("aria-label", `Frame ${frame}: ${kinds().map(titleOf).join(" and ")}`);
  keepAddress();
}

/** Buttons and fields follow the state. */
function press() {
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
function set(changes) {
  const before = kinds().join(" ");
  Object.assign(state, changes);
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

let keeping = 0;
function keepAddress() {
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

function readAddress() {
  const query = new URLSearchParams(location.search || location.hash.slice(1));
  const has = (kind) => film.kinds.some((one) => one.kind === kind);
  const number = (name, plain) => (query.get(name)?.trim() && Number.isFinite(Number(query.get(name))) ? Number(query.get(name)) : plain);
  state.frame = clampFrame(Math.round(number("frame", film.first)));
  const last = film.kinds.findLast((one) => ["recovered", "reference"].includes(one.kind))?.kind ?? "source";
  state.a = has(query.get("a")) ? query.get("a") : "source";
  state.b = has(query.get("b")) ? query.get("b") : has("recovered") ? "recovered" : last;
  const plainMode = state.b === state.a ? "single" : "wipe";
  state.mode = MODES.includes(query.get("mode")) ? query.get("mode") : plainMode;
  state.edge = Math.min(1, Math.max(0, number("edge", 0.5)));
  state.stops = number("stops", 0);
  state.gamma = Math.max(0.1, number("gamma", 1));
  state.channel = Math.min(4, Math.max(0, Math.round(number("channel", 0))));
  state.from = number("in", null);
  state.to = number("out", null);
  const at = query.get("at")?.split(",").map(Number);
  if (at?.length === 3 && at.every(Number.isFinite)) Object.assign(place, { isFit: false, zoom: at[0], centre: at.slice(1) });
}

let measuring = 0;
function measureSoon() {
  clearTimeout(measuring);
  measuring = setTimeout(() => {
    if (part("side").hidden || player.speed) return;
    const isB = state.mode === "toggle" && state.showsB;
    showScopes(screen, isB ? shown.b : shown.a, region, titleOf(isB ? state.b : state.a), part("magnify").getAttribute("aria-pressed") === "true");
  }, 60);
}

/** The picture and the place of the scan below a pixel of the canvas. */
function under([x, y]) {
  const parts = place.parts(state.mode === "side");
  const index = state.mode === "side" && x >= parts[1].x ? 1 : 0;
  const isB = index === 1 || (state.mode === "toggle" && state.showsB) || (state.mode === "wipe" && x >= Math.round(state.edge * canvas.width));
  return { one: isB ? shown.b : shown.a, at: place.scanAt(parts[index], x, y), part: parts[index] };
}

function probe() {
  if (!pointer || !film) return;
  const { one, at } = under(pointer);
  const isInside = at[0] >= 0 && at[1] >= 0 && at[0] < film.width && at[1] < film.height;
  showProbe(screen, one, isInside ? at : null);
}

const pixelOf = (event) => {
  const box = canvas.getBoundingClientRect();
  return [Math.floor((event.clientX - box.left) * dense()), Math.floor((event.clientY - box.top) * dense())];
};

function dragged(event, move, end = () => {}) {
  event.preventDefault();
  stage.setPointerCapture(event.pointerId);
  stage.addEventListener("pointermove", move);
  const stop = () => {
    stage.removeEventListener("pointermove", move);
    end();
  };
  stage.addEventListener("pointerup", stop, { once: true });
}

stage?.addEventListener("pointerdown", (event) => {
  if (!film || event.button > 1) return;
  document.activeElement?.blur();
  if (event.target.closest("#edge")) {
    dragged(event, (moved) => set({ edge: Math.min(1, Math.max(0, pixelOf(moved)[0] / canvas.width)) }));
  } else if (event.shiftKey) {
    const { at, part: where } = under(pixelOf(event));
    dragged(event, (moved) => drawRegion(at, place.scanAt(where, ...pixelOf(moved))), () => measureSoon());
    region = null;
    measureSoon();
    drawSoon();
  } else {
    let last = pixelOf(event);
    stage.classList.add("moving");
    dragged(event, (moved) => {
      const now = pixelOf(moved);
      place.move(now[0] - last[0], now[1] - last[1]);
      last = now;
      looked();
    }, () => stage.classList.remove("moving"));
  }
});

function drawRegion(one, other) {
  const [left, right] = [one[0], other[0]].sort((x, y) => x - y).map((x) => Math.min(film.width, Math.max(0, Math.round(x))));
  const [top, bottom] = [one[1], other[1]].sort((x, y) => x - y).map((y) => Math.min(film.height, Math.max(0, Math.round(y))));
  region = right - left > 1 && bottom - top > 1 ? { x: left, y: top, width: right - left, height: bottom - top } : null;
  drawSoon();
}

function looked() {
  press();
  drawSoon();
  keepAddress();
  probe();
}

function zoomTo(zoom, at) {
  const where = at ? under(at).part : place.parts(state.mode === "side")[0];
  place.zoomTo(zoom, where, ...(at ?? []));
  looked();
}

function fit() {
  place.isFit = true;
  looked();
}

stage?.addEventListener("pointermove", (event) => {
  pointer = pixelOf(event);
  probe();
});
stage?.addEventListener("pointerleave", () => {
  pointer = null;
  showProbe(screen, null, null);
});
stage?.addEventListener("wheel", (event) => {
  event.preventDefault();
  if (film) zoomTo(place.zoom * 1.2 ** -Math.sign(event.deltaY), pixelOf(event));
}, { passive: false });
stage?.addEventListener("dblclick", (event) => (place.isFit ? zoomTo(1, pixelOf(event)) : fit()));

/** Goes to the next of some frames, or to the one before. */
function jump(frames, direction) {
  const found = direction > 0 ? frames.find((one) => one > state.frame) : frames.findLast((one) => one < state.frame);
  if (found != null) go(found);
}

const joins = () => [...film.shots.map((one) => one[0]), film.last];
const range = (from, to) => {
  Object.assign(state, { from, to });
  tell();
};

const actions = {
  "shot-back": () => jump(joins(), -1),
  "shot-on": () => jump(joins(), 1),
  back: () => player.play(-1),
  play: () => player.play(1),
  stop: () => player.stop(),
  in: () => range(state.frame, state.to != null && state.to < state.frame ? null : state.to),
  out: () => range(state.from != null && state.from > state.frame ? null : state.from, state.frame),
  clear: () => range(null, null),
  "pair-back": () => jump(film.pairs.map((one) => one.frame), -1),
  "pair-on": () => jump(film.pairs.map((one) => one.frame), 1),
  "outlier-back": () => jump([...new Set(film.outliers.map((one) => one.worst))].sort((x, y) => x - y), -1),
  "outlier-on": () => jump([...new Set(film.outliers.map((one) => one.worst))].sort((x, y) => x - y), 1),
};

function step(count) {
  return (event) => {
    if (event.shiftKey && Math.abs(count) === 1) {
      place.move(-count * 60 * dense(), 0);
      looked();
    } else go(state.frame + count);
  };
}

function vertical(direction) {
  return (event) => {
    if (!event.shiftKey) {
      go(state.frame - 10 * direction);
      return;
    }
    place.move(0, -direction * 60 * dense());
    looked();
  };
}

const round = (value) => Number(value.toFixed(2));
const channel = (number) => () => set({ channel: state.channel === number ? 0 : number });
const other = (kind, by) => film.kinds[(film.kinds.findIndex((one) => one.kind === kind) + by) % film.kinds.length].kind;

function bindKeys() {
  bind("ArrowLeft", "one frame back; with Shift, move the picture", step(-1));
  bind("ArrowRight", "one frame on; with Shift, move the picture", step(1));
  bind("ArrowUp", "ten frames on; with Shift, move the picture", vertical(-1));
  bind("ArrowDown", "ten frames back; with Shift, move the picture", vertical(1));
  bind("Home", "first frame", () => go(film.first));
  bind("End", "last frame", () => go(film.last));
  bind("j", "play backwards; again, faster", actions.back);
  bind("k", "stop", actions.stop);
  bind("l", "play; again, faster", actions.play);
  bind("[", "to the join before", actions["shot-back"]);
  bind("]", "to the next join", actions["shot-on"]);
  bind("q", "to the next outlier", actions["outlier-on"]);
  bind("Q", "to the outlier before", actions["outlier-back"]);
  bind("p", "to the next pair", actions["pair-on"]);
  bind("P", "to the pair before", actions["pair-back"]);
  bind("i", "in point here", actions.in);
  bind("o", "out point here", actions.out);
  bind("x", "without in and out", actions.clear);
  bind("/", "type a frame number", () => part("frame").select());
  film.kinds.forEach(({ kind, title }, index) => bind(String(index + 1), `picture A: ${title}`, () => set({ a: kind })));
  bind("'", "next picture for B", () => set({ b: other(state.b, 1) }));
  bind("v", "A alone", () => set({ mode: "single" }));
  bind("t", "A and B in turn", () => set(state.mode === "toggle" ? { showsB: !state.showsB } : { mode: "toggle", showsB: true }));
  bind("w", "wipe", () => set({ mode: "wipe" }));
  bind(",", "edge of the wipe to the left", () => set({ edge: Math.max(0, state.edge - 0.02) }));
  bind(".", "edge of the wipe to the right", () => set({ edge: Math.min(1, state.edge + 0.02) }));
  bind("s", "side by side", () => set({ mode: "side" }));
  bind("d", "difference", () => set({ mode: "difference" }));
  bind("f", "fit the picture", fit);
  bind("z", "1:1, around the pointer", () => zoomTo(1, pointer));
  bind("+", "zoom in", () => zoomTo(place.zoom * Math.SQRT2, pointer));
  bind("-", "zoom out", () => zoomTo(place.zoom / Math.SQRT2, pointer));
  bind("e", "exposure half a stop up", () => set({ stops: round(state.stops + 0.5) }));
  bind("E", "exposure half a stop down", () => set({ stops: round(state.stops - 0.5) }));
  bind("m", "gamma up", () => set({ gamma: round(state.gamma + 0.1) }));
  bind("M", "gamma down", () => set({ gamma: round(Math.max(0.2, state.gamma - 0.1)) }));
  bind("0", "exposure, gamma and channels as they are", () => set({ stops: 0, gamma: 1, channel: 0 }));
  bind("r", "red alone, or all", channel(1));
  bind("g", "green alone, or all", channel(2));
  bind("b", "blue alone, or all", channel(3));
  bind("y", "luma, or all", channel(4));
  bind("c", "stripes where values are clipped", () => set({ clipped: !state.clipped }));
  bind("u", "dots where values are out of gamut", () => set({ gamut: !state.gamut }));
  bind("h", "scopes", toggleSide);
  if (!readOnly) bind("n", "bookmark this frame", openNote);
}

function toggleSide() {
  part("side").hidden = !part("side").hidden;
  part("show-side").setAttribute("aria-pressed", !part("side").hidden);
  measureSoon();
}

function bindControls() {
  for (const one of all("[data-mode]")) one.addEventListener("click", () => set({ mode: one.dataset.mode, showsB: one.dataset.mode === "toggle" ? !(state.mode === "toggle" && state.showsB) : state.showsB }));
  for (const one of all("[data-channel]")) one.addEventListener("click", () => set({ channel: Number(one.dataset.channel) }));
  for (const one of all("[data-do]")) one.addEventListener("click", () => actions[one.dataset.do]());
  part("warn-clipped").addEventListener("click", () => set({ clipped: !state.clipped }));
  part("warn-gamut").addEventListener("click", () => set({ gamut: !state.gamut }));
  part("fit").addEventListener("click", fit);
  part("one").addEventListener("click", () => zoomTo(1));
  part("show-side").addEventListener("click", toggleSide);
  part("magnify").addEventListener("click", (event) => {
    event.target.setAttribute("aria-pressed", event.target.getAttribute("aria-pressed") !== "true");
    measureSoon();
  });
  for (const name of ["a", "b"]) {
    const select = part(`kind-${name}`);
    select.replaceChildren(...film.kinds.map(({ kind, title }) => new Option(title, kind)));
    select.addEventListener("change", () => set({ [name]: select.value }));
  }
  part("factor").addEventListener("change", () => set({ factor: Number(part("factor").value) }));
  for (const name of ["stops", "gamma"]) {
    part(name).addEventListener("change", () => set({ [name]: Number(part(name).value) || (name === "gamma" ? 1 : 0) }));
  }
  part("frame").addEventListener("change", () => {
    go(Math.round(Number(part("frame").value)) || state.frame);
    part("frame").blur();
  });
  for (const one of all(".bar select")) one.addEventListener("pointerup", () => one.addEventListener("change", () => one.blur(), { once: true }));
  part("mark")?.addEventListener("click", openNote);
  part("note").addEventListener("close", addMark);
  part("strip").setAttribute("aria-valuemin", film.first);
  part("strip").setAttribute("aria-valuemax", film.last);
}

let marked = 0;

/** Asks for the note of a bookmark on the frame that is shown now. */
function openNote() {
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

const json = async (address) => {
  const answer = await fetch(address);
  const facts = await answer.json();
  if (!answer.ok) throw new Error(facts.error ?? `the studio refused it (${answer.status})`);
  return facts;
};

/** Takes the facts of the film, at the start and after each change of its files. */
async function takeFilm() {
  const fresh = await json(`/film/${id}/viewer/facts`);
  const isChanged = film !== null && film.edition !== fresh.edition;
  film = fresh;
  place.setFilm(film);
  strip.setFilm(film);
  showMarks(film.bookmarks, go);
  if (isChanged) {
    pictures.clear();
    setShown(null, null);
    show(state.frame);
  }
}

let isFetchingThumbs = false;
async function thumbs() {
  const frames = isFetchingThumbs || player.speed ? [] : strip.thumbFrames();
  if (!frames.length) return;
  isFetchingThumbs = true;
  const found = await pictures.some(frames, "recovered").catch(() => null);
  const size = found ? found.width * found.height : 0;
  for (const [index, frame] of frames.entries()) {
    const pixels = new ImageData(found?.width ?? 1, found?.height ?? 1);
    for (let one = 0; one < size; one += 1) {
      pixels.data.set(found.bytes.subarray(3 * (index * size + one), 3 * (index * size + one) + 3), 4 * one);
      pixels.data[4 * one + 3] = 255;
    }
    strip.setThumb(frame, await createImageBitmap(pixels));
  }
  isFetchingThumbs = false;
}

function resized() {
  const ratio = window.devicePixelRatio || 1;
  const width = Math.max(1, Math.round(stage.clientWidth * ratio)), height = Math.max(1, Math.round(stage.clientHeight * ratio));
  if (canvas.width === width && canvas.height === height) return;
  Object.assign(canvas, { width, height });
  draw();
}

async function start() {
  screen = new Screen(canvas);
  pictures = new Pictures(id, screen);
  strip = new Strip(part("strip"), scrub);
  const [view, values] = await Promise.all([
    json(`/film/${id}/viewer/view`),
    fetch(`/film/${id}/viewer/view/textures`).then((answer) => answer.arrayBuffer()),
    takeFilm(),
  ]);
  screen.setView(view, new Float32Array(values));
  readAddress();
  bindControls();
  bindKeys();
  press();
  resized();
  new ResizeObserver(resized).observe(stage);
  canvas.addEventListener("webglcontextlost", () => notice("the GPU was reset; load the page again"));
  on("film", (event) => event.film === id && takeFilm().catch((error) => notice(error.message)));
  setInterval(thumbs, 700);
  await show(state.frame);
}

if (part("viewer")) start().catch((error) => notice(error.message));
