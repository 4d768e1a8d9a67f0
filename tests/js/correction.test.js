import assert from "node:assert/strict";
import { test } from "node:test";

import { canTakeBack } from "../../studyapp/static/studyapp/trial/correction.js";
import { due } from "../../studyapp/static/studyapp/trial/letters.js";
import { answeredSoFar, phase } from "../../studyapp/static/studyapp/trial/phase.js";
import { begin, TOO_SOON_MS } from "../../studyapp/static/studyapp/trial/state.js";
import { after, paint, reply, show, trial, vote } from "./sittings.js";

const given = (...numbers) => ({ answered: 0, total: 5, answers: ["left", "right"], trials: numbers.map(trial), onward_url: "/look/s/onward/" });
const BACK = (at) => ({ type: "takenBack", at });
const GO_ON = (at) => ({ type: "goOn", at });
const SENT = (told = {}) => [{ type: "sending" }, { type: "sent", reply: told }];
const looking = (...numbers) => after(begin(given(...numbers)), ...paint("t1"), show("t1", 100));
const correcting = (...numbers) => after(begin({ ...given(...numbers), correction: true }), ...paint("t1"), show("t1", 100));
const votesOf = (state) => state.outbox.filter((letter) => letter.kind === "vote");


test("the last answer is taken back, and what corrects it is a letter of its own", () => {
  const answered = after(correcting(1, 2), vote("left", 1100), ...paint("t2"), show("t2", 1200));
  const back = after(answered, BACK(1700));
  assert.deepEqual([back.current.trial.id, back.upcoming.trial.id, phase(back), answeredSoFar(back)], ["t1", "t2", "loading", 0]);
  const again = after(back, ...paint("t1"), show("t1", 2000), vote("right", 2600));
  const [first, second] = votesOf(again);
  assert.deepEqual([first.body.answer, second.body.answer, second.body.corrects], ["left", "right", "left"]);
  assert.equal(first.url, second.url);
  assert.notEqual(first.id, second.id);
  assert.equal(second.body.response_ms, 1000 + 600);
  assert.equal(answeredSoFar(again), 1);
  assert.equal(again.outbox.filter((letter) => letter.kind === "shown").length, 2);
});

test("the pair that was left goes on where its clock stood", () => {
  const state = after(
    correcting(1, 2), vote("left", 1100), ...paint("t2"), show("t2", 1200), BACK(1700),
    ...paint("t1"), show("t1", 2000), vote("right", 2600), ...paint("t2"), show("t2", 3000), vote("left", 3400),
  );
  assert.equal(votesOf(state).at(-1).body.response_ms, 500 + 400);
});

test("an answer that corrects is refused within 200 ms like any other", () => {
  const back = after(correcting(1, 2), vote("left", 1100), ...paint("t2"), show("t2", 1200), BACK(1700), ...paint("t1"), show("t1", 2000));
  assert.equal(votesOf(after(back, vote("right", 2100))).length, 1);
});

test("the same answer again corrects nothing", () => {
  const state = after(correcting(1, 2), vote("left", 1100), ...paint("t2"), show("t2", 1200), BACK(1700), ...paint("t1"), show("t1", 2000), vote("left", 2600));
  assert.equal(votesOf(state).length, 1);
  assert.equal(state.current.trial.id, "t2");
});

test("an answer is taken back once, and only where the study allows it", () => {
  const corrected = after(correcting(1, 2), vote("left", 1100), ...paint("t2"), show("t2", 1200), BACK(1700), ...paint("t1"), show("t1", 2000), vote("right", 2600));
  assert.equal(after(corrected, BACK(2700)).current.trial.id, "t2");
  const without = after(looking(1, 2), vote("left", 1100), ...paint("t2"), show("t2", 1200));
  assert.equal(after(without, BACK(1700)), without);
  const first = correcting(1, 2);
  assert.equal(after(first, BACK(1700)), first);
});

test("the pair made ready meanwhile is not lost", () => {
  const answered = after(correcting(1, 2), vote("left", 1100), ...paint("t2"), show("t2", 1200));
  const back = after(answered, BACK(1700), { type: "sending" }, { type: "sent", reply: {} }, { type: "sending" }, { type: "sent", reply: reply(1, trial(3)) });
  assert.deepEqual([back.current, back.upcoming, back.further].map((one) => one.trial.id), ["t1", "t2", "t3"]);
  const onward = after(back, ...paint("t1"), show("t1", 2000), vote("right", 2600));
  assert.deepEqual([onward.current, onward.upcoming, onward.further].map((one) => one?.trial.id), ["t2", "t3", undefined]);
});

test("news of the sitting's place doesn't take a pair away that is being corrected", () => {
  const back = after({ ...after(correcting(1, 2), vote("left", 1100)), outbox: [] }, ...paint("t2"), BACK(1700));
  assert.equal(after(back, { type: "placed", answered: 1, total: 5, trials: [trial(2), trial(3)] }), back);
});

// ---- the last pair of all

