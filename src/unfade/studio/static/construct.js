// Constructed references: points with stated colours on a frame, and the frame that follows from them.
import { bind, film, on, post, readOnly, say } from "/static/studio.js";
import { answerOf, latest } from "/static/answers.js";
import { eyedropper } from "/static/construct-eye.js";
import { pointPanel } from "/static/construct-panel.js";
import { SILENT, asker } from "/static/construct-solve.js";
import { frameView } from "/static/construct-view.js";
import { Pane } from "/static/pairs-pane.js";
import { sentences } from "/static/pairs-words.js";

const SCAN_WIDTH_PX = 1920; // Width of the scan, sharp enough to place points when zoomed.
const ONE_STEP_MS = 1000; // Changes of one kind within this time are one step of undo.
const MAX_STEPS = 200; // Steps that can be undone.
const MAX_POSITIONS = 40; // Positions of a scribble or a region: the solver takes 12 places of it.

const base = `/film/${film}/construct`;

if (document.getElementById("desk")) start();
else on("refreshed", () => document.querySelector("[data-live=problem]").textContent.trim() || location.reload());

function start() {
  const byId = (id) => document.getElementById(id);
  const [told, author, number] = ["told", "author", "frame"].map(byId);
  const pane = new Pane(document.querySelector("[data-pane=source]"), { place, stroke, move, remove, select, zoomed: () => {}, drawn: () => view.update() });
  const view = frameView(pane);
  const panel = pointPanel({ change, keep, remove: () => remove(chosen), select: (one) => select("", one), asShown });
  const ask = asker(showSolution);
  eyedropper({ base, take });

  let frame = null; // what is open: number, construction, seen, palette
  let points = []; // as in the file; one without a colour does not count yet
  let chosen = 0; // number of a point
  let saved = "[]";
  let solution = null; // the last answer, with `sent`: the points of its question
  let tool = "point"; // what a pointer draws: point, scribble or region
  const opening = latest();

  const clone = (value) => JSON.parse(JSON.stringify(value));
  const placeOf = ({ at, area }) => JSON.stringify([at, area]);
  const statementOf = ({ at, area, colour }) => JSON.stringify([at, area, colour]);
  const colour = (one) => (one.colour.startsWith("#") ? one.colour : (frame.palette.find(({ name }) => name === one.colour)?.colour ?? ""));
  const isSaved = () => JSON.stringify(points) === saved;

  function mayChange() {
    if (readOnly) say("the studio is read-only; start it without --read-only to change something");
    return Boolean(frame) && !readOnly;
  }

  // ---- opening a frame

  let isWarned = false; // whether a person was told that points are not saved

  async function open(wanted) {
    if (frame && !isSaved() && !isWarned) {
      isWarned = true;
      return say("the points are not saved; open the frame again to discard them");
    }
    const isLast = opening();
    const found = (await answerOf(`${base}/frame?frame=${wanted}`)) ?? { error: SILENT };
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
    panel.palettes(frame.palette);
    markFrame();
    pane.clear();
    view.clear();
    ask({ address: `${base}/solution?frame=${wanted}`, sent: clone(points), frame });
    const inside = { ...found.area, across: found.area.across - 0.1, down: found.area.down - 0.1 };
    await pane.show(inside, `${base}/picture?frame=${wanted}&width=${SCAN_WIDTH_PX}`);
    if (isLast()) show();
  }

  function markFrame() {
    if (!frame) return;
    number.value = byId("scrub").value = frame.number;
    for (const button of document.querySelectorAll("[data-frame]")) button.setAttribute("aria-current", String(Number(button.dataset.frame) === frame.number));
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

  /** Places a point, or chooses the one that is there. */
  function place(_, position) {
    if (!position || !mayChange()) return;
    const there = pane.near(position);
    if (there) return select("", there.number);
    add([position], false);
  }

  /** Shows a stroke while it is drawn, and makes it a scribble or a region. */
  function stroke(_, positions, isDone) {
    const isArea = tool === "region";
    if (!isDone) return view.draw({ positions, isArea });
    view.draw(null);
    if (!mayChange() || positions.length < (isArea ? 3 : 2)) return;
    const step = Math.max(1, (positions.length - 1) / (MAX_POSITIONS - 1));
    const count = Math.min(positions.length, MAX_POSITIONS);
    add(Array.from({ length: count }, (_, index) => positions[Math.round(index * step)]), isArea);
  }

  function add(at, area) {
    remember("place");
    points.push({ at, area, colour: "", source: "", author: "", note: "" });
    chosen = points.length;
    changed();
    focusChosen();
  }

  /** Moves a point; a scribble or a region as a whole. */
  function move(_, which, position) {
    if (!position || !mayChange()) return;
    remember(`move ${which}`);
    const point = points[which - 1];
    const { area } = pane;
    const bounds = [[area.x, area.across], [area.y, area.down]];
    const [right, down] = bounds.map(([least, most], axis) => {
      const values = point.at.map((one) => one[axis]);
      return Math.min(Math.max(position[axis] - values[0], least - Math.min(...values)), most - Math.max(...values));
    });
    point.at = point.at.map(([x, y]) => pane.inside([x + right, y + down]));
    changed();
  }

  function remove(which) {
    if (!points[which - 1] || !mayChange()) return;
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

  /** Changes what is known of a point, the chosen one. */
  function change(fields, which = chosen) {
    if (!points[which - 1] || !mayChange()) return;
    remember(`${Object.keys(fields)} ${which}`);
    Object.assign(points[which - 1], fields);
    if ("colour" in fields) changed();
    else show(); // Words change no colour.
  }

  function take(picked, source) {
    const point = points[chosen - 1];
    if (!point) return say("place or choose a point first; the colour is for it");
    change({ colour: picked, source: point.source || source });
  }

  /** The colour that the last solution has at a point; undefined if it did not know the place. */
  function solvedAt(point) {
    const index = solution?.sent.findIndex((one) => placeOf(one) === placeOf(point)) ?? -1;
    return solution?.shown[index] ?? undefined;
  }

  /** States that the colour is right that the constructed frame has at the chosen point. */
  function asShown() {
    const point = points[chosen - 1];
    if (point && solvedAt(point)) change({ colour: solvedAt(point) });
  }

  /** Keeps the colour of the chosen point in the film's palette; the point then bears its name. */
  let replaced = ""; // name of a colour of which a person was told that keeping replaces it

  async function keep(name) {
    const point = points[chosen - 1];
    if (!point || !mayChange()) return;
    const [known] = frame.palette.filter((one) => one.name === name && one.colour !== colour(point));
    if (known && replaced !== name) {
      replaced = name;
      return say(`the palette has '${name}' as ${known.colour}; add it again to replace it in all frames`);
    }
    replaced = "";
    const [opened, kept] = [frame, colour(point)];
    const answer = await post(`${base}/palette`, { name, colour: kept, source: point.source });
    if (!answer || frame !== opened) return;
    frame.palette = answer.palette;
    panel.palettes(frame.palette);
    byId("said").textContent = answer.said;
    if (colour(point) === kept) change({ colour: answer.name }, points.indexOf(point) + 1);
  }

  function changed() {
    isWarned = false;
    show();
    const sent = clone(points);
    ask({ address: `${base}/solution`, body: JSON.stringify({ frame: frame.number, point: sent }), sent, frame });
  }

  async function showSolution(found, question) {
    if (question.frame !== frame) return;
    if (found.error) return sentences(told, [found.error]);
    solution = { ...found, sent: question.sent };
    sentences(told, [frame.pair, ...found.left_out.map(({ words }) => `${words[0].toUpperCase()}${words.slice(1)}.`)]);
    await view.showSolution(found);
    show();
  }

  // ---- what is shown

  function show() {
    if (!frame) return;
    const contradicted = new Map((solution?.left_out ?? []).map(({ number: one, expected }) => [statementOf(solution.sent[one - 1]), expected]));
    const facts = points.map((point, index) => ({ number: index + 1, point, colour: colour(point), expected: contradicted.get(statementOf(point)) }));
    const current = facts[chosen - 1];
    view.showPoints(facts, chosen);
    panel.show(facts, current && { ...current, solved: solvedAt(current.point) });
    byId("undo").disabled = !steps.length;
    byId("save").disabled = readOnly || isSaved();
    view.update();
  }

  function setTool(name) {
    tool = name;
    pane.isDrawing = name !== "point";
    for (const button of document.querySelectorAll("[data-tool]")) button.setAttribute("aria-pressed", String(button.dataset.tool === name));
  }

  // ---- saving

  async function save() {
    const button = byId("save");
    if (button.disabled || button.ariaBusy) return;
    const lacking = points.findIndex((one) => !one.colour) + 1;
    if (lacking) {
      select("", lacking);
      return say(`point ${lacking} has no colour yet; state it, or delete the point`);
    }
    if (!byId("save-form").reportValidity()) return;
    const written = signed();
    const stated = { ...frame.construction, author: frame.construction.author || author.value, point: written };
    const [opened, before] = [frame, JSON.stringify(points)];
    button.ariaBusy = "true";
    const answer = await post(`${base}/save`, { ...stated, seen: frame.seen, replaces: frame.replaces });
    button.ariaBusy = null;
    if (frame !== opened) return;
    if (!answer) return lookAgain();
    if (JSON.stringify(points) === before) points = written;
    Object.assign(frame, { seen: answer.seen, construction: stated, pair: "", replaces: "" });
    saved = JSON.stringify(written);
    byId("said").textContent = answer.said;
    changed();
  }

  /** After a save that failed: what another one would replace may have changed. */
  async function lookAgain() {
    const opened = frame;
    const found = await answerOf(`${base}/frame?frame=${frame.number}`);
    if (frame !== opened || found?.seen !== frame.seen) return;
    Object.assign(frame, { pair: found.pair, replaces: found.replaces });
    sentences(told, [frame.pair]);
  }

  /** The points; those that another author than the construction's has changed bear the name. */
  function signed() {
    const by = frame.construction.author || author.value;
    const known = new Set(JSON.parse(saved).map((one) => JSON.stringify(one)));
    const isMine = (one) => author.value !== by && !one.author && !known.has(JSON.stringify(one));
    return points.map((one) => (isMine(one) ? { ...one, author: author.value } : clone(one)));
  }

  // ---- clicks and keys

  byId("main").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.tool) setTool(button.dataset.tool);
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
  addEventListener("beforeunload", (event) => isSaved() || event.preventDefault());

  bind("v", "the scan", () => view.setMode("scan"));
  bind("c", "the constructed frame", () => view.setMode("constructed"));
  bind("n", "where the colour is uncertain", () => view.setMode("uncertainty"));
  bind("w", "wipe", () => view.setMode("wipe"));
  bind("[", "wipe to the left", () => view.wipeBy(-5));
  bind("]", "wipe to the right", () => view.wipeBy(5));
  bind("p", "a click places a point", () => setTool("point"));
  bind("b", "a drag draws a scribble", () => setTool("scribble"));
  bind("r", "a drag outlines a region", () => setTool("region"));
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
