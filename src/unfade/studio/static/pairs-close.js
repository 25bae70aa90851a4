// The close view of a pair: wipe, toggle, difference of structure, weight, and what is known of it.
import { answerOf, latest } from "/static/answers.js";
import { sentences } from "/static/pairs-words.js";

const MAX_WIDTH_PX = 1920; // A wider picture shows no more of a pair at a glance.

/** The close view.
 * @param {{base: string, current: () => HTMLElement | undefined, next: () => HTMLElement | undefined}} page */
export function closeView({ base, current, next }) {
  const byId = (id) => document.getElementById(id);
  const [close, screen, over, under, line, slider] = ["close", "screen", "over", "under", "line", "wipe"].map(byId);
  const labels = [byId("left-label"), byId("right-label")];
  let mode = "wipe";
  const ask = latest();

  const address = (tile, side) => `${base}/picture?${tile.dataset.query}&side=${side}&width=${pixels()}`;
  const pixels = () => Math.min(Math.round(screen.clientWidth * devicePixelRatio) || 960, MAX_WIDTH_PX);

  function show(image, source, words) {
    if (image.getAttribute("src") !== source) image.src = source;
    image.alt = words;
  }

  function draw() {
    const tile = current();
    if (!tile) return;
    const has = "reference" in tile.dataset || tile.dataset.query.includes("picture=");
    const [frame, reference] = [tile.dataset.pair, tile.querySelector(".names span").textContent.trim()];
    const names = { source: `source ${frame}`, laid: `reference ${reference}`, difference: "difference of structure, times 3", weight: "weight: white is full confidence" };
    const pair = { wipe: ["source", "laid"], source: ["source"], reference: ["laid"], difference: ["difference"], weight: ["weight"] }[mode];
    const [one, other] = has ? pair : ["source"];
    show(over, address(tile, one), names[one]);
    labels[0].textContent = names[one];
    labels[1].textContent = other ? names[other] : "";
    if (other) show(under, address(tile, other), names[other]);
    const at = other ? Number(slider.value) : 100;
    over.style.clipPath = `inset(0 ${100 - at}% 0 0)`;
    line.style.left = `${at}%`;
    line.hidden = !other;
    slider.disabled = !other;
    for (const button of close.querySelectorAll("[data-mode]")) button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
  }

  /** @param {boolean} isNew whether another pair is shown than before */
  async function open(isNew) {
    const tile = current();
    if (!tile) return;
    close.hidden = false;
    draw();
    const text = (selector) => tile.querySelector(selector)?.textContent.replace(/\s+/g, " ").trim() ?? "";
    byId("close-title").textContent = `${tile.dataset.pair} with ${text(".names span") || "nothing"}`;
    const [by, similarity, residual] = [text(".facts span:nth-child(2)"), text(".measures span"), text(".measures span:nth-child(2)")];
    const rows = [["Role", text(".role")], ["Chosen by", by], ["State", text(".remark") || tile.dataset.state], ["Similarity", similarity.replace("similarity ", "") || "not measured"], ["Residual", residual || "not measured"]];
    showFacts(rows);
    if (isNew) byId("sentences").replaceChildren();
    // Off the tile, so that the space bar toggles and does not press it again.
    if (isNew && document.activeElement?.dataset.pair) close.focus({ preventScroll: true });
    for (const button of close.querySelectorAll("[data-choice]")) {
      const isRole = button.dataset.choice === tile.dataset.role && tile.dataset.state !== "dropped";
      if (["train", "holdout", "test"].includes(button.dataset.choice)) button.setAttribute("aria-pressed", String(isRole));
    }
    await explain(tile, rows);
    if (isNew) prefetch();
  }

  /** What the machine thinks: of the last run, and of what has changed since at first sight. */
  async function explain(tile, rows) {
    const isLast = ask();
    const get = async (what) => (await answerOf(`${base}/${what}?${tile.dataset.query}`)) ?? {};
    const found = await get("facts");
    if (!isLast()) return;
    const weight = found.weight == null ? "not measured" : `${Math.round(found.weight * 100)} %`;
    showFacts([...rows, ["Weight", weight], ["Laid", found.laid ?? ""]]);
    const isPending = tile.parentElement.classList.contains("pending");
    const told = [found.error, found.candidate, isPending ? "The last run says:" : "", ...(found.sentences ?? [])];
    sentences(byId("sentences"), told);
    if (found.error || found.weight != null || !found.laid) return;
    const first = await get("judgement");
    if (isLast()) sentences(byId("sentences"), [...(first.sentences ?? [first.error]), ...told]);
  }

  function showFacts(rows) {
    byId("close-facts").replaceChildren(
      ...rows.flatMap(([name, value]) => {
        const [term, meaning] = [document.createElement("dt"), document.createElement("dd")];
        term.textContent = name;
        meaning.textContent = value;
        return [term, meaning];
      }),
    );
  }

  function prefetch() {
    const tile = next();
    if (tile) for (const side of ["source", "laid"]) new Image().src = address(tile, side);
  }

  function setMode(name) {
    mode = name;
    if (close.hidden) {
      open(true);
      close.scrollIntoView({ block: "start" });
    } else draw();
  }

  function wipeTo(percent) {
    slider.value = String(Math.min(100, Math.max(0, percent)));
    if (mode !== "wipe") mode = "wipe";
    draw();
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

  return {
    open,
    setMode,
    isOpen: () => !close.hidden,
    again: () => setMode(mode),
    toggle: () => setMode(mode === "source" ? "reference" : "source"),
    wipeBy: (percent) => wipeTo(Number(slider.value) + percent),
    shut: () => (close.hidden = true),
  };
}
