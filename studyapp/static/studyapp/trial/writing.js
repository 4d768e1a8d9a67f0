/** What the page says: the state in words, and as data attributes for its style sheet. */

import { canTakeBack } from "./correction.js";
import { isHeldUp, unsentVotes } from "./letters.js";
import { isPainted } from "./looking.js";
import { answeredSoFar, isVotingOpen, minutesLeft, phase } from "./phase.js";
import { placeAmong } from "./rhythm.js";
import { fill, plural } from "./words.js";

const page = document.getElementById("look");
const at = (name) => document.getElementById(name);

export function write(state) {
  const answered = answeredSoFar(state);
  const { isPractice, ...place } = placeAmong(state, answered);
  page.dataset.phase = phase(state);
  page.dataset.voting = isVotingOpen(state) ? "open" : "closed";
  page.dataset.position = state.current?.trial.position ?? "";
  page.dataset.next = state.upcoming ? (isPainted(state.upcoming) ? "ready" : "coming") : "none";
  page.dataset.unsent = state.outbox.length;
  page.dataset.flipped = state.flipped;
  at("progress").max = state.total;
  at("progress").value = answered;
  at("count").textContent = fill(isPractice ? page.dataset.sayCountPractice : page.dataset.sayCount, place);
  writeTimeLeft(state);
  writeRest(state);
  for (const button of page.querySelectorAll("[data-answer]")) button.ariaDisabled = String(page.dataset.voting !== "open");
  if (at("take-back")) at("take-back").ariaDisabled = String(!canTakeBack(state));
  at("stopped-why").textContent = state.stopped ?? page.dataset.sayElsewhere;
  at("again").textContent = state.stopped ? page.dataset.sayAgain : page.dataset.sayHere;
  say(at("note"), note(state));
  page.dataset.note = at("note").textContent ? "shown" : "none";
  say(at("status"), status(state));
}

/** How much of the pair that is waited for is here. */
export function writeShare(state, stage) {
  at("coming").value = state.current ? stage.shareHere(state.current.trial.id) : 0;
}

/** What an observer should know while looking: short, one line, and nothing moves for it. */
function note(state) {
  if (isHeldUp(state)) return plural(page.dataset.noteOffline, unsentVotes(state));
  if (!state.isLasting) return page.dataset.noteUnkept;
  return state.refused ? page.dataset.noteRefused : "";
}

function status(state) {
  const now = phase(state);
  if (["stopped", "elsewhere", "resting", "ended"].includes(now)) return "";
  if (isHeldUp(state) && now !== "looking") return state.isLasting ? page.dataset.sayOffline : page.dataset.sayUnkept;
  if (now === "looking") {
    const { isPractice, ...place } = placeAmong(state, answeredSoFar(state));
    return fill(isPractice ? page.dataset.sayPairPractice : page.dataset.sayPair, place);
  }
  return now === "loading" ? page.dataset.sayLoading : page.dataset.saySaving;
}

/** The pause in the pictures' place: written quietly, nothing is announced but its title by the focus on its button. */
function writeRest(state) {
  const now = phase(state);
  const stands = now === "ended" ? "end" : now === "resting" ? state.current.trial.id : "";
  if (at("rest").dataset.for === stands) return;
  at("rest").dataset.for = stands;
  if (!stands) return;
  const [title, why] = now === "ended" ? [page.dataset.sayEnded, page.dataset.sayEndedWhy] : breakInWords(state);
  say(at("rest-title"), title);
  say(at("rest-why"), why);
  at("go-on").focus();
}

function breakInWords(state) {
  const { practice, total } = state;
  if (state.resting.why === "practised") return [page.dataset.sayPractised, page.dataset.sayPractisedWhy];
  const done = { n: answeredSoFar(state) - practice, total: total - practice };
  return [page.dataset.sayRest, fill(page.dataset.sayRestWhy, done)];
}

/** How long it still takes, beside the count and in a break. */
function writeTimeLeft(state) {
  const left = timeLeft(state);
  for (const name of ["time-left", "rest-left"]) {
    say(at(name), left);
    at(name).hidden = !left;
  }
}

function timeLeft(state) {
  const minutes = minutesLeft(state);
  if (minutes === null || ["ended", "finished"].includes(phase(state))) return "";
  if (minutes < 1) return page.dataset.sayNearly;
  const unit = { style: "unit", unit: "minute", unitDisplay: "short" };
  return fill(page.dataset.sayTimeLeft, { time: new Intl.NumberFormat(document.documentElement.lang, unit).format(minutes) });
}

export function writeView(state, { isApart, isStacked, isWhole }) {
  const { scale, offset } = state.current?.view ?? {};
  if (!scale) return;
  say(at("zoom"), `${Math.round(scale * 100)} %`);
  page.dataset.scale = scale;
  page.dataset.closer = !isWhole;
  if (isWhole) at("pan-open").ariaPressed = "false"; // the zoom buttons, whose place the arrows have on a phone, come back
  at("apart").ariaPressed = String(isApart);
  const { sayBoth, sayRight, sayLower } = at("pan").dataset;
  at("pan").ariaLabel = isApart ? (isStacked ? sayLower : sayRight) : sayBoth;
  at("together").hidden = offset === 0;
  say(at("offset"), fill(page.dataset.sayOffset, { n: Math.max(Math.round(offset), 1) }));
}

function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
