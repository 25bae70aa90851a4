// The panel of the page of constructions: the chosen point, and the list of all.

const UNKNOWN = "#808080"; // What the browser's picker shows before there is a colour.

/** Binds the panel.
 * @param {{change: Function, keep: Function, remove: Function, select: Function, asShown: Function}} page
 *   `keep` gets the name under which the palette is to keep the point's colour */
export function pointPanel({ change, keep, remove, select, asShown }) {
  const byId = (id) => document.getElementById(id);
  const [picker, hex, palette, source, note, name] = ["point-colour", "point-hex", "palette", "point-source", "point-note", "keep-name"].map(byId);
  const list = byId("points");
  let expected = "";

  /** Offers the colours of the palettes; one of the film's hides the published one of its name. */
  function palettes(colours) {
    const first = colours.filter(({ name }, index) => colours.findIndex((one) => one.name === name) === index);
    palette.replaceChildren(...first.map(named));
  }

  function named({ name, colour, source }) {
    const button = Object.assign(document.createElement("button"), { type: "button", title: `${colour}, ${source}` });
    button.append(swatchOf(colour), part("words", name));
    button.addEventListener("click", () => change({ colour: name }));
    return button;
  }

  /** Shows all points, and what is known of the chosen one.
   * @param {object[]} facts of each point: number, point, colour, expected
   * @param {object | undefined} current those of the chosen one, and the colour that is `solved` there */
  function show(facts, current) {
    byId("point").disabled = !current;
    byId("point-title").textContent = current ? titleOf(current) : "No point is chosen";
    expected = current?.expected ?? "";
    byId("point-others").hidden = !expected;
    byId("point-expected").textContent = `The others say ${expected}; take it`;
    byId("point-take").style.setProperty("--colour", expected);
    write(picker, current?.colour || current?.solved || UNKNOWN);
    byId("point-as-shown").disabled = !current?.solved;
    write(hex, current?.colour ?? "");
    for (const button of palette.children) button.setAttribute("aria-pressed", String(button.textContent === current?.point.colour));
    byId("keep").disabled = !current?.colour;
    write(source, current?.point.source ?? "");
    write(note, current?.point.note ?? "");
    list.replaceChildren(...facts.map((one) => row(one, one.number === current?.number)));
    const sources = [...new Set(facts.map(({ point }) => point.source).filter(Boolean))];
    byId("sources").replaceChildren(...sources.map((one) => new Option(one, one)));
  }

  function titleOf({ number, point, colour }) {
    const where = point.at[0].map((value) => Math.round(value)).join(", ");
    const kind = point.area ? "Region" : point.at.length > 1 ? "Scribble" : "Point";
    return `${kind} ${number} at ${where}${colour ? "" : ": state its colour"}`;
  }

  /** Shows a value, unless the person is typing there. */
  function write(field, value) {
    if (field !== document.activeElement) field.value = value;
  }

  function row({ number, point, colour, expected: others }, isChosen) {
    const [item, button] = [document.createElement("li"), document.createElement("button")];
    button.type = "button";
    button.setAttribute("aria-pressed", String(isChosen));
    button.title = point.source;
    button.classList.toggle("contradicts", Boolean(others));
    button.append(part("number", String(number)), swatchOf(colour), part("words", point.colour || "no colour yet"), part("source", others ? `contradicts: ${others}` : point.source));
    button.addEventListener("click", () => select(number));
    item.append(button);
    return item;
  }

  function part(className, text) {
    return Object.assign(document.createElement("span"), { className, textContent: text });
  }

  function swatchOf(colour) {
    const swatch = part("swatch", "");
    swatch.style.setProperty("--colour", colour || "transparent");
    return swatch;
  }

  picker.addEventListener("input", () => change({ colour: picker.value }));
  hex.addEventListener("input", () => /^#?[0-9a-f]{6}$/i.test(hex.value) && change({ colour: `#${hex.value.replace("#", "").toLowerCase()}` }));
  source.addEventListener("input", () => change({ source: source.value }));
  note.addEventListener("input", () => change({ note: note.value }));
  byId("keep-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    await keep(name.value.trim());
    name.value = "";
  });
  byId("point-as-shown").addEventListener("click", asShown);
  byId("point-take").addEventListener("click", () => change({ colour: expected }));
  byId("point-remove").addEventListener("click", remove);

  return { palettes, show };
}
