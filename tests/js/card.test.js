import assert from "node:assert/strict";
import { test } from "node:test";

import { mayTurn, rangeFor, sideFor } from "../../studyapp/static/studyapp/steps/card.js";

const MM = { long: 85.6, short: 53.98 };

test("on a phone the short side lies across, in any wider window the long one", () => {
  assert.deepEqual([304, 374, 414, 584, 1040].map((room) => sideFor(room, MM)), ["short", "short", "short", "long", "long"]);
  assert.deepEqual([304, 374, 584].map((room) => mayTurn(room, MM)), [false, false, true]);
});

test("the slider reaches every usual screen, within the room there is", () => {
  const usual = { short: [5.6, 6.04], long: [2.2, 3.78, 5, 6.4] }; // CSS pixels to the millimetre of phones; of a television to a laptop
  for (const [side, room] of [["short", 374], ["long", 584]]) {
    const { min, max } = rangeFor(side, room, MM);
    assert.ok(max <= room);
    for (const perMm of usual[side]) assert.ok(min <= perMm * MM[side] && perMm * MM[side] <= max, `${side} ${perMm}`);
  }
});

test("it begins where hardly any card fits, so that nobody is measured without moving it", () => {
  for (const side of ["long", "short"]) {
    const { min, max, value } = rangeFor(side, 584, MM);
    assert.ok(min < value && value < max);
    assert.ok(value / MM[side] < 2.5);
  }
});
