// Answers of the studio to questions. Of those that cross only that to the last question counts.

/** Tells the last question of a kind from those before it.
 * @returns {() => () => boolean} to be called with each question; says later whether it is the last */
export function latest() {
  let last = 0;
  return () => {
    const mine = ++last;
    return () => mine === last;
  };
}

/** What the studio answers, also a refusal with its `error`; null if no answer came.
 * @param {string} address
 * @returns {Promise<object | null>} */
export async function answerOf(address) {
  const answer = await fetch(address).catch(() => null);
  return (await answer?.json().catch(() => null)) ?? null;
}

let asked = new AbortController();

/** Offers the paths that begin with what is typed in a field, as the options of "paths".
 * @param {HTMLInputElement} field with `data-complete="sequences"`, numbered files as one path */
export async function completePath(field) {
  asked.abort();
  asked = new AbortController();
  const { signal } = asked;
  const sequences = field.dataset.complete ? "&sequences" : "";
  const answer = await fetch(`/films/complete?path=${encodeURIComponent(field.value)}${sequences}`, { signal }).catch(() => null);
  const found = answer?.ok ? await answer.json().catch(() => null) : null;
  if (found && !signal.aborted) document.getElementById("paths").replaceChildren(...found.paths.map((path) => new Option(path, path)));
}
