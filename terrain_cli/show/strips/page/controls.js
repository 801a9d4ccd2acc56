// The controls, the keyboard and the fragment of the address.

const slider = $("iteration"), stepper = $("step");

function drawControls() {
  const runs = method().runs;
  set(slider, { max: rows() - 1 });
  slider.disabled = $("play").disabled = rows() < 2;
  set(stepper, { max: runs.length - 1 });
  stepper.disabled = runs.length < 2;
  $("step-control").hidden = data.methods.every((m) => m.runs.length < 2);
  stepper.value = state.index;
  $("step-value").textContent = run().step === null ? "none to choose" : stepText(run());
  stepper.setAttribute("aria-valuetext", run().step === null ? "no step to choose" : `step ${stepText(run())}, ${ended[run().status]}`);
  for (const radio of document.querySelectorAll("[name=method]")) radio.checked = radio.value === method().name;
  const marks = $("step-marks"), width = marks.clientWidth;
  marks.replaceChildren();
  if (runs.length > 1) runs.forEach((r, i) => add(marks, "circle", { class: r.status === "diverged" ? "mark end-red" : "mark", cx: round(8 + (width - 16) * i / (runs.length - 1)), cy: 3, r: i === state.index ? 3 : 1.8 }));
  const verdict = $("verdict");
  // Options are set as code, so that they are not broken across lines.
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
  $("iteration-value").textContent = `${count(iterationAt(row))} of ${count(of)}`;
  slider.setAttribute("aria-valuetext", sentence());
  $("fact-time").textContent = timeText(at(data.shown.time, row), 8);
  $("fact-gap").textContent = above(at(data.shown.gap, row));
  if (!player) announce();
  remember();
}

let announcing = 0;
function announce() {
  clearTimeout(announcing);
  announcing = setTimeout(() => {
    const step = run().step === null ? "" : `, step ${stepText(run())}`;
    $("live").textContent = `Method ${method().name}${step}. ${sentence()}.${row === rows() - 1 ? ` ${run().message}` : ""}`;
  }, 500);
}

let player = 0;
function play(start) {
  clearInterval(player);
  player = 0;
  if (start && rows() > 1) {
    if (row === rows() - 1) setRow(0);
    player = setInterval(() => { if (row < rows() - 1) setRow(row + 1); else play(false); }, reducedMotion.matches ? 1000 : Math.max(80, Math.min(300, 8000 / rows())));
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
  // Controls and scrolling regions keep the keys that have a meaning there.
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

// Restore what a link asks for: a method that the page has, the nearest step, the nearest iteration. The rest is ignored.
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
