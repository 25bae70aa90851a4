// What the page of constructions shows of a frame: scan, constructed frame, uncertainty or a wipe,
// with its points, and rings where a colour would help.

const LABELS = { scan: "scan", constructed: "constructed", uncertainty: "uncertainty of the colour", wipe: "scan | constructed" };
const SVG = "http://www.w3.org/2000/svg";

/** Binds the layers over the picture of a pane.
 * @param {import("/static/pairs-pane.js").Pane} pane that shows the scan */
export function frameView(pane) {
  const byId = (id) => document.getElementById(id);
  const [rings, shapes, line, slider] = ["rings", "shapes", "line", "wipe"].map(byId);
  const layers = { constructed: byId("constructed"), uncertainty: byId("uncertainty") };
  let mode = "constructed";
  let points = []; // as shown: number, point, colour, expected
  let places = []; // where a colour would help most
  let stroke = null; // what is being drawn: positions, isArea

  function clear() {
    [points, places, stroke] = [[], [], null];
    Object.values(layers).forEach((one) => one.removeAttribute("src"));
    rings.replaceChildren();
    shapes.replaceChildren();
  }

  /** Shows a solution as the studio sends it; resolves when its pictures are decoded. */
  async function showSolution(solution) {
    for (const [name, image] of Object.entries(layers)) image.src = solution[name];
    places = solution.places;
    await Promise.all(Object.values(layers).map((one) => one.decode().catch(() => {})));
  }

  /** Shows points, of which one is chosen.
   * @param {object[]} facts of each: number, point, colour, and the colour that is `expected` there */
  function showPoints(facts, chosen) {
    points = facts;
    if (!pane.area) return;
    pane.mark(facts.map(({ number, point }) => ({ number, position: point.at[0] })), chosen);
    facts.forEach(({ number, point, colour, expected }, index) => {
      const marker = pane.markers[index];
      marker.style.setProperty("--colour", colour || "transparent");
      marker.style.setProperty("--expected", expected ?? "transparent");
      marker.classList.toggle("open", !colour);
      marker.classList.toggle("contradicts", Boolean(expected));
      marker.setAttribute("aria-label", `Point ${number}, ${point.colour || "without a colour"}${expected ? ", contradicts the others" : ""}`);
    });
  }

  /** Shows what is being drawn; null when it is done. */
  function draw(drawn) {
    stroke = drawn;
    update();
  }

  /** Puts all that lies over the picture where the picture is now. */
  function update() {
    const wiped = mode === "wipe";
    layers.constructed.hidden = !(wiped || mode === "constructed");
    layers.uncertainty.hidden = mode !== "uncertainty";
    pane.canvas.classList.toggle("uncertain", mode === "uncertainty");
    line.hidden = !wiped;
    slider.disabled = !wiped;
    const at = (Number(slider.value) / 100) * pane.view.clientWidth;
    line.style.left = `${at}px`;
    const share = pane.area && wiped ? (100 * (at - pane.left)) / pane.width : 0;
    layers.constructed.style.clipPath = `inset(0 0 0 ${Math.min(100, Math.max(0, share))}%)`;
    byId("shown").textContent = LABELS[mode];
    for (const button of document.querySelectorAll("[data-mode]")) button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    if (!pane.area) return;
    rings.replaceChildren(...places.map(ring));
    const drawn = points.map(({ point, colour }) => ({ positions: point.at, isArea: point.area, colour }));
    if (stroke) drawn.push(stroke);
    shapes.replaceChildren(...drawn.filter(({ positions }) => positions.length > 1).flatMap(shape));
  }

  function ring(position) {
    const [left, top] = pane.toView(position);
    const made = Object.assign(document.createElement("span"), { className: "ring" });
    Object.assign(made.style, { left: `${left}px`, top: `${top}px` });
    return made;
  }

  /** A scribble or a region: a dark line below one of its colour. */
  function shape({ positions, isArea, colour }) {
    const at = positions.map((one) => pane.toView(one).map(Math.round).join(",")).join(" ");
    return ["under", "over"].map((name) => {
      const made = document.createElementNS(SVG, isArea ? "polygon" : "polyline");
      made.setAttribute("points", at);
      made.setAttribute("class", name);
      if (name === "over" && colour) made.style.stroke = colour;
      return made;
    });
  }

  function setMode(name) {
    mode = name;
    update();
  }

  function wipeTo(percent) {
    slider.value = String(Math.min(100, Math.max(0, percent)));
    setMode("wipe");
  }

  document.querySelectorAll("[data-mode]").forEach((one) => one.addEventListener("click", () => setMode(one.dataset.mode)));
  slider.addEventListener("input", () => wipeTo(Number(slider.value)));
  line.addEventListener("pointerdown", (event) => line.setPointerCapture(event.pointerId));
  line.addEventListener("pointermove", (event) => {
    const box = pane.view.getBoundingClientRect();
    if (event.buttons) wipeTo((100 * (event.clientX - box.left)) / box.width);
  });

  return { clear, draw, setMode, showPoints, showSolution, update, wipeBy: (percent) => wipeTo(Number(slider.value) + percent) };
}
