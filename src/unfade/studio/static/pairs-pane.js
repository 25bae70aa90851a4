// A picture that can be zoomed and moved, with numbered points on it.
import { latest } from "/static/answers.js";

const MAX_SCALE = 16; // Pixels of the window for a pixel of the picture.
const WIDTHS_PX = [960, 1440, 1920, 4096]; // Widths of pictures that are asked for, as the studio makes them.
export const CLICK_PX = 4; // A pointer that moves less has clicked.
const ZOOM_STEP = 1.25;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** The step of an arrow key in pixels of the picture, ten times as far with Shift; undefined for
 * another key.
 * @param {KeyboardEvent} event */
export function arrowStep(event) {
  const step = ARROWS[event.key];
  return step?.map((one) => one * (event.shiftKey ? 10 : 1));
}

export class Pane {
  /** @param {HTMLElement} figure
   * @param {{place: Function, move: Function, remove: Function, select: Function, zoomed: Function, drawn: Function}} does
   *   called with the name of the pane, and what else is known of a point; while `isDrawing` also
   *   `stroke`, with the positions that a drag has passed and whether it has ended */
  constructor(figure, does) {
    this.name = figure.dataset.pane;
    this.does = does;
    this.view = figure.querySelector(".view");
    this.canvas = figure.querySelector(".canvas");
    this.cross = figure.querySelector(".cross");
    this.image = this.canvas.querySelector("img");
    this.markers = [];
    this.held = null; // what the pointer holds: a marker, a stroke or the picture
    this.isDrawing = false; // whether a drag beside the markers draws, instead of moving the picture
    this.ask = latest();
    this.listen();
  }

  /** Shows a picture as a whole.
   * @param {{x: number, y: number, width: number, height: number, across: number, down: number}} area
   * @param {string} source address of the picture */
  async show(area, source) {
    const isLast = this.ask();
    this.image.src = source;
    await this.image.decode().catch(() => {});
    if (!isLast()) return;
    this.area = area;
    this.aspect = this.image.naturalWidth / this.image.naturalHeight || 1;
    this.cursor = [area.x + area.width / 2, area.y + area.height / 2];
    this.fit();
  }

  /** Shows no picture until the next one is there. */
  clear() {
    this.ask();
    this.area = null;
    this.image.removeAttribute("src");
    this.mark([], 0);
  }

  fit() {
    this.zoom = 1;
    this.centre([this.area.x + this.area.width / 2, this.area.y + this.area.height / 2]);
  }

  /** Width of the whole picture on the screen, in pixels of the window. */
  get width() {
    return Math.min(this.view.clientWidth, this.view.clientHeight * this.aspect) * this.zoom;
  }

  /** Width to ask pictures for. */
  get wantedWidth() {
    const wanted = this.width * devicePixelRatio;
    return WIDTHS_PX.find((width) => width >= wanted) ?? WIDTHS_PX.at(-1);
  }

  centre(position) {
    this.left = this.top = 0;
    const [x, y] = this.toView(position);
    this.left = this.view.clientWidth / 2 - x;
    this.top = this.view.clientHeight / 2 - y;
    this.draw();
  }

  toView([x, y]) {
    const { width, area, aspect } = this;
    return [this.left + ((x - area.x) / area.width) * width, this.top + (((y - area.y) / area.height) * width) / aspect];
  }

  /** The position in the picture, in its pixels, under a pointer; undefined beside the picture. */
  at(event) {
    if (!this.area) return undefined;
    const box = this.canvas.getBoundingClientRect();
    const [across, down] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    if (across < 0 || down < 0 || across > 1 || down > 1) return undefined;
    const { x, y, width, height } = this.area;
    return this.inside([x + across * width, y + down * height]);
  }

  /** The marker at a position, as far as a click can tell. */
  near(position) {
    const [x, y] = this.toView(position);
    const distance = ([left, top]) => Math.hypot(left - x, top - y);
    return this.markers.find((one) => distance(this.toView(one.position)) < CLICK_PX);
  }

  /** A position moved into the picture, to a tenth of a pixel. */
  inside([x, y]) {
    const tenth = (value, most) => Math.round(10 * Math.min(Math.max(value, 0), most)) / 10;
    return [tenth(x, this.area.across), tenth(y, this.area.down)];
  }

  zoomTo(zoom, position = this.cursor) {
    const [x, y] = this.toView(position);
    const most = Math.max(1, (MAX_SCALE * this.area.width * this.zoom) / this.width);
    this.zoom = Math.min(Math.max(zoom, 1), most);
    const [nowX, nowY] = this.toView(position);
    this.left += x - nowX;
    this.top += y - nowY;
    this.draw();
    this.does.zoomed(this.name);
  }

