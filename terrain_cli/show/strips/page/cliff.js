// The final travel time over the steps.

const endOf = (r) => at(data.shown.time, rows(r) - 1, r);

figures.cliff = {
  draw() {
    const runs = method().runs, stepped = runs.length > 1;
    const [svg, width] = canvas("cliff", () => (stepped ? 372 : 90));
    this.svg = svg;
    $("cliff-caption").textContent = stepped ? `Final travel time for each step of method ${method().name}` : `Method ${method().name}`;
    if (!stepped) {
      const why = { newton: "Newton’s method chooses its own step.", snell: "Snell’s law gives the answer directly, without steps." }[method().name] ?? "There is nothing to descend, so there is no step to choose.";
      add(svg, "text", { class: "statement", x: 0, y: 40 }, why);
      set(svg, { "aria-label": why });
      this.points = null;
      return;
    }
    const box = { left: 52, top: 24, width: width - 64, height: 268 }, cliff = method().cliff;
    const steps = runs.map((r) => r.step), [low, high] = data.objective.time;
    const spread = cliff === null, shown = steps.filter((s) => cliff === null || s <= 2 * cliff);
    const x = scale(spread ? [shown[0] / 1.2, shown.at(-1) * 1.2] : [0, Math.max(shown.at(-1) ?? cliff, cliff) * 1.04], [box.left, box.left + box.width], spread ? "log" : "linear");
    const y = scale([low - 0.06 * (high - low), high + 0.03 * (high - low)], [box.top + box.height, box.top]);
    drawAxes(svg, box, x, y, ["step", `time (${timeUnit})`], { grid: true });
    const inside = clipped(svg, { ...box, left: box.left - 9, width: box.width + 18, top: box.top - 9, height: box.height + 18 });
    add(inside, "path", { class: "best", d: `M${box.left} ${round(y(low))}h${box.width}` });
    if (cliff !== null) {
      add(inside, "path", { class: "edge", d: `M${round(x(cliff))} ${box.top}v${box.height}` });
      add(svg, "text", { class: "edge-label small", x: round(x(cliff) - 6), y: box.top + 10, "text-anchor": "end" }, `cliff at ${figure(cliff, 4)}`);
    }
    this.points = runs.map((r) => [x(r.step), y(endOf(r))]);
    this.out = this.points.map(([px, py]) => !(px <= box.left + box.width + 0.01 && py >= box.top - 0.01));
    add(inside, "path", { class: "curve", "stroke-width": 1, d: lineOf(this.points) });
    runs.forEach((r, i) => {
      if (this.out[i]) return;
      const [cx, cy] = this.points[i];
      if (r.status === "diverged") add(inside, "path", { class: "diverged", d: cross(cx, cy, 4) });
      else add(inside, "circle", { class: r.status, r: 4, cx: round(cx), cy: round(cy) });
    });
    const outside = this.out.filter(Boolean).length;
    if (outside) $("cliff-caption").textContent += `; ${outside === 1 ? "one lies" : `${count(outside)} lie`} outside the figure`;
    moveTo(add(inside, "circle", { class: "chosen", r: 9 }), this.out[state.index] ? [NaN, NaN] : this.points[state.index]);
    const g = add(svg, "g", { "aria-hidden": "true" });
    let left = box.left;
    for (const status of ["converged", "iterations", "diverged"]) {
      if (!runs.some((r) => r.status === status)) continue;
      const top = box.top + box.height + 58;
      if (status === "diverged") add(g, "path", { class: status, d: cross(left + 4, top, 4) });
      else add(g, "circle", { class: status, r: 4, cx: left + 4, cy: top });
      add(g, "text", { class: "tick small", x: left + 14, y: top + 4 }, ended[status]);
      left += 28 + 6.4 * ended[status].length;
    }
    point(svg, "cliff", (px) => {
      const i = nearest(this.points.map((p) => [p[0], 0]), px, null);
      return i >= 0 ? { index: i, text: this.describe(i) } : null;
    }, (found) => { if (found.index !== state.index) setRun(state.method, found.index); });
  },
  describe(i) {
    const r = method().runs[i];
    return `Step ${stepText(r)}: final time ${timeText(endOf(r), 8)}, ${ended[r.status]}${this.out[i] ? "; outside the figure" : ""}`;
  },
  move() {
    set(this.svg, { "data-iteration": iterationAt(row), "data-step": run().step ?? "" });
    if (!this.points) { readout("cliff").textContent = ""; return; }
    readout("cliff").textContent = `${this.describe(state.index)}.`;
    const cliff = method().cliff;
    set(this.svg, { "aria-label": `Final travel time for ${method().runs.length} steps from ${stepText(method().runs[0])} to ${stepText(method().runs.at(-1))}. ${cliff === null ? "" : `No step of ${figure(cliff, 4)} or more converges. `}${this.describe(state.index)}.` });
  },
};
