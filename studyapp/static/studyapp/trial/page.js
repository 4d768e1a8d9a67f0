/** The observer's page: wires hands and clock to the state, and the state to screen and server. */

import { canTakeBack } from "./correction.js";
import { device } from "./device.js";
import { isMoveOpen } from "./move.js";
import { Kept, post, storageOrMemory, tryToStore } from "./post.js";
import { placeAmong } from "./rhythm.js";
import * as session from "./state.js";
import { onlyOneTab } from "./tabs.js";
import { Stage } from "./viewer.js";
import { fill, plural } from "./words.js";

const page = document.getElementById("look");
const at = (name) => document.getElementById(name);
const given = JSON.parse(at("state").textContent);
const storage = storageOrMemory();
const kept = new Kept(storage, location.pathname);

let state = session.begin(given, {
  kept: kept.all(),
  reloads: countReloads(given.trials[0]),
  isLasting: kept.isLasting,
  rested: storage.getItem(`phoropter:${location.pathname}:rested`),
  at: performance.now(),
});
let showing = null;
let retryTimer = null;

const stage = new Stage(
  { left: at("left"), right: at("right") },
  {
    painted: (event) => dispatch({ type: "painted", ...event }),
    viewed: (event) => dispatch({ type: "viewed", ...event }),
    broken: (reason) => dispatch({ type: "broken", message: `${page.dataset.sayBroken} (${reason})` }),
  },
);

function dispatch(event) {
  const before = state;
  state = session.next(state, event);
  if (state === before) return;
  if (state.outbox !== before.outbox) state = session.next(state, { type: "kept", isLasting: kept.keep(state.outbox) });
  if (event.type === "viewed") return writeView();
  if (state.flipped !== before.flipped) stage.flip(state.flipped);
  showPair();
  sendLetters();
  write();
  leaveWhenFinished();
}

// ---- pictures

function showPair() {
  const { current, upcoming } = state;
  if (!current || ["saving", "elsewhere"].includes(session.phase(state))) return hidePair();
  if (state.resting) hidePair();
  stage.prepare(current.trial);
  if (state.resting) return;
  if (showing !== current.trial.id) bringForward(current);
  if (upcoming && current.shownAt !== null) stage.prepare(upcoming.trial);
}

function hidePair() {
  stage.clear();
  showing = null;
}

/** Both sides come into sight in one frame, and only when both are painted. */
function bringForward(looking) {
  const { id } = looking.trial;
  if (!session.isPainted(looking)) return hidePair();
  showing = id;
  stage.show(id);
  requestAnimationFrame(() => {
    performance.mark("phoropter:shown");
    dispatch({ type: "shown", id, at: performance.now(), device: device(stage) });
  });
}

/** A break ends where its reader says so; this browser remembers, so that a reload doesn't bring it back. */
function goOn() {
  if (!state.resting || !state.current) return;
  tryToStore(storage, `phoropter:${location.pathname}:rested`, state.current.trial.id);
  dispatch({ type: "goOn", at: performance.now() });
}

function countReloads(trial) {
  if (!trial) return {};
  const key = `phoropter:${location.pathname}:opened`;
  const last = JSON.parse(storage.getItem(key) ?? "{}");
  const reloads = { [trial.id]: (last[trial.id] ?? -1) + 1 };
  tryToStore(storage, key, JSON.stringify(reloads));
  return reloads;
}

// ---- letters

async function sendLetters() {
  clearTimeout(retryTimer);
  const letter = session.due(state, performance.now());
  const later = session.dueAt(state);
  if (!letter) {
    if (later !== null) retryTimer = setTimeout(sendLetters, Math.max(later - performance.now(), 0) + 1);
    return;
  }
  dispatch({ type: "sending" });
  const outcome = await post(letter);
  dispatch({ ...outcome, at: performance.now() });
  if (outcome.type === "refused") askForPlace();
}

/** Another device may have gone on meanwhile: ask before the observer looks at a pair that has its answer. */
async function askForPlace() {
  if (state.outbox.length || state.isElsewhere) return;
  let place;
  try {
    place = await (await fetch(given.place_url)).json();
  } catch {
    return; // no connection: the answer to the next vote says the same
  }
  if (Array.isArray(place.trials)) dispatch({ type: "placed", ...place });
}

onlyOneTab(location.pathname, { onMoved: () => dispatch({ type: "moved" }), onTakenOver: askForPlace });