  zoomBy(steps, position) {
    this.zoomTo(this.zoom * ZOOM_STEP ** steps, position);
  }

  draw() {
    if (!this.area) return;
    const { width } = this;
    Object.assign(this.canvas.style, { left: `${this.left}px`, top: `${this.top}px`, width: `${width}px`, height: `${width / this.aspect}px` });
    this.canvas.classList.toggle("pixels", width > 3 * this.area.width);
    this.markers.forEach((marker) => put(marker, this.toView(marker.position)));
    put(this.cross, this.toView(this.cursor));
    this.does.drawn(this.name);
  }

  /** Shows the points that have a place here.
   * @param {({number: number, position: [number, number]})[]} points
   * @param {number} selected number of the point that is chosen */
  mark(points, selected) {
    if (this.markers.length > points.length) this.held = null; // It may hold the one that goes.
    while (this.markers.length > points.length) this.markers.pop().remove();
    while (this.markers.length < points.length) this.markers.push(this.newMarker());
    points.forEach(({ number, position }, index) => {
      const marker = this.markers[index];
      marker.number = number;
      marker.position = position;
      marker.textContent = String(number);
      marker.classList.toggle("chosen", number === selected);
      marker.setAttribute("aria-label", `Point ${number} in the ${this.name === "source" ? "scan" : "reference"}, at ${position.join(", ")}`);
    });
    this.draw();
  }

  marker(number) {
    return this.markers.find((one) => one.number === number);
  }

  newMarker() {
    const marker = document.createElement("button");
    marker.type = "button";
    marker.className = "point";
    this.view.append(marker);
    return marker;
  }

  listen() {
    const { view, does, name } = this;
    view.addEventListener("pointerdown", (event) => {
      if (!this.area || event.button || event.target.closest(".line")) return;
      const marker = event.target.closest(".point");
      this.held = { marker, x: event.clientX, y: event.clientY, left: this.left, top: this.top, isClick: true };
      if (!marker && this.isDrawing) this.held.stroke = [this.at(event)].filter(Boolean);
      view.setPointerCapture(event.pointerId);
      if (marker) does.select(name, marker.number);
    });
    view.addEventListener("pointermove", (event) => {
      const { held } = this;
      if (!held) return;
      const [right, down] = [event.clientX - held.x, event.clientY - held.y];
      if (held.isClick && Math.hypot(right, down) < CLICK_PX) return;
      held.isClick = false;
      if (held.marker) return does.move(name, held.marker.number, this.at(event));
      if (held.stroke) {
        held.stroke.push(...[this.at(event)].filter(Boolean));
        return does.stroke(name, held.stroke, false);
      }
      [this.left, this.top] = [held.left + right, held.top + down];
      this.draw();
    });
    view.addEventListener("pointerup", (event) => {
      const was = this.held;
      this.held = null;
      if (was?.stroke && !was.isClick) does.stroke(name, was.stroke, true);
      else if (was?.isClick && !was.marker) does.place(name, this.at(event));
    });
    view.addEventListener("pointercancel", () => (this.held = null));
    view.addEventListener("dragstart", (event) => event.preventDefault());
    view.addEventListener("wheel", (event) => {
      event.preventDefault();
      if (this.area) this.zoomBy(-Math.sign(event.deltaY), this.at(event));
    }, { passive: false });
    view.addEventListener("keydown", (event) => this.area && this.press(event));
    new ResizeObserver(() => this.draw()).observe(view);
  }

  press(event) {
    const number = event.target.closest(".point")?.number;
    const step = arrowStep(event);
    if (event.key === "+") this.zoomBy(1, this.marker(number)?.position);
    else if (event.key === "-") this.zoomBy(-1, this.marker(number)?.position);
    else if (event.key === "0") this.fit();
    else if (number !== undefined && step) {
      const [x, y] = this.marker(number).position;
      this.does.move(this.name, number, this.inside([x + step[0], y + step[1]]));
    } else if (number !== undefined && ["Delete", "Backspace"].includes(event.key)) this.does.remove(number);
    else if (number === undefined && step) {
      this.cursor = this.inside([this.cursor[0] + step[0], this.cursor[1] + step[1]]);
      this.keepInSight();
    } else if (number === undefined && ["Enter", " "].includes(event.key)) this.does.place(this.name, this.cursor, true);
    else return;
    event.preventDefault();
  }

  keepInSight() {
    const [x, y] = this.toView(this.cursor);
    if (x < 0 || y < 0 || x > this.view.clientWidth || y > this.view.clientHeight) this.centre(this.cursor);
    else this.draw();
  }
}

function put(element, [x, y]) {
  element.style.left = `${x}px`;
  element.style.top = `${y}px`;
}
