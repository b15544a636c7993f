// What the page asks of its server. All URLs are relative: the page lies below the token.

export class Trouble extends Error {
  constructor({ cause, place, remedy }) {
    super([cause, place, remedy].filter(Boolean).join(" · "));
  }
}

export async function ask(url, signal, read) {
  const answer = await fetch(url, { signal }).catch(explainSilence);
  const document = JSON.parse(await answer.text(), read);
  if (!answer.ok) throw new Trouble(document);
  return document;
}

// What browsers say of a server that is gone means little to people.
function explainSilence(error) {
  if (error.name === "AbortError") throw error;
  throw new Trouble({ cause: "The server does not answer", remedy: "Is it still running?" });
}

// Whole numbers of 64 bits keep their digits, where the browser tells what was written.
function exactly(_, value, context) {
  const isRounded = typeof value === "number" && Math.abs(value) > Number.MAX_SAFE_INTEGER && /^-?\d+$/.test(context?.source);
  return isRounded ? BigInt(context.source) : value;
}

export const images = async () => (await ask("api/images")).images;

export const describe = (id, scene) => ask(`api/${id}/info?scene=${scene}`);

export const histogram = (view, channels, signal) => ask(`api/${view.id}/histogram?bins=256&${planeQuery(view)}&c=${channels}`, signal);

export function pixel(view, x, y, signal) {
  const shown = view.info.rgb ? "" : `&c=${shownChannels(view)}`;
  return ask(`api/${view.id}/pixel?x=${x}&y=${y}&${planeQuery(view)}${shown}`, signal, exactly);
}

export const shownChannels = (view) => view.channels.flatMap((channel, c) => (channel.visible ? [c] : []));

const planeQuery = (view) => `scene=${view.scene}&t=${view.t}&zplane=${view.z}`;

// Everything that tells one picture of a plane from another.
export function styleQuery(view) {
  if (view.info.rgb) return planeQuery(view);
  const shown = shownChannels(view);
  const each = (give) => shown.map((c) => give(view.channels[c])).join(",");
  const style = {
    c: shown.join(","),
    min: each((channel) => channel.low),
    max: each((channel) => channel.high),
    color: each((channel) => channel.color.slice(1)),
    gamma: each((channel) => channel.gamma),
  };
  return `${planeQuery(view)}&${new URLSearchParams(style)}`;
}

// The finest level is exact, since there single pixels are looked at; those above are photographs of it.
export function tileUrl(view, level, x, y) {
  const finest = level === view.info.levels.length - 1 && !view.info.rgb;
  return `api/${view.id}/tile/${level}/${x}/${y}.${finest ? "png" : photograph(view)}?${styleQuery(view)}${finest || view.info.tiles_are === "jpeg" ? "" : "&quality=90"}`;
}

export const thumbnailUrl = (view, size) => `api/${view.id}/thumbnail.${photograph(view)}?size=${size}&${styleQuery(view)}`;

// JPEG has no transparency.
const photograph = ({ info }) => (info.sizes.S > 3 ? "webp" : "jpg");
