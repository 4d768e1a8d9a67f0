/**
 * Where both eyes look: pure geometry, in device pixels, shared by the left and the right picture.
 *
 * A camera is `{scale, x, y}`: device pixels per picture pixel, and the picture point in the middle of the pane.
 * A pane is `{width, height}` in device pixels, a picture is `{width, height}` in its own pixels.
 * One camera drives two viewers, so the two can't drift apart and can't answer each other.
 */

export const CLOSEST_SCALE = 8;
/** The finest level that is fetched has pixels wider than half a device pixel: the next finer one would bring four times the bytes. */
export const LEAST_PIXEL = 0.501;
const SNUG = 2 ** (1 / 8);
const EASE_MS = 55;
const SETTLED = 1e-3;

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/**
 * The scale that shows the whole picture. A small picture is enlarged by whole numbers only, to stay pixel for pixel; a large
 * one that nearly fits at a half, a quarter… is shown at just that: a level's own pixels, for a quarter of the next level's bytes.
 */
export function fitScale(pane, picture) {
  const scale = Math.min(pane.width / picture.width, pane.height / picture.height);
  if (scale >= 1) return Math.min(Math.floor(scale), CLOSEST_SCALE);
  const ofLevel = 2 ** Math.floor(Math.log2(scale));
  return scale <= ofLevel * SNUG ? ofLevel : scale;
}

/** How many tiles a whole picture needs at a scale, at the finest level that is fetched for it. */
export function tilesNeeded(scale, { width, height, tile, levels }) {
  const halvings = Math.min(Math.max(Math.ceil(Math.log2(LEAST_PIXEL / scale)), 0), levels);
  const across = (length) => Math.ceil(Math.ceil(length / 2 ** halvings) / tile);
  return across(width) * across(height);
}

export function fit(pane, picture) {
  return { scale: fitScale(pane, picture), x: picture.width / 2, y: picture.height / 2 };
}

/** Whether a camera shows all of the picture, so that there is nowhere to move to; half a device pixel is none. */
export function isWhole({ scale }, pane, picture) {
  return picture.width * scale <= pane.width + 0.5 && picture.height * scale <= pane.height + 0.5;
}

/** Keep the picture in the pane: no grey where there could be picture. */
export function constrain(camera, pane, picture) {
  const scale = clamp(camera.scale, Math.min(fitScale(pane, picture), 1), CLOSEST_SCALE);
  return {
    scale,
    x: withinPicture(camera.x, pane.width / scale / 2, picture.width),
    y: withinPicture(camera.y, pane.height / scale / 2, picture.height),
  };
}

function withinPicture(centre, halfSeen, length) {
  return halfSeen * 2 >= length ? length / 2 : clamp(centre, halfSeen, length - halfSeen);
}

/** Zoom by a factor about a point of the pane, given in device pixels from its top left corner; that point stays put. */
export function zoomAbout(camera, factor, point, pane, picture) {
  const scale = clamp(camera.scale * factor, Math.min(fitScale(pane, picture), 1), CLOSEST_SCALE);
  return scaleAbout(camera, stopAtOneToOne(camera.scale, scale), point, pane, picture);
}

/** Show the picture at a given scale, holding a point of the pane. */
export function scaleAbout(camera, scale, point, pane, picture) {
  const moved = {
    scale,
    x: camera.x + (point.x - pane.width / 2) * (1 / camera.scale - 1 / scale),
    y: camera.y + (point.y - pane.height / 2) * (1 / camera.scale - 1 / scale),
  };
  return constrain(moved, pane, picture);
}

/** Whoever zooms past 1:1 stops there first: it is the one scale at which nothing is made up. */
function stopAtOneToOne(from, to) {
  const passes = (from < 1 && to > 1) || (from > 1 && to < 1);
  return passes ? 1 : to;
}

export function pan(camera, right, down, pane, picture) {
  return constrain({ ...camera, x: camera.x + right / camera.scale, y: camera.y + down / camera.scale }, pane, picture);
}

/** Put the picture's corner on the grid of device pixels; at 1:1 every picture pixel then is one device pixel. */
export function snap(camera, pane) {
  return {
    scale: camera.scale,
    x: onGrid(camera.x, camera.scale, pane.width),
    y: onGrid(camera.y, camera.scale, pane.height),
  };
}

function onGrid(centre, scale, length) {
  return (length / 2 - Math.round(length / 2 - centre * scale)) / scale;
}

/** One step of the way from one camera to another. A point that both cameras show at the same place never moves. */
export function ease(camera, target, elapsedMs) {
  const left = Math.exp(-elapsedMs / EASE_MS);
  const octaves = Math.log2(camera.scale / target.scale);
  if (isSettled(camera, target, octaves)) return target;
  const scale = target.scale * 2 ** (octaves * left);
  const share = Math.abs(octaves) < 1e-9 ? left : (1 / scale - 1 / target.scale) / (1 / camera.scale - 1 / target.scale);
  return { scale, x: target.x + (camera.x - target.x) * share, y: target.y + (camera.y - target.y) * share };
}

function isSettled(camera, target, octaves) {
  const away = Math.max(Math.abs(camera.x - target.x), Math.abs(camera.y - target.y)) * target.scale;
  return Math.abs(octaves) < SETTLED && away < 0.5;
}

/** The camera of a side that was moved by itself; `offset` is in picture pixels, and stays the same at any scale. */
export function moved(camera, { x, y }) {
  return { ...camera, x: camera.x + x, y: camera.y + y };
}

/** An offset after a further move by device pixels; half a picture at most, so that no side gets lost. */
export function shifted({ x, y }, right, down, scale, picture) {
  return {
    x: clamp(x + right / scale, -picture.width / 2, picture.width / 2),
    y: clamp(y + down / scale, -picture.height / 2, picture.height / 2),
  };
}

/** What of the picture is on screen, as shares of its width and height. */
export function seen(camera, pane, picture) {
  const halfWide = pane.width / camera.scale / 2;
  const halfHigh = pane.height / camera.scale / 2;
  return {
    left: clamp((camera.x - halfWide) / picture.width, 0, 1),
    top: clamp((camera.y - halfHigh) / picture.height, 0, 1),
    right: clamp((camera.x + halfWide) / picture.width, 0, 1),
    bottom: clamp((camera.y + halfHigh) / picture.height, 0, 1),
  };
}

/** The camera as OpenSeadragon says it: zoom and centre where the picture is one wide. */
export function asViewport(camera, pane, picture) {
  return {
    zoom: (camera.scale * picture.width) / pane.width,
    x: camera.x / picture.width,
    y: camera.y / picture.width,
  };
}

/**
 * The smallest step in CSS pixels that is a whole number of device pixels (2 at 1.5, 4 at 1.25, 8 at 2.625).
 * A pane whose edges are multiples of it lies on the device's pixels, so that nothing resamples its canvas.
 */
export function gridStep(devicePixelRatio) {
  const steps = Array.from({ length: 16 }, (_, index) => index + 1);
  const miss = (step) => Math.abs(step * devicePixelRatio - Math.round(step * devicePixelRatio));
  return steps.find((step) => miss(step) < 1e-3) ?? steps.reduce((best, step) => (miss(step) < miss(best) ? step : best));
}
