/** How wide a bank card may be drawn: no page, no clock. */

const PX_PER_MM = { least: 1.8, first: 2.2, most: 12 }; // a television's, less than nearly any screen's, more than any screen's
const USUAL = { coarse: 5, fine: 6.2 }; // CSS pixels to the millimetre, of most screens

/** Which side of a card lies across: the short one where the long one may not fit into so many CSS pixels. */
export const sideFor = (roomPx, mm) => (roomPx >= mm.long * USUAL.fine ? "long" : "short");

/** Whether there is any use in turning it: not on an upright phone. */
export const mayTurn = (roomPx, mm) => roomPx >= mm.long * USUAL.coarse;

/** What the slider goes from, to, and begins at, so that no card fits without it being moved. */
export function rangeFor(side, roomPx, mm) {
  const [min, value] = [PX_PER_MM.least, PX_PER_MM.first].map((perMm) => Math.round(mm[side] * perMm));
  return { min, value, max: Math.max(value, Math.min(Math.floor(roomPx), Math.round(mm[side] * PX_PER_MM.most))) };
}