const atLast = (more = {}) => after(begin({ ...given(), answered: 4, trials: [trial(1)], correction: true, ...more }), ...paint("t1"), show("t1", 100));
const ended = (more) => after(atLast(more), vote("left", 1100));
const kinds = (state) => state.outbox.map(({ kind }) => kind);

test("after the last answer nothing leads on by itself, and its letter leaves all the same", () => {
  const state = ended();
  assert.deepEqual([phase(state), answeredSoFar(state), canTakeBack(state), kinds(state)], ["ended", 5, true, ["shown", "vote"]]);
  const stored = after(state, ...SENT(), ...SENT(reply(5)));
  assert.deepEqual([phase(stored), stored.outbox.length], ["ended", 0]);
});

test("without the option the last answer leads straight to the end", () => {
  const state = ended({ correction: false });
  assert.equal(phase(state), "saving");
  assert.equal(phase(after(state, ...SENT(), ...SENT(reply(5)))), "finished");
});

test("a pair that may still come is waited for", () => {
  const state = after(begin({ ...given(1), correction: true }), ...paint("t1"), show("t1", 100), vote("left", 1100));
  assert.equal(phase(state), "saving");
});

test("going on is told to the server, after every vote, and only then leads on", () => {
  const state = after(ended(), GO_ON(2000));
  assert.deepEqual([phase(state), kinds(state), canTakeBack(state)], ["saving", ["shown", "vote", "onward"], false]);
  const told = after(state, ...SENT(), ...SENT(reply(5)));
  assert.deepEqual([phase(told), due(told, 3000).url], ["saving", "/look/s/onward/"]);
  const heard = after(told, ...SENT());
  assert.deepEqual([phase(heard), heard.answered], ["finished", 5]);
  assert.equal(after(state, GO_ON(2500)), state);
});

test("a press that began on the last pair doesn't go on", () => {
  const state = ended();
  assert.equal(after(state, GO_ON(1100 + TOO_SOON_MS - 1)), state);
  assert.equal(phase(after(state, GO_ON(1100 + TOO_SOON_MS))), "saving");
});

test("the last answer of all is changed once, and what corrects it leads straight on", () => {
  const back = after(ended(), ...SENT(), ...SENT(reply(5)), BACK(5000));
  assert.deepEqual([back.current.trial.id, phase(back), answeredSoFar(back)], ["t1", "loading", 4]);
  const changed = after(back, ...paint("t1"), show("t1", 6000), vote("right", 6500));
  const { body } = votesOf(changed)[0];
  assert.deepEqual([body.answer, body.corrects, body.response_ms], ["right", "left", 1000 + 500]);
  assert.deepEqual([phase(changed), kinds(changed)], ["saving", ["vote"]]);
  assert.equal(phase(after(changed, ...SENT(reply(5)))), "finished");
});

test("the same answer again stands, and the server is told that it does", () => {
  const again = after(ended(), ...SENT(), ...SENT(reply(5)), BACK(5000), ...paint("t1"), show("t1", 6000), vote("left", 6500));
  assert.deepEqual([phase(again), kinds(again)], ["saving", ["onward"]]);
});

test("without a connection the last answer can still be changed", () => {
  const offline = after(ended(), ...SENT(), { type: "sending" }, { type: "failed", at: 1200 });
  assert.equal(phase(offline), "ended");
  const changed = after(offline, BACK(5000), ...paint("t1"), show("t1", 6000), vote("right", 6500));
  assert.deepEqual(votesOf(changed).map(({ body }) => body.answer), ["left", "right"]);
});

test("where votes can't be kept, the end waits for the server", () => {
  const state = after(atLast(), { type: "kept", isLasting: false }, vote("left", 1100));
  assert.equal(phase(state), "saving");
  assert.equal(phase(after(state, ...SENT(), ...SENT(reply(5)))), "ended");
});

test("a last answer that another device had given first isn't ours to change", () => {
  const state = after(ended(), ...SENT(), { type: "sending" }, { type: "refused", reply: reply(5) });
  assert.deepEqual([phase(state), state.refused, canTakeBack(state)], ["finished", "t1", false]);
});

// ---- after a reload, or on another device

const LOOKED = {
  response_ms: 3000, hidden_ms: 200, max_zoom: 2, one_to_one_ms: 700, inspected_left: 0.5, inspected_right: 0.25, offset_px: 12.3, flips: 2,
  reloads: 1, first_painted: "left", break_ms: 4000,
};
const lastOf = (n, more = {}) => ({ trial: trial(n), answer: "left", looked: LOOKED, ...more });
const reloaded = (more = {}) => ({ ...given(), answered: 1, trials: [trial(2), trial(3)], correction: true, last: lastOf(1), ...more });
const WHOLE = { left: 0, top: 0, right: 1, bottom: 1 };

