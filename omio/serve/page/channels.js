// The panel of channels: on and off, colour, contrast over a histogram, gamma.

import { histogram, shownChannels } from "./api.js";
import { number } from "./units.js";
import { clamp, firstChannel, leastStep, rounded, together } from "./view.js";

const LEAST_PART = 0.005;
const MOST_PART = 0.998;
const TALL = 112;
const WIDE = 512;

export class ChannelPanel extends EventTarget {
  #list;
  #cards = [];
  #view = null;
  #stopped = new AbortController();
  #asked = "";

  constructor(list) {
    super();
    this.#list = list;
  }

  open(view) {
    this.#stopped.abort();
    this.#asked = "";
    this.#view = view;
    this.#cards = view.channels.map((channel, c) => new Card(channel, view.info, c, () => this.#changed()));
    this.#list.replaceChildren(...this.#cards.map((card) => card.element));
  }

  // Show what the view says now.
  draw() {
    for (const card of this.#cards) card.draw();
  }

  // Count the values of the channels that are shown, once for each plane: hidden ones cost nothing.
  async count() {
    const [cards, plane] = [this.#cards, `${this.#view.t},${this.#view.z}`];
    const due = shownChannels(this.#view).filter((c) => cards[c].plane !== plane);
    const asked = `${plane},${due}`;
    if (!due.length || asked === this.#asked) return;
    this.#stopped.abort();
    this.#stopped = new AbortController();
    this.#asked = asked;
    try {
      const { channels } = await histogram(this.#view, due, this.#stopped.signal);
      for (const counted of channels) cards[counted.c].count(counted, plane);
    } finally {
      if (this.#asked === asked) this.#asked = "";
    }
  }

  toggle(c) {
    const channel = this.#view.channels[c];
    if (channel) this.#set([channel], { visible: !channel.visible });
  }

  // This one alone; when it is alone already, as many as there can be.
  alone(c) {
    const { channels } = this.#view;
    if (!channels[c]) return;
    const isAlone = channels.every(({ visible }, other) => visible === (other === c));
    const shown = isAlone ? together(channels) : [channels[c]];
    for (const channel of channels) channel.visible = shown.includes(channel);
    this.#set([], {});
  }

  auto() {
    for (const c of shownChannels(this.#view)) this.#cards[c].auto();
  }

  reset() {
    this.#view.channels.forEach((channel, c) => Object.assign(channel, firstChannel(this.#view.info, c)));
    this.#set([], {});
  }

  #set(channels, values) {
    for (const channel of channels) Object.assign(channel, values);
    this.draw();
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("changed"));
  }
}

class Card {
  #channel;
  #changed;
  #parts;
  #counted = null;
  #ends = [0, 1]; // of the sliders
  #info;
  plane = null; // that was counted

  constructor(channel, info, c, changed) {
    const name = info.channels[c].name ?? `Channel ${c + 1}`;
    this.#channel = channel;
    this.#changed = changed;
    this.#info = info;
    this.element = document.getElementById("channel-card").content.cloneNode(true).firstElementChild;
    const find = (selector) => this.element.querySelector(selector);
    this.#parts = {
      visible: find(".visible"), color: find(".color"), canvas: find(".histogram"), gamma: find(".gamma-range"), told: find(".gamma output"),
      auto: find(".auto"), low: find(".low"), high: find(".high"), lowNumber: find(".low-number"), highNumber: find(".high-number"),
    };
    find(".channel-name").textContent = name;
    find(".channel-name").title = described(info.channels[c], name);
    this.#label(name);
    this.#listen();
    this.draw();
  }

  #label(name) {
    const { visible, color, canvas, gamma, low, high, lowNumber, highNumber } = this.#parts;
    const words = [[visible, "visible"], [color, "colour"], [canvas, "histogram"], [gamma, "gamma"], [low, "darkest value"], [high, "brightest value"], [lowNumber, "darkest value, as a number"], [highNumber, "brightest value, as a number"]];
    for (const [part, word] of words) part.setAttribute("aria-label", `${name}: ${word}`);
  }

  #listen() {
    const { visible, color, gamma, auto, low, high, lowNumber, highNumber } = this.#parts;
    const on = (part, name, change) => part.addEventListener(name, () => this.#set(change()));
    on(visible, "change", () => ({ visible: visible.checked }));
    on(color, "input", () => ({ color: color.value }));
    on(gamma, "input", () => ({ gamma: Number((10 ** -gamma.value).toFixed(2)) }));
    gamma.addEventListener("dblclick", () => this.#set({ gamma: 1 }));
    const slide = (part, change) => {
      part.addEventListener("input", () => this.#slide(change(this.#rounded(part.valueAsNumber))));
      part.addEventListener("change", () => this.draw());
    };
    slide(low, (value) => ({ low: Math.min(value, this.#channel.high - this.#least) }));
    slide(high, (value) => ({ high: Math.max(value, this.#channel.low + this.#least) }));
    on(lowNumber, "change", () => typed(lowNumber, (value) => value < this.#channel.high && { low: value }));
    on(highNumber, "change", () => typed(highNumber, (value) => value > this.#channel.low && { high: value }));
    auto.addEventListener("click", () => this.auto());
  }

  // What there is, and what is asked for.
  #findEnds() {
    const { low, high } = this.#channel;
    const known = [this.#counted?.min, this.#counted?.max].filter((value) => value !== null && value !== undefined);
    this.#ends = [Math.min(low, ...known), Math.max(high, ...known)];
  }

  get #least() {
    return leastStep(this.#info, ...this.#ends);
  }

  #rounded(value) {
    const [from, to] = this.#ends;
    return rounded(this.#info, value, to - from);
  }

  #set(values) {
    Object.assign(this.#channel, values);
    this.draw();
    if (Object.keys(values).length) this.#changed();
  }

  // While a handle is dragged the ends stay where they are, or it would run away from the finger.
  #slide(values) {
    Object.assign(this.#channel, values);
    this.#paint();
    this.#changed();
  }

  count(counted, plane) {
    this.#counted = counted;
    this.plane = plane;
    this.draw();
  }

  // Limits that leave out the same parts of the pixels as those of the server, from this plane.
  auto() {
    const { counts, edges } = this.#counted ?? { counts: [] };
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (!total) return;
    const low = this.#rounded(edges[binAt(counts, total * LEAST_PART)]);
    const high = this.#rounded(edges[binAt(counts, total * MOST_PART) + 1]);
    this.#set({ low, high: Math.max(high, low + this.#least) });
  }

  draw() {
    this.#findEnds();
    this.#paint();
  }

  #paint() {
    const { visible, color, gamma, told, auto, low, high, lowNumber, highNumber } = this.#parts;
    const channel = this.#channel;
    const [from, to] = this.#ends;
    auto.disabled = !channel.visible;
    low.classList.toggle("above", channel.low > (from + to) / 2); // so that it can be had where both handles meet
    this.element.classList.toggle("off", !channel.visible);
    this.element.style.setProperty("--color", readable(channel.color));
    this.element.style.setProperty("--swatch", channel.color);
    visible.checked = channel.visible;
    color.value = channel.color;
    for (const [slider, value] of [[low, channel.low], [high, channel.high]]) {
      Object.assign(slider, { min: from, max: to, value });
      slider.setAttribute("aria-valuetext", number(value, 5));
    }
    [lowNumber.value, highNumber.value] = [channel.low, channel.high];
    gamma.value = -Math.log10(channel.gamma);
    told.textContent = channel.gamma.toFixed(2);
    this.#drawHistogram(from, to);
  }

  #drawHistogram(from, to) {
    const { low, high, gamma, visible } = this.#channel;
    const pen = this.#parts.canvas.getContext("2d");
    const at = (value) => ((value - from) / (to - from || 1)) * WIDE;
    pen.clearRect(0, 0, WIDE, TALL);
    pen.fillStyle = readable(this.#channel.color);
    const { counts, edges } = (visible && this.#counted) || { counts: [] };
    const most = Math.log1p(Math.max(1, ...counts));
    counts.forEach((count, bin) => {
      const tall = (Math.log1p(count) / most) * (TALL - 6);
      pen.globalAlpha = edges[bin + 1] > low && edges[bin] < high ? 0.62 : 0.2;
      pen.fillRect(at(edges[bin]), TALL - tall, Math.max(1, at(edges[bin + 1]) - at(edges[bin]) + 0.5), tall);
    });
    pen.globalAlpha = 1;
    pen.strokeStyle = readable(this.#channel.color);
    pen.lineWidth = 2.5;
    pen.beginPath();
    for (let step = 0; step <= 32; step += 1) {
      pen.lineTo(at(low + ((high - low) * step) / 32), TALL - 3 - (TALL - 6) * (step / 32) ** gamma);
    }
    pen.stroke();
  }
}

function typed(input, accept) {
  return (Number.isFinite(input.valueAsNumber) && accept(input.valueAsNumber)) || {};
}

function binAt(counts, part) {
  let sum = 0;
  const found = counts.findIndex((count) => (sum += count) > part);
  return found < 0 ? counts.length - 1 : found;
}

function described({ excitation_nm: excitation, emission_nm: emission }, name) {
  const told = [excitation && `excitation ${number(excitation)} nm`, emission && `emission ${number(emission)} nm`];
  return [name, ...told.filter(Boolean)].join(", ");
}

// Dark colours are lifted until they can be told from the panel behind them.
function readable(color) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  const light = (0.3 * red + 0.59 * green + 0.11 * blue) / 255;
  const lift = clamp(0.42 - light, 0, 0.4);
  return `rgb(${[red, green, blue].map((part) => Math.round(part + (255 - part) * lift)).join(" ")})`;
}
