// The page: brings the image, the controls and the URL together.

import { ask, describe, images, Trouble } from "./api.js";
import { ChannelPanel } from "./channels.js";
import { Drawer } from "./drawer.js";
import { Gallery } from "./gallery.js";
import { explain, listen } from "./keys.js";
import { Minimap } from "./minimap.js";
import { savePicture } from "./picture.js";
import { PlaneSliders } from "./planes.js";
import { Readout } from "./readout.js";
import { barOf, drawBar } from "./scalebar.js";
import { Stage } from "./stage.js";
import { findEntry, firstView, fromHash, toHash } from "./view.js";

const HASH_DELAY = 200;
const CONTRAST_DELAY = 60;
const TOAST_SECONDS = 6;

const at = (id) => document.getElementById(id);
const stage = new Stage(at("view"));
const channels = new ChannelPanel(at("channels"));
const planes = new PlaneSliders(at("planes"));
const readout = new Readout(at("readout"));
const minimap = new Minimap(stage);
const drawer = new Drawer();

let entries = [];
let gallery = null;
let view = null;
let bar = { label: "", pixels: 0 };
let written = "";

const showSoon = later(() => stage.show(view), CONTRAST_DELAY);
const writeSoon = later(writeHash, HASH_DELAY);
const countSoon = later(() => channels.count().catch(tellUnlessStopped), 150);

// Call `run` once, some time after the first of several calls: drags go on showing what they do.
function later(run, milliseconds) {
  let timer = 0;
  return () => {
    timer ||= setTimeout(() => {
      timer = 0;
      run();
    }, milliseconds);
  };
}

async function start() {
  keepTheme();
  listenToAll();
  entries = await images();
  gallery = new Gallery(entries, (entry) => choose(entry, 0));
  if (!entries.length) throw new Trouble({ cause: "There is no image here." });
  await restore();
}

// Open what the hash of the URL says.
async function restore() {
  const asked = fromHash(location.hash);
  const entry = findEntry(entries, asked.image);
  await open(entry, asked.scene, asked);
}

// Open what a hand chose; where that fails, the image before stays.
function choose(entry, scene) {
  open(entry, scene).catch((trouble) => {
    if (view) nameImage(view.info);
    tell(trouble);
  });
}

let opening = 0;

async function open(entry, scene, asked = null) {
  const turn = ++opening;
  at("busy").hidden = false;
  const info = await describe(entry.id, scene);
  if (turn !== opening) return;
  if (view && !asked) remember();
  view = firstView(entry, info);
  asked?.apply(view);
  stage.open(info, asked?.place ?? null);
  nameImage(info);
  fillZoom(info);
  at("panel").hidden = info.rgb;
  document.body.classList.toggle("is-rgb", info.rgb);
  minimap.open(info);
  drawer.open(view);
  gallery.mark(entry.id);
  readout.open(view);
  planes.open(view);
  channels.open(view);
  countSoon();
  stage.show(view);
}

function nameImage(info) {
  const { sizes } = info;
  document.title = `${info.name} · omio`;
  at("name").textContent = info.name;
  at("name").title = info.name;
  const counts = [["T", "times"], ["Z", "planes"], ["C", "channels"]].filter(([axis]) => sizes[axis] > 1);
  const told = [`${sizes.X} × ${sizes.Y}`, ...counts.map(([axis, word]) => `${sizes[axis]} ${word}`), kindOf(info)];
  at("sizes").textContent = told.join("  ·  ");
  at("scene").replaceChildren(...info.scenes.map((name, number) => new Option(name, number, false, number === info.scene)));
  at("scene-choice").hidden = info.scenes.length < 2;
}

function kindOf({ rgb, dtype, sizes }) {
  if (!rgb) return dtype;
  const samples = { 3: "RGB", 4: "RGBA" }[sizes.S] ?? `${sizes.S} samples`;
  return dtype === "uint8" ? samples : `${samples} ${dtype}`;
}

function fillZoom(info) {
  const sizes = info.levels.toReversed();
  const close = [4, 16].map((times) => new Option(`${times * 100} %`, times));
  const levels = sizes.map(([width, height], level) => new Option(`${zoomText(2 ** -level)} – ${width} × ${height}`, 2 ** -level));
  at("zoom").replaceChildren(new Option("", "now"), new Option("Whole image", "fit"), ...close.toReversed(), ...levels);
}

