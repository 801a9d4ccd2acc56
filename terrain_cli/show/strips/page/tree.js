// The expression tree of the travel time.

figures.tree = {
  draw() {
    const tree = data.tree;
    if (!tree || this.svg) return;
    const plot = document.querySelector("#tree .plot"), margin = 4;
    const svg = document.createElementNS(NS, "svg");
    const width = tree.width + 2 * margin, height = tree.height;
    set(svg, { class: "tree", width, height, viewBox: `${-margin} -2 ${width} ${height + 2}`, role: "img" });
    for (const block of tree.blocks) {
      if (block.above === null) continue;
      const parent = tree.blocks[block.above];
      const lines = 1 + (parent.derivative !== undefined);
      add(svg, "path", { class: "twig", d: `M${parent.x} ${parent.y + 31 + 15 * lines + 4}L${block.x} ${block.y - 2}`, ...(block.kind === "folded" ? { "stroke-dasharray": "3 3" } : {}) });
    }
    this.texts = tree.blocks.map((block) => {
      const g = add(svg, "g", { class: `block ${block.kind}` });
      const name = block.label.replace(/[₀-₉]+$/, ""), below = block.label.slice(name.length).replace(/./g, (c) => "₀₁₂₃₄₅₆₇₈₉".indexOf(c));
      const wide = Math.max(30, 14 + 9 * block.label.length - 3 * below.length);
      add(g, "rect", { x: round(block.x - wide / 2), y: block.y, width: wide, height: 30, rx: { variable: 15, constant: 3, operation: 9, folded: 0 }[block.kind] });
      const text = add(g, "text", { class: "name", x: block.x, y: block.y + 20.5 }, name);
      if (below) add(text, "tspan", { dy: 4, "font-size": 12, "font-style": "normal" }, below);
      const value = block.value === undefined ? null : add(g, "text", { x: block.x, y: block.y + 44 });
      const slope = block.derivative === undefined ? null : add(g, "text", { class: "slope", x: block.x, y: block.y + 44 + (value ? 15 : 0) });
      g.addEventListener("pointerenter", () => { g.classList.add("pointed"); readout("tree").textContent = this.describe(block); });
      g.addEventListener("pointerleave", () => { g.classList.remove("pointed"); this.move(); });
      return [value, slope];
    });
    plot.replaceChildren(svg);
    document.querySelector("main").classList.toggle("wide-tree", width > 640);
    this.svg = svg;
  },
  describe(block) {
    const note = block.note ? ` (${block.note})` : "";
    const value = block.value === undefined ? "" : ` = ${figure(at(block.value, row))}`;
    const slope = block.derivative === undefined ? "" : `; the time changes by ${figure(at(block.derivative, row), 4)} per unit of it`;
    return `${block.label}${note}${value}${slope}`;
  },
  move() {
    if (!this.svg) return;
    data.tree.blocks.forEach((block, i) => {
      const [value, slope] = this.texts[i];
      if (value) value.textContent = figure(at(block.value, row));
      if (slope) slope.textContent = `∂ ${figure(at(block.derivative, row), 4)}`;
    });
    const seen = new Set(), slopes = [];
    for (const block of data.tree.blocks) {
      if (block.kind !== "variable" || seen.has(block.label)) continue;
      seen.add(block.label);
      slopes.push(`${block.label} is ${figure(at(block.derivative, row), 4)}`);
    }
    const derivatives = slopes.length ? ` Its derivative with respect to ${slopes.slice(0, 6).join(", to ")}${slopes.length > 6 ? ", …" : ""}.` : "";
    const summary = `The travel time is ${timeText(at(data.tree.blocks[0].value, row))}.${derivatives}`;
    readout("tree").textContent = summary;
    set(this.svg, { "data-iteration": iterationAt(row), "aria-label": `Expression tree of the travel time, ${data.tree.blocks.length} blocks, after iteration ${count(iterationAt(row))}. ${summary}` });
  },
};
