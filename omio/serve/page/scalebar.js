// The scale bar: a length that is easy to say, as long as the zoom makes it.

import { niceLength } from "./units.js";

const LONGEST = 160;
const PART = 0.32;

export function barOf(info, zoom, width) {
  const size = info.pixel_size.X;
  if (!size) return { label: "pixel size unknown", pixels: 0 };
  return niceLength(size / zoom, Math.min(LONGEST, width * PART));
}

export function drawBar(element, bar) {
  const [line, text] = element.children;
  element.hidden = false;
  element.classList.toggle("unknown", !bar.pixels);
  element.setAttribute("aria-label", bar.pixels ? `Scale bar: ${bar.label}` : bar.label);
  line.style.width = `${bar.pixels}px`;
  text.textContent = bar.label;
}
