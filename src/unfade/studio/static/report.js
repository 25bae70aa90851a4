// The report: the name of the person is kept for the next decision; keys for decision and delivery.
import { bind } from "/static/studio.js";

const form = document.getElementById("decision-form");

if (form) {
  const name = form.elements.by;
  const restore = () => {
    name.value ||= localStorage.getItem("unfade-name") ?? "";
  };
  form.addEventListener("submit", () => localStorage.setItem("unfade-name", name.value));
  form.addEventListener("reset", () => setTimeout(restore));
  // Enter in a field must not decide: only the buttons do.
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.closest("input")) event.preventDefault();
  });
  restore();
  bind("n", "decide: go to your name", () => name.focus());
  bind("d", "deliver", () => document.getElementById("deliver").click());
  bind("v", "verify the delivery", () => document.getElementById("verify").click());
}
