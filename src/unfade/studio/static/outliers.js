// Outliers: pictures from the sheet of validate, keys to walk the queue, decisions.
import { bind, film, post, readOnly } from "/static/studio.js";

// Pixels of the sheet outliers.png: its margin, the gap between pictures, the line of headings.
const MARGIN = 28;
const GAP = 10;
const TOP = 48;
const COLUMNS = 3;

const queue = document.getElementById("queue");

/** The picture of an address, decoded once.
 * @param {string} address
 * @returns {Promise<HTMLImageElement>} */
const pictures = new Map();
function picture(address) {
  if (!pictures.has(address)) {
    const image = new Image();
    image.src = address;
    pictures.set(address, image.decode().then(() => image));
  }
  return pictures.get(address);
}

/** Draws an outlier's row of the sheet, without its words at the left.
 * @param {HTMLCanvasElement} canvas */
async function drawRow(canvas) {
  const { sheet, row, rows, aspect } = canvas.dataset;
  const image = await picture(sheet).catch(() => null);
  if (!image) return;
  const height = (image.naturalHeight - TOP - MARGIN + GAP) / Number(rows) - GAP;
  const top = TOP + Number(row) * (height + GAP);
  const cell = aspect ? height * Number(aspect) : 0;
  const wanted = aspect ? COLUMNS * cell + (COLUMNS - 1) * GAP : image.naturalWidth - 2 * MARGIN;
  const width = Math.min(Math.round(wanted), image.naturalWidth - 2 * MARGIN);
  canvas.width = width;
  canvas.height = Math.round(height);
  const left = image.naturalWidth - MARGIN - width;
  canvas.getContext("2d").drawImage(image, left, top, width, height, 0, 0, width, canvas.height);
}

let selected = null;

/** Draws what came anew, and finds the outlier again that had the focus. */
function settle() {
  queue.querySelectorAll("canvas[data-sheet]").forEach(drawRow);
  if (selected && document.activeElement === document.body) {
    document.getElementById(`outlier-${selected}`)?.focus({ preventScroll: true });
  }
}

const outliers = () => [...queue.querySelectorAll(".outlier")].filter((one) => one.offsetParent);

function current() {
  return document.activeElement?.closest?.(".outlier") ?? null;
}

function step(by) {
  const all = outliers();
  if (!all.length) return;
  const index = all.indexOf(current());
  const next = all[Math.min(Math.max(index + by, 0), all.length - 1)];
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

/** Asks for a name and a reason, and sends the decision on an outlier.
 * @param {Element} outlier
 * @param {string} decision "dismiss" or "reopen" */
function ask(outlier, decision) {
  const dialog = document.getElementById("decide");
  const form = document.getElementById("decide-form");
  document.getElementById("decide-title").textContent = decision === "dismiss" ? "Dismiss: no fault" : "Open again";
  document.getElementById("decide-what").textContent = outlier.querySelector("h3").textContent;
  form.reset();
  form.elements.by.value = localStorage.getItem("unfade-name") ?? "";
  form.dataset.decision = decision;
  form.dataset.outlier = outlier.dataset.outlier;
  dialog.showModal();
  (form.elements.by.value ? form.elements.reason : form.elements.by).focus();
}

async function decide(event) {
  event.preventDefault();
  const form = event.target;
  const [by, reason] = [form.elements.by.value, form.elements.reason.value];
  localStorage.setItem("unfade-name", by);
  const { decision, outlier } = form.dataset;
  const dialog = document.getElementById("decide");
  dialog.close();
  if (!(await post(`/film/${film}/outliers/${decision}`, { outlier, by, reason }))) {
    dialog.showModal();
    return;
  }
  document.getElementById(`outlier-${outlier}`)?.focus({ preventScroll: true });
}

if (queue) {
  settle();
  new MutationObserver(settle).observe(queue, { childList: true });
  queue.addEventListener("focusin", () => {
    selected = current()?.dataset.outlier ?? selected;
  });
  const openOnly = document.getElementById("open-only");
  const toggle = () => {
    const isOn = queue.classList.toggle("open-only");
    openOnly.setAttribute("aria-pressed", String(isOn));
  };
  openOnly.addEventListener("click", toggle);
  bind("j", "next outlier", () => step(1));
  bind("k", "previous outlier", () => step(-1));
  bind("o", "open ones only, or all", toggle);
  bind("v", "see the worst frame in the viewer", () => {
    const one = current();
    if (one) location.href = `/film/${film}/viewer?frame=${one.dataset.worst}`;
  });
}

if (queue && !readOnly) {
  queue.addEventListener("click", (event) => {
    const button = event.target.closest("[data-decide]");
    if (button) ask(button.closest(".outlier"), button.dataset.decide);
  });
  document.getElementById("decide-form").addEventListener("submit", decide);
  document.getElementById("decide-cancel").addEventListener("click", () => document.getElementById("decide").close());
  bind("a", "accept: add the pair that would mend it", () => current()?.querySelector("[data-accept]")?.click());
  bind("d", "dismiss with a reason, or open again", () => current()?.querySelector("[data-decide]")?.click());
}
