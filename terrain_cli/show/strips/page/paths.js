// The strips and the paths across them.

figures.paths = {
  draw() {
    const { across, along, strips, named } = data.ground, end = across.at(-1);
    const ratio = (along[1] - along[0]) / end;
    const [svg, width] = canvas("paths", (w) => (w - 78) * (ratio >= 0.4 && ratio <= 1.25 ? ratio : Math.max(0.5, Math.min(1, ratio))) + (named ? 100 : 64));
    const height = Number(svg.getAttribute("height"));
    const box = { left: 46, top: named ? 60 : 24, width: width - 78 };
    box.height = height - box.top - 40;
    const x = scale([-0.06 * end, 1.06 * end], [box.left, box.left + box.width]), y = scale(along, [box.top + box.height, box.top]);
    const inside = clipped(svg, box);
    strips.forEach((strip, i) => {
      const place = { x: round(x(across[i])), y: box.top, width: round(x(across[i + 1]) - x(across[i])), height: box.height };
      add(inside, "rect", { class: "slow", ...place });
      add(inside, "rect", { class: "fast", ...place, "fill-opacity": strip.light });
      if (i && strips.length <= 60) add(inside, "path", { class: "boundary", d: `M${place.x} ${box.top}v${box.height}`, "stroke-width": named ? 1.2 : 0.5 });
    });
    if (named) this.name(svg, box, x);
    const place = (i) => data.shown.along.map((where, k) => [x(across[k]), y(at(where, i))]);
    this.points = eachRow(place);
    this.fan = add(inside, "g", {});
    const colours = data.fan[dark.matches ? "dark" : "light"], last = Math.max(1, iterationAt(rows() - 1));
    const shade = (i) => (last <= 100 ? iterationAt(i) / last : Math.log10(1 + iterationAt(i)) / Math.log10(1 + last));
    this.lines = this.points.map((points, i) => add(this.fan, "path", { class: "fan", d: lineOf(points), stroke: colours[Math.round(shade(i) * (colours.length - 1))] }));
    add(inside, "path", { class: "best strong", d: lineOf(this.optimum(x, y)) });
    this.halo = add(inside, "path", { class: "halo" });
    this.path = add(inside, "path", { class: "path" });
    this.dots = strips.length <= 12 ? this.points[0].slice(1, -1).map(() => add(inside, "circle", { class: "dot", r: 4.5 })) : [];
    for (const [letter, px, py, side] of [["A", x(0), y(0), -1], ["B", x(end), y(at(data.shown.along.at(-1), 0)), 1]]) {
      add(svg, "circle", { class: "end", cx: round(px), cy: round(py), r: 4.5 });
      add(svg, "text", { class: "letter", x: round(px + side * 14), y: round(py + 5), "text-anchor": "middle", "paint-order": "stroke", stroke: "none" }, letter);
    }
    drawAxes(svg, box, x, y, [`across the strips (${lengthUnit})`, `along the strips (${lengthUnit})`], { lift: named ? 45 : 9 });
    this.svg = svg;
    point(svg, "paths", (px, py) => {
      const k = strips.findIndex((_, i) => px >= x(across[i]) && px <= x(across[i + 1]));
      if (k < 0) return null;
      const share = (px - x(across[k])) / (x(across[k + 1]) - x(across[k]) || 1);
      const here = this.points.map((points) => [px, points[k][1] + share * (points[k + 1][1] - points[k][1])]);
      const i = nearest(here, px, py, 9);
      const strip = `${strips[k].name}: ${figure(strips[k].speed)} ${lengthUnit}/${timeUnit}`;
      return i >= 0 ? { row: i, text: `${sentence(i)} (${strip})` } : { text: strip };
    }, (found) => { if (found.row !== undefined) setRow(found.row); });
  },
  optimum(x, y) {
    // The optimum has a point at every boundary, a thinned path only at some of them.
    const { across, boundaries } = data.ground;
    return boundaries.map((boundary, k) => [x(across[k]), y(data.optimum.along[boundary])]);
  },
  name(svg, box, x) {
    const { across, strips } = data.ground;
    strips.forEach((strip, i) => {
      const wide = x(across[i + 1]) - x(across[i]), middle = round((x(across[i]) + x(across[i + 1])) / 2);
      const letters = Math.floor(wide / 6.6);
      const speed = `${figure(strip.speed)} ${lengthUnit}/${timeUnit}`;
      if (letters < 4) return;
      const name = strip.short.length <= letters ? strip.short : strip.short.slice(0, letters - 1) + "…";
      const text = add(svg, "text", { class: "tick small", x: middle, y: box.top - 21, "text-anchor": "middle" }, name);
      add(text, "title", {}, strip.name);
      add(svg, "text", { class: "tick small", x: middle, y: box.top - 7, "text-anchor": "middle" }, speed.length <= letters + 1 ? speed : figure(strip.speed));
    });
  },
  move() {
    const points = this.points[row];
    this.lines.forEach((line, i) => set(line, { visibility: i <= row ? "visible" : "hidden" }));
    set(this.halo, { d: lineOf(points) });
    set(this.path, { d: lineOf(points) });
    this.dots.forEach((dot, k) => moveTo(dot, points[k + 1]));
    const crossings = data.crossings.map((c) => `${c.folded ? "…, " : ""}${figure(at(c.value, row))}`).join(", ");
    const crossed = data.crossings.length ? `It crosses the boundaries at ${crossings} ${lengthUnit}.` : "It is the straight line.";
    readout("paths").textContent = crossed + (data.ground.thinned ? " Only some of the boundaries are drawn." : "");
    set(this.svg, { "data-iteration": iterationAt(row), "aria-label": `The path from A to B across ${data.ground.boundaries.at(-1)} strips after iteration ${count(iterationAt(row))}, drawn over the earlier paths, with the optimum dashed. ${crossed}` });
  },
};