const zoomText = (zoom) => `${Number((100 * zoom).toPrecision(3))} %`;

function moved() {
  const { zoom, level } = stage;
  bar = barOf(view.info, zoom, stage.canvas.clientWidth);
  drawBar(at("scalebar"), bar);
  at("zoom").options[0].textContent = zoomText(zoom);
  at("zoom").value = "now";
  at("level").textContent = `Level ${level + 1} of ${view.info.levels.length}`;
  minimap.draw();
  writeSoon();
}

function planeChanged() {
  stage.show(view);
  readout.again();
  countSoon();
  writeSoon();
}

function styleChanged() {
  showSoon();
  countSoon();
  writeSoon();
}

function writeHash() {
  if (!view) return;
  written = toHash(view, entries, stage.place);
  history.replaceState(null, "", written);
}

function shown(key) {
  Object.assign(at("empty"), { hidden: Boolean(key), textContent: "All channels are off." });
  at("stage").dataset.shown = key ?? ""; // for whoever watches the page from outside
  if (key) minimap.paint(view);
  planes.arrived();
}

// What was looked at until now stays in the history of the browser.
function remember() {
  writeHash();
  history.pushState(null, "", written);
}

async function copyLink() {
  writeHash();
  await navigator.clipboard.writeText(location.href);
  toast("Link copied. It works while this server runs.");
}

function save() {
  const { info, t, z } = view;
  const parts = [info.name.replace(/\.[^.]+$/, ""), info.sizes.T > 1 && `t${t + 1}`, info.sizes.Z > 1 && `z${z + 1}`];
  return savePicture(stage, bar, parts.filter(Boolean).join("_").replaceAll(/[^\w.-]+/g, "_"));
}

function keepTheme() {
  document.documentElement.dataset.theme = localStorage.getItem("omio-theme") ?? "dark";
}

function changeTheme() {
  const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  localStorage.setItem("omio-theme", next);
}

function toggleSheet(isOpen = !document.body.classList.contains("sheet-open")) {
  document.body.classList.toggle("sheet-open", isOpen);
  at("sheet").setAttribute("aria-expanded", isOpen);
}

let toastTimer = 0;

function toast(message) {
  clearTimeout(toastTimer);
  at("toast").textContent = message;
  at("toast").classList.add("open");
  toastTimer = setTimeout(() => at("toast").classList.remove("open"), 1000 * TOAST_SECONDS);
}

// Where there is nothing to look at, what is wrong stays.
function tell(trouble) {
  at("busy").hidden = true;
  if (stage.hasDrawn) toast(trouble.message);
  else Object.assign(at("empty"), { hidden: false, textContent: trouble.message });
}

function tellUnlessStopped(trouble) {
  if (trouble.name !== "AbortError") tell(trouble);
}

// A tile that does not come says nothing; asking again says why.
const tellWhy = later(() => ask(failed).catch((trouble) => trouble instanceof Trouble && tell(trouble)), 500);
let failed = "";

