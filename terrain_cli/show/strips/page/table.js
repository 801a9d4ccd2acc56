// The table of iterations.

figures.table = {
  draw() {
    const head = document.querySelector("#table thead"), body = document.querySelector("#table tbody");
    const labels = ["iteration", ...data.crossings.map((c) => `${c.folded ? "… " : ""}${c.label} (${lengthUnit})`), `time (${timeUnit})`, "gap", "gradient"];
    const line = document.createElement("tr");
    for (const label of labels) {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.textContent = label;
      line.append(cell);
    }
    head.replaceChildren(line);
    this.lines = eachRow((i) => {
      const made = document.createElement("tr");
      const gradient = at(data.shown.gradient, i);
      const cells = [count(iterationAt(i)), ...data.crossings.map((c) => fixed(at(c.value, i))), fixed(at(data.shown.time, i)), percent(at(data.shown.gap, i)), gradient === null ? "–" : figure(gradient, 4)];
      cells.forEach((text, k) => {
        const cell = document.createElement(k ? "td" : "th");
        if (!k) cell.scope = "row";
        cell.textContent = text;
        made.append(cell);
      });
      made.addEventListener("click", () => setRow(i));
      return made;
    });
    body.replaceChildren(...this.lines);
  },
  move() {
    this.lines.forEach((line, i) => (i === row ? line.setAttribute("aria-current", "true") : line.removeAttribute("aria-current")));
    // Scroll the list, but not the page, until the row is visible.
    const list = document.querySelector("#table .list"), top = list.getBoundingClientRect().top;
    const head = list.querySelector("thead").getBoundingClientRect().height, line = this.lines[row].getBoundingClientRect();
    if (line.top - head < top) list.scrollTop += line.top - head - top;
    else if (line.bottom > top + list.clientHeight) list.scrollTop += line.bottom - top - list.clientHeight;
  },
};
