// Numbers and results in words.

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
const timeText = (time, digits = 6) => (time === null ? "not finite" : `${figure(time, digits)} ${timeUnit}`);
const above = (gap) => gap === null ? "" : gap === 0 ? "at the optimum" : `${percent(Math.abs(gap))} ${gap > 0 ? "above" : "below"} the optimum`;
const stepText = (r) => (r.step === null ? "" : figure(r.step, 4));
const ended = { converged: "converged", iterations: "used all its iterations", diverged: "diverged", interrupted: "interrupted" };
const count = (n) => n.toLocaleString("en");
const superscript = (n) => String(n).replace(/./g, (c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c] ?? "⁻");
const powerOfTen = (value) => {
  const power = Math.round(Math.log10(value));
  return power > -4 && power < 5 ? String(Number(value.toPrecision(1))) : `10${superscript(power)}`;
};
