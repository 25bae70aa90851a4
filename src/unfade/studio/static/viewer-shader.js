// The shaders that show pictures: the film's view, written by OpenColorIO, between exposure and gamma.
// There is one for each way of showing, because without a GPU all branches of a shader are computed.

/** What a picture holds: scene light, a map, display values. */
export const SCENE = 1, MAP = 2, DISPLAY = 3;

export const vertexShader = `#version 300 es
void main() {
  vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
  gl_Position = vec4(corner, 0.0, 1.0);
}`;

const DISPLAYED = {
  [SCENE]: "vec3 shown = film_view(vec4(value * gain, 1.0)).rgb;",
  [MAP]: "vec3 shown = vec3(value.r * gain / WHITE_CIEDE2000);",
  [DISPLAY]: "vec3 shown = value;",
};
const EXPOSED = { ...DISPLAYED, [DISPLAY]: "vec3 shown = pow(pow(max(value, 0.0), vec3(2.4)) * gain, vec3(1.0 / 2.4));" };

const ONE_TAP = (name) => `vec3 value = textureLod(texture_${name}, at, 0.0).rgb;`;
const TAPS = (name) => `
  vec2 reach = texels_${name} / size_${name} / float(taps_${name});
  vec2 start = at - 0.5 * reach * float(taps_${name} - 1);
  vec3 sum = vec3(0.0);
  for (int y = 0; y < taps_${name}; y++) {
    for (int x = 0; x < taps_${name}; x++) {
      sum += textureLod(texture_${name}, start + vec2(x, y) * reach, 0.0).rgb;
    }
  }
  vec3 value = sum / float(taps_${name} * taps_${name});`;

/** Functions for a picture: its value at a place of the scan, w is 0 outside; its display value. */
const pictureFunctions = (name, { holds, rooted, isTapped }, { isGamma, isExposed }) => `
uniform sampler2D texture_${name};
uniform vec4 area_${name};   // the part of the scan's raster that the picture covers
uniform vec2 size_${name};   // of the picture
uniform vec2 texels_${name}; // texels below a pixel of the screen; 0 for the nearest one
uniform int taps_${name};    // across and down; a tap reaches two texels

vec4 stored_${name}(vec2 place) {
  vec2 at = (place - area_${name}.xy) / area_${name}.zw;
  float inside = float(all(greaterThanEqual(at, vec2(0.0))) && all(lessThan(at, vec2(1.0))));
  vec2 nearest = (floor(at * size_${name}) + 0.5) / size_${name};
  at = texels_${name}.x == 0.0 ? nearest : at;
  ${isTapped ? TAPS(name) : ONE_TAP(name)}
  ${rooted ? "value *= value;" : ""}
  return vec4(value, inside);
}

vec3 displayed_${name}(vec3 value) {
  ${(isExposed ? EXPOSED : DISPLAYED)[holds]}
  ${isGamma ? "shown = sign(shown) * pow(abs(shown), vec3(1.0 / gamma));" : ""}
  return shown;
}`;

// Stripes that rise are above 1, stripes that fall below 0, dots are out of gamut.
const WARNINGS = `
uniform bool warn_clipped;
uniform bool warn_gamut;

vec3 with_warnings(vec3 shown, vec3 scene, bool is_scene, vec2 at) {
  vec3 marked = shown;
  if (warn_gamut && all(lessThan(mod(at, 6.0), vec2(3.0)))
    && (any(lessThan(shown, vec3(-0.0001))) || (is_scene && any(lessThan(scene, vec3(0.0)))))) {
    marked = vec3(dot(shown, LUMA) < 0.5 ? 0.8 : 0.2);
  }
  if (warn_clipped && any(greaterThan(shown, vec3(1.0001))) && mod(at.x + at.y, 8.0) < 3.0) marked = vec3(0.0);
  if (warn_clipped && any(lessThan(shown, vec3(-0.0001))) && mod(at.x - at.y, 8.0) < 3.0) marked = vec3(1.0);
  return marked;
}`;

const SINGLE = (holds, warns) => `
  vec4 one = stored_a(place);
  vec3 shown = displayed_a(one.rgb);
  ${warns ? `shown = with_warnings(shown, one.rgb, ${holds === SCENE}, at);` : ""}
  float inside = one.w;`;

const DIFFERENCE = `
  vec4 one = stored_a(place), other = stored_b(place);
  vec3 shown = abs(displayed_a(one.rgb) - displayed_b(other.rgb)) * factor;
  float inside = one.w * other.w;`;

/** The fragment shader of a way of showing.
 * @param {string} view that declares film_view
 * @param {Way} a
 * @param {Way | null} b for the difference of both
 * @param {{isGamma: boolean, isExposed: boolean, warns: boolean}} look what is not as stored
 * @returns {string}
 * @typedef {{holds: number, rooted: boolean, isTapped: boolean}} Way how a picture is read */
export function fragmentShader(view, a, b, look) {
  const needsView = a.holds === SCENE || b?.holds === SCENE, { warns } = look;
  return `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
precision highp sampler3D;

${needsView ? view : ""}

uniform float flip;     // height of the screen, because its lines count upwards; 0 to keep them
uniform vec2 origin;    // pixel of the screen on which the scan's corner lies
uniform vec2 zoom;      // pixels of the screen for one of the scan
uniform float gain;     // exposure, in scene light
uniform float gamma;
uniform float factor;   // of a difference
uniform mat3 channels;  // what is shown of red, green and blue
uniform vec3 ground;    // around the picture
uniform float backing;  // opacity outside the picture
out vec4 color;

const vec3 LUMA = vec3(0.2126, 0.7152, 0.0722);
const float WHITE_CIEDE2000 = 10.0;
${pictureFunctions("a", a, look)}
${b ? pictureFunctions("b", b, look) : ""}
${warns ? WARNINGS : ""}

void main() {
  vec2 at = gl_FragCoord.xy;
  at.y = abs(flip - at.y);
  vec2 place = (at - origin) / zoom;
  ${b ? DIFFERENCE : SINGLE(a.holds, warns)}
  color = mix(vec4(ground, backing), vec4(channels * shown, 1.0), inside);
}`;
}