function leaveWhenFinished() {
  if (session.phase(state) !== "finished") return;
  const isDone = state.answered >= state.total || given.trials.length === 0;
  if (isDone) location.replace(given.finish_url);
  else location.reload();
}

// ---- answers

function answer(name, { repeat = false } = {}) {
  const now = performance.now();
  const answered = state.closed;
  dispatch({ type: "answer", answer: name, repeat, at: now, device: device(stage) });
  if (state.closed !== answered) performance.mark("phoropter:answered", { startTime: now });
}

const KEY_ANSWERS = { ArrowLeft: "left", ArrowRight: "right", ArrowDown: "tie", "?": "not_sure" };
const KEY_MOVES = {
  "+": () => stage.zoomIn(),
  "=": () => stage.zoomIn(),
  "-": () => stage.zoomOut(),
  "_": () => stage.zoomOut(),
  0: () => stage.fit(),
  1: () => stage.oneToOne(),
  a: () => stage.step(-1, 0),
  d: () => stage.step(1, 0),
  w: () => stage.step(0, -1),
  s: () => stage.step(0, 1),
  r: bringTogether,
  backspace: takeBack,
};
const KEY_SHIFTED_MOVES = {
  ArrowLeft: KEY_MOVES.a,
  ArrowRight: KEY_MOVES.d,
  ArrowUp: KEY_MOVES.w,
  ArrowDown: KEY_MOVES.s,
  A: () => stage.nudge("right", -1, 0),
  D: () => stage.nudge("right", 1, 0),
  W: () => stage.nudge("right", 0, -1),
  S: () => stage.nudge("right", 0, 1),
};

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isMoveOpen()) return;
  const onButton = event.target instanceof HTMLButtonElement;
  if (onButton && event.repeat && event.key === "Enter") return event.preventDefault();
  if (isFlipKey(event, onButton)) {
    event.preventDefault();
    return flip(true);
  }
  const shifted = event.shiftKey ? KEY_SHIFTED_MOVES[event.key.length === 1 ? event.key.toUpperCase() : event.key] : null;
  const move = shifted ?? KEY_MOVES[event.key.toLowerCase()];
  const name = KEY_ANSWERS[event.key];
  if (move) move();
  else if (name && given.answers.includes(name)) answer(name, { repeat: event.repeat });
  else return;
  event.preventDefault();
});

addEventListener("keyup", (event) => {
  if (event.key === " " || event.key.toLowerCase() === "f") flip(false);
});
addEventListener("blur", () => flip(false));

/** The space bar presses a button that has the focus, as everywhere; F flips always. */
function isFlipKey(event, onButton) {
  return event.key.toLowerCase() === "f" || (event.key === " " && !onButton);
}

function flip(on) {
  dispatch({ type: "flipped", on });
}

function takeBack() {
  dispatch({ type: "takenBack", at: performance.now() });
}

function takeApart() {
  if (stage.isApart) return bringTogether();
  stage.takeApart(true);
  writeView();
}

function bringTogether() {
  stage.bringTogether();
  writeView();
}

for (const button of page.querySelectorAll("[data-answer]")) {
  button.addEventListener("click", (event) => answer(button.dataset.answer, { repeat: event.detail > 1 }));
}

const TOOLS = {
  "zoom-in": () => stage.zoomIn(),
  "zoom-out": () => stage.zoomOut(),
  fit: () => stage.fit(),
  "one-to-one": () => stage.oneToOne(),
  apart: takeApart,
  together: bringTogether,
  "take-back": takeBack,
};
for (const [name, act] of Object.entries(TOOLS)) at(name)?.addEventListener("click", act);

const flipper = at("flip");
flipper.addEventListener("pointerdown", () => flip(true));
flipper.addEventListener("keydown", (event) => (event.key === " " || event.key === "Enter") && flip(true));
for (const type of ["pointerup", "pointercancel", "pointerleave", "keyup"]) flipper.addEventListener(type, () => flip(false));
flipper.addEventListener("contextmenu", (event) => event.preventDefault());

// A mouse leaves no focus behind, or the space bar would press the button it was last on.
page.addEventListener("click", (event) => event.detail > 0 && event.target.closest("button")?.blur());

