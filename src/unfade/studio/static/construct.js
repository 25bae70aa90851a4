// Constructed references: points with stated colours on a frame, and the frame that follows from them.
import { bind, film, on, post, readOnly, say } from "/static/studio.js";
import { answerOf, latest } from "/static/answers.js";
import { colourAt, eyedropper } from "/static/construct-eye.js";
import { pointPanel } from "/static/construct-panel.js";
import { Pane } from "/static/pairs-pane.js";
import { sentences } from "/static/pairs-words.js";

const SCAN_WIDTH_PX = 1920; // Width of the scan, sharp enough to place points when zoomed.
const ONE_STEP_MS = 1000; // Changes of one kind within this time are one step of undo.
const MAX_STEPS = 200; // Steps that can be undone.

const base = `/film/${film}/construct`;

if (document.getElementById("desk")) start();
else on("refreshed", () => document.querySelector("[data-live=problem]").textContent.trim() || location.reload());

function start() {
  const byId = (id) => document.getElementById(id);
  const [rings, line, slider, told, author] = ["rings", "line", "wipe", "told", "author"].map(byId);
  const layers = { constructed: byId("constructed"), uncertainty: byId("uncertainty") };
  const number = byId("frame");
  const does = { place, move, remove, select, zoomed: () => {}, drawn };
  const pane = new Pane(document.querySelector("[data-pane=source]"), does);
  const panel = pointPanel({ change, remove: () => remove(chosen), select: (one) => select("", one), asShown });
  eyedropper({ base, take });

  let frame = null; // what is open: number, construction, seen, palette
  let points = []; // as in the file; one without a colour does not count yet
  let chosen = 0; // number of a point
  let saved = "[]";
  let solution = null; // the last answer, with `sent`: the points that it rests on
  let mode = "constructed";
  const ask = latest();

  const clone = (value) => JSON.parse(JSON.stringify(value));
  const colour = (one) => (one.colour.startsWith("#") ? one.colour : frame.palette.find(({ name }) => name === one.colour)?.colour ?? "");
  const stated = () => points.filter((one) => one.colour);
  const isSaved = () => JSON.stringify(points) === saved;

  // ---- opening a frame

  let isWarned = false; // whether a person was told that points are not saved

  async function open(wanted) {
    if (frame && !isSaved() && !isWarned) {
      isWarned = true;
      return say("the points are not saved; open the frame again to discard them");
    }
    const isLast = ask();
    const found = (await answerOf(`${base}/frame?frame=${wanted}`)) ?? { error: "the studio does not answer; start it again with 'unfade studio'" };
    if (!isLast()) return;
    if (found.error) return say(found.error);
    say("");
    frame = { number: wanted, ...found };
    points = found.construction.point;
    [chosen, saved, solution, steps, isWarned] = [0, JSON.stringify(points), null, [], false];
    if (found.construction.author) author.value = found.construction.author;
    history.replaceState(null, "", `#${wanted}`);
    byId("said").textContent = "";
    sentences(told, [found.pair]);
    Object.values(layers).forEach((one) => one.removeAttribute("src"));
    panel.palettes(frame.palette);
    markFrame();
    pane.clear();
    rings.replaceChildren();
    solve(`${base}/solution?frame=${wanted}`);
    const inside = { ...found.area, across: found.area.across - 0.1, down: found.area.down - 0.1 };
    await pane.show(inside, `${base}/picture?frame=${wanted}&width=${SCAN_WIDTH_PX}`);
    if (isLast()) show();
  }

  function markFrame() {
    if (!frame) return;
    number.value = byId("scrub").value = frame.number;
    for (const button of document.querySelectorAll("[data-frame]")) button.toggleAttribute("aria-current", Number(button.dataset.frame) === frame.number);
    for (const button of document.querySelectorAll("[data-frame][aria-current]")) button.setAttribute("aria-current", "true");
  }

  // ---- points

  let steps = []; // what undo goes back to: kind, time, points, chosen

  function remember(kind) {
    const last = steps.at(-1);
    const now = performance.now();
    if (last && last.kind === kind && now - last.time < ONE_STEP_MS) return (last.time = now);
    steps.push({ kind, time: now, points: clone(points), chosen });
    if (steps.length > MAX_STEPS) steps.shift();
  }

  function undo() {
    const last = steps.pop();
    if (!last) return;
    [points, chosen] = [last.points, last.chosen];
    changed();
  }

  function place(_, position) {
    if (!position || !frame) return;
    if (readOnly) return say("the studio is read-only; start it without --read-only to change something");
    const there = pane.near(position);
    if (there) return select("", there.number);
    remember("place");
    points.push({ at: [position], area: false, colour: "", source: "", author: "", note: "" });
    chosen = points.length;
    changed();
    focusChosen();
  }

  /** Moves a point; a scribble or a region as a whole. */
  function move(_, which, position) {
    if (!position || readOnly) return;
    remember(`move ${which}`);
    const point = points[which - 1];
    const [right, down] = [0, 1].map((axis) => position[axis] - point.at[0][axis]);
    point.at = point.at.map(([x, y], index) => (index ? pane.inside([x + right, y + down]) : position));
    changed();
  }

  function remove(which) {
    if (!points[which - 1] || readOnly) return;
    remember("remove");
    points.splice(which - 1, 1);
    chosen = Math.min(which, points.length);
    changed();
    focusChosen();
  }

  function select(_, which) {
    chosen = which;
    show();
    focusChosen();
  }

  function focusChosen() {
    (pane.marker(chosen) ?? pane.view).focus({ preventScroll: true });
  }

  /** Changes what is known of the chosen point. */
  function change(fields) {
    if (!points[chosen - 1] || readOnly) return;
    remember(`${Object.keys(fields)} ${chosen}`);
    Object.assign(points[chosen - 1], fields);
    changed();
  }

  function take(picked, source) {
    const point = points[chosen - 1];
    if (!point) return say("place or choose a point first; the colour is for it");
    change({ colour: picked, source: point.source || source });
  }

  /** The colour that the constructed frame shows at a point. */
  function shownAt(point) {
    const { x, y, width, height } = pane.area;
    return layers.constructed.naturalWidth ? colourAt(layers.constructed, [(point.at[0][0] - x) / width, (point.at[0][1] - y) / height]) : "#808080";
  }

  function asShown() {
    const point = points[chosen - 1];
    if (point) change({ colour: shownAt(point) });
  }

  function changed() {
    isWarned = false;
    show();
    solve();
  }

  // ---- the solution

  let wanted = null; // the request that is to be answered, or has been
  let isAsking = false;

  /** Asks for the solution; of changes that come while one is on its way only the last is asked for.
   * @param {string} address of the solution by the file; else that of the points is asked for */
  function solve(address = null) {
    const sent = stated();
    const body = address ? null : JSON.stringify({ frame: frame.number, point: sent });
    const next = { key: address ?? body, address: address ?? `${base}/solution`, body, sent, frame };
    if (wanted?.key === next.key) return;
    wanted = next;
    if (!isAsking) answer();
  }

  async function answer() {
    isAsking = true;
    document.body.toggleAttribute("data-solving", true);
    for (let now = null; now !== wanted; ) {
      now = wanted;
      const options = now.body ? { method: "POST", headers: { "content-type": "application/json" }, body: now.body } : {};
      const reply = await fetch(now.address, options).catch(() => null);
      const found = (await reply?.json().catch(() => null)) ?? { error: "the studio does not answer; start it again with 'unfade studio'" };
      if (now === wanted || (reply?.ok && now.frame === frame)) await showSolution(found, now.sent);
      if (!reply?.ok && now === wanted) wanted = null; // It may be asked for again.
      if (wanted === null) break;
    }
    isAsking = false;
    document.body.toggleAttribute("data-solving", false);
  }

  async function showSolution(found, sent) {
    if (found.error) return sentences(told, [found.error]);
    solution = { ...found, sent };
    layers.constructed.src = found.constructed;
    layers.uncertainty.src = found.uncertainty;
    sentences(told, [frame.pair, ...found.left_out.map(({ words }) => `${words[0].toUpperCase()}${words.slice(1)}.`)]);
    await Promise.all(Object.values(layers).map((one) => one.decode().catch(() => {})));
    show();
  }

  // ---- what is shown

  function show() {
    if (!frame) return;
    const contradicting = (one) => solution?.left_out.find(({ index }) => solution.sent[index] === one)?.expected;
    const facts = points.map((point, index) => ({ number: index + 1, point, colour: colour(point), expected: contradicting(point) }));
    if (pane.area) {
      pane.mark(facts.map((one) => ({ number: one.number, position: one.point.at[0] })), chosen);
      facts.forEach((one, index) => {
        const marker = pane.markers[index];
        marker.style.setProperty("--colour", one.colour || "transparent");
        marker.style.setProperty("--expected", one.expected ?? "transparent");
        marker.classList.toggle("open", !one.colour);
        marker.classList.toggle("contradicts", Boolean(one.expected));
        marker.setAttribute("aria-label", `Point ${one.number}, ${one.point.colour || "without a colour"}${one.expected ? ", contradicts the others" : ""}`);
      });
    }
    const current = facts[chosen - 1];
    panel.show(facts, current && { ...current, shown: current.colour || (pane.area ? shownAt(current.point) : "#808080") });
    byId("undo").disabled = !steps.length;
    byId("save").disabled = readOnly || isSaved();
    drawn();
  }

  function drawn() {
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
    byId("shown").textContent = { scan: "scan", constructed: "constructed", uncertainty: "uncertainty of the colour", wipe: "scan | constructed" }[mode];
    for (const button of document.querySelectorAll("[data-mode]")) button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    const places = pane.area ? (solution?.places ?? []) : [];
    rings.replaceChildren(
      ...places.map((position) => {
        const ring = document.createElement("span");
        const [left, top] = pane.toView(position);
        ring.className = "ring";
        Object.assign(ring.style, { left: `${left}px`, top: `${top}px` });
        return ring;
      }),
    );
  }

  function setMode(name) {
    mode = name;
    drawn();
  }

  function wipeTo(percent) {
    slider.value = String(Math.min(100, Math.max(0, percent)));
    setMode("wipe");
  }

  // ---- saving

  async function save() {
    const button = byId("save");
    if (button.disabled || button.ariaBusy) return;
    const open = points.findIndex((one) => !one.colour) + 1;
    if (open) {
      select("", open);
      return say(`point ${open} has no colour yet; state it, or delete the point`);
    }
    if (!byId("save-form").reportValidity()) return;
    const { construction } = frame;
    const by = construction.author || author.value;
    const known = new Set(JSON.parse(saved).map((one) => JSON.stringify(one)));
    const isMine = (one) => author.value !== by && !one.author && !known.has(JSON.stringify(one));
    const written = points.map((one) => (isMine(one) ? { ...one, author: author.value } : clone(one)));
    const stated = { ...construction, author: by, point: written };
    button.ariaBusy = "true";
    const [opened, before] = [frame, JSON.stringify(points)];
    const answer = await post(`${base}/save`, { ...stated, seen: frame.seen });
    button.ariaBusy = null;
    if (!answer || frame !== opened) return;
    if (JSON.stringify(points) === before) points = written;
    Object.assign(frame, { seen: answer.seen, construction: stated, pair: "" });
    saved = JSON.stringify(written);
    byId("said").textContent = answer.said;
    changed();
  }

  // ---- clicks and keys

  byId("main").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.mode) setMode(button.dataset.mode);
    else if (button?.dataset.frame) open(Number(button.dataset.frame));
    else if (button?.dataset.zoom && pane.area) Number(button.dataset.zoom) ? pane.zoomBy(Number(button.dataset.zoom), points[chosen - 1]?.at[0]) : pane.fit();
    else if (button?.id === "undo") undo();
  });
  byId("frame-form").addEventListener("submit", (event) => {
    event.preventDefault();
    open(Number(number.value));
  });
  byId("scrub").addEventListener("input", () => (number.value = byId("scrub").value));
  byId("scrub").addEventListener("change", () => open(Number(number.value)));
  byId("save-form").addEventListener("submit", (event) => {
    event.preventDefault();
    save();
  });
  slider.addEventListener("input", () => wipeTo(Number(slider.value)));
  line.addEventListener("pointerdown", (event) => line.setPointerCapture(event.pointerId));
  line.addEventListener("pointermove", (event) => {
    const box = pane.view.getBoundingClientRect();
    if (event.buttons) wipeTo((100 * (event.clientX - box.left)) / box.width);
  });
  addEventListener("beforeunload", (event) => isSaved() || event.preventDefault());

  bind("v", "the scan", () => setMode("scan"));
  bind("c", "the constructed frame", () => setMode("constructed"));
  bind("n", "where the colour is uncertain", () => setMode("uncertainty"));
  bind("w", "wipe", () => setMode("wipe"));
  bind("[", "wipe to the left", () => wipeTo(Number(slider.value) - 5));
  bind("]", "wipe to the right", () => wipeTo(Number(slider.value) + 5));
  bind(",", "previous point", () => chosen > 1 && select("", chosen - 1));
  bind(".", "next point", () => chosen < points.length && select("", chosen + 1));
  bind("h", "the colour that the frame shows here is right", asShown);
  bind("Delete", "delete the point", (event) => event.target.closest(".point") || remove(chosen)); // A marker deletes its own.
  bind("t", "type the colour of the point", () => byId("point-hex").select());
  bind("u", "take the last step back", undo);
  bind("s", "save", save);
  on("refreshed", markFrame);

  const known = document.querySelector("[data-frame]")?.dataset.frame;
  open(Number(location.hash.slice(1)) || Number(known) || Number(number.min));
}
