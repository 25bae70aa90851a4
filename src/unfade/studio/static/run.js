// The stages of a film, and the log of its run as it grows.
import { bind, film, on, post, readOnly, refreshSoon } from "/static/studio.js";

if (!readOnly) bind("r", "run what is not fresh", () => post(`/film/${film}/runs`, { verb: "run" }));

let last = "";
on("progress", ({ progress }) => {
  if (!progress || progress.last === last) return;
  last = progress.last;
  refreshSoon();
});
