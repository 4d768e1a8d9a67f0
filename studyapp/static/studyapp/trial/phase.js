/** What a state says of itself: what the page is doing, and how far the sitting is. Pure. */

import { unsentVotes } from "./letters.js";
import * as rhythm from "./rhythm.js";

/**
 * What the page is doing: `loading`, `looking`, `resting` (a break before the next pair), `ended` (every pair is answered, and the
 * last answer may still be changed), `saving`, `finished`, `elsewhere` (in another tab) or `stopped`.
 */
export function phase(state) {
  if (state.stopped) return "stopped";
  if (state.isElsewhere) return "elsewhere";
  if (!state.isLasting && unsentVotes(state)) return "saving";
  if (state.current && state.resting) return "resting";
  if (state.current) return state.current.shownAt === null ? "loading" : "looking";
  if (state.last && isAllAnswered(state)) return "ended";
  return state.outbox.length ? "saving" : "finished";
}

/** Voting is open once both pictures are on the screen, and not while they stand in each other's place. */
export function isVotingOpen(state) {
  return phase(state) === "looking" && !state.flipped;
}

/** How many pairs have an answer, those on their way to the server included. */
export function answeredSoFar(state) {
  const unsent = state.outbox.filter((item) => item.kind === "vote" && !item.body.corrects).length;
  const again = state.current?.corrects ? 1 : 0;
  return Math.max(Math.min(state.answered + unsent, state.total) - again, 0);
}

/** Whether no pair is left to answer, whatever the server may still have to hear. */
export function isAllAnswered(state) {
  return !state.current && answeredSoFar(state) >= state.total;
}

/** Minutes left at the observer's own pace; null where the study doesn't say. */
export function minutesLeft(state) {
  return rhythm.minutesLeft(state, state.total - answeredSoFar(state));
}
