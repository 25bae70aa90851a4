// What every page does: live events, commands, messages, the sheet of keys.

const body = document.body;

/** The id of the film that the page is about; undefined on the list of films. */
export const film = body.dataset.film;

/** Whether nothing can be changed. */
export const readOnly = "readOnly" in body.dataset;

/** Shows one sentence to the person; an empty one hides the last.
 * @param {string} sentence */
export function say(sentence) {
  const line = document.getElementById("message");
  line.textContent = sentence;
  line.hidden = !sentence;
}

/** Sends a command; resolves to the answer, or to null after a failure, which is shown.
 * @param {string} address
 * @param {object} command
 * @returns {Promise<object | null>} */
export async function post(address, command = {}) {
  try {
    const answer = await fetch(address, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(command),
    });
    const facts = await answer.json().catch(() => ({}));
    if (answer.ok) {
      say("");
      return facts;
    }
    say(facts.error ?? `the studio refused it (${answer.status})`);
  } catch {
    say("the studio does not answer; start it again with 'unfade studio'");
  }
  return null;
}

const handlers = new Map();

/** Calls a function with each live event of a kind: "film", "runs", "progress", "refreshed", and
 * "reset" when events may have been missed: what is shown is to be asked for anew.
 * @param {string} kind
 * @param {(event: object) => void} handler */
export function on(kind, handler) {
  handlers.set(kind, [...(handlers.get(kind) ?? []), handler]);
}

function emit(event) {
  for (const handler of handlers.get(event.kind) ?? []) handler(event);
}

const keys = [];

/** Binds a key, and describes it on the sheet of keys.
 * @param {string} key as KeyboardEvent names it
 * @param {string} words what it does
 * @param {(event: KeyboardEvent) => void} action */
export function bind(key, words, action) {
  keys.push({ key, words, action });
}

/** The parts of the page as the studio sent them, before a person or a script changed them. */
const sent = new WeakMap();
document.querySelectorAll("main, [data-live]").forEach((part) => sent.set(part, part.innerHTML));

let newest = null; // the update that was asked for last

/** Gets the page's content anew: the parts that are marked as live, or all of it. Of answers that
 * cross only the one that was asked for last counts, for which the others wait. Then an event of
 * kind "refreshed" follows. */
export function refresh() {
  const mine = update(() => mine === newest);
  newest = mine;
  return mine;
}

async function update(isNewest) {
  const address = new URL(location.href);
  address.searchParams.set("part", "1");
  const answer = await fetch(address).catch(() => null);
  const text = answer?.ok ? await answer.text().catch(() => null) : null;
  if (!isNewest()) return newest;
  if (text === null) return null;
  replaceAll(text);
  setTitle(decodeURIComponent(answer.headers.get("x-unfade-title")));
  emit({ kind: "refreshed" });
  return null;
}

/** Shows the title of the film, which changes with film.toml. */
function setTitle(title) {
  const name = document.querySelector(".film-name");
  if (!name || name.textContent === title) return;
  document.title = document.title.replace(`, ${name.textContent} - `, () => `, ${title} - `);
  name.textContent = title;
}

function replaceAll(text) {
  const main = document.getElementById("main");
  const fresh = document.createElement("main");
  fresh.innerHTML = text;
  const live = [...main.querySelectorAll("[data-live]")];
  for (const part of live) {
    const other = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
    if (other) replaceContent(part, other.innerHTML);
  }
  if (!live.length) replaceContent(main, fresh.innerHTML);
}

/** Replaces the content of an element if the studio sends another one. What is typed, marked or
 * unfolded stays so, and so does the focus. */
function replaceContent(part, html) {
  if (html === sent.get(part)) return;
  const fields = [...part.querySelectorAll("input[name]:not([type=hidden]), textarea[name]")];
  const focused = part.contains(document.activeElement) ? selectorOf(document.activeElement) : null;
  const open = [...part.querySelectorAll("details")].map((one) => one.open);
  part.innerHTML = html;
  sent.set(part, html);
  part.querySelectorAll("details").forEach((one, index) => (one.open = open[index] ?? one.open));
  for (const { name, value, checked } of fields) {
    const found = part.querySelectorAll(`[name="${CSS.escape(name)}"]`);
    if (found.length === 1) Object.assign(found[0], { value, checked });
  }
  if (focused) part.querySelector(focused)?.focus();
}

