/**
 * A session as seen from the page: pure, without document, network or clock.
 *
 * `next(state, event)` gives the state after an event. Times are `at`, milliseconds of one steady clock, always given from outside.
 * What has to leave the page waits in `outbox`, oldest first; only its head is ever sent, and it is sent whatever the page shows.
 * Where this browser can't keep votes (`isLasting` is false), the next pair waits until the last vote is stored on the server.
 */

import { answeredLast, takenBack } from "./correction.js";
import * as rhythm from "./rhythm.js";

export const TOO_SOON_MS = 200;
export const GRID = 16;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30000;
const LONGEST_SPELL_MS = 2 ** 31 - 1; // what the server's columns hold: a pair left open for 25 days

/** The state at the start: what the server gave, the votes that an earlier page couldn't deliver, and whether this one could keep its own. */
export function begin(given, { kept = [], reloads = {}, isLasting = true, rested = null, at = 0 } = {}) {
  const undelivered = kept.map((vote) => letter("vote", vote.id, vote.url, vote.body));
  const waiting = new Set(kept.map((vote) => vote.id));
  const open = given.trials.filter((trial) => !waiting.has(trial.id)).map((trial) => look(trial, reloads[trial.id] ?? 0));
  const state = {
    answered: given.answered,
    total: given.total,
    answers: given.answers,
    correction: given.correction ?? false,
    ...rhythm.begin(given),
    current: open[0] ?? null,
    upcoming: open[1] ?? null,
    further: null, // the one after that, while a pair is looked at again
    last: null,
    outbox: undelivered,
    closed: [...waiting],
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
  viewed,
  flipped,
  takenBack,
  hidden: (state, event) => ({ ...ofCurrent(state, (current) => ({ ...rest(current, event.at), hiddenSince: event.at })), hidden: true }),
  visible: (state, event) => ({ ...ofCurrent(state, (current) => unhide(current, event.at)), hidden: false }),
  sending: (state) => ofHead(state, (head) => ({ ...head, sending: true })),
  sent: (state, event) => delivered(state, event.reply),
  refused: (state, event) => delivered(state, event.reply, state.outbox[0].id),
  failed: (state, event) => ofHead(state, (head) => putOff(head, event.at)),
  online: (state, event) => ofHead(state, (head) => ({ ...head, attempts: 0, retryAt: event.at })),
  rejected: (state, event) => ({ ...state, outbox: state.outbox.slice(1), stopped: state.stopped ?? event.message }),
  broken: (state, event) => ({ ...state, stopped: state.stopped ?? event.message }),
  kept: (state, event) => (state.isLasting === event.isLasting ? state : { ...state, isLasting: event.isLasting }),
  goOn: (state, event) => goOn(state, event.at),
  moved: (state) => ({ ...state, isElsewhere: true, flipped: false }),
  placed,
};

/** What the page is doing: `loading`, `looking`, `resting` (a break before the next pair), `saving`, `finished`, `elsewhere` (in another tab) or `stopped`. */
export function phase(state) {
  if (state.stopped) return "stopped";
  if (state.isElsewhere) return "elsewhere";
  if (!state.isLasting && unsentVotes(state)) return "saving";
  if (state.current && state.resting) return "resting";
  if (state.current) return state.current.shownAt === null ? "loading" : "looking";
  return state.outbox.length ? "saving" : "finished";
}

export function isPainted(looking) {
  return Boolean(looking) && looking.painted.left !== null && looking.painted.right !== null;
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

/** How many votes the server hasn't acknowledged. */
export function unsentVotes(state) {
  return state.outbox.filter((item) => item.kind === "vote").length;
}

/** Whether letters wait for a connection, not just for their turn. */
export function isHeldUp(state) {
  return (state.outbox[0]?.attempts ?? 0) > 0;
}

/** The letter to send now, or null. */
export function due(state, at) {
  const head = state.outbox[0];
  return head && !head.sending && head.retryAt <= at ? head : null;
}

/** When to look again for a letter to send, or null. */
export function dueAt(state) {
  const head = state.outbox[0];
  return head && !head.sending ? head.retryAt : null;
}

// ---- looking at a pair

function look(trial, reloads) {
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
    offset: 0,
    flips: 0,
    breakMs: null,
  };
}

function painted(state, { id, side, at }) {
  const paint = (looking) =>
    looking?.trial.id === id && looking.painted[side] === null
      ? { ...looking, painted: { ...looking.painted, [side]: at }, firstPainted: looking.firstPainted ?? side }
      : looking;
  return { ...state, current: paint(state.current), upcoming: paint(state.upcoming) };
}

function shown(state, { id, at, device }) {
  const { current } = state;
  if (state.resting || current?.trial.id !== id || current.shownAt !== null || !isPainted(current)) return state;
  const since = current.oneToOneSince === null ? null : at;
  const times = { shownAt: at - current.spentMs, openedAt: at, oneToOneSince: since, hiddenSince: state.hidden ? at : null };
  const isFirst = current.spentMs === 0;
  const outbox = isFirst ? [...state.outbox, letter("shown", id, current.trial.shown_url, device)] : state.outbox;
  return { ...state, current: { ...current, ...times }, outbox };
}

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
  if (given === corrects) return onward; // the answer stays as it was
  const id = corrects ? `${trial.id}:corrected` : trial.id;
  const vote = letter("vote", id, trial.vote_url, body);
  const answered = { ...onward, outbox: [...state.outbox, vote], closed: [...state.closed, id] };
  return corrects ? answered : pause(answered, at); // a break that was taken isn't taken again
}

