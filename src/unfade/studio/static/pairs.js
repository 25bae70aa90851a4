// Pairs: the grid, and the choices.
import { bind, film, on, post, readOnly, refresh, say } from "/static/studio.js";
import { startAdding } from "/static/pairs-add.js";
import { closeView } from "/static/pairs-close.js";
import { pointsEditor } from "/static/pairs-points.js";
import { showWeights } from "/static/pairs-weights.js";

const base = `/film/${film}/pairs`;
const grid = document.getElementById("grid");

if (grid) start();
else on("refreshed", () => document.querySelector("[data-live=problem]").textContent.trim() || location.reload());

function start() {
  const close = document.getElementById("close");
  const said = document.getElementById("said");
  const weightsChanged = showWeights(base, grid);
  const view = closeView({ base, current, next: () => tiles()[tiles().indexOf(current()) + 1] });
  let chosen = null; // key of the pair that keys act on
  document.body.style.setProperty("--aspect", close.dataset.aspect);

  // ---- the film.toml that this page has seen

  let seen = "";
  let queue = Promise.resolve();

  const shown = () => document.getElementById("state").dataset;

  function adopt() {
    mark();
    weightsChanged(shown().version);
    if (view.isOpen()) view.open(false);
    else if (document.activeElement === document.body) current()?.focus({ preventScroll: true });
  }

  /** Sends a choice after those that wait; `from` is the digest of the film.toml that it rests on. */
  function send(address, command, from = null) {
    queue = queue.then(async () => {
      const answer = await post(address, { ...command, seen: from ?? seen });
      if (answer) seen = answer.seen;
      said.textContent = answer?.said ?? "";
      await refresh();
      return answer;
    });
    return queue;
  }

  function choose(verb, more = {}) {
    const tile = chosenTile();
    if (tile) send(`${base}/choose`, { verb, source: Number(tile.dataset.pair), ...more });
  }

  function chosenTile() {
    if (readOnly) say("the studio is read-only; start it without --read-only to change something");
    else if (!current()) say("choose a pair first: the arrow keys walk through them");
    return readOnly ? undefined : current();
  }

  const choices = {
    train: () => choose("role", { role: "train" }),
    holdout: () => choose("role", { role: "holdout" }),
    test: () => choose("role", { role: "test" }),
    drop: () => choose("drop"),
    leave: () => choose("leave"),
    earlier: () => choose("nudge", { steps: -1 }),
    later: () => choose("nudge", { steps: 1 }),
    points: placeByHand,
  };

  function undo() {
    if (!readOnly) send(`${base}/undo`, {});
  }

  // ---- control points

  /** What the grid says of a source frame, but for what was measured. */
  function stateOf(pair) {
    const words = (tile) => [...tile.querySelectorAll(".names, .facts:not(.measures), .remark")].map((one) => one.textContent);
    const shownHere = tiles().filter((one) => one.dataset.pair === pair);
    return JSON.stringify(shownHere.map((one) => [one.dataset.query.replace(/&v=[^&]*/, ""), ...words(one)]));
  }

  const editor = pointsEditor({ base });

  function placeByHand() {
    const tile = chosenTile();
    if (!tile) return;
    const { pair, query, reference, of } = tile.dataset;
    if (reference === undefined && !query.includes("picture=")) return say("this frame has no reference; add the pair with both frames");
    const command = { verb: "points", source: Number(pair), ...(reference === undefined ? {} : { reference: Number(reference), of }) };
    const title = `${pair} with ${tile.querySelector(".names span").textContent.trim()}`;
    editor.open({ query: new URLSearchParams(query), title, save: pointsSaver(command) });
  }

  /** What saves the points of a pair with a command, unless another window has changed that pair
   * since now: then nothing is saved, and it resolves to true. */
  function pointsSaver(command) {
    const pair = String(command.source), opened = stateOf(pair);
    let from = seen;
    return async (points) => {
      const answer = await send(`${base}/choose`, { ...command, points }, from);
      from = seen;
      if (answer || stateOf(pair) === opened) return answer;
      say(`source frame ${pair} was changed elsewhere meanwhile, so the points were not saved; look at it, then place them again`);
      return true;
    };
  }

  // ---- walking

  const tiles = () => [...grid.querySelectorAll("[data-pair]")];

  function current() {
    return tiles().find((one) => one.dataset.key === chosen) ?? tiles().find((one) => one.dataset.pair === chosen?.split(" ")[0]);
  }

  function mark() {
    const counts = new Map();
    for (const tile of tiles()) {
      const count = (counts.get(tile.dataset.pair) ?? 0) + 1;
      counts.set(tile.dataset.pair, count);
      tile.dataset.key = `${tile.dataset.pair} ${count}`;
    }
    const tile = current();
    tiles().forEach((one) => one.toggleAttribute("aria-current", false));
    tile?.setAttribute("aria-current", "true");
  }

  function select(tile, isOpened = view.isOpen()) {
    chosen = tile.dataset.key;
    mark();
    if (isOpened) view.open(true);
    else tile.focus();
    history.replaceState(null, "", `#${tile.dataset.pair}`);
  }

  function walk(steps) {
    const all = tiles();
    if (!all.length) return;
    const index = all.indexOf(current());
    const next = index < 0 ? (steps > 0 ? 0 : all.length - 1) : index + steps;
    if (next < 0 || next >= all.length) {
      const link = document.querySelector(`.sheets a[rel="${steps > 0 ? "next" : "prev"}"]`);
      if (link) location.assign(link.href);
      return;
    }
    select(all[next]);
  }

  function walkRow(direction) {
    const tile = current();
    if (!tile || view.isOpen()) return walk(direction);
    const { left, top } = tile.getBoundingClientRect();
    const ahead = tiles().filter((one) => (one.getBoundingClientRect().top - top) * direction > 4);
    if (!ahead.length) return;
    const rows = ahead.map((one) => one.getBoundingClientRect().top);
    const row = direction > 0 ? Math.min(...rows) : Math.max(...rows);
    const inRow = ahead.filter((one) => Math.abs(one.getBoundingClientRect().top - row) < 4);
    const distance = (one) => Math.abs(one.getBoundingClientRect().left - left);
    select(inRow.reduce((best, one) => (distance(one) < distance(best) ? one : best)));
  }

  function look(show) {
    if (!current()) walk(1);
    show();
  }

  function toGrid() {
    if (!view.isOpen()) return;
    view.shut();
    current()?.focus();
    current()?.scrollIntoView({ block: "center" });
  }

  document.getElementById("main").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.pair) {
      select(button, true);
      close.scrollIntoView({ block: "start" });
    } else if (button.dataset.mode) view.setMode(button.dataset.mode);
    else if (button.dataset.choice) choices[button.dataset.choice]();
    else if (button.dataset.walk) walk(Number(button.dataset.walk));
    else if (button.id === "undo") undo();
    else if (button.id === "to-grid") toGrid();
  });

  // ---- keys

  bind("ArrowRight", "next pair", () => walk(1));
  bind("ArrowLeft", "previous pair", () => walk(-1));
  bind("ArrowDown", "next row of pairs", () => walkRow(1));
  bind("ArrowUp", "previous row of pairs", () => walkRow(-1));
  bind("Enter", "look at the pair", () => look(view.again));
  bind("Escape", "back to the grid", toGrid);
  bind(" ", "toggle source and reference", () => look(view.toggle));
  bind("w", "wipe", () => look(() => view.setMode("wipe")));
  bind("[", "wipe to the left", () => view.wipeBy(-5));
  bind("]", "wipe to the right", () => view.wipeBy(5));
  bind("x", "difference of structure", () => look(() => view.setMode("difference")));
  bind("m", "weight map", () => look(() => view.setMode("weight")));
  bind("p", "place it by control points", choices.points);
  bind("d", "drop the pair", choices.drop);
  bind("h", "hold the pair out", choices.holdout);
  bind("t", "make it a training pair", choices.train);
  bind("e", "make it a test pair", choices.test);
  bind("l", "leave the frame to the machine", choices.leave);
  bind(",", "reference one frame earlier", choices.earlier);
  bind(".", "reference one frame later", choices.later);
  bind("u", "undo the last choice", undo);
  startAdding({ base, send, editor, pointsSaver, sourceOf: () => current()?.dataset.pair, version: () => shown().version });

  on("refreshed", () => (seen = shown().digest));
  new MutationObserver(adopt).observe(grid, { childList: true });
  seen = shown().digest;
  adopt();
  const named = tiles().find((one) => one.dataset.pair === location.hash.slice(1));
  if (named) select(named, true);
}
