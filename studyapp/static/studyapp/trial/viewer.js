/**
 * Two pictures under one camera.
 *
 * Neither viewer leads: gestures on either side move the one camera, and one clock applies it to both before either
 * draws, so both are painted in the same frame. A second pair of viewers stands ready behind the first, with the next trial's tiles
 * drawn at the same place; the two pairs take turns, so a session makes four drawing contexts and no more.
 */

import * as camera from "./camera.js";
import { ExactDrawer, forestallInlineStyle, tileSource } from "./tiles.js";

const { OpenSeadragon } = globalThis;
const SIDES = ["left", "right"];
const WHEEL_PX_PER_OCTAVE = 260;
const STEP_FACTOR = Math.SQRT2;
const STEP_SHARE = 0.2;
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const NOWHERE = Object.freeze({ x: 0, y: 0 });

export class Stage {
  /**
   * @param slots  `{left, right}`: the elements that the pictures fill.
   * @param on     `{painted({id, side, at}), viewed({at, scale, left, right, offset}), broken(message), arrived()}`; the last is optional.
   */
  constructor(slots, on) {
    this.slots = slots;
    this.on = on;
    this.isCalm = matchMedia("(prefers-reduced-motion: reduce)");
    // The clock starts before any viewer's own: frames are served in this order for ever, so the camera always moves first.
    this.lastTick = performance.now();
    this.isApart = false;
    this.pairs = [];
    this.tick = this.tick.bind(this);
    requestAnimationFrame(this.tick);
    // Heard before the viewers hear it: a new pixel ratio is then no news to them, and they don't resize by themselves.
    addEventListener("resize", () => this.measure());
    forestallInlineStyle();
    this.pairs = [this.makePair(), this.makePair()];
    this.front = null;
    this.measure();
    const observer = new ResizeObserver(() => this.measure());
    for (const side of SIDES) observer.observe(slots[side]);
    for (const side of SIDES) this.listen(slots[side], side);
  }

  get drawer() {
    return this.pairs[0].left.drawer.getType();
  }

  /** Whether the two lie one over the other, as on an upright phone. */
  get isStacked() {
    return this.away.top !== 0;
  }

  /** Open a trial behind the one shown, in place of what waited there; or do nothing where it is open already. */
  prepare(trial) {
    if (this.pairFor(trial.id)) return;
    const pair = this.pairs.find((candidate) => candidate !== this.front);
    if (pair.trial) this.empty(pair);
    pair.trial = trial;
    pair.painted = new Set();
    pair.arrived = 0;
    pair.leaving = new AbortController();
    pair.twins = new Map();
    this.lookAtAll(pair);
    for (const side of SIDES) {
      pair[side].drawer.startAfresh?.();
      pair[side].open(this.sourceOf(trial, side));
    }
  }

  /** Where the tiles of a side come from. */
  sourceOf(trial, side) {
    const pair = this.pairFor(trial.id);
    const isNext = () => this.front !== null && this.front !== pair;
    const isSeen = () => this.front === pair;
    return tileSource(trial, trial[side], { left: pair.leaving.signal, isNext, isSeen, twins: pair.twins });
  }

  /** How much has arrived of what a pair needs to be shown whole, both sides together: 0 to 1. */
  shareHere(id) {
    const pair = this.pairFor(id);
    if (!pair) return 0;
    return Math.min(pair.arrived / (SIDES.length * camera.tilesNeeded(camera.fitScale(this.pane, pair.trial), pair.trial)), 1);
  }

  /** Bring a prepared trial to the front, in the next frame on both sides. */
  show(id) {
    const last = this.front;
    this.front = this.pairFor(id);
    this.isApart = false;
    this.flip(false);
    for (const pair of this.pairs) for (const side of SIDES) pair.panes[side].classList.toggle("is-shown", pair === this.front);
    if (last && last !== this.front) this.empty(last);
    this.report();
  }

  clear() {
    if (this.front) this.empty(this.front);
    this.front = null;
  }

  /** What waits behind goes too: whatever is opened next is painted, and told so, anew. */
  clearAll() {
    for (const pair of this.pairs) if (pair.trial) this.empty(pair);
    this.front = null;
  }

