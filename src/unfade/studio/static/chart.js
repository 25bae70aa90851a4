// Charts as SVG, drawn at the size of their box so that text has the size of the page's.

const NAMESPACE = "http://www.w3.org/2000/svg";

/** An element of SVG.
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 * @param {string} text */
export function element(name, attributes, text = "") {
  const one = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, String(value));
  one.textContent = text;
  return one;
}

/** Pixels of a unit of charts: 1 up to 1,920 pixels of width, more on a larger page. */
export function unit() {
  return parseFloat(getComputedStyle(document.documentElement).fontSize) / 15;
}

/** Three to six round numbers from 0 up to about the highest.
 * @param {number} highest
 * @returns {number[]} */
export function ticks(highest) {
  const rough = Math.max(highest, 1e-6) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => power * factor >= rough * (1 - 1e-9));
  return Array.from({ length: Math.floor(highest / step + 1e-9) + 1 }, (_, index) => index * step);
}

/** Rows of labels that keep a distance, in the order of their own rows.
 * @param {{ y: number }[]} labels
 * @param {number} distance */
export function spread(labels, distance) {
  const sorted = [...labels].sort((one, other) => one.y - other.y);
  sorted.forEach((label, index) => {
    if (index) label.y = Math.max(label.y, sorted[index - 1].y + distance);
  });
  return sorted;
}
