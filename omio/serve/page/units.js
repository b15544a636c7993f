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

export function timeText(seconds) {
  if (Math.abs(seconds) < 1 && seconds !== 0) return `${number(seconds * 1000)} ms`;
  if (Math.abs(seconds) < 60) return `${number(seconds)} s`;
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  const rest = `${two(minutes)}:${two(Math.floor(seconds % 60))}`;
  return hours ? `${hours}:${rest} h` : `${rest} min`;
}

const two = (value) => String(value).padStart(2, "0");

// At most so many digits, but all of those before the point.
export function number(value, digits = 4) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value); // nan, inf, true, or digits that a number has no room for
  if (Number.isInteger(value) || Math.abs(value) >= 10 ** digits) return String(Math.round(value));
  return String(Number(value.toPrecision(digits)));
}
