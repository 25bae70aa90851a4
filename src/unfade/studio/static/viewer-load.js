// Loads pictures and proxies; keeps what was shown last, within a number of bytes.

const MAX_BYTES = 480e6; // of kept pictures, on the GPU and beside it: 12 of 2048 x 1556 pixels
const PROXIES = 96; // frames in one answer: four seconds of film
const MAX_CHUNKS = 24; // kept answers of proxies, some 4 MB each

/** Of a picture of scale 2 each pixel stands for 2 by 2 of the film's. */
export const SCALES = [1, 2, 4, 8];

const keyOf = (frame, kind, scale) => `${frame} ${kind} ${scale}`;

/** The facts in the header of an answer. */
const factsOf = (answer) => JSON.parse(decodeURIComponent(answer.headers.get("x-unfade-facts")));

/** The answer of the studio.
 * @throws {Error} its sentence, if it refused */
export async function fetched(address, signal) {
  const answer = await fetch(address, { signal });
  if (answer.ok) return answer;
  const facts = await answer.json().catch(() => ({}));
  throw new Error(facts.error ?? `the studio refused it (${answer.status})`);
}

export class Pictures {
  /** @param {string} film
   * @param {import("./viewer-screen.js").Screen} screen */
  constructor(film, screen) {
    this.film = film;
    this.screen = screen;
    this.kept = new Map();
    this.coming = new Map();
    this.chunks = new Map();
  }

  /** Forgets everything, or one kind of picture, because files have changed.
   * @param {string | null} kind */
  clear(kind = null) {
    for (const [key, one] of this.coming) {
      if (kind && one.kind !== kind) continue;
      one.stop.abort();
      this.coming.delete(key);
    }
    for (const [key, one] of this.kept) {
      if (kind && one.kind !== kind) continue;
      if (one.isShown) one.isGone = true;
      else this.screen.drop(one.picture);
      this.kept.delete(key);
    }
    if (!kind) this.chunks.clear();
  }

  /** A picture that is there with at least the pixels of a scale; undefined if it has to be loaded. */
  here(frame, kind, scale = 1) {
    for (const one of SCALES.filter((finer) => finer <= scale)) {
      const key = keyOf(frame, kind, one), found = this.kept.get(key);
      if (!found) continue;
      this.kept.delete(key);
      this.kept.set(key, found);
      return found;
    }
    return undefined;
  }

  /** The picture of a scale, if it is there. */
  level(frame, kind, scale) {
    return this.kept.get(keyOf(frame, kind, scale));
  }

  /** A picture, loaded if it has to be.
   * @param {number} frame
   * @param {string} kind
   * @param {number} scale of SCALES */
  get(frame, kind, scale = 1) {
    const found = this.here(frame, kind, scale);
    if (found) return Promise.resolve(found);
    const key = keyOf(frame, kind, scale);
    let coming = this.coming.get(key);
    if (!coming) {
      const stop = new AbortController();
      coming = { frame, kind, stop, promise: this.#load(frame, kind, scale, stop.signal) };
      coming.promise.catch(() => {}).finally(() => this.coming.get(key) === coming && this.coming.delete(key));
      this.coming.set(key, coming);
    }
    return coming.promise;
  }

  /** Stops loading all pictures but those of some frames and kinds.
   * @param {number[]} frames
   * @param {string[]} kinds */
  only(frames, kinds) {
    for (const [key, coming] of this.coming) {
      if (frames.includes(coming.frame) && kinds.includes(coming.kind)) continue;
      coming.stop.abort();
      this.coming.delete(key);
    }
  }

  async #load(frame, kind, scale, signal) {
    const query = scale > 1 ? `?width=${Math.ceil(this.width / scale)}` : "";
    const answer = await fetched(`/film/${this.film}/picture/${frame}/${kind}${query}`, signal);
    const facts = factsOf(answer);
    const halves = new Uint16Array(await answer.arrayBuffer());
    const own = facts.whole ? 1 : scale;
    const found = { frame, kind, scale: own, facts, halves, picture: this.screen.upload(facts, halves) };
    this.kept.set(keyOf(frame, kind, own), found);
    this.#forget(found);
    return found;
  }

  #forget(newest) {
    let bytes = 0;
    for (const one of this.kept.values()) bytes += 2 * one.halves.byteLength;
    for (const [key, one] of this.kept) {
      if (bytes <= MAX_BYTES) return;
      if (one === newest || one.isShown) continue;
      bytes -= 2 * one.halves.byteLength;
      this.screen.drop(one.picture);
      this.kept.delete(key);
    }
  }

  /** The proxy of a frame, if it is there; else it is loaded for later.
   * @returns {{bytes: Uint8Array, width: number, height: number, shows: string} | null}
   * @throws {Error} it could not be loaded */
  proxy(frame, kind, first) {
    const chunk = this.#chunk(Math.floor((frame - first) / PROXIES), kind, first);
    return chunk instanceof Promise ? null : proxyOf(chunk, frame);
  }

  /** The proxy of a frame, loaded if it has to be. */
  async awaitedProxy(frame, kind, first) {
    return proxyOf(await this.#chunk(Math.floor((frame - first) / PROXIES), kind, first), frame);
  }

  /** Loads the proxies around a frame. */
  proxiesAhead(frame, kind, first, last, direction) {
    const next = frame + direction * PROXIES;
    if (next >= first && next <= last) this.#chunk(Math.floor((next - first) / PROXIES), kind, first);
  }

  /** Proxies, or why there are none: a failure is kept, because it would be asked for again with
   * each picture of the screen. */
  #chunk(index, kind, first) {
    const key = `${index} ${kind}`;
    let chunk = this.chunks.get(key);
    if (!chunk) {
      chunk = this.#loadChunk(first + index * PROXIES, kind).catch((error) => ({ error }));
      chunk.then((found) => this.chunks.get(key) === chunk && this.chunks.set(key, found));
      this.chunks.set(key, chunk);
      for (const old of this.chunks.keys()) {
        if (this.chunks.size <= MAX_CHUNKS) break;
        this.chunks.delete(old);
      }
    }
    return chunk;
  }

  async #loadChunk(start, kind) {
    const answer = await fetched(`/film/${this.film}/proxies/${kind}?first=${start}&count=${PROXIES}`);
    return { ...factsOf(answer), start, bytes: new Uint8Array(await answer.arrayBuffer()) };
  }

  /** Proxies of some frames, for thumbnails. */
  async some(frames, kind) {
    const answer = await fetched(`/film/${this.film}/proxies/${kind}?frames=${frames.join(",")}`);
    return { ...factsOf(answer), bytes: new Uint8Array(await answer.arrayBuffer()) };
  }
}

function proxyOf(chunk, frame) {
  if (chunk.error) throw chunk.error;
  const size = chunk.width * chunk.height * 3;
  const start = (frame - chunk.start) * size;
  if (start < 0 || start + size > chunk.bytes.length) return null;
  const { width, height, shows } = chunk;
  return { bytes: chunk.bytes.subarray(start, start + size), width, height, shows };
}
