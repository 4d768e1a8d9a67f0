/**
 * What a content's page shows: two pictures, a way of looking at them, a view. Pure: no page, no clock.
 *
 * A view is `{scale, x, y}`: device pixels per picture pixel, and the point in the middle as shares of the picture's
 * width and height, so that it means the same for pictures of other sizes; null is the whole picture.
 */

export const LOOKS = ["side", "one", "difference"];
export const GAINS = [1, 2, 4, 8, 16];
const FIRST_GAIN = 4;

/** The choice that an address names; `given` is what the server made of its `a` and `b`. */
export function fromAddress(search, given) {
  const asked = new URLSearchParams(search);
  const gain = Number(asked.get("gain"));
  return {
    a: given.first,
    b: given.second,
    look: LOOKS.includes(asked.get("look")) ? asked.get("look") : LOOKS[0],
    gain: GAINS.includes(gain) ? gain : FIRST_GAIN,
    view: viewFrom(asked.get("view")),
  };
}

function viewFrom(text) {
  const numbers = (text ?? "").split(",").map(Number);
  const isView = numbers.length === 3 && numbers.every(Number.isFinite) && numbers[0] > 0;
  return isView ? { scale: numbers[0], x: numbers[1], y: numbers[2] } : null;
}

/** The address of a choice, without what is usual. */
export function toAddress({ a, b, look, gain, view }) {
  const told = new URLSearchParams({ a, b });
  if (look !== LOOKS[0]) told.set("look", look);
  if (look === "difference") told.set("gain", gain);
  const short = (number) => Number(number.toPrecision(6));
  const query = told.toString();
  return view ? `?${query}&view=${[view.scale, view.x, view.y].map(short).join(",")}` : `?${query}`;
}

/** The key so many places after another, round and round. */
export function along(keys, key, steps) {
  return keys[(keys.indexOf(key) + steps + keys.length) % keys.length];
}

/** The raster that two pictures are shown on. */
export function rasterFor(state, one, other) {
  const { size, levels } = state.rasters[[one.size, other.size].sort(bySize).map((pair) => pair.join("x")).join(" ")];
  return { width: size[0], height: size[1], tile: state.tile, levels };
}

const bySize = (one, other) => one[0] - other[0] || one[1] - other[1];

/** The same part of the picture on another raster; pixel for pixel stays so. */
export function onRaster(view, before, after) {
  return view && view.scale !== 1 ? { ...view, scale: (view.scale * before.width) / after.width } : view;
}

/** Where a picture's tiles on a raster lie. */
export function addressOf(picture, raster) {
  return picture.seen[`${raster.width}x${raster.height}`];
}
