/** The rhythm of a sitting, pure: practice first, breaks between, and how long it still takes at the observer's own pace. */

const TRUSTED_FIRST = 4; // the study's own guess weighs as much as so many pairs
const LONGEST_OF_MEDIAN = 3; // one pair left open over a telephone call says nothing of the pace
const MINUTE_MS = 60000;

/** What the state keeps of it. */
export function begin({ practice = 0, break_every: breakEvery = 0, pace = null }) {
  return { practice, breakEvery, expectedMs: pace?.expected_ms ?? null, ownMs: pace?.own_ms ?? [], resting: null };
}

/** Why a break is due with so many pairs answered: `practised`, `rest`, or null. None after the last pair. */
export function breakDue({ practice, breakEvery, total }, answered) {
  if (answered === 0 || answered >= total) return null;
  if (answered === practice) return "practised";
  const counted = answered - practice;
  return breakEvery > 0 && counted > 0 && counted % breakEvery === 0 ? "rest" : null;
}

/** The paces with that of one more answer; time with the page out of sight is left out. */
export function paceWith(ownMs, { response_ms: responseMs, hidden_ms: hiddenMs }) {
  return [...ownMs, Math.max(responseMs - hiddenMs, 0)];
}

/** Whole minutes that so many pairs still take, the begun one counted; 0 for less than half a minute, null where none is told. */
export function minutesLeft({ expectedMs, ownMs }, pairs) {
  if (expectedMs === null) return null;
  const leftMs = pairs * paceMs(expectedMs, ownMs);
  return leftMs < MINUTE_MS / 2 ? 0 : Math.ceil(leftMs / MINUTE_MS);
}

/** Milliseconds a pair: the mean of their own, none longer than three medians, and at first mostly the study's guess. */
export function paceMs(expectedMs, ownMs) {
  const longest = LONGEST_OF_MEDIAN * median(ownMs);
  const sum = ownMs.reduce((total, ms) => total + Math.min(ms, longest), 0);
  return (TRUSTED_FIRST * expectedMs + sum) / (TRUSTED_FIRST + ownMs.length);
}

/** The place of the pair that stands now, among practice or among what counts. */
export function placeAmong({ practice, total }, answered) {
  const isPractice = answered < practice;
  const [before, of] = isPractice ? [0, practice] : [practice, total - practice];
  return { isPractice, n: Math.min(answered - before + 1, of), total: of };
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
