import assert from "node:assert/strict";
import { test } from "node:test";

import { due, dueAt, isHeldUp, unsentVotes } from "../../studyapp/static/studyapp/trial/letters.js";
import { GRID } from "../../studyapp/static/studyapp/trial/looking.js";
import { answeredSoFar, isVotingOpen, phase } from "../../studyapp/static/studyapp/trial/phase.js";
import { begin, next, TOO_SOON_MS } from "../../studyapp/static/studyapp/trial/state.js";
import { after, paint, reply, show, trial, vote } from "./sittings.js";

const given = (...numbers) => ({ answered: 0, total: 5, answers: ["left", "right"], trials: numbers.map(trial) });
const WHOLE = { left: 0, top: 0, right: 1, bottom: 1 };
const view = (at, scale, seen = WHOLE) => ({ type: "viewed", at, scale, left: seen, right: seen });
const looking = (...numbers) => after(begin(given(...numbers)), ...paint("t1"), show("t1", 100));
const body = (state) => state.outbox.find((letter) => letter.kind === "vote").body;
const delivered = (state) => after(state, { type: "sending" }, { type: "sent", reply: {} });

test("voting opens when both pictures are painted and on the screen, and not before", () => {
  const fresh = begin(given(1, 2));
  const [right, left] = paint("t1");
  assert.equal(isVotingOpen(fresh), false);
  assert.equal(isVotingOpen(after(fresh, right, show("t1", 20))), false);
  assert.equal(isVotingOpen(after(fresh, right, left)), false);
  assert.equal(isVotingOpen(after(fresh, right, left, show("t1", 20))), true);
});

test("an answer makes the next pair the current one at once, and waits to be sent", () => {
  const state = after(looking(1, 2), vote("left", 2410));
  assert.equal(state.current.trial.id, "t2");
  assert.deepEqual(state.outbox.map((letter) => letter.url), ["/trial/t1/shown/", "/trial/t1/vote/"]);
  assert.equal(body(state).answer, "left");
  assert.equal(body(state).response_ms, 2310);
  assert.equal(body(state).first_painted, "right");
  assert.equal(body(state).drawer, "webgl");
  assert.equal(answeredSoFar(state), 1);
});

test("a vote tells the screen that it was given on, a showing its own", () => {
  const state = after(looking(1), vote("left", 900, { device: { drawer: "canvas", viewport_width_px: 390 } }));
  const [shown, { body: told }] = state.outbox;
  assert.deepEqual([shown.body.drawer, told.drawer, told.viewport_width_px], ["webgl", "canvas", 390]);
});

test("an answer within 200 ms of painting is ignored, at 200 ms it counts", () => {
  assert.equal(after(looking(1), vote("left", 100 + TOO_SOON_MS - 1)).closed.length, 0);
  assert.equal(after(looking(1), vote("left", 100 + TOO_SOON_MS)).closed.length, 1);
});

test("a repeating key, and an answer that the study doesn't offer, are ignored", () => {
  assert.equal(after(looking(1), vote("left", 900, { repeat: true })).closed.length, 0);
  assert.equal(after(looking(1), vote("tie", 900)).closed.length, 0);
});

test("a second answer to the same pair is ignored", () => {
  const state = after(looking(1), vote("left", 900), vote("right", 901));
  assert.equal(body(state).answer, "left");
  assert.equal(state.outbox.filter((letter) => letter.kind === "vote").length, 1);
});

test("letters go one at a time, oldest first", () => {
  const state = after(looking(1, 2), vote("left", 900));
  assert.equal(due(state, 900).kind, "shown");
  assert.equal(due(after(state, { type: "sending" }), 900), null);
  assert.equal(due(delivered(state), 900).kind, "vote");
});

test("the reply to a vote says what to make ready", () => {
  const state = after(delivered(after(looking(1, 2), vote("left", 900))), { type: "sending" }, { type: "sent", reply: reply(1, trial(3)) });
  assert.equal(state.upcoming.trial.id, "t3");
  assert.deepEqual([state.answered, answeredSoFar(state), state.outbox.length], [1, 1, 0]);
});

test("a late reply becomes the current pair where none is left", () => {
  const state = after(delivered(after(looking(1), vote("left", 900))), { type: "sending" });
  assert.equal(phase(state), "saving");
  assert.equal(after(state, { type: "sent", reply: reply(1, trial(2)) }).current.trial.id, "t2");
});

test("a pair that is known already isn't taken twice", () => {
  const state = after(delivered(after(looking(1, 2), vote("left", 900))), { type: "sending" }, { type: "sent", reply: reply(1, trial(2)) });
  assert.equal(state.upcoming, null);
});

