// The filmstrip: shots, pairs, outliers, bookmarks of the whole film on one canvas, whatever its length.

const INK = { ground: "#1c1c1c", odd: "#333333", even: "#3d3d3d", line: "#5a5a5a", text: "#b0b0b0", mark: "#e2e2e2", head: "#ffffff" };
const RULER = 16, THUMBS = 46, MARKS = 16, OUTLIERS = 12; // heights in pixels of the page
export const HEIGHT = RULER + THUMBS + MARKS + OUTLIERS;
const APART = 11; // pixels for a mark
const RANKS = ["train", "rejected", "test", "holdout"]; // of several marks in a place the last is drawn
const THUMB_ROOM = 1.15; // widths of a thumbnail that a shot has to have room for

/** The marks of pairs, by role: forms, because colours are not seen by everybody. */
const FORMS = {
  train: (pen, x, y, r) => { pen.beginPath(); pen.moveTo(x, y - r); pen.lineTo(x + r, y + r); pen.lineTo(x - r, y + r); pen.fill(); },
  holdout: (pen, x, y, r) => { pen.beginPath(); pen.arc(x, y, r, 0, 7); pen.stroke(); },
  test: (pen, x, y, r) => pen.strokeRect(x - r, y - r, 2 * r, 2 * r),
  rejected: (pen, x, y, r) => { pen.beginPath(); pen.moveTo(x - r, y - r); pen.lineTo(x + r, y + r); pen.moveTo(x + r, y - r); pen.lineTo(x - r, y + r); pen.stroke(); },
};

