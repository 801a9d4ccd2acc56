"use strict";
// Shows the numbers that `terrain` has computed; computes none. The state is a method, a run of it (a step) and an
// iteration. A new run or a new width draws every figure anew; a new iteration only moves what moves.

(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const dark = matchMedia("screen and (prefers-color-scheme: dark)");
  const { time: second, length: metre } = data.units;

  // The state

  const state = { method: data.asked[0], index: data.asked[1], wanted: Infinity };
  const method = () => data.methods[state.method];
  const run = () => method().runs[state.index];
  const column = (where, of = run()) => (Array.isArray(where) ? of.columns[where[0]] : null);
  const at = (where, row, of = run()) => (Array.isArray(where) ? of.columns[where[0]][row] : where);
  const iterationAt = (row, of = run()) => at(data.shown.iteration, row, of);
  const rows = (of = run()) => of.columns.length ? of.columns[0].length : 1;
  let row = 0;

  // The row whose iteration is nearest to the wanted one: a short run ends early, and goes on again in a longer one.
  function nearestRow(wanted) {
    let best = 0;
    for (let i = 1; i < rows(); i++) {
      if (Math.abs(iterationAt(i) - wanted) <= Math.abs(iterationAt(best) - wanted)) best = i;
    }
    return wanted === Infinity ? rows() - 1 : best;
  }

  function setIteration(wanted) {
    state.wanted = wanted;
    row = nearestRow(wanted);
    move();
  }

  const setRow = (i) => setIteration(iterationAt(Math.max(0, Math.min(rows() - 1, i))));

  function setRun(m, index) {
    const before = method().runs[state.index].step;
    if (m !== state.method && index === undefined) {
      // The same step where the other method has it, else the one that was asked for, else the middle one.
      const runs = data.methods[m].runs;
      const same = runs.findIndex((other) => other.step === before && before !== null);
      index = same >= 0 ? same : m === data.asked[0] ? data.asked[1] : Math.floor((runs.length - 1) / 2);
    }
    state.method = m;
    state.index = Math.max(0, Math.min(data.methods[m].runs.length - 1, index));
    row = nearestRow(state.wanted);
    draw();
  }

  // Numbers as people read them

  const minus = (text) => text.replaceAll("-", "−").replace("e+", "e");
  const trimmed = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  function figure(value, digits = 6) {
    if (value === null) return "not finite";
    if (value === 0) return "0";
    const power = Math.floor(Math.log10(Math.abs(value)));
    if (power < -4 || power >= 7) {
      const [mantissa, exponent] = value.toExponential(Math.max(1, digits - 2)).split("e");
      return minus(`${trimmed(mantissa)}e${exponent}`);
    }
    return minus(power >= digits ? String(Number(value.toPrecision(digits))) : trimmed(value.toPrecision(digits)));
  }
  function fixed(value) {
    if (value === null) return "–";
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-3 || size >= 1e7)) return minus(value.toExponential(5));
    return minus(value.toFixed(Math.max(2, Math.min(6, 9 - Math.ceil(Math.log10(size + 1))))));
  }
  function percent(share) {
    if (share === null) return "–";
    const size = Math.abs(100 * share);
    return minus(size >= 0.1 || size === 0 ? (100 * share).toFixed(2) : figure(100 * share, 2)) + " %";
  }
  const timeSaid = (time, digits = 6) => (time === null ? "not finite" : `${figure(time, digits)} ${second}`);
  const above = (gap) => gap === null ? "beyond all numbers" : gap === 0 ? "at the optimum" : `${percent(Math.abs(gap))} ${gap > 0 ? "above" : "below"} the optimum`;
  const count = (n) => n.toLocaleString("en");
  const superscript = (n) => String(n).replace(/./g, (c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c] ?? "⁻");
  const powerOfTen = (value) => {
    const power = Math.round(Math.log10(value));
    return power > -4 && power < 5 ? String(Number(value.toPrecision(1))) : `10${superscript(power)}`;
  };

  // SVG

  const NS = "http://www.w3.org/2000/svg";
  function add(parent, name, attributes = {}, text = undefined) {
    const made = document.createElementNS(NS, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    parent.append(made);
    return made;
  }
  const set = (what, attributes) => Object.entries(attributes).forEach(([key, value]) => what.setAttribute(key, value));
  const round = (value) => Math.round(value * 100) / 100;
  const lineOf = (points) => {
    let pen = "M";
    return points.map((point) => {
      if (point === null || !point.every(Number.isFinite)) { pen = "M"; return ""; }
      const piece = `${pen}${round(point[0])} ${round(point[1])}`;
      pen = "L";
      return piece;
    }).join("") || "M0 0";
  };
  const starOf = (x, y, r) => "M" + Array.from({ length: 10 }, (_, i) => {
    const angle = Math.PI * (i / 5 - 0.5), far = i % 2 ? 0.42 * r : r;
    return `${round(x + far * Math.cos(angle))} ${round(y + far * Math.sin(angle))}`;
  }).join("L") + "z";
  const cross = (x, y, r) => `M${round(x - r)} ${round(y - r)}l${2 * r} ${2 * r}m0 ${-2 * r}l${-2 * r} ${2 * r}`;

  function scale([low, high], [from, to], kind = "linear") {
    const bend = { linear: (v) => v, log: (v) => Math.log10(v), late: (v) => Math.log10(1 + v) }[kind];
    const a = bend(low), b = bend(high) - a || 1;
    // What runs away far beyond the figure is drawn just as far as it can be clipped.
    const f = (value) => value === null ? NaN : Math.max(-1e5, Math.min(1e5, from + (to - from) * (bend(value) - a) / b));
    return Object.assign(f, { low, high, kind });
  }

  function ticksOf(s, most) {
    if (s.kind === "linear") {
      const raw = (s.high - s.low) / Math.max(1, most), power = 10 ** Math.floor(Math.log10(raw));
      const apart = [1, 2, 5, 10].map((d) => d * power).find((d) => d >= raw * 0.999);
      const found = [];
      for (let i = Math.ceil(s.low / apart - 1e-9); i * apart <= s.high + 1e-9 * apart; i++) found.push(Number((i * apart).toPrecision(12)));
      return found;
    }
    const found = s.kind === "late" ? [0] : [];
    const [a, b] = [Math.ceil(Math.log10(Math.max(s.low, s.kind === "late" ? 1 : 0)) - 1e-9), Math.floor(Math.log10(s.high) + 1e-9)];
    const apart = Math.max(1, Math.ceil((b - a + 1) / most));
    for (let p = a; p <= b; p += apart) found.push(Number(`1e${p}`));
    return found;
  }

  // Axes with ticks and labels; `box` is the area of the plot.
  function drawAxes(svg, box, x, y, labels, { grid = false, whole = false, lift = 9 } = {}) {
    const bottom = box.top + box.height, right = box.left + box.width;
    const g = add(svg, "g", { "aria-hidden": "true" });
    for (const tick of ticksOf(x, Math.max(2, box.width / 65))) {
      if (whole && tick % 1) continue;
      add(g, "path", { class: "axis", d: `M${round(x(tick))} ${bottom}v4` });
      add(g, "text", { class: "tick small", x: round(x(tick)), y: bottom + 16, "text-anchor": "middle" }, x.kind === "log" ? powerOfTen(tick) : minus(whole ? count(tick) : figure(tick)));
    }
    for (const tick of ticksOf(y, Math.max(2, box.height / 30))) {
      if (grid) add(g, "path", { class: "grid", d: `M${box.left} ${round(y(tick))}H${right}` });
      add(g, "path", { class: "axis", d: `M${box.left} ${round(y(tick))}h-4` });
      add(g, "text", { class: "tick small", x: box.left - 7, y: round(y(tick) + 4), "text-anchor": "end" }, y.kind === "log" ? powerOfTen(tick) : figure(tick));
    }
    add(g, "path", { class: "axis", d: `M${box.left} ${box.top}V${bottom}H${right}` });
    if (labels[0]) add(g, "text", { class: "label", x: right, y: bottom + 32, "text-anchor": "end" }, labels[0]);
    if (labels[1]) add(g, "text", { class: "label", x: 0, y: box.top - lift }, labels[1]);
  }

  let clips = 0;
  function clipped(svg, box) {
    const id = `clip-${++clips}`;
    const path = add(add(svg, "defs"), "clipPath", { id });
    add(path, "rect", { x: box.left, y: box.top, width: Math.max(0, box.width), height: Math.max(0, box.height) });
    return add(svg, "g", { "clip-path": `url(#${id})` });
  }

  // An empty SVG, as wide as its figure, in place of the last one.
  function canvas(name, heightOf) {
    const plot = document.querySelector(`#${name} .plot`);
    const width = Math.max(240, Math.floor(plot.clientWidth));
    const height = Math.round(heightOf(width));
    const svg = document.createElementNS(NS, "svg");
    set(svg, { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "" });
    plot.replaceChildren(svg);
    return [svg, width, height];
  }
  const readout = (name) => document.querySelector(`#${name} .readout`);
  const sentence = (i = row) => `Iteration ${count(iterationAt(i))}: ${timeSaid(at(data.shown.time, i), 8)}, ${above(at(data.shown.gap, i))}`;

  // The pointer: `find` gives the nearest thing and what to say of it; a click, or a drag, goes there.
  function point(svg, name, find, go) {
    let held = false;
    const look = (event) => {
      const found = find(event.offsetX, event.offsetY, event);
      readout(name).textContent = found ? found.said : "";
      return found;
    };
    svg.addEventListener("pointermove", (event) => { const found = look(event); if (held && found) go(found); });
    svg.addEventListener("pointerdown", (event) => { held = true; const found = look(event); if (found) go(found); });
    for (const ends of ["pointerup", "pointercancel"]) svg.addEventListener(ends, () => { held = false; });
    svg.addEventListener("pointerleave", () => { held = false; figures[name].move(); });
  }
  function nearest(points, x, y, reach = Infinity) {
    let best = -1, least = reach;
    points.forEach((p, i) => {
      const away = p && p.every(Number.isFinite) ? Math.hypot(p[0] - x, y === null ? 0 : p[1] - y) : Infinity;
      if (away < least) [best, least] = [i, away];
    });
    return best;
  }
  const eachRow = (f) => Array.from({ length: rows() }, (_, i) => f(i));

  // The figures: `draw` for another run, `move` for another iteration

  const figures = {};

  figures.landscape = {
    draw() {
      const land = data.landscape;
      if (!land) {
        const [svg] = canvas("landscape", () => 80);
        add(svg, "text", { class: "said", x: 0, y: 40 }, "One strip leaves nothing to choose:");
        add(svg, "text", { class: "said", x: 0, y: 62 }, `the straight line takes ${figure(data.optimum.time)} ${second}.`);
        set(svg, { "aria-label": `One strip leaves nothing to choose: the straight line takes ${figure(data.optimum.time)} ${second}.` });
        return;
      }
      const flat = Boolean(land.curve);
      const [a, b] = land.ranges;
      let ratio = flat ? 0.75 : (b[1] - b[0]) / (a[1] - a[0]);
      if (ratio < 0.5 || ratio > 2) ratio = 1;
      // One unit is as long across as along: a descent then crosses the contours at right angles.
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
      if (rows() > 1) add(inside, "circle", { class: "begin", r: 4.5, cx: round(this.points[0][0]) || 0, cy: round(this.points[0][1]) || 0 });
      this.here = add(inside, "circle", { class: "here", r: 6.5 });
      const best = [x(land.optimum[0]), y(flat ? data.optimum.time : land.optimum[1])];
      add(svg, "path", { class: "star", d: starOf(best[0], best[1], 8) });
      drawAxes(svg, box, x, y, [`${land.labels[0].long} (${metre})`, flat ? `time (${second})` : `${land.labels[1].long} (${metre})`]);
      this.out = eachRow((i) => !(at(land.x[0], i) >= a[0] && at(land.x[0], i) <= a[1] && (flat || (at(land.x[1], i) >= b[0] && at(land.x[1], i) <= b[1]))));
      this.svg = svg;
      point(svg, "landscape", (px, py, event) => {
        const i = nearest(this.points, px, py, 14);
        if (i >= 0) return { row: i, said: `${sentence(i)}; ${this.where(i)}` };
        const band = flat ? null : land.bands[event.target.dataset?.band];
        return band ? { said: `Between ${figure(band.from)} and ${figure(band.to)} ${second}` } : null;
      }, (found) => { if (found.row !== undefined) setRow(found.row); });
    },
    where(i) {
      return data.landscape.labels.map((label, k) => `${label.short} ${figure(at(data.landscape.x[k], i))} ${metre}`).join(", ");
    },
    legend(svg, bands, box, height) {
      const g = add(svg, "g", { "aria-hidden": "true" }), wide = box.width / bands.length, top = height - 32;
      bands.forEach((band, i) => {
        add(g, "rect", { x: round(box.left + i * wide), y: top, width: round(wide + 0.5), height: 9, fill: band.colour });
        if (i % Math.ceil(bands.length / 5) === 0 && i * wide < box.width - 75) add(g, "text", { class: "tick small", x: round(box.left + i * wide), y: top + 23, "text-anchor": i ? "middle" : "start" }, figure(band.from));
      });
      add(g, "text", { class: "label small", x: box.left + box.width, y: top + 23, "text-anchor": "end" }, `time (${second})`);
    },
    move() {
      if (!data.landscape) return;
      const so = this.points.slice(0, row + 1), [cx, cy] = this.points[row];
      set(this.halo, { d: lineOf(so) });
      set(this.way, { d: lineOf(so) });
      for (const crosses of this.crosses) set(crosses, { d: so.slice(1, -1).filter((p) => p.every(Number.isFinite)).map((p) => cross(p[0], p[1], 3)).join("") || "M0 0" });
      const finite = Number.isFinite(cx) && Number.isFinite(cy);
      set(this.here, finite ? { cx: round(cx), cy: round(cy), visibility: "visible" } : { visibility: "hidden" });
      const left = this.out[row] ? " It is outside of the picture." : "";
      readout("landscape").textContent = `${this.where(row)}.${left}`;
      set(this.svg, { "data-iteration": iterationAt(row), "aria-label": `Landscape of the travel time over ${data.landscape.labels.map((l) => l.long).join(" and ")}, with the trace of the descent. ${sentence()}, at ${this.where(row)}.${left} The optimum lies at ${data.landscape.labels.map((l, k) => `${l.short} ${figure(data.landscape.optimum[k])} ${metre}`).join(", ")}.` });
    },
  };

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
      drawAxes(svg, box, x, y, [`across the strips (${metre})`, `along the strips (${metre})`], { lift: named ? 45 : 9 });
      this.svg = svg;
      point(svg, "paths", (px, py) => {
        const k = strips.findIndex((_, i) => px >= x(across[i]) && px <= x(across[i + 1]));
        if (k < 0) return null;
        const share = (px - x(across[k])) / (x(across[k + 1]) - x(across[k]) || 1);
        const here = this.points.map((points) => [px, points[k][1] + share * (points[k + 1][1] - points[k][1])]);
        const i = nearest(here, px, py, 9);
        const strip = `${strips[k].name}: ${figure(strips[k].speed)} ${metre}/${second}`;
        return i >= 0 ? { row: i, said: `${sentence(i)} (${strip})` } : { said: strip };
      }, (found) => { if (found.row !== undefined) setRow(found.row); });
    },
    optimum(x, y) {
      // The optimum has all boundaries, a thinned path only some.
      const { across, boundaries } = data.ground;
      return boundaries.map((boundary, k) => [x(across[k]), y(data.optimum.along[boundary])]);
    },
    name(svg, box, x) {
      const { across, strips } = data.ground;
      strips.forEach((strip, i) => {
        const wide = x(across[i + 1]) - x(across[i]), middle = round((x(across[i]) + x(across[i + 1])) / 2);
        const letters = Math.floor(wide / 6.6);
        const said = `${figure(strip.speed)} ${metre}/${second}`;
        if (letters < 4) return;
        const name = strip.short.length <= letters ? strip.short : strip.short.slice(0, letters - 1) + "…";
        const text = add(svg, "text", { class: "tick small", x: middle, y: box.top - 21, "text-anchor": "middle" }, name);
        add(text, "title", {}, strip.name);
        add(svg, "text", { class: "tick small", x: middle, y: box.top - 7, "text-anchor": "middle" }, said.length <= letters + 1 ? said : figure(strip.speed));
      });
    },
    move() {
      const points = this.points[row];
      this.lines.forEach((line, i) => set(line, { visibility: i <= row ? "visible" : "hidden" }));
      set(this.halo, { d: lineOf(points) });
      set(this.path, { d: lineOf(points) });
      this.dots.forEach((dot, k) => {
        const [cx, cy] = points[k + 1];
        set(dot, Number.isFinite(cy) ? { cx: round(cx), cy: round(cy), visibility: "visible" } : { visibility: "hidden" });
      });
      const met = data.crossings.map((c) => `${c.folded ? "…, " : ""}${figure(at(c.value, row))}`).join(", ");
      const said = data.crossings.length ? `It crosses the boundaries at ${met} ${metre}.` : "It is the straight line.";
      readout("paths").textContent = said + (data.ground.thinned ? " Drawn through some of the boundaries." : "");
      set(this.svg, { "data-iteration": iterationAt(row), "aria-label": `The path from A to B across ${data.ground.boundaries.at(-1)} strips after iteration ${count(iterationAt(row))}, on top of those before it, and the optimum dashed. ${said}` });
    },
  };

  figures.objective = {
    draw() {
      const [svg, width] = canvas("objective", () => 372);
      const longest = Math.max(...method().runs.map((r) => iterationAt(rows(r) - 1, r)));
      const last = Math.max(1, longest), [low, high] = data.objective.time, floor = data.objective.floor;
      const one = { left: 52, top: 24, width: width - 64, height: 168 }, two = { left: 52, top: 232, width: width - 64, height: 98 };
      const x = scale([0, last], [one.left, one.left + one.width], last <= 100 ? "linear" : "late");
      const y = scale([low - 0.06 * (high - low), high + 0.03 * (high - low)], [one.top + one.height, one.top]);
      const gapOf = (i, of = run()) => { const gap = at(data.shown.gap, i, of); return gap === null ? null : Math.max(gap, floor); };
      let least = 1;
      let most = 0;
      for (const r of method().runs) for (let i = 0; i < rows(r); i++) {
        const gap = gapOf(i, r);
        if (gap !== null) [least, most] = [Math.min(least, gap), Math.max(most, gap)];
      }
      const z = scale([100 * least / 2, Math.max(100 * most, 1e3 * least) * 2], [two.top + two.height, two.top], "log");
      drawAxes(svg, one, x, y, ["", `time (${second})`], { grid: true, whole: true });
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
      if (rows() <= 61) for (const p of this.times) if (p.every(Number.isFinite)) add(upper, "circle", { class: "dot", r: 2.4, "stroke-width": 0, cx: round(p[0]), cy: round(p[1]) });
      this.rule = add(svg, "path", { class: "hover", "stroke-opacity": 0.35 });
      this.here = [add(upper, "circle", { class: "here", r: 6 }), add(lower, "circle", { class: "here", r: 6 })];
      this.span = `${one.top}V${two.top + two.height}`;
      this.svg = svg;
      point(svg, "objective", (px) => {
        const i = nearest(this.times.map((p) => [p[0], 0]), px, null);
        return i >= 0 ? { row: i, said: sentence(i) } : null;
      }, (found) => setRow(found.row));
    },
    move() {
      set(this.rule, { d: `M${round(this.times[row][0])} ${this.span}` });
      this.here.forEach((dot, k) => {
        const [cx, cy] = [this.times, this.gaps][k][row];
        set(dot, Number.isFinite(cy) ? { cx: round(cx), cy: round(cy), visibility: "visible" } : { visibility: "hidden" });
      });
      readout("objective").textContent = `${sentence()}.`;
      set(this.svg, { "data-iteration": iterationAt(row), "aria-label": `Travel time over iterations, from ${timeSaid(at(data.shown.time, 0))} to ${timeSaid(at(data.shown.time, rows() - 1))} after ${count(iterationAt(rows() - 1))}, and its distance from the optimum, ${figure(data.optimum.time)} ${second}. ${sentence()}.` });
    },
  };

  const ended = { converged: "converged", iterations: "used up its iterations", diverged: "diverged", interrupted: "interrupted" };
  const endOf = (r) => at(data.shown.time, rows(r) - 1, r);
  const stepSaid = (r) => (r.step === null ? "" : figure(r.step, 4));

  figures.cliff = {
    draw() {
      const runs = method().runs, stepped = runs.length > 1;
      const [svg, width] = canvas("cliff", () => (stepped ? 372 : 90));
      this.svg = svg;
      $("cliff-caption").textContent = stepped ? `travel time at the end, for each step of method ${method().name}` : `method ${method().name}`;
      if (!stepped) {
        const why = { newton: "Newton’s method finds its own step.", snell: "Snell’s law has the answer at once, without steps." }[method().name] ?? "There is nothing to descend: no step to choose.";
        add(svg, "text", { class: "said", x: 0, y: 40 }, why);
        set(svg, { "aria-label": why });
        this.points = null;
        return;
      }
      const box = { left: 52, top: 24, width: width - 64, height: 268 }, cliff = method().cliff;
      const steps = runs.map((r) => r.step), [low, high] = data.objective.time;
      const spread = cliff === null, shown = steps.filter((s) => cliff === null || s <= 2 * cliff);
      const x = scale(spread ? [shown[0] / 1.2, shown.at(-1) * 1.2] : [0, Math.max(shown.at(-1) ?? cliff, cliff) * 1.04], [box.left, box.left + box.width], spread ? "log" : "linear");
      const y = scale([low - 0.06 * (high - low), high + 0.03 * (high - low)], [box.top + box.height, box.top]);
      drawAxes(svg, box, x, y, ["step", `time (${second})`], { grid: true });
      const inside = clipped(svg, { ...box, left: box.left - 9, width: box.width + 18, top: box.top - 9, height: box.height + 18 });
      add(inside, "path", { class: "best", d: `M${box.left} ${round(y(low))}h${box.width}` });
      if (cliff !== null) {
        add(inside, "path", { class: "edge", d: `M${round(x(cliff))} ${box.top}v${box.height}` });
        add(svg, "text", { class: "edge-said small", x: round(x(cliff) - 6), y: box.top + 10, "text-anchor": "end" }, `cliff at ${figure(cliff, 4)}`);
      }
      // What ends above the picture is marked at its upper edge.
      const inBox = (value) => (Number.isFinite(value) ? Math.max(box.top, value) : box.top);
      this.points = runs.map((r) => [Math.min(box.left + box.width, x(r.step)), inBox(y(endOf(r)))]);
      add(inside, "path", { class: "curve", "stroke-width": 1, d: lineOf(runs.map((r) => [x(r.step), y(endOf(r))])) });
      runs.forEach((r, i) => {
        const [cx, cy] = this.points[i];
        if (r.status === "diverged") add(inside, "path", { class: "diverged", d: cross(cx, cy, 4) });
        else add(inside, "circle", { class: r.status, r: 4, cx: round(cx), cy: round(cy) });
      });
      this.here = add(svg, "circle", { class: "chosen", r: 9, cx: round(this.points[state.index][0]), cy: round(this.points[state.index][1]) });
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
        return i >= 0 ? { index: i, said: this.said(i) } : null;
      }, (found) => { if (found.index !== state.index) setRun(state.method, found.index); });
    },
    said(i) {
      const r = method().runs[i];
      return `Step ${stepSaid(r)}: ${timeSaid(endOf(r), 8)} at the end, ${ended[r.status]}`;
    },
    move() {
      set(this.svg, { "data-iteration": iterationAt(row), "data-step": run().step ?? "" });
      if (!this.points) { readout("cliff").textContent = ""; return; }
      readout("cliff").textContent = `${this.said(state.index)}.`;
      const cliff = method().cliff;
      set(this.svg, { "aria-label": `Travel time at the end for ${method().runs.length} steps from ${stepSaid(method().runs[0])} to ${stepSaid(method().runs.at(-1))}. ${cliff === null ? "" : `From step ${figure(cliff, 4)} on none settles. `}${this.said(state.index)}.` });
    },
  };

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
        g.addEventListener("pointerenter", () => { g.classList.add("pointed"); readout("tree").textContent = this.said(block); });
        g.addEventListener("pointerleave", () => { g.classList.remove("pointed"); this.move(); });
        return [value, slope];
      });
      plot.replaceChildren(svg);
      document.querySelector("main").classList.toggle("wide-tree", width > 640);
      this.svg = svg;
    },
    said(block) {
      const note = block.note ? ` (${block.note})` : "";
      const value = block.value === undefined ? "" : ` = ${figure(at(block.value, row))}`;
      const slope = block.derivative === undefined ? "" : `; the time changes by ${figure(at(block.derivative, row), 4)} for each 1 more of it`;
      return `${block.label}${note}${value}${slope}`;
    },
    move() {
      if (!this.svg) return;
      data.tree.blocks.forEach((block, i) => {
        const [value, slope] = this.texts[i];
        if (value) value.textContent = figure(at(block.value, row));
        if (slope) slope.textContent = `∂ ${figure(at(block.derivative, row), 4)}`;
      });
      const seen = new Set(), said = [];
      for (const block of data.tree.blocks) {
        if (block.kind !== "variable" || seen.has(block.label)) continue;
        seen.add(block.label);
        said.push(`by ${block.label} ${figure(at(block.derivative, row), 4)}`);
      }
      const slopes = said.length ? ` Its derivative ${said.slice(0, 6).join(", ")}${said.length > 6 ? ", …" : ""}.` : "";
      const known = `The travel time is ${timeSaid(at(data.tree.blocks[0].value, row))}.${slopes}`;
      readout("tree").textContent = known;
      set(this.svg, { "data-iteration": iterationAt(row), "aria-label": `Expression tree of the travel time, ${data.tree.blocks.length} blocks, after iteration ${count(iterationAt(row))}. ${known}` });
    },
  };

  figures.table = {
    draw() {
      const head = document.querySelector("#table thead"), body = document.querySelector("#table tbody");
      const labels = ["iteration", ...data.crossings.map((c) => `${c.folded ? "… " : ""}${c.label} (${metre})`), `time (${second})`, "gap", "gradient"];
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
      // Into view inside its own list, without moving the page.
      const list = document.querySelector("#table .list"), top = list.getBoundingClientRect().top;
      const head = list.querySelector("thead").getBoundingClientRect().height, line = this.lines[row].getBoundingClientRect();
      if (line.top - head < top) list.scrollTop += line.top - head - top;
      else if (line.bottom > top + list.clientHeight) list.scrollTop += line.bottom - top - list.clientHeight;
    },
  };

  // One strip has no objective and no cliff.
  for (const name of Object.keys(figures)) if (!$(name)) delete figures[name];

  // The controls

  const slider = $("iteration"), stepper = $("step");

  function drawControls() {
    const runs = method().runs;
    set(slider, { max: rows() - 1 });
    slider.disabled = $("play").disabled = rows() < 2;
    set(stepper, { max: runs.length - 1 });
    stepper.disabled = runs.length < 2;
    $("step-control").hidden = data.methods.every((m) => m.runs.length < 2);
    stepper.value = state.index;
    $("step-said").textContent = run().step === null ? "none to choose" : stepSaid(run());
    stepper.setAttribute("aria-valuetext", run().step === null ? "no step to choose" : `step ${stepSaid(run())}, ${ended[run().status]}`);
    for (const radio of document.querySelectorAll("[name=method]")) radio.checked = radio.value === method().name;
    const marks = $("step-marks"), width = marks.clientWidth;
    marks.replaceChildren();
    if (runs.length > 1) runs.forEach((r, i) => add(marks, "circle", { class: r.status === "diverged" ? "mark end-red" : "mark", cx: round(8 + (width - 16) * i / (runs.length - 1)), cy: 3, r: i === state.index ? 3 : 1.8 }));
    const verdict = $("verdict");
    // What can be typed is set as code, and not broken in two.
    verdict.replaceChildren(...run().message.split(/(--[a-z]+(?: [a-z]+)?)/).map((text, i) => {
      if (i % 2 === 0) return text;
      const code = document.createElement("code");
      code.textContent = text;
      return code;
    }));
    verdict.dataset.status = run().status;
  }

  function moveControls() {
    slider.value = row;
    const of = run().iterations;
    $("iteration-said").textContent = `${count(iterationAt(row))} of ${count(of)}`;
    slider.setAttribute("aria-valuetext", sentence());
    $("fact-time").textContent = timeSaid(at(data.shown.time, row), 8);
    $("fact-gap").textContent = above(at(data.shown.gap, row));
    if (!player) announce();
    remember();
  }

  let told = 0;
  function announce() {
    clearTimeout(told);
    told = setTimeout(() => {
      const step = run().step === null ? "" : `, step ${stepSaid(run())}`;
      $("live").textContent = `Method ${method().name}${step}. ${sentence()}.${row === rows() - 1 ? ` ${run().message}` : ""}`;
    }, 500);
  }

  let player = 0;
  function play(goes) {
    clearInterval(player);
    player = 0;
    if (goes && rows() > 1) {
      if (row === rows() - 1) setRow(0);
      player = setInterval(() => { if (row < rows() - 1) setRow(row + 1); else play(false); }, calm.matches ? 1000 : Math.max(80, Math.min(300, 8000 / rows())));
    }
    $("play").setAttribute("aria-pressed", String(Boolean(player)));
    $("play-label").textContent = player ? "Pause" : "Play";
    if (!player) announce();
  }

  $("play").addEventListener("click", () => play(!player));
  slider.addEventListener("input", () => { play(false); setRow(Number(slider.value)); });
  stepper.addEventListener("input", () => setRun(state.method, Number(stepper.value)));
  for (const radio of document.querySelectorAll("[name=method]")) {
    radio.addEventListener("change", () => setRun(data.methods.findIndex((m) => m.name === radio.value)));
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    // Where a key has a meaning of its own, it keeps it.
    const own = event.target.closest?.("input, button, summary"), region = event.target.closest?.("[tabindex]");
    if (own && !(event.key === " " && own.tagName === "INPUT")) return;
    const sideways = event.key.startsWith("Arrow");
    if (region && (sideways ? region.scrollWidth > region.clientWidth : region.scrollHeight > region.clientHeight)) return;
    const acts = event.shiftKey
      ? { ArrowLeft: () => setRun(state.method, state.index - 1), ArrowRight: () => setRun(state.method, state.index + 1) }
      : { ArrowLeft: () => setRow(row - 1), ArrowRight: () => setRow(row + 1), Home: () => setRow(0), End: () => setRow(rows() - 1), " ": () => play(!player) };
    if (!acts[event.key]) return;
    event.preventDefault();
    if (event.key !== " ") play(false);
    acts[event.key]();
  });

  // The fragment: #iteration=20&step=1.5&method=gradient

  const fragment = () => `#iteration=${iterationAt(row)}${run().step === null ? "" : `&step=${run().step}`}&method=${method().name}`;
  let later = 0;
  function remember() {
    clearTimeout(later);
    later = setTimeout(() => { if (!player && location.hash !== fragment()) history.replaceState(null, "", fragment()); }, 250);
  }

  // What a link asks for: a method that is here, the nearest step, the nearest iteration. Anything else in it is ignored.
  function restore() {
    const asked = new URLSearchParams(location.hash.slice(1));
    const number = (name) => (/^[0-9][0-9.]*(e[+-]?[0-9]+)?$/i.test(asked.get(name) ?? "") ? Number(asked.get(name)) : NaN);
    const m = data.methods.findIndex((other) => other.name === asked.get("method"));
    const step = number("step"), iteration = number("iteration");
    const of = m >= 0 ? m : state.method;
    let index = of === state.method ? state.index : undefined;
    if (Number.isFinite(step) && step > 0 && data.methods[of].runs.length > 1) {
      const away = (r) => Math.abs(Math.log(r.step / step));
      index = data.methods[of].runs.reduce((best, r, i, all) => (away(r) < away(all[best]) ? i : best), 0);
    }
    if (Number.isFinite(iteration)) state.wanted = iteration;
    setRun(of, index);
  }
  window.addEventListener("hashchange", () => { if (location.hash !== fragment()) { play(false); restore(); } });

  // All together

  function draw() {
    clips = 0;
    drawControls();
    for (const one of Object.values(figures)) one.draw();
    move();
  }
  function move() {
    for (const one of Object.values(figures)) one.move();
    moveControls();
  }

  let drawnWidth = document.documentElement.clientWidth;
  window.addEventListener("resize", () => {
    if (drawnWidth !== document.documentElement.clientWidth) { drawnWidth = document.documentElement.clientWidth; draw(); }
  });
  for (const change of [dark, matchMedia("print")]) change.addEventListener("change", draw);

  restore();
  document.documentElement.dataset.ready = "true";
})();
