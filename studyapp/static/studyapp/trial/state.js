/**
 * A session as seen from the page: pure, without document, network or clock.
 *
 * `next(state, event)` gives the state after an event. Times are `at`, milliseconds of one steady clock, always given from outside.
 * What has to leave the page waits in `outbox`, oldest first; only its head is ever sent, and it is sent whatever the page shows.
 * Where this browser can't keep votes (`isLasting` is false), the next pair waits until the last vote is stored on the server.
 * What a state says of itself is in phase.js, what is known of a pair in looking.js, what leaves the page in letters.js.
 */

import { answeredLast, lastAtStart, letStand, stillLast, takenBack } from "./correction.js";
import { letter, ofHead, putOff } from "./letters.js";
import { comeIntoSight, hide, isPainted, look, lookThrough, measured, paint, spell, unhide } from "./looking.js";
import { answeredSoFar, isAllAnswered, isVotingOpen, phase } from "./phase.js";
import * as rhythm from "./rhythm.js";

export const TOO_SOON_MS = 200;

/**
 * The state at the start: what the server gave, the votes of an earlier page that it got no receipt for, the trials of those that it did
 * get one for (`receipted`), and whether this page could keep its own.
 *
 * A vote may arrive between the making of this page and the last breath of the one before it. So a vote that waits may be counted
 * already, and one that has its receipt may not be: each is counted once.
 */
export function begin(given, { kept = [], receipted = [], reloads = {}, isLasting = true, rested = null, at = 0 } = {}) {
  const undelivered = kept.map((vote) => letter("vote", vote.id, vote.url, vote.body));
  const asked = new Set(given.trials.map((trial) => trial.id));
  const countedTwice = kept.filter((vote) => !vote.body.corrects && !asked.has(vote.id)).length;
  const uncounted = receipted.filter((id) => asked.has(id));
  const closed = new Set([...kept.map((vote) => vote.id), ...uncounted]);
  const open = given.trials.filter((trial) => !closed.has(trial.id)).map((trial) => look(trial, reloads[trial.id] ?? 0));
  const state = {
    answered: given.answered - countedTwice + uncounted.length,
    total: given.total,
    answers: given.answers,
    correction: given.correction ?? false,
    onwardUrl: given.onward_url,
    ...rhythm.begin(given),
    current: open[0] ?? null,
    upcoming: open[1] ?? null,
    further: null, // the one after that, while a pair is looked at again
    last: uncounted.length ? null : lastAtStart(given, kept, at),
    outbox: undelivered,
    closed: [...closed],
    hidden: false,
    flipped: false,
    isLasting,
    isElsewhere: false,
    refused: null,
    stopped: null,
  };
  return open[0] && rested === open[0].trial.id ? state : pause(state, at);
}

export function next(state, event) {
  const handle = HANDLERS[event.type];
  if (!handle) throw new Error(`no such event: ${event.type}`);
  return handle(state, event);
}

const HANDLERS = {
  painted,
  shown,
  answer,
  viewed: (state, event) => ofCurrent(state, (current) => lookThrough(current, event, state.hidden)),
  flipped,
  takenBack,
  hidden: (state, event) => ({ ...ofCurrent(state, (current) => hide(current, event.at)), hidden: true }),
  visible: (state, event) => ({ ...ofCurrent(state, (current) => unhide(current, event.at)), hidden: false }),
  sending: (state) => ofHead(state, (head) => ({ ...head, sending: true })),
  sent: (state, event) => delivered(state, event.reply),
  refused,
  failed: (state, event) => ofHead(state, (head) => putOff(head, event.at)),
  online: (state, event) => ofHead(state, (head) => ({ ...head, attempts: 0, retryAt: event.at })),
  rejected: (state, event) => ({ ...state, outbox: state.outbox.slice(1), stopped: state.stopped ?? event.message }),
  broken: (state, event) => ({ ...state, stopped: state.stopped ?? event.message }),
  kept: (state, event) => (state.isLasting === event.isLasting ? state : { ...state, isLasting: event.isLasting }),
  goOn: (state, event) => (phase(state) === "ended" ? goOnFromEnd(state, event.at) : goOn(state, event.at)),
  moved: (state) => ({ ...state, isElsewhere: true, flipped: false }),
  placed,
};

// ---- looking at a pair

function painted(state, { id, side, at }) {
  const painting = (looking) => (looking?.trial.id === id ? paint(looking, side, at) : looking);
  return { ...state, current: painting(state.current), upcoming: painting(state.upcoming) };
}

