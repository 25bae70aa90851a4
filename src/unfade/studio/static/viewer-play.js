// Playback on proxies: J K L, in and out, loop.

export const MAX_SPEED = 16;

/** The next frame of a film within in and out; null at an end without a loop.
 * @param {number} frame
 * @param {number} step
 * @param {number} from
 * @param {number} to
 * @param {boolean} loops */
export function frameAfter(frame, step, from, to, loops) {
  const next = frame + step;
  if (next >= from && next <= to) return next;
  if (!loops) return null;
  const count = to - from + 1;
  return from + ((((next - from) % count) + count) % count);
}

export class Player {
  /** @param {{rate: () => number, frame: () => number, range: () => [number, number], loops: () => boolean, show: (frame: number) => boolean, ended: (sentence: string) => void}} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    this.speed = 0;
    this.shownCount = 0;
  }

  /** Plays; once more is twice as fast.
   * @param {1 | -1} direction */
  play(direction) {
    const isOn = Math.sign(this.speed) === direction;
    this.speed = isOn ? Math.max(-MAX_SPEED, Math.min(MAX_SPEED, 2 * this.speed)) : direction;
    this.clock = null;
    if (!isOn) this.#next();
  }

  /** @param {string} sentence why, if nobody asked for it */
  stop(sentence = "") {
    if (!this.speed) return;
    this.speed = 0;
    this.viewer.ended(sentence);
  }

  #next() {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    const tick = (now) => {
      if (!this.speed || turn !== this.turn) return;
      this.#tick(now);
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  #tick(now) {
    this.clock ??= now;
    const step = Math.trunc(((now - this.clock) / 1000) * this.viewer.rate() * this.speed);
    if (!step) return;
    const [from, to] = this.viewer.range();
    const frame = frameAfter(this.viewer.frame(), step, from, to, this.viewer.loops());
    if (frame == null) {
      this.viewer.show(this.speed > 0 ? to : from);
      this.stop();
      return;
    }
    // A proxy that is not there yet stops the clock, so that no frames are left out.
    if (this.viewer.show(frame)) {
      this.shownCount += 1;
      this.clock += (step / (this.viewer.rate() * this.speed)) * 1000;
    } else {
      this.clock = now;
    }
  }
}
