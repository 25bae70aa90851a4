// Adding a pair: two scrubbers side by side, or a painted picture.
import { answerOf, completePath } from "/static/answers.js";
import { bind, readOnly, say } from "/static/studio.js";
import { sentences } from "/static/pairs-words.js";

const REST_MS = 180; // A scrubber that rests this long shows full pixels instead of the proxy.

/** Binds the section that adds a pair.
 * @param {{base: string, send: Function, editor: {open: Function}, pointsSaver: Function, sourceOf: () => string | undefined, version: () => string}} page
 *   `version` is that of the records, of which pictures are made */
export function startAdding({ base, send, editor, pointsSaver, sourceOf, version }) {
  const byId = (id) => document.getElementById(id);
  const section = byId("adding");
  const form = byId("add-form");
  const [source, reference, of] = [byId("add-source"), byId("add-reference"), byId("add-of")];
  let asked = 0;

  const name = () => of?.value ?? "";
  const painted = () => form.painted.value.trim();

  function pairQuery() {
    const query = new URLSearchParams({ source: source.value, v: version() });
    if (painted()) query.set("painted", painted());
    else if (reference) for (const [key, value] of [["reference", reference.value], ["of", name()]]) query.set(key, value);
    if (painted() && form.colorspace.value) query.set("colorspace", form.colorspace.value);
    return query;
  }

  function numbers() {
    byId("add-source-frame").textContent = source.value;
    byId("add-source-number").value = source.value;
    if (!reference) return;
    byId("add-reference-frame").textContent = painted() ? painted() : reference.value;
    byId("add-reference-number").value = reference.value;
    byId("add-reference-number").min = reference.min;
    byId("add-reference-number").max = reference.max;
  }

  function scrub() {
    numbers();
    const frame = (query) => `${base}/frame?${new URLSearchParams({ ...query, v: version() })}`;
    byId("add-source-picture").src = frame({ frame: source.value, width: 128 });
    if (reference && !painted()) byId("add-reference-picture").src = frame({ frame: reference.value, of: name(), width: 128 });
    clearTimeout(asked);
    asked = setTimeout(rest, REST_MS);
  }

  async function rest() {
    const mine = asked;
    const query = pairQuery();
    const answer = await fetch(`${base}/facts?${query}`).catch(() => null);
    const found = answer ? await answer.json().catch(() => null) : null;
    if (mine !== asked || section.hidden) return;
    if (!answer?.ok || !found) {
      sentences(byId("add-sentences"), [found?.error]);
      return;
    }
    sentences(byId("add-sentences"), [found.candidate, ...found.sentences]);
    if (follows() && found.match && found.match.of === name() && Number(reference.value) !== found.match.reference) {
      reference.value = String(found.match.reference);
      scrub();
      return;
    }
    if (reference || painted()) judge(mine, query, [found.candidate, ...found.sentences]);
    const width = Math.round(byId("add-source-picture").clientWidth * devicePixelRatio) || 960;
    const picture = (side) => `${base}/picture?${query}&side=${side}&width=${width}`;
    byId("add-source-picture").src = picture("source");
    if (reference || painted()) byId("add-reference-picture").src = picture("laid");
  }

  /** Puts what align is likely to think before what is known. */
  async function judge(mine, query, known) {
    const found = await answerOf(`${base}/judgement?${query}`);
    if (found && mine === asked) sentences(byId("add-sentences"), [...(found.sentences ?? [found.error]), ...known]);
  }

  const follows = () => reference && !painted() && byId("follow").checked;

  function open() {
    if (readOnly) return say("the studio is read-only; start it without --read-only to change something");
    section.hidden = false;
    if (sourceOf()) source.value = sourceOf();
    section.scrollIntoView({ block: "start" });
    source.focus();
    scrub();
  }

  function shut() {
    section.hidden = true;
    byId("add-pair").focus();
  }

  function step(scrubber, by) {
    scrubber.value = String(Number(scrubber.value) + by);
    if (scrubber === reference) byId("follow").checked = false;
    scrub();
  }

  section.addEventListener("input", (event) => {
    const field = event.target;
    if (field === reference) byId("follow").checked = false;
    if (field.id === "add-of") {
      const chosen = of.selectedOptions[0].dataset;
      [reference.min, reference.max] = [chosen.first, chosen.last];
    }
    if (["add-source", "add-reference", "add-of", "follow"].includes(field.id) || ["painted", "colorspace"].includes(field.name)) scrub();
    if (field.name === "painted") completePath(field);
  });
  section.addEventListener("change", (event) => {
    if (event.target.id === "add-source-number") source.value = event.target.value;
    else if (event.target.id === "add-reference-number") {
      reference.value = event.target.value;
      byId("follow").checked = false;
    } else return;
    scrub();
  });
  section.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.step) step(byId(button.dataset.step), Number(button.dataset.by));
    else if (button?.id === "to-match") {
      byId("follow").checked = true;
      scrub();
    } else if (button?.id === "add-cancel") shut();
  });
  section.addEventListener("keydown", (event) => {
    if (event.key === "Escape") shut();
  });

  function command() {
    const frames = painted() || !reference ? {} : { reference: Number(reference.value), of: name() };
    return { verb: "add", ...Object.fromEntries(new FormData(form)), source: Number(source.value), ...frames };
  }

  /** Ends the form if the studio has added the pair. */
  function finish(answer) {
    if (answer?.seen) {
      form.reset();
      shut();
    }
    return answer;
  }

  const hasPicture = () => Boolean(painted() || reference) || say("this film has no reference; choose a painted picture");

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (hasPicture()) send(`${base}/choose`, command()).then(finish);
  });
  byId("add-points").addEventListener("click", () => {
    const title = `${source.value} with ${painted() || reference?.value}`;
    if (!hasPicture()) return;
    const save = pointsSaver(command());
    editor.open({ query: pairQuery(), title, save: (points) => save(points).then(finish) });
  });

  byId("add-pair").addEventListener("click", open);
  bind("a", "add a pair", open);
}