test("the last answer is taken back on a page that was loaded since, and its clock goes on from what was told with it", () => {
  const fresh = after(begin(reloaded()), ...paint("t2"), show("t2", 100));
  assert.equal(canTakeBack(fresh), true);
  const back = after(fresh, BACK(900), ...paint("t1", 1000), show("t1", 1100), { type: "flipped", on: true }, { type: "flipped", on: false });
  const { body } = votesOf(after(back, vote("right", 1600)))[0];
  const { device, drawer, ...told } = body;
  assert.deepEqual(told, { answer: "right", corrects: "left", ...LOOKED, response_ms: 3500, flips: 3, reloads: 2 });
  assert.deepEqual([back.upcoming.trial.id, back.further.trial.id], ["t2", "t3"]);
  assert.equal(kinds(back).filter((kind) => kind === "shown").length, 1, "its showing was told by the page before");
});

test("of two looks that don't know of one another the larger share is told", () => {
  const half = { left: 0, top: 0, right: 0.5, bottom: 1 };
  const seen = { type: "viewed", at: 1200, scale: 1, left: half, right: WHOLE };
  const state = after(begin(reloaded()), BACK(50), ...paint("t1"), show("t1", 1100), seen, vote("right", 1600));
  assert.deepEqual([votesOf(state)[0].body.inspected_left, votesOf(state)[0].body.inspected_right], [0.5, 1]);
});

test("what was never told counts as nothing", () => {
  const looked = Object.fromEntries(Object.keys(LOOKED).map((name) => [name, null]));
  const last = lastOf(1, { looked: { ...looked, first_painted: "", response_ms: 3000 } });
  const state = after(begin(reloaded({ last })), BACK(50), ...paint("t1"), show("t1", 1100), vote("right", 1600));
  const { body } = votesOf(state)[0];
  assert.deepEqual([body.hidden_ms, body.max_zoom, body.reloads, body.first_painted, body.break_ms], [0, 0, 1, "right", null]);
});

test("a page loaded at the end of the pairs stands there, until the observer goes on", () => {
  const state = begin(reloaded({ answered: 5, trials: [], last: lastOf(5) }), { at: 50 });
  assert.equal(phase(state), "ended");
  assert.equal(phase(after(state, GO_ON(60))), "ended");
  assert.deepEqual(kinds(after(state, GO_ON(1000))), ["onward"]);
  assert.equal(after(state, BACK(1000)).current.trial.id, "t5");
});

test("an answer that still lies in this browser is the last one, and can be taken back", () => {
  const kept = [{ id: "t2", url: "/trial/t2/vote/", body: { answer: "right", ...LOOKED } }];
  const state = after(begin(reloaded(), { kept }), BACK(500));
  assert.deepEqual([state.current.trial.id, state.current.corrects, state.current.spentMs], ["t2", "right", 3000]);
  const stored = [{ id: "t1", url: "/trial/t1/vote/", body: { answer: "left", ...LOOKED } }];
  assert.equal(after(begin(reloaded(), { kept: stored }), BACK(500)).current.trial.id, "t1");
  assert.equal(phase(begin(reloaded({ answered: 4, trials: [trial(5)] }), { kept: [{ ...kept[0], id: "t5" }] })), "ended");
});

test("nothing is taken back that was corrected here, or of which the server tells nothing", () => {
  const kept = [{ id: "t1:corrected", url: "/trial/t1/vote/", body: { answer: "right", corrects: "left", ...LOOKED } }];
  assert.equal(begin(reloaded(), { kept }).last, null);
  assert.equal(begin(reloaded({ last: null })).last, null);
  assert.equal(begin(reloaded({ correction: false })).last, null);
  const elsewhere = [{ id: "t9", url: "/trial/t9/vote/", body: { answer: "right", ...LOOKED } }];
  assert.equal(begin(reloaded(), { kept: elsewhere }).last, null);
});

const place = (more) => ({ type: "placed", at: 9000, answered: 1, total: 5, trials: [trial(2), trial(3)], last: lastOf(1), ...more });

test("where another device corrected the last answer, or went on, this one can't any more", () => {
  const state = begin(reloaded());
  assert.equal(after(state, place()), state);
  assert.equal(canTakeBack(after(state, place({ last: null }))), false);
  const end = begin(reloaded({ answered: 5, trials: [], last: lastOf(5) }));
  assert.equal(after(end, place({ answered: 5, trials: [], last: lastOf(5) })), end);
  assert.equal(phase(after(end, place({ answered: 5, trials: [], last: null }))), "finished");
});

test("where another device answered, its last answer is taken back here", () => {
  const state = after(begin(reloaded()), place({ answered: 2, trials: [trial(3), trial(4)], last: lastOf(2) }), BACK(9500));
  assert.deepEqual([state.current.trial.id, state.upcoming.trial.id], ["t2", "t3"]);
  assert.equal(after(begin(given(2, 3)), place()).last, null, "not where the study allows none");
});

test("this page's own look at the last pair is kept where the server tells the same answer", () => {
  const state = after(correcting(1, 2), vote("left", 1100), ...SENT(), ...SENT(reply(1, trial(3))));
  assert.equal(after(state, place()), state);
});
