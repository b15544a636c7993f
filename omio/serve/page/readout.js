// What lies under the mouse: pixel, position, and the value of each channel as the file holds it.

import { pixel, shownChannels } from "./api.js";
import { number } from "./units.js";

const DIGITS = { float16: 4, float32: 7, float64: 12 };
const HINT = matchMedia("(hover: hover)").matches ? "Point at the image to read its values" : "Tap to read values";

export class Readout {
  #element;
  #view = null;
  #at = null;
  #asked = null;

  constructor(element) {
    this.#element = element;
  }

  open(view) {
    this.#view = view;
    this.clear();
  }

  clear() {
    this.#at = null;
    this.#element.replaceChildren(part("quiet", HINT));
  }

  // Ask for a pixel; while one answer is on its way only the last wish is kept.
  async point(at) {
    this.#at = at;
    if (this.#asked) return;
    while (this.#at && this.#at !== this.#asked) {
      this.#asked = this.#at;
      await this.#tell(this.#view, this.#asked);
    }
    this.#asked = null;
  }

  // The plane or the channels are others now.
  again() {
    if (this.#at) this.point({ ...this.#at });
  }

  async #tell(view, { x, y }) {
    const told = await pixel(view, x, y).then((found) => facts(view, found), (trouble) => [part("quiet", trouble.message)]);
    if (view === this.#view && this.#at) this.#element.replaceChildren(part("place", `x ${x}  y ${y}`), ...told);
  }
}

function facts(view, { position, values }) {
  return [part("place quiet", positionText(view.info, position)), ...(view.info.rgb ? samples(view, values) : channels(view, values))];
}

function positionText({ pixel_size: size }, { X, Y }) {
  if (X === null || Y === null || !size.X) return "pixel size unknown";
  const digits = Math.min(Math.max(Math.ceil(-Math.log10(size.X)) + 1, 0), 4);
  return `${X.toFixed(digits)}, ${Y.toFixed(digits)} µm`;
}

function channels(view, found) {
  const shown = shownChannels(view);
  const kept = shown.length ? shown : view.channels.map((_, c) => c);
  return kept.map((c, at) => {
    const told = part("value", valueText(view, found[at]));
    told.style.setProperty("--swatch", view.channels[c].color);
    told.prepend(part("name", view.info.channels[c].name ?? `${c + 1}`));
    return told;
  });
}

function samples(view, [found]) {
  const names = ["R", "G", "B", "A"];
  return found.map((value, at) => {
    const told = part("value plain", valueText(view, value));
    told.prepend(part("name", names[at] ?? `${at + 1}`));
    return told;
  });
}

const valueText = ({ info }, value) => number(value, DIGITS[info.dtype] ?? 6);

const part = (className, textContent) => Object.assign(document.createElement("span"), { className, textContent });
