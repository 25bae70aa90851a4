// The shader that shows pictures: the film's view, written by OpenColorIO, between exposure and gamma.

export const vertexShader = `#version 300 es
void main() {
  vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
  gl_Position = vec4(corner, 0.0, 1.0);
}`;

/** The fragment shader of a view.
 * @param {string} view that declares film_view
 * @returns {string} */
export const fragmentShader = (view) => `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
precision highp sampler3D;

${view}

// A picture: what it holds (0 nothing, 1 scene light, 2 a map, 3 display values), the part of the
// scan's raster that it covers, its size, whether it is smoothed, whether it holds square roots.
struct Picture { int holds; vec4 area; vec2 size; bool smoothed; bool rooted; };

uniform sampler2D texture_a;
uniform sampler2D texture_b;
uniform Picture picture_a;
uniform Picture picture_b;
uniform int compare;      // 0 A, 1 B, 2 wipe, 3 difference
uniform float edge;       // of the wipe, in pixels of the screen
uniform float factor;     // of the difference
uniform float flip;       // height of the screen, because its lines count upwards; 0 to keep them
uniform vec2 origin;      // pixel of the screen on which the scan's corner lies
uniform vec2 zoom;        // pixels of the screen for one of the scan
uniform float stops;
uniform float gamma;
uniform int channel;      // 0 all, 1 red, 2 green, 3 blue, 4 luma
uniform bool warn_clipped;
uniform bool warn_gamut;
uniform bool measured;    // display values as they are, for scopes and the probe
out vec4 color;

const vec3 GROUND = vec3(38.0 / 255.0);
const vec3 LUMA = vec3(0.2126, 0.7152, 0.0722);
const float WHITE_CIEDE2000 = 10.0;

// The mean of texels below a pixel of the screen. Between two and four texels are fetched across,
// because without a GPU each costs as much as all the rest.
vec3 averaged(sampler2D pixels, vec2 at, vec2 texels) {
  if (all(lessThan(texels, vec2(1.5)))) return textureLod(pixels, at, 0.0).rgb;
  ivec2 size = textureSize(pixels, 0);
  ivec2 corner = ivec2(floor(at * vec2(size) - 0.5 * texels + 0.25 * texels));
  if (all(lessThan(texels, vec2(2.5)))) {
    ivec2 one = clamp(corner, ivec2(0), size - 1);
    ivec2 other = min(ivec2(floor(at * vec2(size) + 0.25 * texels)), size - 1);
    return 0.25 * (texelFetch(pixels, one, 0).rgb + texelFetch(pixels, other, 0).rgb
      + texelFetch(pixels, ivec2(one.x, other.y), 0).rgb + texelFetch(pixels, ivec2(other.x, one.y), 0).rgb);
  }
  vec3 sum = vec3(0.0);
  for (int index = 0; index < 16; index++) {
    vec2 place = (vec2(index % 4, index / 4) + 0.5) / 4.0 - 0.5;
    sum += textureLod(pixels, at + place * texels / vec2(size), 0.0).rgb;
  }
  return sum / 16.0;
}

// The value of a picture at a place of the scan's raster; w is 0 outside.
vec4 stored(sampler2D pixels, Picture one, vec2 place) {
  vec2 at = (place - one.area.xy) / one.area.zw;
  if (one.holds == 0 || any(lessThan(at, vec2(0.0))) || any(greaterThanEqual(at, vec2(1.0)))) {
    return vec4(0.0);
  }
  vec3 value;
  vec2 texels = one.size / one.area.zw / zoom;
  if (!one.smoothed && (measured || zoom.y >= 1.0)) {
    value = texelFetch(pixels, ivec2(at * one.size), 0).rgb;
  } else {
    value = averaged(pixels, at, texels);
  }
  if (one.rooted) value *= value;
  return vec4(value, 1.0);
}

vec3 displayed(vec3 value, int holds) {
  float gain = exp2(stops);
  vec3 shown;
  if (holds == 2) {
    shown = vec3(value.r * gain / WHITE_CIEDE2000);
  } else if (holds == 3) {
    shown = value;
    if (stops != 0.0) shown = pow(pow(max(value, 0.0), vec3(2.4)) * gain, vec3(1.0 / 2.4));
  } else {
    shown = film_view(vec4(value * gain, 1.0)).rgb;
  }
  if (gamma != 1.0) shown = sign(shown) * pow(abs(shown), vec3(1.0 / gamma));
  return shown;
}

vec3 of_channel(vec3 value) {
  if (channel == 0) return value;
  if (channel == 4) return vec3(dot(value, LUMA));
  return vec3(value[channel - 1]);
}

// Stripes that rise are above 1, stripes that fall below 0, dots are out of gamut.
vec3 with_warnings(vec3 shown, vec3 scene, int holds, vec2 at) {
  if (warn_clipped) {
    if (any(greaterThan(shown, vec3(1.0001))) && mod(at.x + at.y, 8.0) < 3.0) return vec3(0.0);
    if (any(lessThan(shown, vec3(-0.0001))) && mod(at.x - at.y, 8.0) < 3.0) return vec3(1.0);
  }
  if (!warn_gamut) return shown;
  bool outside = holds == 1 && (any(lessThan(scene, vec3(0.0))) || any(lessThan(shown, vec3(-0.0001))));
  if (outside && all(lessThan(mod(at, 6.0), vec2(3.0)))) return vec3(dot(shown, LUMA) < 0.5 ? 0.8 : 0.2);
  return shown;
}

void main() {
  vec2 at = gl_FragCoord.xy;
  if (flip > 0.0) at.y = flip - at.y;
  vec2 place = (at - origin) / zoom;
  bool only_b = compare == 1 || (compare == 2 && at.x >= edge);
  // Branches, because both sides of a conditional expression may be computed.
  vec4 a = vec4(0.0), b = vec4(0.0);
  if (!only_b) a = stored(texture_a, picture_a, place);
  if (only_b || compare == 3) b = stored(texture_b, picture_b, place);
  if (compare == 3) {
    if (a.w * b.w == 0.0) { color = vec4(GROUND, 1.0); return; }
    vec3 shown = abs(displayed(a.rgb, picture_a.holds) - displayed(b.rgb, picture_b.holds)) * factor;
    color = vec4(of_channel(shown), 1.0);
    return;
  }
  vec4 one = only_b ? b : a;
  int holds = only_b ? picture_b.holds : picture_a.holds;
  if (one.w == 0.0) { color = measured ? vec4(0.0) : vec4(GROUND, 1.0); return; }
  vec3 shown = displayed(one.rgb, holds);
  if (measured) { color = vec4(shown, 1.0); return; }
  color = vec4(of_channel(with_warnings(shown, one.rgb, holds, at)), 1.0);
}`;
