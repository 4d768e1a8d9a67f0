/**
 * Taking the last answer back, where the study allows it: once, and before the next answer is given, or the observer goes on from the
 * end of the pairs.
 *
 * The pair comes into sight again, with its clock where it stood; the pair that was being looked at waits behind it. The first
 * answer is on its way to the server all the same: what corrects it is a letter of its own, which names what it corrects.
 */

import { letter } from "./letters.js";
import { lookAgain, putAside } from "./looking.js";
import { phase } from "./phase.js";

export function canTakeBack(state) {
  return Boolean(state.last) && ["looking", "loading", "ended"].includes(phase(state));
}

export function takenBack(state, { at }) {
  if (!canTakeBack(state)) return state;
  const { looking, answer } = state.last;
  return {
    ...state,
    current: { ...looking, corrects: answer },
    upcoming: state.current && putAside(state.current, at),
    further: state.upcoming && putAside(state.upcoming, at),
    last: null,
    flipped: false,
  };
}

/** What can be taken back next: an answer that corrects another one stands. */
export function answeredLast(state, looking, answer, at) {
  return state.correction && !looking.corrects ? { looking: putAside(looking, at), answer, since: at } : null;
}

/** What can be taken back on a page that has just been loaded: the newest answer, whether the server has it or this browser keeps it. */
export function lastAtStart(given, kept, at) {
  const newest = kept.at(-1);
  if (!given.correction) return null;
  if (!newest) return lastTold(given.last, at);
  // A correction is kept under a name of its own, which is no trial's: what it corrects is not taken back again.
  const trial = [...given.trials, given.last?.trial].find((one) => one?.id === newest.id);
  return trial ? lastTold({ trial, answer: newest.body.answer, looked: newest.body }, at) : null;
}

/** What can be taken back by the server's word: our own look at that pair tells more than what was sent of it. */
export function stillLast({ correction, last }, told, at) {
  const isOurs = last && last.looking.trial.id === told?.trial.id && last.answer === told.answer;
  if (isOurs) return last;
  return correction ? lastTold(told, at) : null;
}

function lastTold(told, at) {
  return told ? { looking: lookAgain(told.trial, told.looked), answer: told.answer, since: at } : null;
}

/** The last answer of all stands. The server is told so, and only then leads on. */
export function letStand(state) {
  return { ...state, last: null, outbox: [...state.outbox, letter("onward", "onward", state.onwardUrl, {})] };
}