  /** Lay each picture in the other's place. */
  flip(on) {
    const { left, top } = this.away;
    if (!this.front) return;
    this.front.panes.left.style.transform = on ? `translate(${left}px, ${top}px)` : "";
    this.front.panes.right.style.transform = on ? `translate(${-left}px, ${-top}px)` : "";
  }

  zoomIn(point = this.middle) {
    this.zoom(STEP_FACTOR, point);
  }

  zoomOut(point = this.middle) {
    this.zoom(1 / STEP_FACTOR, point);
  }

  fit() {
    this.move((pair) => camera.fit(this.pane, pair.trial));
  }

  oneToOne(point = this.middle) {
    this.move((pair) => camera.scaleAbout(pair.target, 1, point, this.pane, pair.trial));
  }

  /** From the whole picture to 1:1 at a point, and back. */
  toggle(point) {
    const whole = this.front && camera.fitScale(this.pane, this.front.trial);
    if (this.front && this.front.target.scale < 1) this.oneToOne(point);
    else if (whole >= 1 && this.front.target.scale <= whole) this.zoom(2 / whole, point);
    else this.fit();
  }

  /** Step sideways and down by shares of the pane. */
  step(right, down) {
    const { width, height } = this.pane;
    this.move((pair) => camera.pan(pair.target, right * width * STEP_SHARE, down * height * STEP_SHARE, this.pane, pair.trial));
  }

  zoom(factor, point, { atOnce = false } = {}) {
    this.move((pair) => camera.zoomAbout(pair.target, factor, point, this.pane, pair.trial), { atOnce });
  }

  drag(right, down) {
    this.move((pair) => camera.pan(pair.target, right, down, this.pane, pair.trial), { atOnce: true });
  }

  // ---- one side by itself

  /** Move what one side shows, by device pixels; from then on both move together again, at this offset. */
  shift(side, right, down) {
    if (!this.front) return;
    const { offsets, target, trial } = this.front;
    offsets[side] = camera.shifted(offsets[side], right, down, target.scale, trial);
    this.front.applied = null;
  }

  /** Move one side by the smallest step there is on this screen and in this picture. */
  nudge(side, right, down) {
    const step = Math.max(this.front?.target.scale ?? 1, 1);
    this.shift(side, -right * step, -down * step);
  }

  /** Whether a hand that drags moves one side, or both. */
  takeApart(on) {
    this.isApart = on;
  }

  /** Both sides show the same place again. */
  bringTogether() {
    this.isApart = false;
    if (!this.front) return;
    this.front.offsets = { left: NOWHERE, right: NOWHERE };
    this.front.applied = null;
  }

  /** Whether all of the picture is in sight. */
  get isWhole() {
    return !this.front || camera.isWhole(this.front.camera, this.pane, this.front.trial);
  }

  /** How far the two are from showing the same place, in picture pixels. */
  get offset() {
    const { left, right } = this.front.offsets;
    return Math.hypot(right.x - left.x, right.y - left.y);
  }

  // ---- the camera

  move(change, { atOnce = false } = {}) {
    if (!this.front) return;
    this.front.target = change(this.front);
    if (atOnce || this.isCalm.matches) this.front.camera = this.front.target;
  }

  tick(now) {
    const elapsedMs = now - this.lastTick;
    this.lastTick = now;
    if (this.front && this.front.camera !== this.front.target) {
      this.front.camera = camera.ease(this.front.camera, this.front.target, elapsedMs);
    }
    for (const pair of this.pairs) this.apply(pair);
    requestAnimationFrame(this.tick);
  }

  apply(pair) {
    if (!pair.trial || pair.applied === pair.camera) return;
    const isAtRest = pair.camera === pair.target;
    pair.view = isAtRest ? camera.snap(pair.camera, this.pane) : pair.camera;
    pair.applied = pair.camera;
    for (const side of SIDES) this.aim(pair, side);
    if (pair === this.front) this.report();
  }

