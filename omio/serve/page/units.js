// Numbers as people read them.

const LENGTHS = [[1e-3, "nm"], [1, "µm"], [1e3, "mm"]];

// The longest of 1, 2, 5, 10 ... that fits into `room` screen pixels, of which each is `step` µm wide.
export function niceLength(step, room) {
  const most = step * room;
  const ten = 10 ** Math.floor(Math.log10(most));
  const length = [5, 2, 1].find((digit) => digit * ten <= most * (1 + 1e-9)) * ten;
  return { length, pixels: length / step, label: lengthText(length) };
}

export function lengthText(micrometres, digits = 4) {
  const size = Math.abs(micrometres);
  const [unit, sign] = LENGTHS.findLast(([unit]) => size >= unit * (1 - 1e-9)) ?? LENGTHS[size ? 0 : 1];
  return `${number(micrometres / unit, digits)} ${sign}`;
}

// A position keeps one unit, so that neighbours can be compared.
export const micrometres = (position) => `${number(position)} µm`;

// A duration, with as many digits as tell it from another that is `step` seconds longer.
export function timeText(seconds, step = 1) {
  if (Math.abs(seconds) < 1 && seconds !== 0) return `${number(seconds * 1000)} ms`;
  if (Math.abs(seconds) < 60) return `${number(seconds)} s`;
  const digits = Math.min(Math.max(Math.ceil(-Math.log10(step)), 0), 3);
  const whole = Number(Math.abs(seconds).toFixed(digits));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  const sign = seconds < 0 ? "−" : "";
  const rest = (whole % 60).toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
  return hours ? `${sign}${hours}:${String(minutes).padStart(2, "0")}:${rest} h` : `${sign}${minutes}:${rest} min`;
}

// At most so many digits, but all of those before the point.
export function number(value, digits = 4) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value); // nan, inf, true, or digits that a number has no room for
  if (Number.isInteger(value) || Math.abs(value) >= 10 ** digits) return String(Math.round(value));
  return String(Number(value.toPrecision(digits)));
}
