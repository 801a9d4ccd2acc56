// The landscape of travel times, with the trace of the descent.

figures.landscape = {
  draw() {
    const land = data.landscape;
    if (!land) {
      const [svg] = canvas("landscape", () => 80);
      add(svg, "text", { class: "statement", x: 0, y: 40 }, "One strip leaves nothing to choose:");
      add(svg, "text", { class: "statement", x: 0, y: 62 }, `the straight line takes ${figure(data.optimum.time)} ${timeUnit}.`);
      set(svg, { "aria-label": `One strip leaves nothing to choose: the straight line takes ${figure(data.optimum.time)} ${timeUnit}.` });
      return;
    }
    const flat = Boolean(land.curve);
    const [a, b] = land.ranges;
    let ratio = flat ? 0.75 : (b[1] - b[0]) / (a[1] - a[0]);
    if (ratio < 0.5 || ratio > 2) ratio = 1;
    // Equal scales on both axes, so that a descent crosses the contours at right angles.
    const [svg, width, height] = canvas("landscape", (w) => (w - 58) * Math.min(1, ratio) + (flat ? 64 : 104));
    const box = { left: 46, top: 24, height: (width - 58) * Math.min(1, ratio) };
    box.width = Math.min(width - 58, box.height / ratio);
    const x = scale(a, [box.left, box.left + box.width]);
    const times = flat ? [Math.min(...land.curve[1]), Math.max(...land.curve[1])] : null;
    const y = scale(flat ? [times[0] - 0.06 * (times[1] - times[0]), times[1]] : b, [box.top + box.height, box.top]);
    const inside = clipped(svg, box);
    if (flat) {
      add(inside, "path", { class: "curve", d: lineOf(land.curve[0].map((v, i) => [x(v), y(land.curve[1][i])])) });
    } else {
      const ground = add(inside, "g", { transform: `translate(${box.left} ${box.top + box.height}) scale(${box.width / 1000} ${-box.height / 1000})` });
      land.bands.forEach((band, i) => add(ground, "path", { class: "band", d: band.path, fill: band.colour, "fill-rule": "evenodd", "data-band": i }));
      this.legend(svg, land.bands, box, height);
    }
    const place = (i) => [x(at(land.x[0], i)), y(flat ? at(data.shown.time, i) : at(land.x[1], i))];
    this.points = eachRow(place);
    const bright = flat ? "" : " bright";
    const way = lineOf(this.points);
    add(inside, "path", { class: `halo${bright} ahead`, d: way });
    add(inside, "path", { class: `way${flat ? "" : " on-map"} ahead`, d: way });
    this.halo = add(inside, "path", { class: `halo${bright}` });
    this.way = add(inside, "path", { class: `way${flat ? "" : " on-map"}` });
    this.crosses = ["cross-halo", "cross"].map((name) => add(inside, "path", { class: name }));
    if (rows() > 1 && isNear(this.points[0])) add(inside, "circle", { class: "begin", r: 4.5, cx: round(this.points[0][0]), cy: round(this.points[0][1]) });
    this.here = add(inside, "circle", { class: "here", r: 6.5 });
    const best = [x(land.optimum[0]), y(flat ? data.optimum.time : land.optimum[1])];
    add(svg, "path", { class: "star", d: starOf(best[0], best[1], 8) });
    drawAxes(svg, box, x, y, [`${land.labels[0].long} (${lengthUnit})`, flat ? `time (${timeUnit})` : `${land.labels[1].long} (${lengthUnit})`]);
    this.out = eachRow((i) => !(at(land.x[0], i) >= a[0] && at(land.x[0], i) <= a[1] && (flat || (at(land.x[1], i) >= b[0] && at(land.x[1], i) <= b[1]))));
    this.svg = svg;
    point(svg, "landscape", (px, py, event) => {
      const i = nearest(this.points, px, py, 14);
      if (i >= 0) return { row: i, text: `${sentence(i)}; ${this.position(i)}` };
      const band = flat ? null : land.bands[event.target.dataset?.band];
      return band ? { text: `Between ${figure(band.from)} and ${figure(band.to)} ${timeUnit}` } : null;
    }, (found) => { if (found.row !== undefined) setRow(found.row); });
  },
  position(i) {
    return data.landscape.labels.map((label, k) => `${label.short} ${figure(at(data.landscape.x[k], i))} ${lengthUnit}`).join(", ");
  },
  legend(svg, bands, box, height) {
    const g = add(svg, "g", { "aria-hidden": "true" }), wide = box.width / bands.length, top = height - 32;
    bands.forEach((band, i) => {
      add(g, "rect", { x: round(box.left + i * wide), y: top, width: round(wide + 0.5), height: 9, fill: band.colour });
      if (i % Math.ceil(bands.length / 5) === 0 && i * wide < box.width - 75) add(g, "text", { class: "tick small", x: round(box.left + i * wide), y: top + 23, "text-anchor": i ? "middle" : "start" }, figure(band.from));
    });
    add(g, "text", { class: "label small", x: box.left + box.width, y: top + 23, "text-anchor": "end" }, `time (${timeUnit})`);
  },
  move() {
    if (!data.landscape) return;
    const passed = this.points.slice(0, row + 1);
    set(this.halo, { d: lineOf(passed) });
    set(this.way, { d: lineOf(passed) });
    for (const crosses of this.crosses) set(crosses, { d: passed.slice(1, -1).filter(isNear).map((p) => cross(p[0], p[1], 3)).join("") || "M0 0" });
    moveTo(this.here, this.points[row]);
    const left = this.out[row] ? " It lies outside the figure." : "";
    readout("landscape").textContent = `${this.position(row)}.${left}`;
    set(this.svg, { "data-iteration": iterationAt(row), "aria-label": `Landscape of the travel time over ${data.landscape.labels.map((l) => l.long).join(" and ")}, with the trace of the descent. ${sentence()}, at ${this.position(row)}.${left} The optimum lies at ${data.landscape.labels.map((l, k) => `${l.short} ${figure(data.landscape.optimum[k])} ${lengthUnit}`).join(", ")}.` });
  },
};
