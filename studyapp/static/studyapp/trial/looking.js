/** A pair that is looked at: for how long, how closely, and how much of it. Pure, as the state that holds it. */

export const GRID = 16;
const LONGEST_SPELL_MS = 2 ** 31 - 1; // what the server's columns hold: a pair left open for 25 days
const NOTHING = Object.freeze(new Array(GRID).fill(0));

export function look(trial, reloads) {
  return {
    trial,
    reloads,
    painted: { left: null, right: null },
    firstPainted: null,
    shownAt: null, // of a pair looked at again, as if it had been in sight without a break
    openedAt: null,
    spentMs: 0,
    corrects: null,
    hiddenSince: null,
    hiddenMs: 0,
    maxZoom: 0,
    oneToOneSince: null,
    oneToOneMs: 0,
    view: null,
    inspected: { left: NOTHING, right: NOTHING },
    inspectedBefore: { left: 0, right: 0 }, // shares of an earlier page's look, of which no more is known
    offset: 0,
    flips: 0,
    breakMs: null,
  };
}

/** A pair that an earlier page had answered, or another device: what is known of that look is what was told with the answer. */
export function lookAgain(trial, told) {
  return {
    ...look(trial, (told.reloads ?? 0) + 1),
    spentMs: told.response_ms,
    hiddenMs: told.hidden_ms ?? 0,
    maxZoom: told.max_zoom ?? 0,
    oneToOneMs: told.one_to_one_ms ?? 0,
    inspectedBefore: { left: told.inspected_left ?? 0, right: told.inspected_right ?? 0 },
    offset: told.offset_px ?? 0,
    flips: told.flips ?? 0,
    firstPainted: told.first_painted || null,
    breakMs: told.break_ms ?? null,
  };
}

export function isPainted(looking) {
  return Boolean(looking) && looking.painted.left !== null && looking.painted.right !== null;
}

export function paint(looking, side, at) {
  if (looking.painted[side] !== null) return looking;
  return { ...looking, painted: { ...looking.painted, [side]: at }, firstPainted: looking.firstPainted ?? side };
}

/** Its clock runs from here on, or from where it stood. */
export function comeIntoSight(looking, at, isHidden) {
  const oneToOneSince = looking.oneToOneSince === null ? null : at;
  return { ...looking, shownAt: at - looking.spentMs, openedAt: at, oneToOneSince, hiddenSince: isHidden ? at : null };
}

/** Of a pair that will be looked at again: its clock stands still, and its pictures have to be painted anew. */
export function putAside(looking, at) {
  const rested = unhide(rest(looking, at), at);
  const spentMs = looking.shownAt === null ? looking.spentMs : at - looking.shownAt;
  const unseen = { painted: { left: null, right: null }, shownAt: null, openedAt: null, oneToOneSince: null, view: null };
  return { ...rested, ...unseen, spentMs };
}

/**
 * A new camera: `scale` in device pixels per picture pixel; `left` and `right` are what is seen of each side (shares of its size);
 * `offset` is how far the two are moved against one another, in picture pixels.
 */
export function lookThrough(looking, { at, scale, left, right, offset = 0 }, isHidden) {
  const close = scale >= 1;
  const { inspected } = looking;
  return {
    ...rest(looking, at),
    maxZoom: Math.max(looking.maxZoom, scale),
    offset: Math.max(looking.offset, offset),
    oneToOneSince: close && !isHidden ? at : null,
    view: { scale, left, right, offset },
    inspected: close ? { left: inspect(inspected.left, left), right: inspect(inspected.right, right) } : inspected,
  };
}

export function hide(looking, at) {
  return { ...rest(looking, at), hiddenSince: at };
}

export function unhide(looking, at) {
  if (looking.hiddenSince === null) return looking;
  const since = looking.shownAt === null ? at : looking.hiddenSince;
  const close = looking.view !== null && looking.view.scale >= 1;
  return { ...looking, hiddenMs: looking.hiddenMs + at - since, hiddenSince: null, oneToOneSince: close ? at : null };
}

/** Close the running spell at 1:1. */
function rest(looking, at) {
  const since = looking.oneToOneSince === null ? at : Math.max(looking.oneToOneSince, looking.shownAt ?? at);
  return { ...looking, oneToOneMs: looking.oneToOneMs + at - since, oneToOneSince: null };
}

/** What is stored with a vote beside the answer and the device. */
export function measured(looking, at) {
  const { hiddenMs, oneToOneMs } = unhide(rest(looking, at), at);
  const { inspected, inspectedBefore } = looking;
  return {
    response_ms: spell(at - looking.shownAt),
    hidden_ms: spell(hiddenMs),
    max_zoom: round(looking.maxZoom, 4),
    one_to_one_ms: spell(oneToOneMs),
    inspected_left: Math.max(share(inspected.left), inspectedBefore.left),
    inspected_right: Math.max(share(inspected.right), inspectedBefore.right),
    offset_px: round(looking.offset, 1),
    flips: looking.flips,
    reloads: looking.reloads,
    first_painted: looking.firstPainted,
    break_ms: looking.breakMs,
  };
}

// ---- how much of a picture was looked at closely: a grid of cells, seen once their middle was on screen at 1:1 or larger

function inspect(rows, { left, top, right, bottom }) {
  const isIn = (cell, low, high) => (cell + 0.5) / GRID >= low && (cell + 0.5) / GRID <= high;
  const cells = rows.map((_, cell) => cell);
  const columns = cells.reduce((bits, cell) => (isIn(cell, left, right) ? bits | (1 << cell) : bits), 0);
  return rows.map((bits, row) => (isIn(row, top, bottom) ? bits | columns : bits));
}

function share(rows) {
  const cells = rows.reduce((sum, bits) => sum + bits.toString(2).replaceAll("0", "").length, 0);
  return round(cells / GRID ** 2, 4);
}

/** Whole milliseconds, as many as can be stored. */
export const spell = (ms) => Math.min(Math.round(ms), LONGEST_SPELL_MS);
const round = (value, digits) => Math.round(value * 10 ** digits) / 10 ** digits;
