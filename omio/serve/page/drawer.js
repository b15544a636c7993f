// The drawer of metadata, and the pictures that belong to an image: label, macro, thumbnail.

import { lengthText, number, timeText } from "./units.js";

const TOLD_ABOVE = new Set(["name", "dtype", "sizes", "pixel_size", "time_increment"]);

export class Drawer {
  #element = document.getElementById("drawer");
  #button = document.getElementById("open-drawer");
  #body = document.getElementById("drawer-body");
  #filter = document.getElementById("drawer-filter");

  constructor() {
    this.#button.addEventListener("click", () => this.toggle());
    document.getElementById("close-drawer").addEventListener("click", () => this.toggle(false));
    this.#filter.addEventListener("input", () => this.#sift());
  }

  get isOpen() {
    return !this.#element.inert;
  }

  toggle(isOpen = !this.isOpen) {
    this.#element.inert = !isOpen;
    this.#element.classList.toggle("open", isOpen);
    document.body.classList.toggle("drawer-open", isOpen);
    this.#button.setAttribute("aria-expanded", isOpen);
    if (isOpen) this.#element.querySelector("#close-drawer").focus();
    else if (this.#element.contains(document.activeElement)) this.#button.focus();
  }

  open({ info }) {
    const told = Object.entries(info.metadata).filter(([name]) => !TOLD_ABOVE.has(name));
    const [groups, facts] = [told.filter(([, value]) => isNested(value)), told.filter(([, value]) => !isNested(value))];
    this.#body.replaceChildren(
      section("Image", [...imageRows(info), ...facts]),
      ...associated(info),
      ...groups.map(([name, value]) => [words(name), rowsOf(value)]).filter(([, rows]) => rows.length).map((group) => section(...group)),
      section("OME-Zarr of this image", Object.entries(info.zarr).map(([version, url]) => [version, absolute(url)])),
    );
    this.#sift();
  }

  #sift() {
    const wanted = this.#filter.value.trim().toLowerCase();
    for (const group of this.#body.querySelectorAll("details")) {
      const rows = [...group.querySelectorAll(":scope > dl > div")];
      const isNamed = group.querySelector("summary").textContent.toLowerCase().includes(wanted);
      for (const row of rows) row.hidden = !isNamed && !row.textContent.toLowerCase().includes(wanted);
      group.hidden = wanted !== "" && !isNamed && rows.every((row) => row.hidden);
    }
  }
}

const absolute = (url) => new URL(url, document.baseURI).href;

function imageRows(info) {
  const { sizes, pixel_size: size, time_increment: step } = info;
  const extent = (pixels, spacing) => (spacing ? `${pixels} px · ${lengthText(pixels * spacing)}` : `${pixels} px`);
  const rows = [
    ["name", info.name],
    ["width", extent(sizes.X, size.X)],
    ["height", extent(sizes.Y, size.Y)],
    ["pixel size", size.X ? `${lengthText(size.X, 6)} × ${lengthText(size.Y ?? size.X, 6)}` : "unknown"],
  ];
  if (sizes.Z > 1) rows.push(["planes", size.Z ? `${sizes.Z} · every ${lengthText(size.Z)}` : String(sizes.Z)]);
  if (sizes.T > 1) rows.push(["times", step ? `${sizes.T} · every ${timeText(step)}` : String(sizes.T)]);
  rows.push(["type", info.rgb ? `${info.dtype}, RGB` : info.dtype]);
  if (info.stored.length > 1) rows.push(["levels in the file", info.stored.map(([width, height]) => `${width} × ${height}`).join(", ")]);
  return rows;
}

function section(title, rows) {
  const group = document.createElement("details");
  group.open = true;
  const list = document.createElement("dl");
  list.append(...rows.map(([name, value]) => row(name, value)));
  group.append(text("summary", title), list);
  return group;
}

function row(name, value) {
  const box = document.createElement("div");
  if (name !== "") box.append(text("dt", words(name)));
  const told = document.createElement("dd");
  if (isNested(value)) told.append(nested(value));
  else told.textContent = plain(value);
  box.append(told);
  box.classList.toggle("wide", isNested(value) || plain(value).length > 34);
  return box;
}

function nested(value) {
  const list = document.createElement("dl");
  list.append(...rowsOf(value).map(([name, inner]) => row(name, inner)));
  return list;
}

// Items of a list are called by their names, or counted from 1; those of which nothing is known are left out.
function rowsOf(value) {
  if (!Array.isArray(value)) return Object.entries(value);
  return value.flatMap(({ name, ...item }, at) => (name || Object.keys(item).length ? [[name ?? String(at + 1), item]] : []));
}

const isNested = (value) => typeof value === "object" && value !== null && !isShort(value);

// Lists of numbers and words fit into a line.
const isShort = (value) => Array.isArray(value) && value.every((item) => typeof item !== "object");

function plain(value) {
  if (Array.isArray(value)) return value.map(plain).join(", ");
  return typeof value === "number" ? number(value, 6) : String(value ?? "unknown");
}

const words = (name) => name.replaceAll("_", " ").replace(/ nm$/, " (nm)");

function associated({ associated: pictures }) {
  const entries = Object.entries(pictures);
  if (!entries.length) return [];
  const group = section("Associated images", []);
  const list = Object.assign(document.createElement("div"), { className: "associated-list" });
  list.append(...entries.map(([key, picture]) => associatedButton(key, picture)));
  group.append(list);
  return [group];
}

function associatedButton(key, { width, height, url }) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "associated-item" });
  const picture = Object.assign(new Image(), { src: url, alt: "", loading: "lazy" });
  button.append(picture, text("span", key), text("small", `${width} × ${height}`));
  button.addEventListener("click", () => {
    document.getElementById("associated-title").textContent = key;
    Object.assign(document.getElementById("associated-picture"), { src: url, alt: key });
    document.getElementById("associated").showModal();
  });
  return button;
}

const text = (tag, textContent) => Object.assign(document.createElement(tag), { textContent });
