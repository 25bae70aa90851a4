// Pairs: the grid, the close view, and the choices.
import { bind, film, on, post, readOnly, refresh, say } from "/static/studio.js";
import { startAdding } from "/static/pairs-add.js";

const base = `/film/${film}/pairs`;
const grid = document.getElementById("grid");

if (grid) start();
else on("film", () => location.reload());

function start() {
  const close = document.getElementById("close");
  const screen = document.getElementById("screen");
  const over = document.getElementById("over");
  const under = document.getElementById("under");
  const line = document.getElementById("line");
  const slider = document.getElementById("wipe");
  const labels = [document.getElementById("left-label"), document.getElementById("right-label")];
  const said = document.getElementById("said");
  let chosen = null; // source frame of the pair that keys act on
  let mode = "wipe";
  document.body.style.setProperty("--aspect", close.dataset.aspect);

  // ---- the film.toml that this page has seen

  let seen = "";
  const replaced = new Set();
  let queue = Promise.resolve();

  function adopt() {
    const shown = document.getElementById("state").dataset.digest;
    if (replaced.has(shown)) setTimeout(refresh, 200);
    else seen = shown;
    mark();
    watchWeights();
    if (!close.hidden) openPair(false);
    else if (document.activeElement === document.body) current()?.focus({ preventScroll: true });
  }

  function send(address, command) {
    queue = queue.then(async () => {
      const answer = await post(address, { ...command, seen });
      if (answer) {
        replaced.add(seen);
        replaced.delete(answer.seen);
        seen = answer.seen;
        said.textContent = answer.said;
      } else {
        replaced.clear();
        said.textContent = "";
      }
      await refresh();
      if (!answer) seen = document.getElementById("state").dataset.digest;
      return answer;
    });
    return queue;
  }

  function choose(verb, more = {}) {
    if (readOnly) return say("the studio was started with --read-only; nothing can be changed here");
    const tile = current();
    if (!tile) return say("choose a pair first: the arrow keys walk through them");
    return send(`${base}/choose`, { verb, source: Number(tile.dataset.pair), ...more });
  }

  const choices = {
    train: () => choose("role", { role: "train" }),
    holdout: () => choose("role", { role: "holdout" }),
    test: () => choose("role", { role: "test" }),
    drop: () => choose("drop"),
    leave: () => choose("leave"),
    earlier: () => choose("nudge", { steps: -1 }),
    later: () => choose("nudge", { steps: 1 }),
  };

  function undo() {
    if (!readOnly) send(`${base}/undo`, {});
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

  function select(tile, focus = true) {
    chosen = tile.dataset.key;
    mark();
    if (close.hidden && focus) tile.focus();
    if (!close.hidden) openPair(true);
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
    if (!tile || !close.hidden) return walk(direction);
    const { left, top } = tile.getBoundingClientRect();
    const ahead = tiles().filter((one) => (one.getBoundingClientRect().top - top) * direction > 4);
    if (!ahead.length) return;
    const rows = ahead.map((one) => one.getBoundingClientRect().top);
    const row = direction > 0 ? Math.min(...rows) : Math.max(...rows);
    const inRow = ahead.filter((one) => Math.abs(one.getBoundingClientRect().top - row) < 4);
    const distance = (one) => Math.abs(one.getBoundingClientRect().left - left);
    select(inRow.reduce((best, one) => (distance(one) < distance(best) ? one : best)));
  }

  // ---- the close view

  function address(tile, side, width) {
    return `${base}/picture?${tile.dataset.query}&side=${side}&width=${width}`;
  }

  function pixels() {
    return Math.round(screen.clientWidth * devicePixelRatio) || 960;
  }

  function show(image, source) {
    if (image.getAttribute("src") !== source) image.src = source;
  }

  function draw() {
    const tile = current();
    if (!tile) return;
    const has = "reference" in tile.dataset || tile.dataset.query.includes("picture=");
    const [frame, reference] = [tile.dataset.pair, tile.querySelector(".names span").textContent.trim()];
    const names = { source: `source ${frame}`, laid: `reference ${reference}`, difference: "difference of structure, times 3", weight: "weight: white is full confidence" };
    const pair = { wipe: ["source", "laid"], source: ["source"], reference: ["laid"], difference: ["difference"], weight: ["weight"] }[mode];
    const [one, other] = has ? pair : ["source"];
    show(over, address(tile, one, pixels()));
    over.alt = names[one];
    labels[0].textContent = names[one];
    labels[1].textContent = other ? names[other] : "";
    if (other) {
      show(under, address(tile, other, pixels()));
      under.alt = names[other];
    }
    const at = other ? Number(slider.value) : 100;
    over.style.clipPath = `inset(0 ${100 - at}% 0 0)`;
    line.style.left = `${at}%`;
    line.hidden = !other;
    slider.disabled = !other;
    for (const button of close.querySelectorAll("[data-mode]")) button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
  }

  function prefetch() {
    const all = tiles();
    const next = all[all.indexOf(current()) + 1];
    if (!next) return;
    for (const side of ["source", "laid"]) new Image().src = address(next, side, pixels());
  }

  let asked = 0;
  async function openPair(isNew) {
    const tile = current();
    if (!tile) return;
    close.hidden = false;
    draw();
    const text = (selector) => tile.querySelector(selector)?.textContent.replace(/\s+/g, " ").trim() ?? "";
    document.getElementById("close-title").textContent = `${tile.dataset.pair} with ${text(".names span") || "nothing"}`;
    const [by, similarity, residual] = [text(".facts span:nth-child(2)"), text(".measures span"), text(".measures span:nth-child(2)")];
    const rows = [["Role", text(".role")], ["Chosen by", by], ["State", text(".remark") || tile.dataset.state], ["Similarity", similarity.replace("similarity ", "") || "not measured"], ["Residual", residual || "not measured"]];
    facts(rows);
    if (isNew) document.getElementById("sentences").replaceChildren();
    for (const button of close.querySelectorAll("[data-choice]")) {
      const isRole = button.dataset.choice === tile.dataset.role && tile.dataset.state !== "dropped";
      if (["train", "holdout", "test"].includes(button.dataset.choice)) button.setAttribute("aria-pressed", String(isRole));
    }
    const number = ++asked;
    const answer = await fetch(`${base}/facts?${tile.dataset.query}`).catch(() => null);
    if (number !== asked || !answer?.ok) return;
    const found = await answer.json();
    facts([...rows, ["Weight", found.weight == null ? "not measured" : `${Math.round(found.weight * 100)} %`], ["Laid", found.laid ?? ""]]);
    sentences(document.getElementById("sentences"), [found.candidate, tile.parentElement.classList.contains("pending") ? "The last run says:" : "", ...found.sentences]);
    if (isNew) prefetch();
  }

  function facts(rows) {
    document.getElementById("close-facts").replaceChildren(
      ...rows.flatMap(([name, value]) => {
        const [term, meaning] = [document.createElement("dt"), document.createElement("dd")];
        term.textContent = name;
        meaning.textContent = value;
        return [term, meaning];
      }),
    );
  }

  function setMode(name) {
    mode = name;
    if (close.hidden) {
      if (!current()) walk(1);
      openPair(true);
      close.scrollIntoView({ block: "start" });
    } else draw();
  }

  function wipeTo(percent) {
    slider.value = String(Math.min(100, Math.max(0, percent)));
    if (mode !== "wipe") mode = "wipe";
    draw();
  }

  function toGrid() {
    if (close.hidden) return;
    close.hidden = true;
    current()?.focus();
    current()?.scrollIntoView({ block: "center" });
  }

  slider.addEventListener("input", () => wipeTo(Number(slider.value)));
  slider.addEventListener("pointerup", () => slider.blur());
  const wipeAt = (event) => {
    const box = screen.getBoundingClientRect();
    wipeTo((100 * (event.clientX - box.left)) / box.width);
  };
  screen.addEventListener("pointerdown", (event) => {
    screen.setPointerCapture(event.pointerId);
    wipeAt(event);
  });
  screen.addEventListener("pointermove", (event) => event.buttons && wipeAt(event));
  screen.addEventListener("dragstart", (event) => event.preventDefault());
  addEventListener("resize", () => !close.hidden && draw());

  document.getElementById("main").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.pair) {
      chosen = button.dataset.key;
      mark();
      openPair(true);
      close.scrollIntoView({ block: "start" });
      history.replaceState(null, "", `#${button.dataset.pair}`);
    } else if (button.dataset.mode) setMode(button.dataset.mode);
    else if (button.dataset.choice) choices[button.dataset.choice]();
    else if (button.dataset.walk) walk(Number(button.dataset.walk));
    else if (button.id === "undo") undo();
    else if (button.id === "to-grid") toGrid();
  });

  // ---- mean weights of the pairs in sight

  const known = new Map();
  const inSight = new Set();
  let waiting = 0;
  const observer = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      observer.unobserve(target);
      inSight.add(target.dataset.weight);
    }
    clearTimeout(waiting);
    waiting = setTimeout(askWeights, 300);
  });

  async function askWeights() {
    const frames = [...inSight].slice(0, 24);
    if (!frames.length) return;
    frames.forEach((frame) => inSight.delete(frame));
    const answer = await fetch(`${base}/weights?frames=${frames}`).catch(() => null);
    if (!answer?.ok) return;
    const { weights } = await answer.json();
    for (const [frame, weight] of Object.entries(weights)) known.set(frame, weight);
    writeWeights();
    if (inSight.size) waiting = setTimeout(askWeights, 50);
  }

  function writeWeights() {
    for (const place of grid.querySelectorAll("[data-weight]")) {
      const weight = known.get(place.dataset.weight);
      if (weight !== undefined) place.textContent = `weight ${Math.round(100 * weight)} %`;
    }
  }

  let version = "";
  function watchWeights() {
    const now = document.getElementById("state").dataset.version;
    if (now !== version) known.clear();
    version = now;
    writeWeights();
    for (const place of grid.querySelectorAll("[data-weight]:empty")) if (place.dataset.weight) observer.observe(place);
  }

  // ---- keys

  bind("ArrowRight", "next pair", () => walk(1));
  bind("ArrowLeft", "previous pair", () => walk(-1));
  bind("ArrowDown", "next row of pairs", () => walkRow(1));
  bind("ArrowUp", "previous row of pairs", () => walkRow(-1));
  bind("Enter", "look at the pair", () => setMode(mode));
  bind("Escape", "back to the grid", toGrid);
  bind(" ", "toggle source and reference", () => setMode(mode === "source" ? "reference" : "source"));
  bind("w", "wipe", () => setMode("wipe"));
  bind("[", "wipe to the left", () => wipeTo(Number(slider.value) - 5));
  bind("]", "wipe to the right", () => wipeTo(Number(slider.value) + 5));
  bind("x", "difference of structure", () => setMode("difference"));
  bind("m", "weight map", () => setMode("weight"));
  bind("d", "drop the pair", choices.drop);
  bind("h", "hold the pair out", choices.holdout);
  bind("t", "make it a training pair", choices.train);
  bind("e", "make it a test pair", choices.test);
  bind("l", "leave the frame to the machine", choices.leave);
  bind(",", "reference one frame earlier", choices.earlier);
  bind(".", "reference one frame later", choices.later);
  bind("u", "undo the last choice", undo);
  startAdding({ base, send, sentences, sourceOf: () => current()?.dataset.pair });

  new MutationObserver(adopt).observe(grid, { childList: true });
  on("reset", () => replaced.clear());
  adopt();
  const named = tiles().find((one) => one.dataset.pair === location.hash.slice(1));
  if (named) {
    chosen = named.dataset.key;
    mark();
    openPair(true);
  }
}

/** Shows sentences as paragraphs.
 * @param {HTMLElement} place
 * @param {(string | undefined)[]} words */
function sentences(place, words) {
  place.replaceChildren(
    ...words.filter(Boolean).map((sentence) => {
      const paragraph = document.createElement("p");
      paragraph.textContent = sentence;
      return paragraph;
    }),
  );
}