function shown(state, { id, at, device }) {
  const { current } = state;
  if (state.resting || current?.trial.id !== id || current.shownAt !== null || !isPainted(current)) return state;
  const isFirst = current.spentMs === 0;
  const outbox = isFirst ? [...state.outbox, letter("shown", id, current.trial.shown_url, device)] : state.outbox;
  return { ...state, current: comeIntoSight(current, at, state.hidden), outbox };
}

function flipped(state, { on }) {
  if (phase(state) !== "looking" || state.flipped === on) return state;
  return { ...ofCurrent(state, (current) => ({ ...current, flips: current.flips + (on ? 1 : 0) })), flipped: on };
}

// ---- answering it, and going on

function answer(state, { answer: given, repeat = false, at, device }) {
  const tooSoon = at - (state.current?.openedAt ?? at) < TOO_SOON_MS;
  if (!isVotingOpen(state) || repeat || tooSoon || !state.answers.includes(given)) return state;
  const { trial, corrects } = state.current;
  const body = { answer: given, ...(corrects && { corrects }), ...measured(state.current, at), ...device };
  const onward = {
    ...state,
    ownMs: corrects ? state.ownMs : rhythm.paceWith(state.ownMs, body),
    current: state.upcoming,
    upcoming: state.further,
    further: null,
    last: answeredLast(state, state.current, given, at),
    refused: null,
  };
  if (given === corrects) return isAllAnswered(onward) ? letStand(onward) : onward; // the answer stays as it was
  const id = corrects ? `${trial.id}:corrected` : trial.id;
  const vote = letter("vote", id, trial.vote_url, body);
  const answered = { ...onward, outbox: [...state.outbox, vote], closed: [...state.closed, id] };
  return corrects ? answered : pause(answered, at); // a break that was taken isn't taken again
}

/** A break begins where one is due with what is answered now. */
function pause(state, at) {
  const why = rhythm.breakDue(state, answeredSoFar(state));
  return why ? { ...state, resting: { why, since: at } } : state;
}

/** The observer goes on; what the break took is told with the pair after it, and is no part of its response time. */
function goOn(state, at) {
  if (!state.resting || !state.current) return state;
  const breakMs = spell(at - state.resting.since);
  return { ...ofCurrent(state, (current) => ({ ...current, breakMs })), resting: null };
}

/** From the end there is no way back: a press that began on the last pair's answer doesn't lead on. */
function goOnFromEnd(state, at) {
  return at - state.last.since < TOO_SOON_MS ? state : letStand(state);
}

// ---- what the server says

/** The head has arrived. A reply to a vote says how far the session is and what to make ready. */
function delivered(state, reply) {
  const [head, ...outbox] = state.outbox;
  if (head.kind !== "vote") return { ...state, outbox };
  return adopt({ ...state, outbox, answered: reply.answered, total: reply.total }, reply.upcoming);
}

/** A second answer that was refused: the reply says the same, and what was said here can't be taken back. */
function refused(state, { reply }) {
  const { id } = state.outbox[0];
  const last = state.last?.looking.trial.id === id ? null : state.last;
  return delivered({ ...state, refused: id, last }, reply);
}

/** Where the server says the sitting is: another device or tab may have gone on. Unsent votes come first; they may change it. */
function placed(state, { answered, total, trials, last: told = null, at }) {
  if (state.outbox.length || state.current?.corrects) return state;
  const last = stillLast(state, told, at);
  if (state.current?.trial.id === trials[0]?.id) return last === state.last ? state : { ...state, last };
  const [current = null, upcoming = null] = trials.map(
    (trial) => [state.current, state.upcoming].find((looking) => looking?.trial.id === trial.id) ?? look(trial, 0),
  );
  return { ...state, answered, total, current, upcoming, last, flipped: false, resting: null };
}

function adopt(state, trial) {
  const known = [state.current?.trial.id, state.upcoming?.trial.id, state.further?.trial.id, ...state.closed];
  if (!trial || known.includes(trial.id)) return state;
  if (!state.current) return { ...state, current: look(trial, 0) };
  if (state.current.corrects && state.upcoming) return { ...state, further: look(trial, 0) };
  return state.upcoming ? state : { ...state, upcoming: look(trial, 0) };
}

const ofCurrent = (state, change) => (state.current ? { ...state, current: change(state.current) } : state);