test("a refused second answer goes on with the kept one", () => {
  const state = after(delivered(after(looking(1, 2), vote("right", 900))), { type: "sending" }, { type: "refused", reply: reply(1, trial(3)) });
  assert.deepEqual([state.outbox.length, state.answered, state.current.trial.id, state.upcoming.trial.id], [0, 1, "t2", "t3"]);
  assert.equal(state.stopped, null);
});

test("a failed letter is tried again, the same, after longer and longer waits of at most half a minute", () => {
  let state = delivered(after(looking(1, 2), vote("left", 900)));
  const first = state.outbox[0];
  const waits = [];
  for (let at = 1000, n = 0; n < 9; n++) {
    state = after(state, { type: "sending" }, { type: "failed", at });
    waits.push(dueAt(state) - at);
    at = dueAt(state);
  }
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  assert.deepEqual([state.outbox[0].url, state.outbox[0].body], [first.url, first.body]);
  assert.equal(due(state, dueAt(state) - 1), null);
  assert.equal(due(after(state, { type: "online", at: 5 }), 5).id, "t1");
});

test("a vote kept by an earlier page is sent again and its pair isn't asked again", () => {
  const kept = [{ id: "t1", url: "/trial/t1/vote/", body: { answer: "left" } }];
  const state = begin(given(1, 2), { kept });
  assert.equal(state.current.trial.id, "t2");
  assert.deepEqual([due(state, 0).url, due(state, 0).body.answer], ["/trial/t1/vote/", "left"]);
  assert.equal(answeredSoFar(state), 1);
});

test("a rejected letter stops the page with the server's word, and nothing moves it after", () => {
  const state = after(looking(1), { type: "sending" }, { type: "rejected", message: "closed" });
  assert.equal(phase(state), "stopped");
  assert.equal(after(state, vote("left", 900)), state);
});

test("whatever stops the page, what waits is still sent", () => {
  const state = after(looking(1, 2), vote("left", 900), { type: "broken", message: "a picture is missing" });
  assert.deepEqual([phase(state), due(state, 900).kind, due(delivered(state), 900).kind], ["stopped", "shown", "vote"]);
  const two = after(delivered(state), { type: "sending" }, { type: "rejected", message: "closed" });
  assert.deepEqual([two.stopped, two.outbox.length], ["a picture is missing", 0]);
});

test("in another tab: nothing can be answered here, and what waits is still sent", () => {
  const state = after(looking(1, 2), vote("left", 900), ...paint("t2"), show("t2", 1000), { type: "moved" });
  assert.equal(phase(state), "elsewhere");
  assert.equal(after(state, vote("right", 2000)), state);
  assert.equal(due(delivered(state), 2000).kind, "vote");
});

test("a vote that arrived while its page was closing is counted once", () => {
  const kept = [{ id: "t2", url: "/trial/t2/vote/", body: { answer: "left" } }];
  const made = { ...given(3, 4), answered: 2, break_every: 2 };
  const state = begin(made, { kept });
  assert.deepEqual([answeredSoFar(state), phase(state), state.current.trial.id], [2, "resting", "t3"]);
  const heard = after(state, { type: "sending" }, { type: "sent", reply: reply(2) });
  assert.deepEqual([answeredSoFar(heard), phase(heard), heard.outbox], [2, "resting", []]);
});

test("a vote that arrived after the next page was made isn't asked again", () => {
  const made = { ...given(2, 3), answered: 1, break_every: 2, correction: true, last: { trial: trial(1), answer: "left", looked: {} } };
  const state = begin(made, { receipted: ["t1", "t2"] });
  assert.deepEqual([answeredSoFar(state), phase(state), state.current.trial.id, state.last], [2, "resting", "t3", null]);
});

test("where votes can't be kept, the next pair waits for the server", () => {
  const unkept = begin(given(1, 2), { isLasting: false });
  const asked = after(unkept, ...paint("t1"), ...paint("t2"), show("t1", 100), vote("left", 900));
  assert.deepEqual([phase(asked), isVotingOpen(asked), unsentVotes(asked)], ["saving", false, 1]);
  const stored = after(delivered(asked), { type: "sending" }, { type: "sent", reply: reply(1, trial(3)) });
  assert.deepEqual([phase(stored), stored.current.trial.id], ["loading", "t2"]);
  const full = after(looking(1, 2), vote("left", 900), { type: "kept", isLasting: false });
  assert.equal(phase(full), "saving");
  assert.equal(phase(after(full, { type: "kept", isLasting: true })), "loading");
});

test("held up from the first failure until something arrives", () => {
  const state = delivered(after(looking(1, 2), vote("left", 900)));
  const failed = after(state, { type: "sending" }, { type: "failed", at: 1000 });
  assert.deepEqual([isHeldUp(state), isHeldUp(failed)], [false, true]);
  assert.equal(isHeldUp(after(failed, { type: "sending" }, { type: "sent", reply: reply(1) })), false);
});

