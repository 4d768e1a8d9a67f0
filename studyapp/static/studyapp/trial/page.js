/** The observer's page: wires hands and clock to the state, and the state to screen and server. */

import { device } from "./device.js";
import { listenToHands } from "./hands.js";
import { due, dueAt, unsentVotes } from "./letters.js";
import { isPainted } from "./looking.js";
import { phase } from "./phase.js";
import { Kept, post, storageOrMemory, tryToStore } from "./post.js";
import * as session from "./state.js";
import { onlyOneTab } from "./tabs.js";
import { Stage } from "./viewer.js";
import { write, writeShare, writeView } from "./writing.js";

const page = document.getElementById("look");
const at = (name) => document.getElementById(name);
const given = JSON.parse(at("state").textContent);
const storage = storageOrMemory();
const kept = new Kept(storage, location.pathname);

let state = session.begin(given, {
  kept: kept.all(),
  receipted: kept.takeReceipts(),
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
    arrived: () => writeShare(state, stage),
    broken: (reason) => dispatch({ type: "broken", message: `${page.dataset.sayBroken} (${reason})` }),
  },
);

function dispatch(event) {
  const before = state;
  state = session.next(state, event);
  if (state === before) return;
  if (state.outbox !== before.outbox) state = session.next(state, { type: "kept", isLasting: kept.keep(state.outbox, event) });
  if (event.type === "viewed") return writeView(state, stage);
  if (event.type === "takenBack") stage.clearAll();
  if (state.flipped !== before.flipped) stage.flip(state.flipped);
  showPair();
  sendLetters();
  write(state);
  writeShare(state, stage);
  leaveWhenFinished();
}

// ---- pictures

function showPair() {
  const { current, upcoming } = state;
  if (!current || ["saving", "elsewhere"].includes(phase(state))) return hidePair();
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
  if (!isPainted(looking)) return hidePair();
  showing = id;
  stage.show(id);
  requestAnimationFrame(() => {
    performance.mark("phoropter:shown");
    dispatch({ type: "shown", id, at: performance.now(), device: device(stage) });
  });
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
  const letter = due(state, performance.now());
  const later = dueAt(state);
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
  const { closed } = state;
  let place;
  try {
    place = await (await fetch(given.place_url)).json();
  } catch {
    return; // no connection: the answer to the next vote says the same
  }
  const isNews = state.closed === closed; // an answer that was given meanwhile knows more
  if (Array.isArray(place.trials) && isNews) dispatch({ type: "placed", ...place, at: performance.now() });
}

onlyOneTab(location.pathname, { onMoved: () => dispatch({ type: "moved" }), onTakenOver: askForPlace });

function leaveWhenFinished() {
  if (phase(state) !== "finished") return;
  const isDone = state.answered >= state.total || given.trials.length === 0;
  if (isDone) location.replace(given.finish_url);
  else location.reload();
}

// ---- what hands do

function answer(name, { repeat = false } = {}) {
  const now = performance.now();
  const answered = state.closed;
  dispatch({ type: "answer", answer: name, repeat, at: now, device: device(stage) });
  if (state.closed !== answered) performance.mark("phoropter:answered", { startTime: now });
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
  writeView(state, stage);
}

function bringTogether() {
  stage.bringTogether();
  writeView(state, stage);
}

/** A break ends where its reader says so; this browser remembers, so that a reload doesn't bring it back. */
function goOn() {
  if (state.resting && state.current) tryToStore(storage, `phoropter:${location.pathname}:rested`, state.current.trial.id);
  dispatch({ type: "goOn", at: performance.now() });
}

listenToHands(stage, given.answers, { answer, flip, takeBack, takeApart, bringTogether, goOn });

addEventListener("online", () => dispatch({ type: "online", at: performance.now() }));
document.addEventListener("visibilitychange", () => {
  dispatch({ type: document.hidden ? "hidden" : "visible", at: performance.now() });
  if (!document.hidden) askForPlace();
});
addEventListener("pageshow", (event) => event.persisted && askForPlace());
addEventListener("beforeunload", (event) => !state.isLasting && unsentVotes(state) && event.preventDefault());

write(state);
showPair();
sendLetters();
leaveWhenFinished();