addEventListener("online", () => dispatch({ type: "online", at: performance.now() }));
document.addEventListener("visibilitychange", () => {
  dispatch({ type: document.hidden ? "hidden" : "visible", at: performance.now() });
  if (!document.hidden) askForPlace();
});
addEventListener("pageshow", (event) => event.persisted && askForPlace());
addEventListener("beforeunload", (event) => !state.isLasting && session.unsentVotes(state) && event.preventDefault());
at("go-on").addEventListener("click", goOn);
at("again").addEventListener("click", () => location.reload());

// ---- words

function write() {
  const phase = session.phase(state);
  const answered = session.answeredSoFar(state);
  const { isPractice, ...place } = placeAmong(state, answered);
  page.dataset.phase = phase;
  page.dataset.voting = session.isVotingOpen(state) ? "open" : "closed";
  page.dataset.position = state.current?.trial.position ?? "";
  page.dataset.next = state.upcoming ? (session.isPainted(state.upcoming) ? "ready" : "coming") : "none";
  page.dataset.unsent = state.outbox.length;
  page.dataset.flipped = state.flipped;
  at("progress").max = state.total;
  at("progress").value = answered;
  at("count").textContent = fill(isPractice ? page.dataset.sayCountPractice : page.dataset.sayCount, place);
  writeRest(phase);
  for (const button of page.querySelectorAll("[data-answer]")) button.ariaDisabled = String(page.dataset.voting !== "open");
  if (at("take-back")) at("take-back").ariaDisabled = String(!canTakeBack(state));
  at("stopped-why").textContent = state.stopped ?? page.dataset.sayElsewhere;
  at("again").textContent = state.stopped ? page.dataset.sayAgain : page.dataset.sayHere;
  say(at("note"), note());
  page.dataset.note = at("note").textContent ? "shown" : "none";
  say(at("status"), status(phase));
}

/** What an observer should know while looking: short, one line, and nothing moves for it. */
function note() {
  const waiting = session.unsentVotes(state);
  if (session.isHeldUp(state)) return plural(page.dataset.noteOffline, waiting);
  if (!state.isLasting) return page.dataset.noteUnkept;
  return state.refused ? page.dataset.noteRefused : "";
}

function status(phase) {
  if (["stopped", "elsewhere", "resting"].includes(phase)) return "";
  if (session.isHeldUp(state) && phase !== "looking") return state.isLasting ? page.dataset.sayOffline : page.dataset.sayUnkept;
  if (phase === "looking") {
    const { isPractice, ...place } = placeAmong(state, session.answeredSoFar(state));
    return fill(isPractice ? page.dataset.sayPairPractice : page.dataset.sayPair, place);
  }
  return phase === "loading" ? page.dataset.sayLoading : page.dataset.saySaving;
}

/** The break, and how long it still takes: written quietly, nothing is announced but the break's title by the focus on its button. */
function writeRest(phase) {
  const left = timeLeft();
  for (const name of ["time-left", "rest-left"]) {
    say(at(name), left);
    at(name).hidden = !left;
  }
  const isNew = phase === "resting" && at("rest").dataset.for !== state.current.trial.id;
  if (!isNew) return;
  const { practice, total } = state;
  const isPractised = state.resting.why === "practised";
  at("rest").dataset.for = state.current.trial.id;
  say(at("rest-title"), isPractised ? page.dataset.sayPractised : page.dataset.sayRest);
  const done = { n: session.answeredSoFar(state) - practice, total: total - practice };
  say(at("rest-why"), fill(isPractised ? page.dataset.sayPractisedWhy : page.dataset.sayRestWhy, done));
  at("go-on").focus();
}

function timeLeft() {
  const minutes = session.minutesLeft(state);
  if (minutes === null || session.phase(state) === "finished") return "";
  if (minutes < 1) return page.dataset.sayNearly;
  const unit = { style: "unit", unit: "minute", unitDisplay: "short" };
  return fill(page.dataset.sayTimeLeft, { time: new Intl.NumberFormat(document.documentElement.lang, unit).format(minutes) });
}

function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function writeView() {
  const { scale, offset } = state.current?.view ?? {};
  if (!scale) return;
  say(at("zoom"), `${Math.round(scale * 100)} %`);
  page.dataset.scale = scale;
  at("apart").ariaPressed = String(stage.isApart);
  at("together").hidden = offset === 0;
  say(at("offset"), fill(page.dataset.sayOffset, { n: Math.max(Math.round(offset), 1) }));
}

write();
showPair();
sendLetters();
leaveWhenFinished();
