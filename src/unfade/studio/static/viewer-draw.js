// Draws what is shown, with its labels, and tells about the frame.
import { SCALES } from "/static/viewer-load.js";
import { PLAIN } from "/static/viewer-screen.js";
import {
  canvas, dense, isSide, isToggledB, keepAddress, kinds, part, place, put, state, titleOf, viewer,
} from "/static/viewer-state.js";
import { firstFrom } from "/static/viewer-strip.js";

/** Draws the pictures that are shown. */
export function draw() {
  const { screen, film, shown } = viewer;
  if (!screen?.view || !film) return;
  const scale = scaleOnScreen(), a = drawn(shown.a, scale), b = drawn(shown.b, scale);
  const parts = place.parts(isSide());
  const look = {
    ...PLAIN, stops: state.stops, gamma: state.gamma, channel: state.channel,
    warnClipped: state.clipped, warnGamut: state.gamut, factor: state.factor,
  };
  const here = place.of(parts[0]), edge = Math.round(state.edge * canvas.width);
  screen.clear();
  if (isSide()) {
    screen.draw(a, null, here, parts[0], look);
    screen.draw(b, null, place.of(parts[1]), parts[1], look);
  } else if (state.mode === "wipe") {
    screen.draw(a, null, here, { x: 0, width: edge }, look);
    screen.draw(b, null, here, { x: edge, width: canvas.width - edge }, look);
  } else if (state.mode === "difference") {
    if (a && b) screen.draw(a, b, here, parts[0], look);
  } else {
    screen.draw(isToggledB() ? b : a, null, here, parts[0], look);
  }
  overlay();
}

let drawing = null;

/** Draws once before the next picture of the screen, however often it is called. */
export function drawSoon() {
  drawing ??= requestAnimationFrame(() => {
    drawing = null;
    draw();
  });
}

/** What is drawn of a picture: the average of it where that has enough pixels, in a third of the
 * time; but no picture that was computed smaller, because that is another one. */
function drawn(one, scale) {
  const smaller = one?.scale < scale ? viewer.pictures.level(one.frame, one.kind, scale) : null;
  return (smaller && smaller.facts.what === one.facts.what ? smaller : one)?.picture ?? null;
}

/** The largest scale at which a picture has a pixel for each pixel of the screen that it covers. */
export function scaleOnScreen() {
  place.settle(isSide());
  return SCALES.findLast((scale) => scale === 1 || Math.max(...place.scale) * scale <= 1);
}

/** Labels, the edge of the wipe and the region, above the picture. */
function overlay() {
  const { shown, region } = viewer;
  part("edge").hidden = state.mode !== "wipe";
  part("edge").style.left = `${state.edge * 100}%`;
  const mixed = state.mode === "difference";
  part("tag-a").classList.toggle("whole", mixed || !["wipe", "side"].includes(state.mode));
  if (mixed) put("tag-a", `Difference \u00d7 ${state.factor} of ${label(shown.a, "A", state.a)} and ${label(shown.b, "B", state.b)}`);
  else if (isToggledB()) put("tag-a", label(shown.b, "B", state.b));
  else put("tag-a", label(shown.a, "A", state.a));
  part("tag-b").hidden = !["wipe", "side"].includes(state.mode);
  put("tag-b", label(shown.b, "B", state.b));
  put("zoom", `${(place.zoom * 100).toFixed(place.zoom < 1 ? 1 : 0)} %`);
  part("region").hidden = !region;
  if (region) {
    const { origin, zoom } = place.of(place.parts(isSide())[0]);
    const box = { left: origin[0] + region.x * zoom[0], top: origin[1] + region.y * zoom[1], width: region.width * zoom[0], height: region.height * zoom[1] };
    for (const [name, value] of Object.entries(box)) part("region").style[name] = `${value / dense()}px`;
  }
}

/** Which picture it is, what it was made from or stands for, and what it lacks. */
function label(one, letter, kind) {
  const isComing = one ? one.frame !== state.frame || one.kind !== kind : viewer.isLoading;
  if (isComing) return `${letter}: ${titleOf(kind)} \u2013 loading`;
  const words = [`${letter}: ${titleOf(kind)}`, one?.facts?.what];
  if (one?.facts?.channels === 1) words.push("black is 0, white is CIEDE2000 10");
  if (one && !one.halves) words.push(`proxy${one.shows === kind ? "" : ` of ${titleOf(one.shows)}`}, ${one.picture.width} pixels wide`);
  if (one?.scale > 1 && one.scale * place.zoom > 1) words.push("full pixels are coming");
  if (one?.facts?.beyond) words.push(`${one.facts.beyond.toLocaleString("en")} values beyond half floats`);
  if (!viewer.screen.hasFloats) words.push("8 bits, highlights are cut");
  return words.filter(Boolean).join(" \u2013 ");
}

/** What stands below the picture about the frame. */
export function tell() {
  const { film, shown, strip } = viewer, { frame } = state;
  if (document.activeElement !== part("frame")) put("frame", frame);
  const index = firstFrom(film.shots, frame + 1, (one) => one[0]) - 1;
  const [first, last, number] = film.shots[Math.max(0, index)];
  put("shot", `shot ${number}, ${frame - first + 1} of ${last - first + 1}`);
  const facts = (isToggledB() ? shown.b : shown.a)?.facts;
  put("timecode", facts?.frame === frame ? (facts.timecode ?? "") : "");
  const pair = film.pairs.find((one) => one.frame === frame);
  const outlier = film.outliers.find((one) => one.first <= frame && frame <= one.last);
  const files = [shown.a, shown.b].slice(0, kinds().length).map((one) => (one?.facts?.frame === frame ? one.facts.file : null));
  const words = [[...new Set(files)].filter(Boolean).join(", "), pair ? `${pair.role} pair` : "", outlier ? `outlier: ${outlier.kind}` : ""];
  put("what", words.filter(Boolean).join(" \u2013 "));
  part("what").title = outlier?.why ?? part("what").textContent;
  put("range", state.from == null && state.to == null ? "" : `${state.from ?? film.first} \u2013 ${state.to ?? film.last}`);
  strip.setState(frame, state.from, state.to);
  part("strip").setAttribute("aria-valuenow", frame);
  part("strip").setAttribute("aria-valuetext", `frame ${frame}, ${part("shot").value}${pair ? `, ${pair.role} pair` : ""}${outlier ? `, outlier ${outlier.kind}` : ""}`);
  canvas.setAttribute("aria-label", `Frame ${frame}: ${kinds().map(titleOf).join(" and ")}`);
  keepAddress();
}
