// The image under the mouse: tiles through OpenSeadragon, swapped only when the next ones are there.

import { styleQuery, shownChannels, tileUrl } from "./api.js";
import { clamp } from "./view.js";

const { OpenSeadragon } = window;
const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const MOST_PIXELS_OF_ONE = 64;
const LEAST_TILE_PIXEL = 1 / (1 + devicePixelRatio); // on the screen; finer screens are given finer levels

// OpenSeadragon adds a style sheet, which the content security policy forbids, unless it finds one; this one styles nothing.
const mark = document.createElementNS("urn:omio", "style");
mark.setAttribute("data-openseadragon-mobile-css", "");
document.head.append(mark);

export class Stage extends EventTarget {
  #viewer;
  #info = null;
  #wanted = null;
  #coming = null;
  #shown = null;
  #placeOnOpen = null;
  #isNew = false;
  #held = null;
  #hasDrawn = false;

  constructor(element) {
    super();
    this.#viewer = new OpenSeadragon.Viewer({
      element,
      drawer: "canvas",
      showNavigationControl: false,
      keyboardNavEnabled: false,
      visibilityRatio: 0.4,
      preserveImageSizeOnResize: true,
      minZoomImageRatio: 0.6,
      maxZoomPixelRatio: MOST_PIXELS_OF_ONE,
      minPixelRatio: LEAST_TILE_PIXEL,
      zoomPerScroll: 1.25,
      animationTime: CALM.matches ? 0 : 0.35,
      imageLoaderLimit: 6,
      maxImageCacheCount: 400,
      gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true, flickEnabled: false },
      gestureSettingsTouch: { flickEnabled: !CALM.matches },
    });
    this.canvas.setAttribute("aria-label", "Image: drag to move, scroll to zoom");
    this.canvas.setAttribute("role", "application");
    this.canvas.addEventListener("pointerdown", () => this.canvas.classList.add("held"));
    this.canvas.addEventListener("blur", () => this.canvas.classList.remove("held"));
    for (const name of ["zoom", "pan", "animation"]) this.#viewer.addHandler(name, () => this.#moved());
    for (const name of ["canvas-drag", "canvas-scroll", "canvas-pinch", "canvas-double-click"]) {
      this.#viewer.addHandler(name, () => (this.#held = null));
    }
    this.#viewer.addHandler("resize", () => queueMicrotask(() => this.#resized()));
    this.#viewer.addHandler("canvas-click", ({ position, quick }) => quick && this.#tell("tapped", position));
    this.#viewer.addHandler("tile-loaded", () => (this.#hasDrawn = true));
    this.#viewer.addHandler("tile-load-failed", ({ tile, tiledImage }) => this.#failed(tile, tiledImage));
  }

  get canvas() {
    return this.#viewer.canvas;
  }

  // What is drawn at this moment, in device pixels.
  get drawing() {
    return this.#viewer.drawer.canvas;
  }

  get isBusy() {
    return this.#coming !== null;
  }

  // Whether anything of the image could be drawn.
  get hasDrawn() {
    return this.#hasDrawn;
  }

  // Screen pixels per pixel of the image.
  get zoom() {
    return this.#info && (this.#viewer.viewport.getZoom(true) * this.#width) / this.#info.width;
  }

  get #width() {
    return this.#viewer.viewport.getContainerSize().x;
  }

  // The centre of the view in pixels of the image.
  get place() {
    if (!this.#info) return null;
    const { x, y } = this.#viewer.viewport.getCenter();
    return { x: x * this.#info.width, y: y * this.#info.width, zoom: (this.#viewer.viewport.getZoom() * this.#width) / this.#info.width };
  }

  // The part that is seen: left, top, width and height as fractions of the image.
  get frame() {
    const { x, y, width, height } = this.#viewer.viewport.getBounds(true);
    const aspect = this.#info.width / this.#info.height;
    return { x, y: y * aspect, width, height: height * aspect };
  }

  // Show another image, or nothing of the one before.
  open(info, place) {
    this.#info = info;
    this.#wanted = this.#coming = this.#shown = null;
    this.#viewer.world.removeAll();
    this.#placeOnOpen = place;
    this.#held = null;
    this.#hasDrawn = false;
    this.#isNew = true;
  }

  // Pictures with holes are asked for again: what failed may be there by now.
  show(view) {
    if (this.#shown?.isTorn) this.#shown.key = null;
    this.#wanted = shownChannels(view).length || view.info.rgb ? sourceOf(view) : null;
    this.#next();
  }

  // One picture comes at a time, and after it the one that is wanted by then.
  #next() {
    if (this.#coming || this.#wanted?.key === this.#shown?.key) return;
    if (!this.#wanted) {
      this.#swap(null);
      return;
    }
    const coming = { key: this.#wanted.key, item: null, isTorn: false };
    this.#coming = coming;
    this.#tell("busy", true);
    this.#viewer.addTiledImage({
      tileSource: this.#wanted,
      width: 1,
      opacity: this.#shown ? 0 : 1,
      preload: true,
      success: ({ item }) => this.#await(coming, item),
    });
  }

  #await(coming, item) {
    if (this.#coming !== coming) {
      this.#viewer.world.removeItem(item);
      return;
    }
    coming.item = item;
    if (this.#isNew) this.#settle();
    const done = () => this.#coming === coming && this.#swap(coming);
    item.addHandler("fully-loaded-change", ({ fullyLoaded }) => fullyLoaded && done());
    if (item.getFullyLoaded()) done();
  }

  #failed(tile, item) {
    const torn = [this.#coming, this.#shown].find((picture) => picture?.item === item);
    if (torn) torn.isTorn = true;
    this.#tell("failed", tile.getUrl());
  }

  #swap(coming) {
    const before = this.#shown;
    coming?.item.setOpacity(1);
    if (before) this.#viewer.world.removeItem(before.item);
    this.#shown = coming;
    this.#coming = null;
    this.#tell("busy", false);
    this.#tell("shown", coming?.key);
    this.#next();
  }

  #settle() {
    this.#isNew = false;
    if (this.#placeOnOpen) this.goTo(this.#placeOnOpen);
    else this.fit(true);
    this.#moved();
  }

  goTo({ x, y, zoom }) {
    const { viewport } = this.#viewer;
    this.#held = () => this.goTo({ x, y, zoom });
    viewport.zoomTo((zoom * this.#info.width) / this.#width, null, true);
    viewport.panTo(new OpenSeadragon.Point(x / this.#info.width, y / this.#info.width), true);
    viewport.applyConstraints(true);
  }

  fit(immediately = CALM.matches) {
    const { width, height } = this.#info;
    const [x, y] = [0.02, (0.02 * height) / width];
    const box = new OpenSeadragon.Rect(-x, -y, 1 + 2 * x, height / width + 2 * y);
    this.#held = () => this.fit(true);
    this.#viewer.viewport.fitBounds(box, immediately);
  }

  // When the window changes, the whole image stays whole and a place of a link that place; what was moved keeps its size.
  #resized() {
    this.#held?.();
    this.#moved();
  }

  #change(move) {
    this.#held = null;
    move(this.#viewer.viewport);
    this.#viewer.viewport.applyConstraints();
  }

  zoomBy(factor) {
    this.#change((viewport) => viewport.zoomBy(factor));
  }

  zoomTo(zoom) {
    this.#change((viewport) => viewport.zoomTo((zoom * this.#info.width) / this.#width));
  }

  // By fractions of what is seen.
  panBy(x, y) {
    const { width, height } = this.#viewer.viewport.getBounds();
    this.#change((viewport) => viewport.panBy(new OpenSeadragon.Point(x * width, y * height)));
  }

  // To a point given as fractions of the image.
  moveTo(x, y) {
    this.#change((viewport) => viewport.panTo(new OpenSeadragon.Point(x, (y * this.#info.height) / this.#info.width)));
  }

  // The pixel of the image at a point of the stage, or null beside it.
  pixelAt(x, y) {
    if (!this.#info) return null;
    const at = this.#viewer.viewport.pointFromPixel(new OpenSeadragon.Point(x, y), true).times(this.#info.width);
    const [column, row] = [Math.floor(at.x), Math.floor(at.y)];
    const isInside = column >= 0 && row >= 0 && column < this.#info.width && row < this.#info.height;
    return isInside ? { x: column, y: row } : null;
  }

  // The level whose tiles fill the view, counted from the finest, as OpenSeadragon takes it.
  get level() {
    return clamp(Math.ceil(Math.log2(LEAST_TILE_PIXEL / this.zoom) - 1e-9), 0, this.#info.levels.length - 1);
  }

  #moved() {
    if (!this.#info || !this.#viewer.world.getItemCount()) return;
    this.#viewer.drawer.setImageSmoothingEnabled(this.zoom * devicePixelRatio < 2);
    this.#tell("moved");
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

function sourceOf(view) {
  const { width, height, tile, levels } = view.info;
  const frozen = { ...view, channels: view.channels.map((channel) => ({ ...channel })) };
  return {
    key: `${view.id}?${styleQuery(view)}`,
    width,
    height,
    tileSize: tile,
    minLevel: 0,
    maxLevel: levels.length - 1,
    getTileUrl: (level, x, y) => tileUrl(frozen, level, x, y),
  };
}
