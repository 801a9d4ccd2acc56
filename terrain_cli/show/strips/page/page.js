// Draws everything, and again when the width or the colours change.

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

// With a single strip the page has no objective and no cliff.
for (const name of Object.keys(figures)) if (!$(name)) delete figures[name];

restore();
document.documentElement.dataset.ready = "true";
