// The list of films: completion of paths.

document.addEventListener("input", async (event) => {
  const field = event.target.closest("[data-complete]");
  if (!field) return;
  const answer = await fetch(`/films/complete?path=${encodeURIComponent(field.value)}`).catch(() => null);
  if (!answer?.ok) return;
  const { paths } = await answer.json();
  document.getElementById("paths").replaceChildren(...paths.map((path) => new Option(path, path)));
});
