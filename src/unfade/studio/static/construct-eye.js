// Takes colours from pictures: from the one that is worked on, and from another beside it.
import { completePath, latest } from "/static/answers.js";
import { SILENT } from "/static/construct-solve.js";
import { say } from "/static/studio.js";
import { Pane } from "/static/pairs-pane.js";

const WIDTH_PX = 960; // Width of the picture that colours are taken from.
const SIDE_PX = 5; // Side of the square whose mean is taken, so that grain does not count.

/** The mean colour around a place of a picture on the page, as #6b8f3a.
 * @param {HTMLImageElement} image
 * @param {[number, number]} place as shares of its width and height */
function colourAt(image, [across, down]) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE_PX;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const corner = (share, size) => Math.min(Math.max(Math.round(share * size - SIDE_PX / 2), 0), Math.max(size - SIDE_PX, 0));
  const [left, top] = [corner(across, image.naturalWidth), corner(down, image.naturalHeight)];
  context.drawImage(image, left, top, SIDE_PX, SIDE_PX, 0, 0, SIDE_PX, SIDE_PX);
  const codes = context.getImageData(0, 0, SIDE_PX, SIDE_PX).data;
  const mean = (channel) => codes.filter((_, index) => index % 4 === channel).reduce((sum, code) => sum + code, 0) / SIDE_PX ** 2;
  return `#${[0, 1, 2].map((channel) => Math.round(mean(channel)).toString(16).padStart(2, "0")).join("")}`;
}

/** Binds the section with the other picture.
 * @param {{base: string, take: (colour: string, source: string) => void}} page
 *   `take` gets a colour, and words about the picture that shows it */
export function eyedropper({ base, take }) {
  const byId = (id) => document.getElementById(id);
  const [of, what] = [byId("eye-of"), byId("eye-what")];
  const figure = document.querySelector("[data-pane=eye]");
  const none = () => {};
  const pane = new Pane(figure, { place, move: none, remove: none, select: none, zoomed: none, drawn: none });
  const asking = latest();
  let words = "";

  const isPath = () => of.value === "picture";

  function asked() {
    const [value, name] = [what.value.trim(), of.selectedOptions[0].dataset.name];
    if (isPath()) return { query: { path: value }, words: value };
    if (of.value === "scan") return { query: { frame: value }, words: `frame ${value} of the scan` };
    if (of.value === "reference") return { query: { frame: value, of: name }, words: `frame ${value} of ${name}` };
    return { query: { constructed: value }, words: `constructed frame ${value}` };
  }

  async function show() {
    const isLast = asking();
    const { query, words: shown } = asked();
    const answer = await fetch(`${base}/picture?${new URLSearchParams({ ...query, width: WIDTH_PX })}`).catch(() => null);
    const error = answer?.ok ? "" : ((await answer?.json().catch(() => null))?.error ?? SILENT);
    const picture = error ? null : await answer.blob().catch(() => null);
    if (!isLast()) return;
    say(picture ? "" : error || SILENT);
    if (!picture) return;
    const source = URL.createObjectURL(picture);
    const image = new Image();
    image.src = source;
    await image.decode().catch(() => {});
    if (!isLast()) return URL.revokeObjectURL(source);
    figure.hidden = false;
    URL.revokeObjectURL(pane.image.src);
    const [width, height] = [image.naturalWidth || 1, image.naturalHeight || 1];
    pane.show({ x: 0, y: 0, width, height, across: width, down: height }, source);
    words = shown;
  }

  function place(_, position) {
    if (!position) return;
    const [x, y] = position;
    take(colourAt(pane.image, [x / pane.area.width, y / pane.area.height]), words);
  }

  byId("eye-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (what.value.trim()) show();
  });
  of.addEventListener("change", () => {
    what.value = "";
    what.placeholder = isPath() ? "stills/lobby-card.jpg" : "frame number";
  });
  what.addEventListener("input", () => isPath() && completePath(what));
}
