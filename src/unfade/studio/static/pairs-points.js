// The editor of control points: scan and reference side by side, and a wipe of the reference as the
// points lay it.
import { answerOf, latest } from "/static/answers.js";
import { CLICK_PX, Pane } from "/static/pairs-pane.js";
import { sentences } from "/static/pairs-words.js";

const LIVE_WIDTH_PX = 960; // Width of the wipe while a point moves.
const REST_MS = 200; // Time without a change after which the wipe gets sharp and the pair is judged.
const SIDES = ["source", "reference"];

/** The editor, which `open` shows for a pair.
 * @param {{base: string}} page */
export function pointsEditor({ base }) {
  const byId = (id) => document.getElementById(id);
  const [dialog, told, list, next, slider] = ["points", "points-told", "points-list", "points-next", "points-wipe"].map(byId);
  const laid = dialog.querySelector(".laid");
  const line = dialog.querySelector(".line");
  const does = { place, move, remove, select: (side, number) => select(number, side), zoomed, drawn };
  const panes = Object.fromEntries([...dialog.querySelectorAll("[data-pane]")].map((figure) => [figure.dataset.pane, new Pane(figure, does)]));
  let pair = null; // what is open: query, title, save
  let points = []; // each with its positions, by side; one side may lack
  let chosen = 0; // number of a point
  let saved = "";
  const ask = latest();
  let isOpen = () => false; // whether the pair that is open now is still open

  const complete = () => points.filter((one) => one.source && one.reference);
  const written = () => JSON.stringify(complete().map((one) => [...one.source, ...one.reference]));
  const isSaved = () => complete().length === points.length && written() === saved;

  /** @param {{query: URLSearchParams, title: string, save: (points: number[][]) => Promise<unknown>}} opened
   *   `save` resolves to what is true if the editor is to close */
  async function open(opened) {
    const isLast = ask();
    const isMine = () => isLast() && dialog.open;
    isOpen = isMine;
    pair = opened;
    points = JSON.parse(pair.query.get("points") ?? "[]").map(([a, b, c, d]) => ({ source: [a, b], reference: [c, d] }));
    [chosen, saved, isWarned, isHeld, isLoading] = [0, written(), false, false, false];
    for (const key of ["points", "aligned", "mirrored"]) pair.query.delete(key);
    byId("points-title").textContent = `Control points of ${pair.title}`;
    laid.removeAttribute("src");
    sentences(told, []);
    SIDES.forEach((side) => panes[side].clear());
    list.replaceChildren();
    Object.assign(byId("points-save"), { disabled: true, ariaBusy: null });
    dialog.showModal();
    panes.source.view.focus();
    const facts = (await answerOf(`${base}/facts?${pair.query}`)) ?? { error: "the studio does not answer; start it again with 'unfade studio'" };
    if (!isMine()) return;
    if (facts.error) return sentences(told, [facts.error]);
    await Promise.all(SIDES.map((side) => panes[side].show(facts.areas[side], picture(side, LIVE_WIDTH_PX))));
    if (!isMine()) return;
    SIDES.forEach(zoomed);
    wipeTo(50);
    changed();
  }

  function picture(side, width, more = "") {
    return `${base}/picture?${pair.query}&points=${encodeURIComponent(more || "[]")}&side=${side}&width=${width}`;
  }

  // ---- points

  /** Places a point, or chooses the one that is there; whoever works by keys goes on in the other
   * picture. */
  function place(side, position, isByKey = false) {
    if (!position) return;
    const there = panes[side].near(position);
    if (there) return select(there.number, side);
    let point = points.find((one) => !one[side]);
    if (!point) points.push((point = {}));
    point[side] = position;
    const [number, other] = [points.indexOf(point) + 1, SIDES.find((one) => one !== side)];
    select(number, isByKey ? null : side);
    if (isByKey && !point[other]) panes[other].view.focus();
    changed();
  }

  function move(side, number, position) {
    if (!position) return;
    points[number - 1][side] = position;
    changed();
  }

  function remove(number) {
    points.splice(number - 1, 1);
    select(Math.min(number, points.length));
    changed();
    focusChosen();
  }

  /** The focus never falls behind the editor, where keys would act on the page. */
  function focusChosen() {
    const marker = panes.source.marker(chosen) ?? panes.reference.marker(chosen);
    (marker ?? panes.source.view).focus({ preventScroll: true });
  }

  /** Chooses a point; the side that is named gets the focus. */
  function select(number, side = null) {
    chosen = number;
    show();
    if (side) panes[side].marker(number)?.focus({ preventScroll: true });
  }

  function show() {
    for (const side of SIDES) {
      const here = points.map((one, index) => ({ number: index + 1, position: one[side] }));
      panes[side].mark(here.filter((one) => one.position), chosen);
    }
    list.replaceChildren(
      ...points.map((one, index) => {
        const [item, button] = [document.createElement("li"), document.createElement("button")];
        const words = SIDES.map((side) => one[side]?.map((value) => value.toFixed(1)).join(", ") ?? "not placed");
        button.type = "button";
        button.dataset.number = String(index + 1);
        button.textContent = `${index + 1}:  ${words.join("  \u2192  ")}`;
        button.setAttribute("aria-pressed", String(index + 1 === chosen));
        item.append(button);
        return item;
      }),
    );
    const open = points.findIndex((one) => !one.source || !one.reference);
    const lacks = open >= 0 && (points[open].source ? "reference" : "scan");
    next.textContent = lacks ? `Now the same detail in the ${lacks}: point ${open + 1}.` : "Click a detail in one picture, then the same in the other.";
    byId("points-remove").disabled = !chosen;
    byId("points-save").disabled = Boolean(lacks) || isSaved();
  }

  // ---- the wipe, and what align thinks

  let resting = 0;
  let wanted = "";
  let isLoading = false;

  function changed() {
    isWarned = isHeld = false;
    show();
    lay(LIVE_WIDTH_PX);
    clearTimeout(resting);
    resting = setTimeout(rest, REST_MS);
  }

  /** Asks for the wipe; of changes that come while one is on its way only the last is asked for. */
  function lay(width) {
    wanted = picture("laid", width, written());
    if (!isLoading && laid.getAttribute("src") !== wanted) load();
  }

  async function load() {
    const [isMine, source] = [isOpen, wanted];
    isLoading = true;
    const image = new Image();
    image.src = source;
    await image.decode().then(() => isMine() && (laid.src = source), () => {});
    if (!isMine()) return;
    isLoading = false;
    if (wanted !== source) load();
  }

  async function rest() {
    const [isMine, mine] = [isOpen, resting];
    lay(panes.source.wantedWidth);
    const query = `${pair.query}&points=${encodeURIComponent(written())}`;
    const found = await answerOf(`${base}/judgement?${query}`);
    if (found && mine === resting && isMine() && !isHeld) sentences(told, found.sentences ?? [found.error]);
  }

  function zoomed(side) {
    const pane = panes[side];
    const source = picture(side, pane.wantedWidth);
    if (pane.image.getAttribute("src") !== source) pane.image.src = source;
    if (side !== "source") return;
    clearTimeout(resting);
    resting = setTimeout(rest, REST_MS);
  }

  /** Places the line in the window, also over a zoomed picture. */
  function wipeTo(percent) {
    slider.value = String(Math.min(100, Math.max(0, percent)));
    drawn("source");
  }

  function drawn(side) {
    const { view, left, width } = panes.source;
    if (side !== "source") return;
    const at = (Number(slider.value) / 100) * view.clientWidth;
    line.style.left = `${at}px`;
    laid.style.clipPath = `inset(0 0 0 ${Math.min(100, Math.max(0, (100 * (at - left)) / width))}%)`;
  }

  // ---- saving and closing

  let isWarned = false;
  let isHeld = false; // whether what is told stays until a point changes

  function hold(sentence) {
    isHeld = true;
    sentences(told, [sentence]);
  }

  /** Saves the points; the button keeps the focus meanwhile. */
  async function save() {
    const button = byId("points-save");
    if (button.disabled || button.ariaBusy) return;
    const isMine = isOpen;
    button.ariaBusy = "true";
    const answer = await pair.save(JSON.parse(written()));
    if (!isMine()) return;
    button.ariaBusy = null;
    if (answer) return dialog.close();
    hold(byId("message").textContent);
  }

  /** Whether the editor may close; if points would be lost, not before it has said so. */
  function mayClose() {
    if (isWarned || isSaved()) return true;
    isWarned = true;
    hold("The points are not saved; Escape or Cancel again discards them.");
    return false;
  }

  dialog.addEventListener("cancel", (event) => mayClose() || event.preventDefault());
  dialog.addEventListener("close", () => clearTimeout(resting));
  dialog.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.number) {
      select(Number(button.dataset.number));
      for (const side of SIDES) if (points[chosen - 1][side]) panes[side].centre(points[chosen - 1][side]);
      focusChosen();
    } else if (button?.dataset.zoom) SIDES.forEach((side) => (Number(button.dataset.zoom) ? panes[side].zoomBy(Number(button.dataset.zoom), points[chosen - 1]?.[side]) : panes[side].fit()));
    else if (button?.id === "points-remove") remove(chosen);
    else if (button?.id === "points-save") save();
    else if (button?.id === "points-cancel" && mayClose()) dialog.close();
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.target === slider || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "[") wipeTo(Number(slider.value) - 5);
    else if (event.key === "]") wipeTo(Number(slider.value) + 5);
    else if (event.key === "s") save();
  });
  slider.addEventListener("input", () => wipeTo(Number(slider.value)));
  let heldAt = null; // where the pointer took the line
  line.addEventListener("pointerdown", (event) => {
    line.setPointerCapture(event.pointerId);
    heldAt = event.clientX;
  });
  line.addEventListener("pointermove", (event) => {
    if (heldAt === null || Math.abs(event.clientX - heldAt) < CLICK_PX) return;
    heldAt = NaN;
    const box = panes.source.view.getBoundingClientRect();
    wipeTo((100 * (event.clientX - box.left)) / box.width);
  });
  line.addEventListener("pointerup", (event) => {
    if (!Number.isNaN(heldAt)) place("source", panes.source.at(event));
    heldAt = null;
  });

  return { open };
}
