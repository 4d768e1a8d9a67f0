import assert from "node:assert/strict";
import { test } from "node:test";

import { breakDue, minutesLeft, paceMs, paceWith, placeAmong } from "../../studyapp/static/studyapp/trial/rhythm.js";
import { measured } from "../../studyapp/static/studyapp/trial/looking.js";
import { isVotingOpen, minutesLeft as leftOf, phase } from "../../studyapp/static/studyapp/trial/phase.js";
import { begin, next } from "../../studyapp/static/studyapp/trial/state.js";

const DEVICE = { drawer: "webgl" };
const trial = (n) => ({ id: `t${n}`, position: n, shown_url: `/trial/t${n}/shown/`, vote_url: `/trial/t${n}/vote/` });
const given = (more = {}) => ({ answered: 0, total: 7, answers: ["left", "right"], trials: [trial(1), trial(2)], ...more });
const after = (state, ...events) => events.reduce(next, state);
const painted = (n, at) => ["left", "right"].map((side) => ({ type: "painted", id: `t${n}`, side, at }));
const shown = (n, at) => ({ type: "shown", id: `t${n}`, at, device: DEVICE });
const look = (state, n, at) => after(state, ...painted(n, at), shown(n, at));
const vote = (at) => ({ type: "answer", answer: "left", at, device: DEVICE });

test("a break comes after practice, and after every so many pairs that count, and never at the ends", () => {
  const due = (answered) => breakDue({ practice: 2, breakEvery: 2, total: 8 }, answered);
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6, 7, 8].map(due), [null, null, "practised", null, "rest", null, "rest", null, null]);
  assert.equal(breakDue({ practice: 0, breakEvery: 0, total: 8 }, 4), null);
});

test("a break holds the next pair back, and voting with it, until the observer goes on", () => {
  let state = after(look(begin(given({ break_every: 1 })), 1, 100), vote(1000), ...painted(2, 1100));
  assert.equal(phase(state), "resting");
  assert.equal(next(state, shown(2, 1200)), state);
  assert.equal(isVotingOpen(state), false);
  assert.equal(next(state, vote(5000)), state);
  state = after(state, { type: "goOn", at: 61000 });
  assert.equal(phase(state), "loading");
  state = next(state, shown(2, 61020));
  assert.equal(phase(state), "looking");
});

test("time in a break is no part of the response time, and is told apart", () => {
  const rested = after(look(begin(given({ break_every: 1 })), 1, 100), vote(1000), ...painted(2, 1100), { type: "goOn", at: 61000 });
  const told = measured(next(rested, shown(2, 61020)).current, 63020);
  assert.deepEqual([told.response_ms, told.break_ms], [2000, 60000]);
  assert.equal(measured(look(begin(given()), 1, 100).current, 900).break_ms, null);
});

test("letters leave during a break", () => {
  const state = after(look(begin(given({ break_every: 1 })), 1, 100), vote(1000));
  assert.deepEqual(state.outbox.map(({ kind }) => kind), ["shown", "vote"]);
});

test("a page that is loaded where a break is due shows it, unless it was taken there", () => {
  const at = given({ answered: 2, break_every: 2, trials: [trial(3), trial(4)] });
  assert.equal(phase(begin(at)), "resting");
  assert.equal(phase(begin(at, { rested: "t3" })), "loading");
  assert.equal(phase(begin(at, { rested: "t1" })), "resting");
});

test("where another device went on meanwhile, the break is over", () => {
  const state = begin(given({ answered: 2, break_every: 2, trials: [trial(3), trial(4)] }));
  assert.equal(phase(next(state, { type: "placed", answered: 3, total: 7, trials: [trial(4), trial(5)] })), "loading");
  assert.equal(phase(next(state, { type: "placed", answered: 2, total: 7, trials: [trial(3), trial(4)] })), "resting");
});

test("a break waits for the pair after it", () => {
  const state = after(look(begin(given({ break_every: 1, trials: [trial(1)] })), 1, 100), vote(1000), { type: "sending" });
  const sent = after(state, { type: "sent", reply: {} }, { type: "sending" });
  assert.equal(phase(sent), "saving");
  assert.equal(phase(next(sent, { type: "sent", reply: { answered: 1, total: 7, upcoming: trial(2) } })), "resting");
});

test("the pace is the study's guess at first, then the observer's own", () => {
  assert.equal(paceMs(8000, []), 8000);
  assert.equal(paceMs(8000, [4000, 4000, 4000, 4000]), 6000);
  assert.ok(Math.abs(paceMs(8000, new Array(400).fill(4000)) - 4000) < 50);
});

test("a pair left open over a telephone call hardly counts, and hidden time doesn't", () => {
  assert.equal(paceMs(4000, [4000, 4000, 4000, 900000]), (7 * 4000 + 12000) / 8);
  assert.deepEqual(paceWith([1], { response_ms: 9000, hidden_ms: 4000 }), [1, 5000]);
});

test("minutes are whole, the begun one counted", () => {
  const pace = { expectedMs: 10000, ownMs: [] };
  assert.deepEqual([30, 7, 6, 3, 2, 0].map((pairs) => minutesLeft(pace, pairs)), [5, 2, 1, 1, 0, 0]);
  assert.equal(minutesLeft({ expectedMs: null, ownMs: [] }, 30), null);
});

test("minutes shrink as pairs are answered, and are left out where the study says nothing", () => {
  const state = look(begin(given({ pace: { expected_ms: 60000, own_ms: [] } })), 1, 0);
  assert.equal(leftOf(state), 7);
  assert.ok(leftOf(next(state, vote(1000))) < 6);
  assert.equal(leftOf(begin(given())), null);
});

test("practice is counted apart", () => {
  const place = (answered) => placeAmong({ practice: 2, total: 7 }, answered);
  assert.deepEqual(place(1), { isPractice: true, n: 2, total: 2 });
  assert.deepEqual(place(2), { isPractice: false, n: 1, total: 5 });
  assert.deepEqual(place(7), { isPractice: false, n: 5, total: 5 });
});
