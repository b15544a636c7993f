// What the page asks of its server. All URLs are relative: the page lies below the token.

export class Trouble extends Error {
  constructor({ cause, place, remedy }) {
    super([cause, place, remedy].filter(Boolean).join(" · "));
  }
}

export async function ask(url, signal) {
  const answer = await fetch(url, { signal });
  const document = await answer.json();
  if (!answer.ok) throw new Trouble(document);
  return document;
}

export const images = async () => (await ask("api/images")).images;

export const describe = (id, scene) => ask(`api/${id}/info?scene=${scene}`);

export const histogram = (view, signal) => ask(`api/${view.id}/histogram?bins=256&${planeQuery(view)}`, signal);

export function pixel(view, x, y, signal) {
  const shown = view.info.rgb ? "" : `&c=${shownChannels(view)}`;
  return ask(`api/${view.id}/pixel?x=${x}&y=${y}&${planeQuery(view)}${shown}`, signal);
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
  return `api/${view.id}/tile/${level}/${x}/${y}.${finest ? "png" : "jpg"}?${styleQuery(view)}${finest ? "" : "&quality=90"}`;
}

export const thumbnailUrl = (view, size) => `api/${view.id}/thumbnail.jpg?size=${size}&${styleQuery(view)}`;
