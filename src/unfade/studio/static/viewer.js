// The viewer: any frame of the film, two pictures compared, measured, played.
import { film as id, on } from "/static/studio.js";
import { bindControls, press } from "/static/viewer-controls.js";
import { draw } from "/static/viewer-draw.js";
import { go, player, scrub, setShown, show } from "/static/viewer-frames.js";
import { bindKeys } from "/static/viewer-keys.js";
import { Pictures, fetched } from "/static/viewer-load.js";
import { showMarks } from "/static/viewer-panel.js";
import { bindPointer } from "/static/viewer-pointer.js";
import { Screen } from "/static/viewer-screen.js";
import { all, canvas, keepKinds, kinds, notice, part, place, readAddress, stage, state, viewer } from "/static/viewer-state.js";
import { Strip } from "/static/viewer-strip.js";

const THUMBS_MS = 700; // from one look for missing thumbnails to the next

const json = async (address) => (await fetched(address)).json();

let shownEdition = null;

/** Takes the facts of the film, and shows what is new in them. What failed before is tried again;
 * else what is shown stays, and so does the place. */
async function takeFilm() {
  const fresh = await json(`/film/${id}/viewer/facts`);
  const earlier = viewer.film;
  hasThumbs = true;
  viewer.film = fresh;
  viewer.pictures.width = fresh.width;
  place.setFilm(fresh);
  viewer.strip.setFilm(fresh);
  showMarks(fresh.bookmarks, go);
  for (const one of all("#kind-a option, #kind-b option")) {
    one.disabled = one.hidden = !fresh.kinds.some(({ kind }) => kind === one.value);
  }
  part("strip").setAttribute("aria-valuemin", fresh.first);
  part("strip").setAttribute("aria-valuemax", fresh.last);
  if (shownEdition !== fresh.edition) await takePictures(shownEdition === null);
  else if (earlier.checkpoint !== fresh.checkpoint) {
    viewer.pictures.clear("checkpoint");
    if (kinds().includes("checkpoint")) show(state.frame);
  } else if (!part("notice").hidden) show(state.frame);
}

/** Shows all pictures anew, through the film's view as it is now. */
async function takePictures(isFirst) {
  const [view, values] = await Promise.all([
    json(`/film/${id}/viewer/view`),
    fetched(`/film/${id}/viewer/view/textures`).then((answer) => answer.arrayBuffer()),
  ]);
  viewer.screen.setView(view, new Float32Array(values));
  viewer.pictures.clear();
  viewer.strip.clearThumbs();
  shownEdition = viewer.film.edition;
  if (isFirst) readAddress();
  else keepKinds();
  press();
  setShown(null, null);
  show(state.frame).catch((error) => notice(error.message));
}

let isFetchingThumbs = false, hasThumbs = true;

async function thumbs() {
  const { strip } = viewer;
  const frames = isFetchingThumbs || player.speed || !hasThumbs ? [] : strip.thumbFrames();
  if (!frames.length) return;
  isFetchingThumbs = true;
  try {
    await takeThumbs(frames, shownEdition);
  } catch {
    hasThumbs = false;
  } finally {
    isFetchingThumbs = false;
  }
}

async function takeThumbs(frames, edition) {
  const { bytes, width, height } = await viewer.pictures.some(frames, "recovered");
  const size = width * height;
  for (const [index, frame] of frames.entries()) {
    const pixels = new ImageData(width, height);
    for (let one = 0; one < size; one += 1) {
      pixels.data.set(bytes.subarray(3 * (index * size + one), 3 * (index * size + one) + 3), 4 * one);
      pixels.data[4 * one + 3] = 255;
    }
    const thumb = await createImageBitmap(pixels);
    if (edition !== shownEdition) return;
    viewer.strip.setThumb(frame, thumb);
  }
}

function resized() {
  const ratio = window.devicePixelRatio || 1;
  const width = Math.max(1, Math.round(stage.clientWidth * ratio)), height = Math.max(1, Math.round(stage.clientHeight * ratio));
  if (canvas.width === width && canvas.height === height) return;
  Object.assign(canvas, { width, height });
  draw();
}

let taking = Promise.resolve();

/** Takes the film after what is being taken: what cannot be shown yet is shown after a later change. */
function look() {
  taking = taking.then(takeFilm).catch((error) => notice(error.message));
}

function start() {
  try {
    viewer.screen = new Screen(canvas);
  } catch (error) {
    notice(error.message);
    return;
  }
  viewer.pictures = new Pictures(id, viewer.screen);
  viewer.strip = new Strip(part("strip"), scrub);
  bindControls();
  bindPointer();
  bindKeys();
  resized();
  new ResizeObserver(resized).observe(stage);
  canvas.addEventListener("webglcontextlost", () => notice("the GPU was reset; load the page again"));
  on("film", (event) => event.film === id && look());
  on("reset", look);
  setInterval(thumbs, THUMBS_MS);
  look();
}

start();