  aim(pair, side) {
    const viewer = pair[side];
    viewer.imageLoader.clear(); // what was wanted on the way here, and hasn't been asked for yet
    const { zoom, x, y } = camera.asViewport(this.viewOf(pair, side), this.pane, pair.trial);
    viewer.viewport.zoomTo(zoom, null, true);
    viewer.viewport.panTo(new OpenSeadragon.Point(x, y), true);
    if (viewer.drawer.getType() === "canvas") viewer.drawer.setImageSmoothingEnabled(pair.view.scale < 1);
  }

  /** Where one side looks: where both do, unless it was moved by itself. */
  viewOf(pair, side) {
    const { x, y } = pair.offsets[side];
    if (!x && !y) return pair.view;
    const place = camera.moved(pair.view, pair.offsets[side]);
    return pair.camera === pair.target ? camera.snap(place, this.pane) : place;
  }

  report() {
    const pair = this.front;
    const [left, right] = SIDES.map((side) => camera.seen(this.viewOf(pair, side), this.pane, pair.trial));
    this.on.viewed({ at: performance.now(), scale: pair.view.scale, left, right, offset: this.offset });
  }

  lookAtAll(pair) {
    pair.camera = pair.target = camera.fit(this.pane, pair.trial);
    pair.offsets = { left: NOWHERE, right: NOWHERE };
    pair.view = camera.snap(pair.camera, this.pane);
    pair.applied = null;
  }

  // ---- the viewers

  makePair() {
    const panes = Object.fromEntries(SIDES.map((side) => [side, this.makePane(side)]));
    const looked = { camera: null, target: null, applied: null, view: null, offsets: null };
    const pair = { panes, trial: null, painted: new Set(), arrived: 0, leaving: null, twins: null, ...looked };
    for (const side of SIDES) pair[side] = this.makeViewer(pair, side);
    return pair;
  }

  makePane(side) {
    const pane = document.createElement("div");
    pane.className = "pane";
    this.slots[side].append(pane);
    return pane;
  }

  makeViewer(pair, side) {
    const viewer = new OpenSeadragon.Viewer({
      element: pair.panes[side],
      drawer: [ExactDrawer, "canvas"],
      immediateRender: true,
      blendTime: 0,
      animationTime: 0,
      minPixelRatio: camera.LEAST_PIXEL,
      maxTilesPerFrame: 8,
      imageLoaderLimit: 4, // enough to fill any line; more would stand before what is wanted once a hand has moved on
      maxImageCacheCount: 120,
      timeout: LONGEST_TIMER_MS, // tiles.js waits for a lost network itself
      showNavigationControl: false,
      showNavigator: false,
      showSequenceControl: false,
      keyboardNavEnabled: false,
      minScrollDeltaTime: 0,
      autoResize: false,
      tabIndex: -1,
    });
    viewer.addHandler("open", () => this.aim(pair, side));
    viewer.addHandler("update-viewport", () => this.notice(pair, side));
    viewer.addHandler("tile-loaded", () => this.count(pair));
    viewer.addHandler("tile-load-failed", ({ message }) => this.on.broken(message));
    this.listenToGestures(viewer, side);
    return viewer;
  }

  /** A side is painted when all its tiles for this screen have been drawn. */
  notice(pair, side) {
    if (!pair.trial || pair.painted.has(side) || !pair[side].world.getItemAt(0)?.getFullyLoaded()) return;
    pair.painted.add(side);
    this.on.painted({ id: pair.trial.id, side, at: performance.now() });
  }

  count(pair) {
    pair.arrived += 1;
    if (pair !== this.front) this.on.arrived?.();
  }

  empty(pair) {
    const leftAt = Date.now();
    pair.trial = null;
    for (const side of SIDES) {
      pair.panes[side].classList.remove("is-shown");
      pair.panes[side].style.transform = "";
      pair[side].close();
    }
    pair.leaving.abort(leftAt);
    pair.twins = null;
  }

  pairFor(id) {
    return this.pairs.find((pair) => pair.trial?.id === id);
  }

  // ---- the place on the page

