// The screen: pictures as float textures, drawn by the GPU through the film's view.
import { rootBytes } from "/static/viewer-half.js";
import { DISPLAY, MAP, SCENE, fragmentShader, vertexShader } from "/static/viewer-shader.js";

const GROUND = [38 / 255, 38 / 255, 38 / 255];
const LINEAR_TEXELS = 1.5; // below a pixel of the screen, up to which one tap is enough
const MAX_TAPS = 4;

/** What is shown of red, green and blue, by the number of the channel: all, one of them, luma. */
const ROWS = [null, [1, 0, 0], [0, 1, 0], [0, 0, 1], [0.2126, 0.7152, 0.0722]];
const channelsOf = (number) => (ROWS[number] ? ROWS[number].flatMap((one) => [one, one, one]) : [1, 0, 0, 0, 1, 0, 0, 0, 1]);

/** How pictures are shown where nothing else is said. */
export const PLAIN = { factor: 1, stops: 0, gamma: 1, channel: 0, warnClipped: false, warnGamut: false };

export class Screen {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    const gl = canvas.getContext("webgl2", {
      alpha: false, antialias: false, depth: false, preserveDrawingBuffer: true,
      powerPreference: "high-performance",
    });
    if (!gl) throw new Error("this browser draws no WebGL 2; open the studio in a newer one, or with hardware acceleration");
    this.gl = gl;
    this.measuresFloats = Boolean(gl.getExtension("EXT_color_buffer_float"));
    this.filtersFloats = Boolean(gl.getExtension("OES_texture_float_linear"));
    this.maxSize = gl.getParameter(gl.MAX_TEXTURE_SIZE);
    this.hasFloats = this.#tryFloats();
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.bindVertexArray(gl.createVertexArray());
    this.lutTextures = [];
    this.programs = new Map();
    this.targets = {};
  }

  /** Whether the device takes textures of half floats. */
  #tryFloats() {
    const { gl } = this;
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB16F, 1, 1, 0, gl.RGB, gl.HALF_FLOAT, new Uint16Array(3));
    gl.deleteTexture(texture);
    return gl.getError() === gl.NO_ERROR;
  }

  /** Takes the film's view; shaders are compiled when they are needed.
   * @param {{shader: string, textures: {sampler: string, shape: number[], is_3d: boolean, is_linear: boolean}[]}} view
   * @param {Float32Array} values of its textures, one after the other */
  setView(view, values) {
    const { gl } = this;
    this.view = view;
    for (const one of this.lutTextures.splice(0)) gl.deleteTexture(one);
    for (const { program } of this.programs.values()) gl.deleteProgram(program);
    this.programs.clear();
    let start = 0;
    view.textures.forEach((one, index) => {
      const count = one.shape.reduce((product, size) => product * size, 1);
      gl.activeTexture(gl.TEXTURE2 + index);
      this.lutTextures.push(this.#lut(one, values.subarray(start, start + count)));
      start += count;
    });
  }

  /** The program for a way of showing, with a function that gives the places of its uniforms. */
  #program(ways, look) {
    const features = {
      isGamma: look.gamma !== 1, isExposed: look.stops !== 0,
      warns: ways.length === 1 && (look.warnClipped || look.warnGamut),
    };
    const name = JSON.stringify([ways, features]);
    let found = this.programs.get(name);
    if (!found) {
      found = this.#compiled(fragmentShader(this.view.shader, ways[0], ways[1] ?? null, features));
      this.programs.set(name, found);
    }
    this.gl.useProgram(found.program);
    return found.at;
  }

  #compiled(text) {
    const { gl } = this;
    const program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, vertexShader], [gl.FRAGMENT_SHADER, text]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
      const faults = gl.getAttachedShaders(program).map((one) => gl.getShaderInfoLog(one)).join(" ");
      throw new Error(`the film's view does not compile: ${gl.getProgramInfoLog(program)} ${faults}`);
    }
    gl.useProgram(program);
    const places = new Map();
    const at = (name) => {
      if (!places.has(name)) places.set(name, gl.getUniformLocation(program, name));
      return places.get(name);
    };
    gl.uniform1i(at("texture_a"), 0);
    gl.uniform1i(at("texture_b"), 1);
    this.view.textures.forEach((one, index) => gl.uniform1i(at(one.sampler), 2 + index));
    return { program, at };
  }

  #lut({ shape: [depth, height, width, channels], is_3d, is_linear }, values) {
    const { gl } = this;
    const texture = gl.createTexture();
    const target = is_3d ? gl.TEXTURE_3D : gl.TEXTURE_2D;
    const full = !is_linear || this.filtersFloats;
    const inner = channels === 1 ? (full ? gl.R32F : gl.R16F) : (full ? gl.RGB32F : gl.RGB16F);
    const format = channels === 1 ? gl.RED : gl.RGB;
    gl.bindTexture(target, texture);
    if (is_3d) gl.texImage3D(target, 0, inner, width, height, depth, 0, format, gl.FLOAT, values);
    else gl.texImage2D(target, 0, inner, width, height, 0, format, gl.FLOAT, values);
    this.#sampling(target, is_linear ? gl.LINEAR : gl.NEAREST);
    return texture;
  }

  #sampling(target, filter) {
    const { gl } = this;
    gl.texParameteri(target, gl.TEXTURE_MIN_FILTER, filter);
    gl.texParameteri(target, gl.TEXTURE_MAG_FILTER, filter);
    for (const axis of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T, gl.TEXTURE_WRAP_R]) gl.texParameteri(target, axis, gl.CLAMP_TO_EDGE);
  }

  /** Puts a picture of half floats on the GPU.
   * @param {{width: number, height: number, channels: number, area: object, kind: string}} facts
   * @param {Uint16Array} halves */
  upload(facts, halves) {
    const { gl } = this;
    const { width, height, channels } = facts;
    if (Math.max(width, height) > this.maxSize) throw new Error(`this device draws pictures of at most ${this.maxSize} pixels; this one has ${width} x ${height}`);
    const format = channels === 1 ? gl.RED : gl.RGB;
    const texture = this.#fresh();
    if (this.hasFloats) gl.texImage2D(gl.TEXTURE_2D, 0, channels === 1 ? gl.R16F : gl.RGB16F, width, height, 0, format, gl.HALF_FLOAT, halves);
    else gl.texImage2D(gl.TEXTURE_2D, 0, channels === 1 ? gl.R8 : gl.RGB8, width, height, 0, format, gl.UNSIGNED_BYTE, rootBytes(halves));
    return { texture, holds: channels === 1 ? MAP : SCENE, area: facts.area, width, height, smoothed: facts.kind === "error", rooted: !this.hasFloats };
  }

  /** Puts a proxy on the GPU, in the place of an earlier one.
   * @param {{width: number, height: number}} size
   * @param {Uint8Array} bytes
   * @param {object} area of the scan that it covers
   * @param {object | undefined} earlier */
  uploadProxy({ width, height }, bytes, area, earlier) {
    const { gl } = this;
    const texture = earlier?.texture ?? this.#fresh();
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB8, width, height, 0, gl.RGB, gl.UNSIGNED_BYTE, bytes);
    return { texture, holds: DISPLAY, area, width, height, smoothed: true, rooted: false };
  }

  #fresh() {
    const { gl } = this;
    const texture = gl.createTexture();
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    this.#sampling(gl.TEXTURE_2D, gl.LINEAR);
    return texture;
  }

  /** Frees a picture. */
  drop(picture) {
    this.gl.deleteTexture(picture.texture);
  }

  /** Fills the canvas with the ground. */
  clear() {
    const { gl, canvas } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.disable(gl.SCISSOR_TEST);
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(...GROUND, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
  }

  /** Draws a picture, or how two of them differ, in a part of the canvas.
   * @param {object | null} a
   * @param {object | null} b for the difference
   * @param {{origin: number[], zoom: number[]}} place of the scan
   * @param {{x: number, width: number}} part of the canvas, its columns
   * @param {object} look as of PLAIN */
  draw(a, b, place, part, look) {
    const { gl, canvas } = this;
    if (!a) return;
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.enable(gl.SCISSOR_TEST);
    gl.scissor(...this.#lit(b ? [a, b] : [a], place, part));
    this.#paint(a, b, place, { flip: canvas.height, isMeasured: false }, look);
    gl.disable(gl.SCISSOR_TEST);
  }

  /** The part of the canvas on which pictures lie: left, bottom, width, height. */
  #lit(pictures, { origin, zoom }, part) {
    const { height } = this.canvas;
    const box = [part.x + part.width, height, part.x, 0];
    for (const one of pictures) {
      if (!one) continue;
      const { x, y, width: across, height: down } = one.area;
      box[0] = Math.min(box[0], Math.floor(origin[0] + x * zoom[0]));
      box[1] = Math.min(box[1], Math.floor(origin[1] + y * zoom[1]));
      box[2] = Math.max(box[2], Math.ceil(origin[0] + (x + across) * zoom[0]));
      box[3] = Math.max(box[3], Math.ceil(origin[1] + (y + down) * zoom[1]));
    }
    const left = Math.max(box[0], part.x), right = Math.min(box[2], part.x + part.width);
    const top = Math.max(box[1], 0), bottom = Math.min(box[3], height);
    return [left, height - bottom, Math.max(0, right - left), Math.max(0, bottom - top)];
  }

  /** The display values of a part of a picture, in floats, four for each pixel, the last 1 inside.
   * @param {object} picture
   * @param {{x: number, y: number, width: number, height: number}} part of the scan
   * @param {number} step pixels of the scan from one value to the next */
  measure(picture, part, step) {
    const { gl } = this;
    const width = Math.max(1, Math.floor(part.width / step));
    const height = Math.max(1, Math.floor(part.height / step));
    const values = this.measuresFloats ? new Float32Array(4 * width * height) : new Uint8Array(4 * width * height);
    this.#aim(width, height);
    const place = { origin: [-part.x / step, -part.y / step], zoom: [1 / step, 1 / step] };
    this.#paint(picture, null, place, { flip: 0, isMeasured: true }, PLAIN);
    gl.readPixels(0, 0, width, height, gl.RGBA, this.measuresFloats ? gl.FLOAT : gl.UNSIGNED_BYTE, values);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    const floats = this.measuresFloats ? values : Float32Array.from(values, (one) => one / 255);
    return { width, height, values: floats };
  }

  /** A target of floats for measurements; that of a single pixel, for the probe, is kept. */
  #aim(width, height) {
    const { gl } = this;
    const name = width * height === 1 ? "probe" : "scopes";
    let target = this.targets[name];
    if (target?.width !== width || target?.height !== height) {
      if (target) {
        gl.deleteFramebuffer(target.buffer);
        gl.deleteTexture(target.texture);
      }
      const texture = this.#fresh();
      gl.texStorage2D(gl.TEXTURE_2D, 1, this.measuresFloats ? gl.RGBA32F : gl.RGBA8, width, height);
      const buffer = gl.createFramebuffer();
      gl.bindFramebuffer(gl.FRAMEBUFFER, buffer);
      gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
      target = this.targets[name] = { texture, buffer, width, height };
    }
    gl.bindFramebuffer(gl.FRAMEBUFFER, target.buffer);
    gl.viewport(0, 0, width, height);
  }

  #paint(a, b, { origin, zoom }, { flip, isMeasured }, look) {
    const { gl } = this;
    const pictures = b ? [a, b] : [a], samplings = pictures.map((one) => samplingOf(one, zoom, isMeasured));
    const ways = pictures.map(({ holds, rooted }, index) => ({ holds, rooted, isTapped: samplings[index].taps > 1 }));
    const at = this.#program(ways, look);
    pictures.forEach((one, index) => this.#set(index, one, samplings[index], at));
    gl.uniform1f(at("flip"), flip);
    gl.uniform2f(at("origin"), ...origin);
    gl.uniform2f(at("zoom"), ...zoom);
    gl.uniform1f(at("gain"), 2 ** look.stops);
    gl.uniform1f(at("gamma"), look.gamma);
    gl.uniform1f(at("factor"), look.factor);
    gl.uniformMatrix3fv(at("channels"), false, channelsOf(look.channel));
    gl.uniform3f(at("ground"), ...(isMeasured ? [0, 0, 0] : GROUND));
    gl.uniform1f(at("backing"), Number(!isMeasured));
    gl.uniform1i(at("warn_clipped"), Number(look.warnClipped));
    gl.uniform1i(at("warn_gamut"), Number(look.warnGamut));
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  #set(index, picture, { texels, taps }, at) {
    const { gl } = this, name = "ab"[index];
    const { x, y, width, height } = picture.area;
    gl.activeTexture(gl.TEXTURE0 + index);
    gl.bindTexture(gl.TEXTURE_2D, picture.texture);
    gl.uniform4f(at(`area_${name}`), x, y, width, height);
    gl.uniform2f(at(`size_${name}`), picture.width, picture.height);
    gl.uniform2f(at(`texels_${name}`), ...texels);
    gl.uniform1i(at(`taps_${name}`), taps);
  }
}

/** How a picture is read at a zoom: texels below a pixel of the screen, 0 for the nearest one, and
 * taps across and down. */
function samplingOf(picture, zoom, isMeasured) {
  const { width, height } = picture.area;
  if (!picture.smoothed && (isMeasured || zoom[1] >= 1)) return { texels: [0, 0], taps: 1 };
  const texels = [picture.width / width / zoom[0], picture.height / height / zoom[1]];
  const most = Math.max(...texels);
  return { texels, taps: most < LINEAR_TEXELS ? 1 : Math.min(MAX_TAPS, Math.ceil(most / 2)) };
}