const actions = [
  { keys: ["ArrowLeft"], names: ["←"], does: "Time before, or depth without time", run: () => planes.step(planes.firstOf("T", "Z"), -1) },
  { keys: ["ArrowRight"], names: ["→"], does: "Next time", run: () => planes.step(planes.firstOf("T", "Z"), 1) },
  { keys: ["ArrowUp", "."], names: ["↑", "."], does: "Next depth, or time without depth", run: () => planes.step(planes.firstOf("Z", "T"), 1) },
  { keys: ["ArrowDown", ","], names: ["↓", ","], does: "Depth before", run: () => planes.step(planes.firstOf("Z", "T"), -1) },
  { keys: ["Home"], names: ["Home"], does: "First time", run: () => planes.end(planes.firstOf("T", "Z"), false) },
  { keys: ["End"], names: ["End"], does: "Last time", run: () => planes.end(planes.firstOf("T", "Z"), true) },
  { keys: [" "], names: ["Space"], does: "Play or stop", run: () => planes.play(planes.firstOf("T", "Z")) },
  { keys: ["1-9"], names: ["1", "…", "9"], does: "Channel on or off", run: (c) => channels.toggle(c) },
  { keys: ["Shift+1-9"], names: ["Shift", "1", "…", "9"], does: "This channel alone", run: (c) => channels.alone(c) },
  { keys: ["a"], names: ["A"], does: "Contrast from this plane", run: () => channels.auto() },
  { keys: ["r"], names: ["R"], does: "Channels as at the start", run: () => channels.reset() },
  { keys: ["+", "="], names: ["+"], does: "Zoom in", run: () => stage.zoomBy(1.5) },
  { keys: ["-", "_"], names: ["−"], does: "Zoom out", run: () => stage.zoomBy(1 / 1.5) },
  { keys: ["0"], names: ["0"], does: "Whole image", run: () => stage.fit() },
  { keys: ["Shift+ArrowLeft"], names: ["Shift", "←"], does: "Move; ↑ → ↓ too", run: () => stage.panBy(-0.2, 0) },
  { keys: ["Shift+ArrowRight"], names: [], run: () => stage.panBy(0.2, 0) },
  { keys: ["Shift+ArrowUp"], names: [], run: () => stage.panBy(0, -0.2) },
  { keys: ["Shift+ArrowDown"], names: [], run: () => stage.panBy(0, 0.2) },
  { keys: ["g"], names: ["G"], always: true, does: "Choose an image", run: () => gallery?.show() },
  { keys: ["i"], names: ["I"], always: true, does: "Metadata", run: () => drawer.toggle() },
  { keys: ["s"], names: ["S"], does: "Save a picture with its scale bar", run: () => save().catch(tell) },
  { keys: ["l"], names: ["L"], does: "Copy a link to this view", run: () => copyLink().catch(tell) },
  { keys: ["d"], names: ["D"], always: true, does: "Light or dark", run: changeTheme },
  { keys: ["?"], names: ["?"], always: true, does: "This help", run: () => at("help").showModal() },
  { keys: ["Escape"], names: ["Esc"], always: true, does: "Close", run: () => [drawer.toggle(false), toggleSheet(false)] },
];

const whenShown = (run) => (detail) => view && run(detail);

function listenToAll() {
  listen(actions.map((action) => (action.always ? action : { ...action, run: whenShown(action.run) })));
  explain(at("help-keys"), actions.filter(({ names }) => names.length));
  const click = (id, run) => at(id).addEventListener("click", run);
  click("skip", (event) => {
    event.preventDefault(); // the hash is the link to the view
    stage.canvas.focus();
  });
  click("open-help", () => at("help").showModal());
  click("theme", changeTheme);
  click("copy", whenShown(() => copyLink().catch(tell)));
  click("picture", whenShown(() => save().catch(tell)));
  click("zoom-in", whenShown(() => stage.zoomBy(1.5)));
  click("zoom-out", whenShown(() => stage.zoomBy(1 / 1.5)));
  click("zoom-fit", whenShown(() => stage.fit()));
  click("auto-all", () => channels.auto());
  click("reset-all", () => channels.reset());
  click("sheet", () => toggleSheet());
  at("scene").addEventListener("change", ({ target }) => choose(entries.find(({ id }) => id === view.id), Number(target.value)));
  at("zoom").addEventListener("change", ({ target }) => (target.value === "fit" ? stage.fit() : stage.zoomTo(Number(target.value))));
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
  }
  planes.addEventListener("changed", planeChanged);
  channels.addEventListener("changed", styleChanged);
  listenToStage();
  addEventListener("hashchange", () => location.hash !== written && restore().catch(tell));
}

function listenToStage() {
  stage.addEventListener("moved", moved);
  stage.addEventListener("shown", ({ detail }) => shown(detail));
  stage.addEventListener("busy", ({ detail }) => (at("busy").hidden = !detail));
  stage.addEventListener("failed", ({ detail }) => {
    failed = detail;
    planes.stop();
    tellWhy();
  });
  const point = (x, y) => {
    const pixel = view && stage.pixelAt(x, y);
    if (pixel) readout.point(pixel);
    else readout.clear();
  };
  stage.canvas.addEventListener("pointermove", (event) => event.pointerType === "mouse" && point(...inside(event)));
  stage.canvas.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && readout.clear());
  stage.addEventListener("tapped", ({ detail }) => point(detail.x, detail.y));
}

function inside({ clientX, clientY }) {
  const { left, top } = stage.canvas.getBoundingClientRect();
  return [clientX - left, clientY - top];
}

start().catch(tell);
