// The pointer over the picture: moves it, zooms, pulls the edge of the wipe, draws a region, probes.
import { press, set } from "/static/viewer-controls.js";
import { drawSoon } from "/static/viewer-draw.js";
import { measureSoon, probe, under } from "/static/viewer-panel.js";
import { canvas, clamp, dense, isSide, keepAddress, limited, part, place, stage, viewer } from "/static/viewer-state.js";

const pixelOf = (event) => {
  const box = canvas.getBoundingClientRect();
  return [Math.floor((event.clientX - box.left) * dense()), Math.floor((event.clientY - box.top) * dense())];
};

/** Shows another part of the picture, after zoom or centre have changed. */
export function looked() {
  press();
  drawSoon();
  keepAddress();
  probe();
}

/** Zooms, around a pixel of the canvas or its middle. */
export function zoomTo(zoom, at) {
  const where = at ? under(at).part : place.parts(isSide())[0];
  place.zoomTo(zoom, where, ...(at ?? []));
  looked();
}

export function fit() {
  place.isFit = true;
  looked();
}

/** Moves the picture by pixels of the page. */
export function move(across, down) {
  place.move(across * dense(), down * dense());
  looked();
}

function dragged(event, moved, end = () => {}) {
  event.preventDefault();
  stage.setPointerCapture(event.pointerId);
  stage.addEventListener("pointermove", moved);
  const stop = () => {
    stage.removeEventListener("pointermove", moved);
    end();
  };
  stage.addEventListener("pointerup", stop, { once: true });
}

function pressed(event) {
  if (!viewer.film || event.button > 1) return;
  document.activeElement?.blur();
  if (event.target.closest("#edge")) {
    dragged(event, (moved) => set({ edge: limited("edge", pixelOf(moved)[0] / canvas.width) }));
  } else if (event.shiftKey) {
    const { at, part: where } = under(pixelOf(event));
    dragged(event, (moved) => drawRegion(at, place.scanAt(where, ...pixelOf(moved))), measureSoon);
    viewer.region = null;
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
}

function drawRegion(one, other) {
  const { width, height } = viewer.film;
  const [left, right] = [one[0], other[0]].sort((x, y) => x - y).map((x) => clamp(Math.round(x), 0, width));
  const [top, bottom] = [one[1], other[1]].sort((x, y) => x - y).map((y) => clamp(Math.round(y), 0, height));
  viewer.region = right - left > 1 && bottom - top > 1 ? { x: left, y: top, width: right - left, height: bottom - top } : null;
  drawSoon();
}

export function bindPointer() {
  stage.addEventListener("pointerdown", pressed);
  stage.addEventListener("pointermove", (event) => {
    viewer.pointer = pixelOf(event);
    probe();
  });
  stage.addEventListener("pointerleave", () => {
    viewer.pointer = null;
    probe();
  });
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (viewer.film) zoomTo(place.zoom * 1.2 ** -Math.sign(event.deltaY), pixelOf(event));
  }, { passive: false });
  stage.addEventListener("dblclick", (event) => viewer.film && (place.isFit ? zoomTo(1, pixelOf(event)) : fit()));
  part("fit").addEventListener("click", fit);
  part("one").addEventListener("click", () => zoomTo(1));
}
