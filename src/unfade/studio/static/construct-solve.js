// Asks the studio for the colour of a frame.

export const SILENT = "the studio does not answer; start it again with 'unfade studio'";

/** Asks one question after the other; of those that come while one is on its way only the last is
 * asked.
 * @param {(found: object, question: object) => Promise<void>} show gets each answer, also a refusal
 *   with its `error`, and its question
 * @returns {(question: {frame: object, address: string, body?: string}) => void} `frame` is the
 *   opened frame that the question is about; opened again, it is another one */
export function asker(show) {
  let wanted = null; // the question that is to be answered, or has been
  let isAsking = false;

  async function answer() {
    isAsking = true;
    document.body.toggleAttribute("data-solving", true);
    try {
      await answerAll();
    } finally {
      isAsking = false;
      document.body.toggleAttribute("data-solving", false);
    }
  }

  async function answerAll() {
    for (let now = null; wanted && now !== wanted; ) {
      now = wanted;
      const options = now.body ? { method: "POST", headers: { "content-type": "application/json" }, body: now.body } : {};
      const reply = await fetch(now.address, options).catch(() => null);
      const found = (await reply?.json().catch(() => null)) ?? { error: SILENT };
      if (now === wanted || !found.error) await show(found, now);
      if (found.error && now === wanted) wanted = null; // It may be asked again.
    }
  }

  return (question) => {
    const isAsked = wanted && ["frame", "address", "body"].every((key) => wanted[key] === question[key]);
    if (isAsked) return;
    wanted = question;
    if (!isAsking) answer();
  };
}
