/**
 * The difference of two pictures, tile by tile: |A − B| × gain on the stored 8-bit values of each channel.
 *
 * It is computed on the tiles and not by the page's blending, which a screen of another colour space would change.
 */

import { AS_STORED, download, tileAt, tileSource } from "../trial/tiles.js";

/** `|one − other| × gain` of RGBA bytes, in `one`; above 255 it is 255, and nothing is transparent. */
export function subtract(one, other, gain) {
  for (let at = 0; at < one.length; at += 4) {
    one[at] = Math.min(Math.abs(one[at] - other[at]) * gain, 255);
    one[at + 1] = Math.min(Math.abs(one[at + 1] - other[at + 1]) * gain, 255);
    one[at + 2] = Math.min(Math.abs(one[at + 2] - other[at + 2]) * gain, 255);
    one[at + 3] = 255;
  }
}

/** The tile source of the difference of two pictures that lie at two addresses on one raster. */
export function differenceSource(raster, first, second, gain) {
  return {
    ...tileSource(raster, first),
    // Behind the "#" stands what tells this tile from that of the first picture, and from another gain's.
    getTileUrl: (level, column, row) => `${first}${level}/${column}/${row}#${gain}-${second}`,
    downloadTileStart: (job) => download(job, (signal) => differenceAt(job.src, signal, { first, second, gain })),
  };
}

async function differenceAt(source, signal, { first, second, gain }) {
  const [place] = source.slice(first.length).split("#");
  const bitmaps = await Promise.all([tileAt(first + place, signal), tileAt(second + place, signal)]);
  const [one, other] = bitmaps.map(pixels);
  subtract(one.data, other.data, gain);
  return createImageBitmap(one, AS_STORED);
}

function pixels(bitmap) {
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, width, height);
}
