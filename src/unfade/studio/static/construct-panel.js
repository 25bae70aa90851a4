// The panel of the page of constructions: the chosen point, and the list of all.

/** Binds the panel.
 * @param {{change: Function, remove: Function, select: Function, asShown: Function}} page */
export function pointPanel({ change, remove, select, asShown }) {
  const byId = (id) => document.getElementById(id);
  const [picker, hex, palette, source, note] = ["point-colour", "point-hex", "point-palette", "point-source", "point-note"].map(byId);
  const list = byId("points");
  let expected = "";

  /** Offers the colours of the palettes; one of the film's hides the published one of its name. */
  function palettes(colours) {
    const first = colours.filter(({ name }, index) => colours.findIndex((one) => one.name === name) === index);
    palette.replaceChildren(new Option("palette", ""), ...first.map((one) => Object.assign(new Option(one.name, one.name), { title: `${one.colour}, ${one.source}` })));
  }

  /** Shows all points, and what is known of the chosen one.
   * @param {object[]} facts of each point: number, point, colour, expected
   * @param {object | undefined} current those of the chosen one, and the colour that is shown there */
  function show(facts, current) {
    byId("point").disabled = !current;
    byId("point-title").textContent = current ? titleOf(current) : "No point is chosen";
    expected = current?.expected ?? "";
    byId("point-others").hidden = !expected;
    byId("point-expected").textContent = `The others say ${expected}; take it`;
    byId("point-take").style.setProperty("--colour", expected);
    write(picker, current?.shown ?? "#808080");
    write(hex, current?.colour ?? "");
    write(palette, current && !current.point.colour.startsWith("#") ? current.point.colour : "");
    write(source, current?.point.source ?? "");
    write(note, current?.point.note ?? "");
    list.replaceChildren(...facts.map((one) => row(one, one === current || one.number === current?.number)));
    const sources = [...new Set(facts.map(({ point }) => point.source).filter(Boolean))];
    byId("sources").replaceChildren(...sources.map((one) => new Option(one, one)));
  }

  function titleOf({ number, point, colour }) {
    const where = point.at[0].map((value) => Math.round(value)).join(", ");
    return `Point ${number} at ${where}${colour ? "" : ": state its colour"}`;
  }

  /** Shows a value, unless the person is typing there. */
  function write(field, value) {
    if (field !== document.activeElement || field === palette) field.value = value;
  }

  function row({ number, point, colour, expected: others }, isChosen) {
    const [item, button] = [document.createElement("li"), document.createElement("button")];
    const part = (name, text) => Object.assign(document.createElement("span"), { className: name, textContent: text });
    const swatch = part("swatch", "");
    swatch.style.setProperty("--colour", colour || "transparent");
    button.type = "button";
    button.setAttribute("aria-pressed", String(isChosen));
    button.classList.toggle("contradicts", Boolean(others));
    button.append(part("number", String(number)), swatch, part("words", point.colour || "no colour yet"), part("source", others ? `contradicts: ${others}` : point.source));
    button.addEventListener("click", () => select(number));
    item.append(button);
    return item;
  }

  picker.addEventListener("input", () => change({ colour: picker.value }));
  hex.addEventListener("input", () => /^#?[0-9a-f]{6}$/i.test(hex.value) && change({ colour: `#${hex.value.replace("#", "").toLowerCase()}` }));
  palette.addEventListener("change", () => palette.value && change({ colour: palette.value }));
  source.addEventListener("input", () => change({ source: source.value }));
  note.addEventListener("input", () => change({ note: note.value }));
  byId("point-as-shown").addEventListener("click", asShown);
  byId("point-take").addEventListener("click", () => change({ colour: expected }));
  byId("point-remove").addEventListener("click", remove);

  return { palettes, show };
}