/** What finds an element again in newer content; null if it has no name of its own. */
function selectorOf(element) {
  const name = ["id", "name", "aria-label", "href"].find((one) => element.getAttribute(one));
  return name ? `[${name}="${CSS.escape(element.getAttribute(name))}"]` : null;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-post]");
  if (!button || button.ariaBusy) return;
  button.ariaBusy = "true";
  await post(button.dataset.post, JSON.parse(button.dataset.command ?? "{}"));
  button.ariaBusy = null;
});

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-post]");
  if (!form) return;
  event.preventDefault();
  const command = Object.fromEntries(new FormData(form, event.submitter));
  if ((await post(form.dataset.post, command)) && !("keep" in form.dataset)) form.reset();
});

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input:not([type=checkbox]), textarea, select");
  if (isTyping || document.querySelector("dialog[open]") || event.ctrlKey || event.metaKey || event.altKey) return;
  const pressesButton = [" ", "Enter"].includes(event.key) && event.target.closest("button, a, summary, input");
  const bound = keys.find((one) => one.key === event.key);
  if (!bound || pressesButton) return;
  event.preventDefault();
  bound.action(event);
});

const sheet = document.getElementById("key-sheet");

function showKeys() {
  sheet.querySelector("dl").replaceChildren(
    ...keys.flatMap(({ key, words }) => {
      const term = document.createElement("dt");
      const meaning = document.createElement("dd");
      term.textContent = key === " " ? "Space" : key;
      meaning.textContent = words;
      return [term, meaning];
    }),
  );
  sheet.showModal();
  sheet.scrollTop = 0;
}

bind("?", "show this sheet", showKeys);
document.getElementById("keys").addEventListener("click", showKeys);

function timeLeft(seconds) {
  if (seconds == null) return "";
  if (seconds < 15) return ", a few seconds left";
  if (seconds < 600) return `, about ${Math.round(seconds / 10) * 10} s left`;
  return `, about ${Math.round(seconds / 60)} min left`;
}

/** Tells a screen reader, which is spared the counting of items.
 * @param {string} sentence */
function announce(sentence) {
  const line = document.getElementById("news");
  if (line.textContent !== sentence) line.textContent = sentence;
}

on("progress", ({ progress }) => {
  const line = document.getElementById("progress");
  if (!progress) {
    if (line.textContent) announce("the run has ended");
    line.textContent = "";
    return;
  }
  const stage = progress.stage ? `stage ${progress.number} of ${progress.count}, ${progress.stage}` : progress.last;
  const step = progress.label ? `; ${progress.label}: ${progress.done} of ${progress.total || "?"}` : "";
  announce(`${progress.what}: ${stage}`);
  line.textContent = `${progress.what}: ${stage}${step}${timeLeft(progress.left_s)}`;
});

let waiting = 0;

/** Gets the page's content anew once, after events that come together. */
export function refreshSoon() {
  clearTimeout(waiting);
  waiting = setTimeout(refresh, 100);
}

on("problem", ({ sentence }) => say(sentence));
on("runs", refreshSoon);
on("reset", refreshSoon);
on("film", (event) => {
  if (!film || event.film === film) refreshSoon();
});

const LOST = "the studio does not answer; it may have been closed";

let stream = null, last = body.dataset.event; // the number of the last event that the page has

/** Opens the stream of the events after the last one. A hidden page closes its own, because browsers
 * keep only six connections to a server, and more windows than that would wait for one another. */
function connect() {
  stream = new EventSource(`/events?after=${last}`);
  stream.addEventListener("message", (message) => {
    last = message.lastEventId || last;
    emit(JSON.parse(message.data));
  });
  stream.addEventListener("error", () => say(LOST));
  stream.addEventListener("open", () => {
    if (document.getElementById("message").textContent === LOST) say("");
  });
}

document.addEventListener("visibilitychange", () => {
  stream?.close();
  stream = null;
  if (document.hidden) return;
  connect();
});
if (!document.hidden) connect();
