// The list of films: marks and their run, completion of paths.
import { completePath } from "/static/answers.js";
import { bind, post, readOnly, say } from "/static/studio.js";

const all = (selector) => [...document.querySelectorAll(selector)];

/** Moves the focus by rows of the list. */
function walk(by) {
  const stops = all(".films tbody tr").map((row) => row.querySelector("input, a")).filter(Boolean);
  const here = stops.findIndex((one) => one.closest("tr").contains(document.activeElement));
  const next = here < 0 ? 0 : Math.min(stops.length - 1, Math.max(0, here + by));
  stops[next]?.focus();
}

const inRow = (selector) => document.activeElement.closest(".films tr")?.querySelector(selector);

/** Puts a run of each marked film on the queue. */
async function runMarked() {
  const marked = all(".films input:checked");
  if (!marked.length) return say("no film is marked; j and k walk the list, x marks");
  if (await post("/films/run", { films: marked.map((one) => one.value) })) {
    for (const one of marked) one.checked = false;
  }
}

bind("j", "to the next film", () => walk(1));
bind("k", "to the film before", () => walk(-1));
bind("o", "open the film", () => inRow("a")?.click());
if (!readOnly) {
  bind("x", "mark the film, or take the mark off", () => inRow("input")?.click());
  bind("a", "mark all films, or none", () => {
    const marks = all(".films input");
    const isMarked = !marks.every((one) => one.checked);
    for (const one of marks) one.checked = isMarked;
  });
  bind("r", "run the marked films one after another", runMarked);
}

document.addEventListener("click", (event) => {
  if (event.target.closest("#run-marked")) runMarked();
});

document.addEventListener("input", (event) => {
  const field = event.target.closest("[data-complete]");
  if (field) completePath(field);
});
