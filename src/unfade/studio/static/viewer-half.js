// Half floats: their values, and eight bits where a device has no float textures.

/** The value of a half float, exact.
 * @param {number} bits
 * @returns {number} */
export function valueOf(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

let bytes = null;

/** Square roots of half floats as bytes, for devices without float textures; values are cut to 0 to 1.
 * @param {Uint16Array} halves
 * @returns {Uint8Array} */
export function rootBytes(halves) {
  bytes ??= Uint8Array.from({ length: 65536 }, (_, bits) => {
    const value = valueOf(bits);
    return Math.round(255 * Math.sqrt(Math.min(1, Math.max(0, value || 0))));
  });
  const found = new Uint8Array(halves.length);
  for (let index = 0; index < halves.length; index += 1) found[index] = bytes[halves[index]];
  return found;
}

/** Y', Cb and Cr of Rec.709.
 * @param {ArrayLike<number>} rgb
 * @returns {number[]} */
export function ycbcrOf([red, green, blue]) {
  const y = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return [y, (blue - y) / 1.8556, (red - y) / 1.5748];
}