/** Of a pair that will be looked at again: its clock stands still, and its pictures have to be painted anew. */
export function putAside(looking, at) {
  const rested = unhide(rest(looking, at), at);
  const spentMs = looking.shownAt === null ? looking.spentMs : at - looking.shownAt;
  const unseen = { painted: { left: null, right: null }, shownAt: null, openedAt: null, oneToOneSince: null, view: null };
  return { ...rested, ...unseen, spentMs };
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

/** Minutes left at the observer's own pace; null where the study doesn't say. */
export function minutesLeft(state) {
  return rhythm.minutesLeft(state, state.total - answeredSoFar(state));
}

/** What is stored with a vote beside the answer and the device. */
export function measured(looking, at) {
  const { hiddenMs, oneToOneMs } = unhide(rest(looking, at), at);
  return {
    response_ms: spell(at - looking.shownAt),
    hidden_ms: spell(hiddenMs),
    max_zoom: round(looking.maxZoom, 4),
    one_to_one_ms: spell(oneToOneMs),
    inspected_left: share(looking.inspected.left),
    inspected_right: share(looking.inspected.right),
    offset_px: round(looking.offset, 1),
    flips: looking.flips,
    reloads: looking.reloads,
    first_painted: looking.firstPainted,
    break_ms: looking.breakMs,
  };
}

/**
 * A new camera: `scale` in device pixels per picture pixel; `left` and `right` are what is seen of each side (shares of its size);
 * `offset` is how far the two are moved against one another, in picture pixels.
 */
function viewed(state, { at, scale, left, right, offset = 0 }) {
  return ofCurrent(state, (current) => {
    const close = scale >= 1;
    const paused = rest(current, at);
    return {
      ...paused,
      maxZoom: Math.max(current.maxZoom, scale),
      offset: Math.max(current.offset, offset),
      oneToOneSince: close && !state.hidden ? at : null,
      view: { scale, left, right, offset },
      inspected: close
        ? { left: inspect(current.inspected.left, left), right: inspect(current.inspected.right, right) }
        : current.inspected,
    };
  });
}

function flipped(state, { on }) {
  if (phase(state) !== "looking" || state.flipped === on) return state;
  return { ...ofCurrent(state, (current) => ({ ...current, flips: current.flips + (on ? 1 : 0) })), flipped: on };
}

/** Close the running spell at 1:1. */
function rest(looking, at) {
  const since = looking.oneToOneSince === null ? at : Math.max(looking.oneToOneSince, looking.shownAt ?? at);
  return { ...looking, oneToOneMs: looking.oneToOneMs + at - since, oneToOneSince: null };
}

function unhide(looking, at) {
  if (looking.hiddenSince === null) return looking;
  const since = looking.shownAt === null ? at : looking.hiddenSince;
  const close = looking.view !== null && looking.view.scale >= 1;
  return { ...looking, hiddenMs: looking.hiddenMs + at - since, hiddenSince: null, oneToOneSince: close ? at : null };
}

// ---- how much of a picture was looked at closely: a grid of cells, seen once their middle was on screen at 1:1 or larger

const NOTHING = Object.freeze(new Array(GRID).fill(0));

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

// ---- what leaves the page

function letter(kind, id, url, body) {
  return { kind, id, url, body, attempts: 0, retryAt: 0, sending: false };
}

function putOff(head, at) {
  const wait = Math.min(FIRST_RETRY_MS * 2 ** head.attempts, LONGEST_RETRY_MS);
  return { ...head, sending: false, attempts: head.attempts + 1, retryAt: at + wait };
}

/** The head has arrived. A reply to a vote says how far the session is and what to make ready; a refused second answer says the same. */
function delivered(state, reply, refused = state.refused) {
  const [head, ...outbox] = state.outbox;
  if (head.kind === "shown") return { ...state, outbox };
  return adopt({ ...state, outbox, refused, answered: reply.answered, total: reply.total }, reply.upcoming);
}

/** Where the server says the sitting is: another device or tab may have gone on. Unsent votes come first; they may change it. */
function placed(state, { answered, total, trials }) {
  if (state.outbox.length || state.current?.corrects || state.current?.trial.id === trials[0]?.id) return state;
  const [current = null, upcoming = null] = trials.map(
    (trial) => [state.current, state.upcoming].find((looking) => looking?.trial.id === trial.id) ?? look(trial, 0),
  );
  return { ...state, answered, total, current, upcoming, last: null, flipped: false, resting: null };
}

function adopt(state, trial) {
  const known = [state.current?.trial.id, state.upcoming?.trial.id, state.further?.trial.id, ...state.closed];
  if (!trial || known.includes(trial.id)) return state;
  if (!state.current) return { ...state, current: look(trial, 0) };
  if (state.current.corrects && state.upcoming) return { ...state, further: look(trial, 0) };
  return state.upcoming ? state : { ...state, upcoming: look(trial, 0) };
}

const ofCurrent = (state, change) => (state.current ? { ...state, current: change(state.current) } : state);
const ofHead = (state, change) =>
  state.outbox.length ? { ...state, outbox: [change(state.outbox[0]), ...state.outbox.slice(1)] } : state;
const spell = (ms) => Math.min(Math.round(ms), LONGEST_SPELL_MS);
const round = (value, digits) => Math.round(value * 10 ** digits) / 10 ** digits;