test("a refused answer is told until the next one is given", () => {
  const refused = after(delivered(after(looking(1, 2), vote("right", 900))), { type: "sending" }, { type: "refused", reply: reply(1, trial(3)) });
  assert.equal(refused.refused, "t1");
  assert.equal(after(refused, ...paint("t2"), show("t2", 1000), vote("left", 2000)).refused, null);
});

test("where another device went on, the page goes there, and keeps what it has ready", () => {
  const state = after(delivered(looking(1, 2)), ...paint("t2"));
  const place = (...numbers) => ({ type: "placed", answered: 1, total: 5, trials: numbers.map(trial) });
  const moved = after(state, place(2, 3));
  assert.deepEqual([moved.current.trial.id, moved.upcoming.trial.id, moved.answered], ["t2", "t3", 1]);
  assert.equal(moved.current.painted.left, 15);
  assert.equal(after(state, place(1, 2)), state);
  assert.equal(phase(after(state, { type: "placed", answered: 5, total: 5, trials: [] })), "finished");
  const unsent = after(state, vote("left", 900));
  assert.equal(after(unsent, place(4, 5)), unsent);
});

test("a pair left open for a month has the longest time that can be stored", () => {
  assert.equal(body(after(looking(1), vote("left", 3e9))).response_ms, 2 ** 31 - 1);
});

test("finished only when every letter has arrived", () => {
  const state = after(delivered(after(looking(1), vote("left", 900))), { type: "sending" });
  assert.equal(phase(state), "saving");
  assert.equal(phase(after(state, { type: "sent", reply: reply(5) })), "finished");
});

test("time out of sight is counted, from when the pair is shown", () => {
  const away = [{ type: "hidden", at: 300 }, { type: "visible", at: 800 }, { type: "hidden", at: 850 }];
  assert.equal(body(after(looking(1), ...away, vote("left", 900))).hidden_ms, 550);
  const shownHidden = after(begin(given(1)), ...paint("t1"), { type: "hidden", at: 20 }, show("t1", 100), { type: "visible", at: 400 });
  assert.equal(body(after(shownHidden, vote("left", 900))).hidden_ms, 300);
});

test("largest zoom and time at 1:1 or closer are counted while in sight", () => {
  const events = [view(150, 0.4), view(300, 1), view(400, 2.5), { type: "hidden", at: 500 }, { type: "visible", at: 700 }, view(800, 0.5)];
  const told = body(after(looking(1), ...events, vote("left", 900)));
  assert.equal(told.one_to_one_ms, 300);
  assert.equal(told.max_zoom, 2.5);
});

test("a picture that is at 1:1 from the start counts from its showing", () => {
  const state = after(begin(given(1)), ...paint("t1"), view(50, 1), show("t1", 100), vote("left", 900));
  assert.equal(body(state).one_to_one_ms, 800);
});

test("the share inspected is what was on screen at 1:1 or closer, each part once", () => {
  const half = { left: 0, top: 0, right: 0.5, bottom: 1 };
  const quarter = { left: 0.25, top: 0, right: 0.5, bottom: 1 };
  const told = body(after(looking(1), view(150, 0.4), view(200, 1, half), view(300, 2, quarter), vote("left", 900)));
  assert.deepEqual([told.inspected_left, told.inspected_right], [0.5, 0.5]);
  assert.equal(body(after(looking(1), view(150, 0.9), vote("left", 900))).inspected_left, 0);
  assert.equal(GRID <= 30, true, "a row of cells fits in one integer");
});

test("flips are counted once per hold, and nothing is voted while the pictures are swapped", () => {
  const held = after(looking(1), { type: "flipped", on: true }, { type: "flipped", on: true });
  assert.equal(isVotingOpen(held), false);
  assert.equal(after(held, vote("left", 900)).closed.length, 0);
  assert.equal(body(after(held, { type: "flipped", on: false }, vote("left", 900))).flips, 1);
});

test("reloads of the current pair are told", () => {
  const state = after(begin(given(1), { reloads: { t1: 2 } }), ...paint("t1"), show("t1", 100), vote("left", 900));
  assert.equal(body(state).reloads, 2);
});

test("events change nothing in place, and an unknown one is an error", () => {
  const frozen = structuredClone(looking(1, 2));
  const deepFreeze = (value) => (value && typeof value === "object" ? (Object.values(value).forEach(deepFreeze), Object.freeze(value)) : value);
  deepFreeze(frozen);
  for (const event of [view(200, 2), { type: "flipped", on: true }, { type: "hidden", at: 1 }, vote("left", 900), { type: "failed", at: 1 }]) next(frozen, event);
  assert.throws(() => next(frozen, { type: "nonsense" }), /nonsense/);
});

test("the farthest offset of the two pictures is told", () => {
  const state = after(looking(1), { ...view(300, 1), offset: 12.34 }, view(400, 1), vote("left", 900));
  assert.equal(body(state).offset_px, 12.3);
});
