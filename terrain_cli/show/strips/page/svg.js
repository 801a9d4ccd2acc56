// SVG elements, scales, axes and the pointer: what the figures share.

const NS = "http://www.w3.org/2000/svg";
function add(parent, name, attributes = {}, text = undefined) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}
// Move a dot to a point, or hide it where there is none.
const moveTo = (dot, point) => set(dot, isNear(point) ? { cx: round(point[0]), cy: round(point[1]), visibility: "visible" } : { visibility: "hidden" });
const set = (what, attributes) => Object.entries(attributes).forEach(([key, value]) => what.setAttribute(key, value));
const round = (value) => Math.round(value * 100) / 100;
// Browsers draw huge coordinates wrongly. Points are near if no coordinate is larger than this, far outside any figure.
const FAR = 1e5;
const isNear = (point) => point.every((value) => Math.abs(value) <= FAR);
// A line through points. Points that are not finite interrupt it, and of what lies far outside only the near part is drawn.
function lineOf(points) {
  let pieces = "", pen = null;
  points.forEach((point, i) => {
    if (!point.every(Number.isFinite)) return;
    const before = points[i - 1];
    if (!before?.every(Number.isFinite)) {
      if (isNear(point)) pieces += `M${round(point[0])} ${round(point[1])}`;
      pen = point;
      return;
    }
    const [from, to] = nearPart(before, point);
    if (!from) return;
    if (from !== pen) pieces += `M${round(from[0])} ${round(from[1])}`;
    pieces += `L${round(to[0])} ${round(to[1])}`;
    pen = to;
  });
  return pieces || "M0 0";
}
// The part of a segment that is near: its two ends, themselves where they are near; none if all of it is far.
function nearPart(from, to) {
  let begin = 0, end = 1;
  for (const k of [0, 1]) {
    const move = to[k] - from[k];
    const [first, last] = [(-FAR - from[k]) / move, (FAR - from[k]) / move].sort((a, b) => a - b);
    if (move !== 0) [begin, end] = [Math.max(begin, first), Math.min(end, last)];
    else if (Math.abs(from[k]) > FAR) return [];
  }
  const between = (share) => [0, 1].map((k) => from[k] + share * (to[k] - from[k]));
  return begin > end ? [] : [begin > 0 ? between(begin) : from, end < 1 ? between(end) : to];
}
const starOf = (x, y, r) => "M" + Array.from({ length: 10 }, (_, i) => {
  const angle = Math.PI * (i / 5 - 0.5), far = i % 2 ? 0.42 * r : r;
  return `${round(x + far * Math.cos(angle))} ${round(y + far * Math.sin(angle))}`;
}).join("L") + "z";
const cross = (x, y, r) => `M${round(x - r)} ${round(y - r)}l${2 * r} ${2 * r}m0 ${-2 * r}l${-2 * r} ${2 * r}`;

function scale([low, high], [from, to], kind = "linear") {
  const bend = { linear: (v) => v, log: (v) => Math.log10(v), late: (v) => Math.log10(1 + v) }[kind];
  const a = bend(low), b = bend(high) - a || 1;
  const f = (value) => value === null ? NaN : from + (to - from) * (bend(value) - a) / b;
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

// Axes with ticks and labels around `box`, the area of the plot.
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

// An empty SVG, as wide as its figure, which replaces the previous one.
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
const sentence = (i = row) => `Iteration ${count(iterationAt(i))}: ${[timeText(at(data.shown.time, i), 8), above(at(data.shown.gap, i))].filter(Boolean).join(", ")}`;

// The pointer: `find` returns the nearest thing and the text that describes it; a click or a drag goes there.
function point(svg, name, find, go) {
  let held = false;
  const look = (event) => {
    const found = find(event.offsetX, event.offsetY, event);
    readout(name).textContent = found ? found.text : "";
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
