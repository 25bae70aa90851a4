// The report: the name of the person is kept for the next decision.

const form = document.getElementById("decision-form");

if (form) {
  const name = form.elements.by;
  const restore = () => {
    name.value ||= localStorage.getItem("unfade-name") ?? "";
  };
  form.addEventListener("submit", () => localStorage.setItem("unfade-name", name.value));
  form.addEventListener("reset", () => setTimeout(restore));
  restore();
}
