// The panel of channels: on and off, colour, contrast over a histogram, gamma.

import { histogram } from "./api.js";
import { number } from "./units.js";
import { clamp, firstChannel, isWhole, leastStep } from "./view.js";

const LEAST_PART = 0.005;
const MOST_PART = 0.998;
const TALL = 112;
const WIDE = 512;

export class ChannelPanel extends EventTarget {
  #list;
  #cards = [];
  #view = null;
  #stopped = new AbortController();

  constructor(list) {
    super();
    this.#list = list;
  }

  open(view) {
    this.#view = view;
    this.#cards = view.channels.map((channel, c) => new Card(channel, view.info, c, () => this.#changed()));
    this.#list.replaceChildren(...this.#cards.map((card) => card.element));
  }

  // Show what the view says now.
  draw() {
    for (const card of this.#cards) card.draw();
  }

  // Count the values of the plane that is shown.
  async count() {
    this.#stopped.abort();
    this.#stopped = new AbortController();
    if (!this.#cards.length) return;
    const { channels } = await histogram(this.#view, this.#stopped.signal);
    for (const counted of channels) this.#cards[counted.c]?.count(counted);
  }

  toggle(c) {
    const channel = this.#view.channels[c];
    if (channel) this.#set([channel], { visible: !channel.visible });
  }

  // This one alone; all of them when it is alone already.
  alone(c) {
    const { channels } = this.#view;
    if (!channels[c]) return;
    const isAlone = channels.every(({ visible }, other) => visible === (other === c));
    channels.forEach((channel, other) => (channel.visible = isAlone || other === c));
    this.#set([], {});
  }

  auto() {
    for (const card of this.#cards) card.auto();
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
  #info;

  constructor(channel, info, c, changed) {
    const name = info.channels[c].name ?? `Channel ${c + 1}`;
    this.#channel = channel;
    this.#changed = changed;
    this.#info = info;
    this.element = document.getElementById("channel-card").content.cloneNode(true).firstElementChild;
    const find = (selector) => this.element.querySelector(selector);
    this.#parts = {
      visible: find(".visible"), color: find(".color"), canvas: find(".histogram"), gamma: find(".gamma-range"), told: find(".gamma output"),
      low: find(".low"), high: find(".high"), lowNumber: find(".low-number"), highNumber: find(".high-number"),
    };
    find(".channel-name").textContent = name;
    find(".channel-name").title = described(info.channels[c], name);
    this.#label(name);
    this.#listen(find(".auto"));
    this.draw();
  }

  #label(name) {
    const { visible, color, canvas, gamma, low, high, lowNumber, highNumber } = this.#parts;
    const words = [[visible, "visible"], [color, "colour"], [canvas, "histogram"], [gamma, "gamma"], [low, "darkest value"], [high, "brightest value"], [lowNumber, "darkest value, as a number"], [highNumber, "brightest value, as a number"]];
    for (const [part, word] of words) part.setAttribute("aria-label", `${name}: ${word}`);
  }

  #listen(auto) {
    const { visible, color, gamma, low, high, lowNumber, highNumber } = this.#parts;
    const on = (part, name, change) => part.addEventListener(name, () => this.#set(change()));
    on(visible, "change", () => ({ visible: visible.checked }));
    on(color, "input", () => ({ color: color.value }));
    on(gamma, "input", () => ({ gamma: Number((10 ** -gamma.value).toFixed(2)) }));
    gamma.addEventListener("dblclick", () => this.#set({ gamma: 1 }));
    on(low, "input", () => ({ low: Math.min(this.#rounded(low.valueAsNumber), this.#channel.high - this.#least) }));
    on(high, "input", () => ({ high: Math.max(this.#rounded(high.valueAsNumber), this.#channel.low + this.#least) }));
    on(lowNumber, "change", () => typed(lowNumber, (value) => value < this.#channel.high && { low: value }));
    on(highNumber, "change", () => typed(highNumber, (value) => value > this.#channel.low && { high: value }));
    auto.addEventListener("click", () => this.auto());
  }

  // The ends of the sliders: what there is, and what is asked for.
  get #ends() {
    const { low, high } = this.#channel;
    const known = [this.#counted?.min, this.#counted?.max].filter((value) => value !== null && value !== undefined);
    return [Math.min(low, ...known), Math.max(high, ...known)];
  }

  get #least() {
    return leastStep(this.#info, ...this.#ends);
  }

  #rounded(value) {
    return isWhole(this.#info) ? Math.round(value) : Number(value.toPrecision(5));
  }

  #set(values) {
    Object.assign(this.#channel, values);
    this.draw();
    if (Object.keys(values).length) this.#changed();
  }

  count(counted) {
    this.#counted = counted;
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
    const { visible, color, gamma, told, low, high, lowNumber, highNumber } = this.#parts;
    const channel = this.#channel;
    const [from, to] = this.#ends;
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
    const { low, high, gamma } = this.#channel;
    const pen = this.#parts.canvas.getContext("2d");
    const at = (value) => ((value - from) / (to - from || 1)) * WIDE;
    pen.clearRect(0, 0, WIDE, TALL);
    pen.fillStyle = readable(this.#channel.color);
    const { counts, edges } = this.#counted ?? { counts: [] };
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
