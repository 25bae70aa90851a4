// Where the scan lies on the screen: zoom, centre, and the parts of the canvas for A and B.

const MIN_ZOOM = 1 / 32, MAX_ZOOM = 64;
const GAP = 4; // pixels between two pictures side by side

export class Place {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.isFit = true;
    this.zoom = 1;
    this.centre = [0, 0];
  }

  /** @param {{width: number, height: number, pixel_aspect: number}} film */
  setFilm(film) {
    this.film = film;
    if (this.isFit) this.centre = [film.width / 2, film.height / 2];
  }

  /** The parts of the canvas: one, or two side by side. */
  parts(isSide) {
    const { width } = this.canvas;
    if (!isSide) return [{ x: 0, width }];
    const half = Math.floor((width - GAP) / 2);
    return [{ x: 0, width: half }, { x: width - half, width: half }];
  }

  /** Zoom and centre at which all of the scan is seen, if that is wanted. */
  settle(isSide) {
    if (!this.isFit) return;
    const { width, height, pixel_aspect: aspect } = this.film;
    this.zoom = Math.min(this.parts(isSide)[0].width / (width * aspect), this.canvas.height / height);
    this.centre = [width / 2, height / 2];
  }

  /** Pixels of the canvas for one of the scan, across and down. */
  get scale() {
    return [this.zoom * this.film.pixel_aspect, this.zoom];
  }

  /** What the shader needs for a part of the canvas. */
  of(part) {
    const [across, down] = this.scale;
    const origin = [part.x + part.width / 2 - this.centre[0] * across, this.canvas.height / 2 - this.centre[1] * down];
    return { origin: origin.map(Math.round), zoom: [across, down] };
  }

  /** The place of the scan below a pixel of the canvas. */
  scanAt(part, x, y) {
    const { origin, zoom } = this.of(part);
    return [(x + 0.5 - origin[0]) / zoom[0], (y + 0.5 - origin[1]) / zoom[1]];
  }

  /** Sets zoom and centre. */
  set(zoom, centre) {
    this.isFit = false;
    this.zoom = Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, zoom));
    this.centre = centre;
    this.#keepInSight();
  }

  /** Sets the zoom; what lies below a pixel of the canvas stays there. */
  zoomTo(zoom, part, x = part.x + part.width / 2, y = this.canvas.height / 2) {
    const [left, top] = this.scanAt(part, x, y);
    this.isFit = false;
    this.zoom = Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, zoom));
    const [across, down] = this.scale;
    this.centre = [left - (x + 0.5 - part.x - part.width / 2) / across, top - (y + 0.5 - this.canvas.height / 2) / down];
    this.#keepInSight();
  }

  /** Moves the scan by pixels of the canvas. */
  move(x, y) {
    const [across, down] = this.scale;
    this.isFit = false;
    this.centre = [this.centre[0] - x / across, this.centre[1] - y / down];
    this.#keepInSight();
  }

  #keepInSight() {
    const { width, height } = this.film;
    this.centre = [Math.min(width, Math.max(0, this.centre[0])), Math.min(height, Math.max(0, this.centre[1]))];
  }
}
