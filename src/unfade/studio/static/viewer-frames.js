// Goes to frames: pictures at the size of the screen first, full pixels at rest, proxies in motion.
import { draw, drawSoon, scaleOnScreen, tell } from "/static/viewer-draw.js";
import { measureSoon, probe } from "/static/viewer-panel.js";
import { Player } from "/static/viewer-play.js";
import { canvas, clampFrame, kinds, notice, part, state, viewer } from "/static/viewer-state.js";

const REST_MS = 200; // without a move, after which scrubbing shows full pixels
const AHEAD = 2; // frames that are loaded before they are asked for
const LATE_MS = 250; // without a picture, after which its label says so: sooner it would flicker

let turn = 0, before = 0, resting = 0, late = 0;

/** Shows a frame, and loads the next ones in the direction of stepping.
 *
 * A picture that the screen shows smaller than it is comes at that size first. While a person steps,
 * the next frames come before the full pixels of this one.
 * @param {number} frame
 * @param {string} sentence why playback stopped, which stands over the picture */
export async function show(frame, sentence = "") {
  const { pictures, film } = viewer;
  state.frame = clampFrame(frame);
  const mine = (turn += 1), isStep = Math.abs(state.frame - before) === 1;
  before = state.frame;
  tell();
  viewer.isLoading = true;
  clearTimeout(late);
  late = setTimeout(drawSoon, LATE_MS);
  const scale = scaleOnScreen(), wanted = kinds();
  const next = Array.from({ length: AHEAD }, (_, index) => state.frame + (index + 1) * state.direction).filter((one) => one >= film.first && one <= film.last);
  pictures.only([state.frame, ...next], wanted);
  if (!(await load(mine, wanted, scale, sentence))) return;
  const whole = () => (scale > 1 ? load(mine, wanted, 1, sentence) : null);
  const ahead = async () => {
    for (const one of next) {
      if (mine === turn) await Promise.allSettled(wanted.map((kind) => pictures.get(one, kind, scale)));
    }
  };
  for (const one of isStep ? [ahead, whole] : [whole, ahead]) if (mine === turn) await one();
}

/** Loads and shows the pictures of the frame at a scale; false if another one is wanted meanwhile. */
async function load(mine, wanted, scale, sentence) {
  const { pictures } = viewer;
  const found = await Promise.allSettled(wanted.map((kind) => pictures.get(state.frame, kind, scale)));
  if (mine !== turn) return false;
  clearTimeout(late);
  viewer.isLoading = false;
  notice(found.find((one) => one.status === "rejected")?.reason.message ?? sentence);
  setShown(found[0].value ?? null, found[1]?.value ?? null);
  const isWhole = found.every((one) => !(one.value?.scale > 1));
  canvas.dataset.shown = `${state.frame} ${wanted.join(" ")}`;
  canvas.dataset.pixels = isWhole ? "full" : "reduced";
  if (isWhole) measureSoon();
  return true;
}

export function setShown(a, b) {
  const before = [viewer.shown.a, viewer.shown.b].filter(Boolean);
  viewer.shown = { a, b };
  for (const one of before) one.isShown = false;
  for (const one of [a, b]) if (one) one.isShown = true;
  for (const one of new Set(before)) if (one.isGone && !one.isShown) viewer.screen.drop(one.picture);
  draw();
  probe();
  tell();
}

export const player = new Player({
  rate: () => viewer.film.rate,
  frame: () => state.frame,
  range: () => [state.from ?? viewer.film.first, state.to ?? viewer.film.last],
  loops: () => part("loop").checked,
  show: showProxy,
  ended: (sentence) => show(state.frame, sentence),
});

const proxyTextures = {};

/** Shows the proxies of a frame, or pictures that are there; false if they have to be loaded, or
 * cannot be, which ends playback. */
function showProxy(frame) {
  const { pictures, film } = viewer;
  let found;
  try {
    found = kinds().map((kind, index) => inMotion(frame, kind, index));
  } catch (error) {
    player.stop(error.message);
    return false;
  }
  const direction = Math.sign(player.speed) || state.direction;
  for (const kind of kinds()) pictures.proxiesAhead(frame, kind, film.first, film.last, direction);
  if (found.includes(null)) return false;
  turn += 1;
  state.frame = frame;
  notice("");
  setShown(found[0], found[1] ?? null);
  canvas.dataset.shown = `${frame} proxy`;
  return true;
}

/** What is shown of a frame in motion: its picture, if it is there, or its proxy. */
function inMotion(frame, kind, index) {
  const { pictures, screen, film } = viewer;
  const full = player.speed ? null : pictures.here(frame, kind, scaleOnScreen());
  if (full) return full;
  const proxy = pictures.proxy(frame, kind, film.first);
  if (!proxy) return null;
  proxyTextures[index] = screen.uploadProxy(proxy, proxy.bytes, film.live_area, proxyTextures[index]);
  return { frame, kind, picture: proxyTextures[index], shows: proxy.shows };
}

/** Goes to a frame; while moving on proxies, at rest in full pixels. What has no proxies is loaded. */
export function scrub(frame, isMoving) {
  if (!viewer.film) return;
  if (!isMoving) {
    go(frame);
    return;
  }
  turnTo(frame);
  viewer.pictures.only([state.frame], kinds());
  if (!showProxy(state.frame)) {
    tell();
    showWhenLoaded(state.frame);
  }
  resting = setTimeout(rest, REST_MS);
}

function showWhenLoaded(frame) {
  const { pictures, film } = viewer;
  const isWanted = () => resting && state.frame === frame;
  Promise.all(kinds().map((kind) => pictures.awaitedProxy(frame, kind, film.first)))
    .then(() => isWanted() && showProxy(frame), () => isWanted() && show(frame));
}

/** Ends a move on proxies: the frame is shown in full pixels. */
export function rest() {
  if (resting) go(state.frame);
}

/** Goes to a frame in full pixels. */
export function go(frame) {
  turnTo(frame);
  show(state.frame);
}

/** Makes a frame the current one, with the direction in which it lies. */
function turnTo(frame) {
  player.stop();
  clearTimeout(resting);
  [resting, turn] = [0, turn + 1];
  const target = clampFrame(frame);
  if (target !== state.frame) state.direction = Math.sign(target - state.frame);
  state.frame = target;
}

/** Goes to the next of some frames in order, or to the one before. */
export function jump(frames, direction) {
  const found = direction > 0 ? frames.find((one) => one > state.frame) : frames.findLast((one) => one < state.frame);
  if (found != null) go(found);
}
