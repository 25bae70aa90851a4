// Sentences on the page of pairs.

/** Shows sentences as paragraphs.
 * @param {HTMLElement} place
 * @param {(string | undefined)[]} words */
export function sentences(place, words) {
  place.replaceChildren(
    ...words.filter(Boolean).map((sentence) => {
      const paragraph = document.createElement("p");
      paragraph.textContent = sentence;
      return paragraph;
    }),
  );
}