  /** Lay the panes on the grid of device pixels, all equally large, and start again from the whole picture. */
  measure() {
    const step = camera.gridStep(devicePixelRatio);
    const boxes = SIDES.map((side) => this.slots[side].getBoundingClientRect());
    const width = Math.max(step, Math.floor((Math.min(...boxes.map((box) => box.width)) - step) / step) * step);
    const height = Math.max(step, Math.floor((Math.min(...boxes.map((box) => box.height)) - step) / step) * step);
    const corners = boxes.map((box) => corner(box, width, height, step));
    const place = JSON.stringify([devicePixelRatio, width, height, corners, boxes.map((box) => [box.left, box.top])]);
    if (place === this.place) return;
    this.place = place;
    this.pane = { width: Math.round(width * devicePixelRatio), height: Math.round(height * devicePixelRatio) };
    this.away = { left: corners[1].left - corners[0].left, top: corners[1].top - corners[0].top };
    for (const pair of this.pairs) this.lay(pair, boxes, corners, width, height);
  }

  lay(pair, boxes, corners, width, height) {
    SIDES.forEach((side, index) => {
      const { style } = pair.panes[side];
      style.left = `${corners[index].left - boxes[index].left}px`;
      style.top = `${corners[index].top - boxes[index].top}px`;
      style.width = `${width}px`;
      style.height = `${height}px`;
      resize(pair[side], width, height);
    });
    if (pair.trial) this.lookAtAll(pair);
  }

  get middle() {
    return { x: this.pane.width / 2, y: this.pane.height / 2 };
  }

  // ---- hands

  listen(slot, side) {
    slot.addEventListener("wheel", (event) => this.wheel(event, side), { passive: false });
  }

  /** A notch of a wheel is half an octave; a trackpad's many small steps add up to the same; its pinch comes as a wheel with Ctrl. */
  wheel(event, side) {
    event.preventDefault();
    if (!this.front) return;
    const px = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 40 : 1) * (event.ctrlKey ? 4 : 1);
    const { left, top } = this.front.panes[side].getBoundingClientRect(); // it may lie in the other's place
    const factor = 2 ** (-Math.min(Math.max(px, -260), 260) / WHEEL_PX_PER_OCTAVE);
    this.zoom(factor, this.inDevicePixels({ x: event.clientX - left, y: event.clientY - top }));
  }

  /** A drag moves both sides; with Shift or Alt, or while they are apart, the side under the hand alone. */
  pull(side, { x, y }, event) {
    if (this.isApart || event.shiftKey || event.altKey) this.shift(side, -x, -y);
    else this.drag(-x, -y);
  }

  listenToGestures(viewer, side) {
    viewer.addHandler("canvas-scroll", (event) => Object.assign(event, { preventDefaultAction: true }));
    viewer.addHandler("canvas-click", (event) => Object.assign(event, { preventDefaultAction: true }));
    viewer.addHandler("canvas-double-click", (event) => {
      event.preventDefaultAction = true;
      this.toggle(this.inDevicePixels(event.position));
    });
    viewer.addHandler("canvas-drag", (event) => {
      event.preventDefaultAction = true;
      this.pull(side, this.inDevicePixels(event.delta), event.originalEvent);
    });
    viewer.addHandler("canvas-drag-end", (event) => Object.assign(event, { preventDefaultAction: true }));
    viewer.addHandler("canvas-pinch", (event) => {
      Object.assign(event, { preventDefaultPanAction: true, preventDefaultZoomAction: true });
      this.pull(side, this.inDevicePixels(event.center.minus(event.lastCenter)), event.originalEvent);
      this.zoom(event.distance / event.lastDistance, this.inDevicePixels(event.center), { atOnce: true });
    });
  }

  inDevicePixels({ x, y }) {
    return { x: x * devicePixelRatio, y: y * devicePixelRatio };
  }
}

/** Tell a viewer its size at once; left to itself it would learn it after the camera moved, and zoom on its own. */
function resize(viewer, width, height) {
  OpenSeadragon.pixelDensityRatio = devicePixelRatio;
  viewer.viewport.resize(new OpenSeadragon.Point(width, height), false);
  viewer.forceRedraw();
}

/** The first corner on the grid that leaves a pane in the middle of its box. */
function corner(box, width, height, step) {
  const onGrid = (place) => Math.ceil(place / step - 1e-6) * step;
  return { left: onGrid(box.left + (box.width - width - step) / 2), top: onGrid(box.top + (box.height - height - step) / 2) };
}
