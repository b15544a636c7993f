// The sliders of Z and T: which plane is shown, and playing through them.

import { micrometres, timeText } from "./units.js";

const FRAMES_A_SECOND = 8;
const NAMES = { Z: "Depth", T: "Time" };

export class PlaneSliders extends EventTarget {
  #group;
  #rows = new Map();
  #view = null;
  #playing = null;
  #due = 0;
  #timer = 0;

  constructor(group) {
    super();
    this.#group = group;
  }

  open(view) {
    this.stop();
    this.#view = view;
    this.#rows = new Map(["Z", "T"].filter((axis) => view.info.sizes[axis] > 1).map((axis) => [axis, this.#row(axis)]));
    this.#group.replaceChildren(...[...this.#rows.values()].map(({ element }) => element));
    this.#group.hidden = !this.#rows.size;
    this.draw();
  }

  // The first of these axes that has more than one plane.
  firstOf(...axes) {
    return axes.find((axis) => this.#rows.has(axis));
  }

  step(axis, by) {
    if (axis) this.#goTo(axis, this.#view[axis.toLowerCase()] + by);
  }

  end(axis, isLast) {
    if (axis) this.#goTo(axis, isLast ? this.#view.info.sizes[axis] - 1 : 0);
  }

  play(axis) {
    const before = this.#playing;
    this.stop();
    if (!axis || before === axis) return;
    this.#playing = axis;
    this.draw();
    this.#advance();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#playing = null;
    if (this.#view) this.draw();
  }

  // A plane has come: the next one follows when its time is there.
  arrived() {
    if (!this.#playing) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#advance(), this.#due - performance.now());
  }

  draw() {
    for (const [axis, { slider, told, button, use }] of this.#rows) {
      const isPlaying = this.#playing === axis;
      slider.value = this.#view[axis.toLowerCase()];
      told.textContent = this.#told(axis);
      slider.setAttribute("aria-valuetext", told.textContent);
      button.setAttribute("aria-pressed", isPlaying);
      use.setAttribute("href", `static/icons.svg#${isPlaying ? "pause" : "play"}`);
    }
  }

  #advance() {
    this.#due = performance.now() + 1000 / FRAMES_A_SECOND;
    const axis = this.#playing;
    this.#show(axis, (this.#view[axis.toLowerCase()] + 1) % this.#view.info.sizes[axis]);
  }

  #goTo(axis, plane) {
    this.stop();
    this.#show(axis, Math.min(Math.max(plane, 0), this.#view.info.sizes[axis] - 1));
  }

  #show(axis, plane) {
    const key = axis.toLowerCase();
    if (plane === this.#view[key]) return;
    this.#view[key] = plane;
    this.draw();
    this.dispatchEvent(new Event("changed"));
  }

  #row(axis) {
    const element = document.getElementById("plane-slider").content.cloneNode(true).firstElementChild;
    const find = (selector) => element.querySelector(selector);
    const [slider, button] = [find("input"), find("button")];
    slider.max = this.#view.info.sizes[axis] - 1;
    slider.setAttribute("aria-label", NAMES[axis]);
    find(".axis").textContent = axis;
    find(".axis").title = NAMES[axis];
    button.title = button.ariaLabel = `Play ${NAMES[axis].toLowerCase()}`;
    slider.addEventListener("input", () => this.#goTo(axis, slider.valueAsNumber));
    button.addEventListener("click", () => this.play(axis));
    return { element, slider, button, told: find("output"), use: find("use") };
  }

  // Planes are counted from 1, as people do.
  #told(axis) {
    const { info } = this.#view;
    const plane = this.#view[axis.toLowerCase()];
    const time = (seconds) => timeText(seconds, info.time_increment ?? undefined);
    const [positions, text] = axis === "Z" ? [info.z_positions, micrometres] : [info.times, time];
    const place = positions?.[plane];
    const count = `${plane + 1} / ${info.sizes[axis]}`;
    return place === null || place === undefined ? count : `${count} · ${text(place)}`;
  }
}
