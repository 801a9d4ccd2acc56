// The travel time and its gap over the iterations.

figures.objective = {
  draw() {
    const [svg, width] = canvas("objective", () => 372);
    const longest = Math.max(...method().runs.map((r) => iterationAt(rows(r) - 1, r)));
    const last = Math.max(1, longest), [low, high] = data.objective.time, floor = data.objective.floor;
    const one = { left: 52, top: 24, width: width - 78, height: 168 }, two = { left: 52, top: 232, width: width - 78, height: 98 };
    const x = scale([0, last], [one.left, one.left + one.width], last <= 100 ? "linear" : "late");
    const y = scale([low - 0.06 * (high - low), high + 0.03 * (high - low)], [one.top + one.height, one.top]);
    // The gap in per cent, as on its axis.
    const gapOf = (i, of = run()) => { const gap = at(data.shown.gap, i, of); return gap === null ? null : 100 * Math.max(gap, floor); };
    let [least, most] = [Infinity, 0];
    for (const r of method().runs) for (let i = 0; i < rows(r); i++) {
      const gap = gapOf(i, r);
      if (gap !== null) [least, most] = [Math.min(least, gap), Math.max(most, gap)];
    }
    if (!most) [least, most] = [1, 1];  // no time is finite
    const z = scale([least / 2, Math.max(most, 1e3 * least) * 2], [two.top + two.height, two.top], "log");
    drawAxes(svg, one, x, y, ["", `time (${timeUnit})`], { grid: true, whole: true });
    drawAxes(svg, two, x, z, ["iteration", "above the optimum (%)"], { grid: true, whole: true });
    const upper = clipped(svg, { ...one, left: one.left - 8, width: one.width + 16, height: one.height + 6 });
    const lower = clipped(svg, { ...two, left: two.left - 8, width: two.width + 16, height: two.height + 8, top: two.top - 8 });
    add(upper, "path", { class: "best", d: `M${one.left} ${round(y(low))}h${one.width}` });
    const lines = (r) => {
      const points = Array.from({ length: rows(r) }, (_, i) => [x(iterationAt(i, r)), y(at(data.shown.time, i, r)), z(gapOf(i, r))]);
      return [lineOf(points.map((p) => [p[0], p[1]])), lineOf(points.map((p) => [p[0], p[2]]))];
    };
    for (const r of method().runs) if (r !== run()) {
      const [first, secondLine] = lines(r);
      add(upper, "path", { class: "ghost", d: first });
      add(lower, "path", { class: "ghost", d: secondLine });
    }
    const [first, secondLine] = lines(run());
    this.times = eachRow((i) => [x(iterationAt(i)), y(at(data.shown.time, i))]);
    this.gaps = eachRow((i) => [x(iterationAt(i)), z(gapOf(i))]);
    for (const [g, d] of [[upper, first], [lower, secondLine]]) {
      add(g, "path", { class: "halo", d });
      add(g, "path", { class: "line", d });
    }
    if (rows() <= 61) for (const p of this.times) if (isNear(p)) add(upper, "circle", { class: "dot", r: 2.4, "stroke-width": 0, cx: round(p[0]), cy: round(p[1]) });
    this.rule = add(svg, "path", { class: "hover", "stroke-opacity": 0.35 });
    this.here = [add(upper, "circle", { class: "here", r: 6 }), add(lower, "circle", { class: "here", r: 6 })];
    this.span = `${one.top}V${two.top + two.height}`;
    this.svg = svg;
    point(svg, "objective", (px) => {
      const i = nearest(this.times.map((p) => [p[0], 0]), px, null);
      return i >= 0 ? { row: i, text: sentence(i) } : null;
    }, (found) => setRow(found.row));
  },
  move() {
    set(this.rule, { d: `M${round(this.times[row][0])} ${this.span}` });
    this.here.forEach((dot, k) => moveTo(dot, [this.times, this.gaps][k][row]));
    readout("objective").textContent = `${sentence()}.`;
    set(this.svg, { "data-iteration": iterationAt(row), "aria-label": `Travel time over the iterations, from ${timeText(at(data.shown.time, 0))} to ${timeText(at(data.shown.time, rows() - 1))} after iteration ${count(iterationAt(rows() - 1))}, and its gap to the optimum, ${figure(data.optimum.time)} ${timeUnit}. ${sentence()}.` });
  },
};
