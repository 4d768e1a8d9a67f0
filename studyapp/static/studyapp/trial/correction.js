/**
 * Taking the last answer back, where the study allows it: once, and before the next answer is given.
 *
 * The pair comes into sight again, with its clock where it stood; the pair that was being looked at waits behind it. The first
 * answer is on its way to the server all the same: what corrects it is a letter of its own, which names what it corrects.
 */

import { phase, putAside } from "./state.js";

export function canTakeBack(state) {
  return Boolean(state.last && state.current) && ["looking", "loading"].includes(phase(state));
}

export function takenBack(state, { at }) {
  if (!canTakeBack(state)) return state;
  const { looking, answer } = state.last;
  return {
    ...state,
    current: { ...looking, corrects: answer },
    upcoming: putAside(state.current, at),
    further: state.upcoming && putAside(state.upcoming, at),
    last: null,
    flipped: false,
  };
}

/** What can be taken back next: an answer that corrects another one stands. */
export function answeredLast(state, looking, answer, at) {
  return state.correction && !looking.corrects ? { looking: putAside(looking, at), answer } : null;
}
