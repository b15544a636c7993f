// The whole image, small, with a frame around what is seen; there while something is not.

import { thumbnailUrl } from "./api.js";

const WIDEST = 168;
const TALLEST = 132;
const MUCH = 0.92;

export class Minimap {
  #element = document.getElementById("minimap");
  #picture = document.getElementById("minimap-picture");
  #frame = document.getElementById("minimap-frame");
  #stage;
  #url = "";

  constructor(stage) {
    this.#stage = stage;
    this.#element.addEventListener("pointerdown", (event) => this.#drag(event));
    this.#element.addEventListener("pointermove", (event) => event.buttons && this.#drag(event));
  }

  open({ width, height }) {
    const scale = Math.min(WIDEST / width, TALLEST / height);
    this.#element.style.width = `${Math.max(12, width * scale)}px`;
    this.#element.style.height = `${Math.max(12, height * scale)}px`;
    this.#element.hidden = true;
  }

  paint(view) {
    this.#url = thumbnailUrl(view, 2 * WIDEST);
    this.draw();
  }

  draw() {
    const { x, y, width, height } = this.#stage.frame;
    this.#element.hidden = !this.#url || (width > MUCH && height > MUCH);
    if (this.#element.hidden) return;
    if (this.#picture.getAttribute("src") !== this.#url) this.#picture.src = this.#url;
    const [left, top] = [Math.max(0, x), Math.max(0, y)];
    const percent = (part) => `${100 * Math.max(0, part)}%`;
    Object.assign(this.#frame.style, {
      left: percent(left),
      top: percent(top),
      width: percent(Math.min(1, x + width) - left),
      height: percent(Math.min(1, y + height) - top),
    });
  }

  #drag(event) {
    const { left, top, width, height } = this.#element.getBoundingClientRect();
    this.#stage.moveTo((event.clientX - left) / width, (event.clientY - top) / height);
  }
}
