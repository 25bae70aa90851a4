// The stages of a film.
import { bind, film, post, readOnly } from "/static/studio.js";

if (!readOnly) bind("r", "run what is not fresh", () => post(`/film/${film}/runs`, { verb: "run" }));
