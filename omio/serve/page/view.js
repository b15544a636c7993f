// What is looked at: an image, its plane, and how its channels are shown; and the same as the hash of a URL.

const SHOWN_AT_FIRST = 6;
const MOST_SHOWN = 64; // which the server puts together

export function firstView(entry, info) {
  const { sizes } = info;
  return {
    id: entry.id,
    scene: info.scene,
    info,
    t: 0,
    z: sizes.Z >> 1,
    channels: info.rgb ? [] : info.channels.map((_, number) => firstChannel(info, number)),
  };
}

export function firstChannel(info, number) {
  const { color, limits } = info.channels[number];
  const ends = limits ?? [0, 1]; // pixels without any order: the server says so when it is asked for a picture
  const [low, high] = ends.map((value) => rounded(info, value, ends[1] - ends[0]));
  return { visible: number < SHOWN_AT_FIRST, color: color.toLowerCase(), low, high: Math.max(high, low + leastStep(info, low, high)), gamma: 1 };
}

// The channels of these that can be shown together.
export const together = (channels) => channels.slice(0, MOST_SHOWN);

export const isWhole = ({ dtype }) => /^u?int/.test(dtype);

// What the darkest and the brightest value lie apart at least.
export const leastStep = (info, low, high) => (isWhole(info) ? 1 : (high - low) / 1000 || Math.abs(low) / 1e6 || 1e-6);

// Whole numbers where pixels are; else what can be seen of a difference of `span`, however far from 0 it lies.
export function rounded(info, value, span) {
  if (isWhole(info)) return Math.round(value);
  const step = 10 ** Math.floor(Math.log10(span / 1e4));
  const found = Number((Math.round(value / step) * step).toPrecision(15));
  return Number.isFinite(found) ? found : value;
}

// A name stays what it is when the server is started anew; an id does not.
export function findEntry(entries, word) {
  return entries.find(({ id }) => id === word) ?? entries.find(({ name }) => name === word) ?? entries[0];
}

export function toHash(view, entries, place) {
  const { name } = view.info;
  const isUnique = entries.filter((entry) => entry.name === name).length === 1;
  const words = new URLSearchParams({ image: isUnique ? name : view.id });
  if (view.scene) words.set("scene", view.scene);
  words.set("t", view.t);
  words.set("z", view.z);
  if (place) words.set("at", [place.x.toFixed(1), place.y.toFixed(1), place.zoom.toPrecision(5)].map(Number).join(","));
  view.channels.forEach((channel, c) => {
    const first = firstChannel(view.info, c);
    if (Object.keys(first).some((key) => first[key] !== channel[key])) words.set(`c${c}`, channelWord(channel));
  });
  return `#${words.toString().replaceAll("%2C", ",")}`;
}

const channelWord = ({ visible, color, low, high, gamma }) =>
  [visible ? "on" : "off", color.slice(1), low, high, gamma].join(",");

export function fromHash(hash) {
  const words = new URLSearchParams(hash.replace(/^#/, ""));
  return {
    image: words.get("image"),
    scene: whole(words.get("scene")),
    apply: (view) => applyWords(view, words),
    place: placeOf(words.get("at")),
  };
}

function applyWords(view, words) {
  const { sizes } = view.info;
  if (words.has("t")) view.t = Math.min(whole(words.get("t")), sizes.T - 1);
  if (words.has("z")) view.z = Math.min(whole(words.get("z")), sizes.Z - 1);
  view.channels.forEach((channel, c) => {
    const [state, color, ...numbers] = (words.get(`c${c}`) ?? "").split(",");
    const [low, high, gamma] = numbers.map(Number);
    if (!/^[0-9a-f]{6}$/.test(color ?? "") || ![low, high, gamma].every(Number.isFinite) || low >= high) return;
    Object.assign(channel, { visible: state === "on", color: `#${color}`, low, high, gamma: clamp(gamma, 0.1, 10) });
  });
}

function placeOf(word) {
  const [x, y, zoom] = (word ?? "").split(",").map(Number);
  return word && [x, y, zoom].every(Number.isFinite) && zoom > 0 ? { x, y, zoom } : null;
}

const whole = (word) => (/^\d{1,9}$/.test(word ?? "") ? Number(word) : 0);

export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