/** The first index of a sorted list whose value is not below a limit. */
export function firstFrom(list, limit, valueOf) {
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (valueOf(list[middle]) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

export class Strip {
  /** @param {HTMLCanvasElement} canvas
   * @param {(frame: number, isMoving: boolean) => void} go called with the frame that is pointed at */
  constructor(canvas, go) {
    this.canvas = canvas;
    this.go = go;
    this.thumbs = new Map();
    this.back = document.createElement("canvas");
    canvas.addEventListener("pointerdown", (event) => this.#drag(event));
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  /** @param {object} film as the server tells it */
  setFilm(film) {
    this.film = film;
    this.first ??= film.first;
    this.last ??= film.last + 1;
    this.isStale = true;
    this.draw();
  }

  /** Forgets the thumbnails, because the pictures have changed. */
  clearThumbs() {
    this.thumbs.clear();
    this.isStale = true;
    this.#soon();
  }

  /** Shows a frame, and in and out. */
  setState(frame, from, to) {
    Object.assign(this, { frame, from, to });
    if (this.film && (frame < this.first || frame >= this.last)) {
      const span = this.last - this.first;
      this.#show(frame - span / 2, span);
    }
    this.#soon();
  }

  #soon() {
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = null;
      this.draw();
    });
  }

  #show(first, span) {
    const whole = this.film.last + 1 - this.film.first;
    const width = Math.min(whole, Math.max(10, span));
    this.first = Math.min(Math.max(first, this.film.first), this.film.last + 1 - width);
    this.last = this.first + width;
    this.isStale = true;
  }

  #frameAt(event) {
    const box = this.canvas.getBoundingClientRect();
    const at = this.first + ((event.clientX - box.left) / box.width) * (this.last - this.first);
    return Math.min(this.film.last, Math.max(this.film.first, Math.floor(at)));
  }

  #drag(event) {
    if (!this.film || event.button) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.go(this.#frameAt(event), true);
    const move = (moved) => this.go(this.#frameAt(moved), true);
    const end = (ended) => {
      this.canvas.removeEventListener("pointermove", move);
      this.go(this.#frameAt(ended), false);
    };
    this.canvas.addEventListener("pointermove", move);
    this.canvas.addEventListener("pointerup", end, { once: true });
  }

  #wheel(event) {
    if (!this.film) return;
    event.preventDefault();
    const span = this.last - this.first;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      this.#show(this.first + ((event.deltaX || event.deltaY) / 1000) * span, span);
    } else {
      const at = this.#frameAt(event), share = (at - this.first) / span;
      const fresh = span * 1.25 ** Math.sign(event.deltaY);
      this.#show(at - share * fresh, fresh);
    }
    this.#soon();
  }

  /** Shots that have room for a thumbnail, with the frame that it shows. */
  thumbFrames() {
    if (!this.film) return [];
    const scale = this.canvas.clientWidth / (this.last - this.first);
    const room = THUMBS * THUMB_ROOM * (this.film.width / this.film.height);
    return this.#shotsInSight().filter(([first, last]) => (last + 1 - first) * scale >= room)
      .map(([first, last]) => (first + last) >> 1).filter((frame) => !this.thumbs.has(frame)).slice(0, 40);
  }

  /** Takes a thumbnail. */
  setThumb(frame, bitmap) {
    this.thumbs.set(frame, bitmap);
    if (this.thumbs.size > 400) this.thumbs.delete(this.thumbs.keys().next().value);
    this.isStale = true;
    this.#soon();
  }

  #shotsInSight() {
    const { shots } = this.film;
    const start = Math.max(0, firstFrom(shots, this.first, (one) => one[1]));
    const end = firstFrom(shots, this.last, (one) => one[0]);
    return shots.slice(start, end);
  }

  /** Draws the strip; all but the playhead from a copy that is made anew when it is stale. */
  draw() {
    if (!this.film || !this.canvas.clientWidth) return;
    const dense = window.devicePixelRatio || 1;
    const width = Math.round(this.canvas.clientWidth * dense), height = Math.round(HEIGHT * dense);
    if (this.canvas.width !== width || this.canvas.height !== height) {
      for (const one of [this.canvas, this.back]) Object.assign(one, { width, height });
      this.isStale = true;
    }
    if (this.isStale) this.#drawBack(dense);
    this.isStale = false;
    const pen = this.canvas.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.drawImage(this.back, 0, 0);
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    this.#drawState(pen);
  }

  #x(frame) {
    return ((frame - this.first) / (this.last - this.first)) * this.canvas.clientWidth;
  }

  #drawBack(dense) {
    const pen = this.back.getContext("2d");
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    pen.fillStyle = INK.ground;
    pen.fillRect(0, 0, this.canvas.clientWidth, HEIGHT);
    pen.font = "11px system-ui, sans-serif";
    pen.textBaseline = "middle";
    this.#drawShots(pen);
    this.#drawMasters(pen);
    this.#drawPairs(pen);
    this.#drawOutliers(pen);
    this.#drawBookmarks(pen);
  }

  #drawShots(pen) {
    let free = -Infinity, drawn = -Infinity;
    for (const [first, last, number] of this.#shotsInSight()) {
      const left = this.#x(first), right = this.#x(last + 1);
      if (right - drawn < 0.5) continue;
      drawn = right;
      pen.fillStyle = number % 2 ? INK.odd : INK.even;
      pen.fillRect(left, RULER, right - left, THUMBS);
      const thumb = this.thumbs.get((first + last) >> 1);
      if (thumb) this.#drawThumb(pen, thumb, left, right);
      if (right - left >= 3) {
        pen.fillStyle = INK.line;
        pen.fillRect(left, RULER, 1, THUMBS);
      }
      const label = `shot ${number}, ${first}`, start = Math.max(left, 0) + 4;
      const wide = pen.measureText(label).width;
      if (start > free && (start + wide < right || free === -Infinity || right - left > 60)) {
        pen.fillStyle = INK.text;
        pen.textAlign = "left";
        pen.fillText(label, start, RULER / 2);
        free = start + wide + 12;
      }
    }
  }

  #drawThumb(pen, thumb, left, right) {
    const high = THUMBS - 4, wide = (high * thumb.width) / thumb.height;
    if (right - left < wide) return;
    const start = Math.min(Math.max((left + right - wide) / 2, 2), Math.max(left, this.canvas.clientWidth - wide - 2));
    pen.drawImage(thumb, start, RULER + 2, wide, high);
  }

  #drawMasters(pen) {
    pen.fillStyle = INK.mark;
    for (const [first, last] of this.film.masters) {
      const left = Math.max(this.#x(first), 0), right = Math.min(this.#x(last + 1), this.canvas.clientWidth);
      if (right > left) pen.fillRect(left, RULER + THUMBS - 2, Math.max(1, right - left), 1);
    }
  }

  #drawPairs(pen) {
    const { pairs } = this.film, bins = new Map();
    for (let index = firstFrom(pairs, this.first, (one) => one.frame); index < pairs.length; index += 1) {
      const { frame, role } = pairs[index];
      if (frame >= this.last) break;
      const x = this.#x(frame + 0.5), bin = Math.floor(x / APART), rank = RANKS.indexOf(role);
      if (!(bins.get(bin)?.rank >= rank)) bins.set(bin, { x, role, rank });
    }
    pen.fillStyle = pen.strokeStyle = INK.mark;
    pen.lineWidth = 1.5;
    for (const { x, role } of bins.values()) FORMS[role](pen, x, RULER + THUMBS + MARKS / 2, 4);
  }

  #drawOutliers(pen) {
    const top = RULER + THUMBS + MARKS + 2, high = OUTLIERS - 5;
    pen.strokeStyle = INK.mark;
    pen.lineWidth = 1;
    let drawn = -Infinity;
    for (const { first, last } of this.film.outliers) {
      const left = Math.max(this.#x(first), drawn), right = Math.max(this.#x(last + 1), left + 3);
      if (right < 0 || left > this.canvas.clientWidth || right - drawn < 1) continue;
      drawn = right;
      pen.beginPath();
      let isUp = false;
      for (let x = left; x <= right; x += 3, isUp = !isUp) pen.lineTo(x, isUp ? top : top + high);
      pen.stroke();
      pen.strokeRect(left + 0.5, top + 0.5, right - left - 1, high);
    }
  }

  #drawBookmarks(pen) {
    pen.fillStyle = INK.mark;
    let drawn = -Infinity;
    for (const { frame } of this.film.bookmarks) {
      const x = this.#x(frame + 0.5);
      if (x < 0 || x > this.canvas.clientWidth || x - drawn < 4) continue;
      drawn = x;
      pen.fillRect(x - 0.5, RULER, 1.5, THUMBS);
      pen.beginPath();
      pen.moveTo(x, RULER);
      pen.lineTo(x + 8, RULER + 4);
      pen.lineTo(x, RULER + 8);
      pen.fill();
    }
  }

  #drawState(pen) {
    const bottom = HEIGHT;
    if (this.from != null || this.to != null) {
      const left = this.#x(this.from ?? this.film.first), right = this.#x((this.to ?? this.film.last) + 1);
      pen.fillStyle = "rgb(0 0 0 / 55%)";
      pen.fillRect(0, RULER, Math.max(0, left), THUMBS);
      pen.fillRect(right, RULER, this.canvas.clientWidth, THUMBS);
      pen.strokeStyle = INK.head;
      pen.lineWidth = 2;
      for (const [x, way] of [[left, 6], [right, -6]]) {
        pen.beginPath();
        pen.moveTo(x + way, RULER + 1);
        pen.lineTo(x, RULER + 1);
        pen.lineTo(x, RULER + THUMBS - 1);
        pen.lineTo(x + way, RULER + THUMBS - 1);
        pen.stroke();
      }
    }
    if (this.frame == null) return;
    const left = this.#x(this.frame), wide = Math.max(2, this.#x(this.frame + 1) - left);
    pen.fillStyle = "rgb(255 255 255 / 22%)";
    pen.fillRect(left, RULER, wide, bottom);
    pen.fillStyle = INK.head;
    pen.fillRect(left + wide / 2 - 1, 4, 2, bottom);
    pen.beginPath();
    pen.moveTo(left + wide / 2 - 6, 2);
    pen.lineTo(left + wide / 2 + 6, 2);
    pen.lineTo(left + wide / 2, 11);
    pen.fill();
  }
}
