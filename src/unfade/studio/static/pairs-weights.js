// The mean weights of the pairs in sight.
const AT_A_TIME = 24; // Pairs of one request, so that pictures do not wait long behind it.

/** Shows the weights of tiles when they come into sight.
 * @param {string} base address of the page
 * @param {HTMLElement} grid
 * @returns {(version: string) => void} to be called when the grid has changed */
export function showWeights(base, grid) {
  const known = new Map();
  const inSight = new Set();
  let waiting = 0;
  let shown = ""; // the version that is known
  const observer = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      observer.unobserve(target);
      inSight.add(target.dataset.weight);
    }
    clearTimeout(waiting);
    waiting = setTimeout(ask, 300);
  });

  async function ask() {
    const frames = [...inSight].slice(0, AT_A_TIME);
    if (!frames.length) return;
    frames.forEach((frame) => inSight.delete(frame));
    const version = shown;
    const answer = await fetch(`${base}/weights?frames=${frames}`).catch(() => null);
    if (!answer?.ok) return;
    const { weights } = await answer.json();
    if (version !== shown) return;
    for (const [frame, weight] of Object.entries(weights)) known.set(frame, weight);
    write();
    if (inSight.size) waiting = setTimeout(ask, 50);
  }

  function write() {
    for (const place of grid.querySelectorAll("[data-weight]")) {
      const weight = known.get(place.dataset.weight);
      if (weight !== undefined) place.textContent = `weight ${Math.round(100 * weight)} %`;
    }
  }

  return (version) => {
    if (version !== shown) known.clear();
    shown = version;
    write();
    for (const place of grid.querySelectorAll("[data-weight]:empty")) if (place.dataset.weight) observer.observe(place);
  };
}
