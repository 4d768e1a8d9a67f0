import assert from "node:assert/strict";
import { test } from "node:test";

import * as camera from "../../studyapp/static/studyapp/trial/camera.js";

const PANE = { width: 701, height: 467 };
const PICTURE = { width: 3001, height: 2003 };
const near = (a, b, within = 1e-9) => assert.ok(Math.abs(a - b) <= within, `${a} is not ${b}`);
const random = (seed) => () => ((seed = (seed * 16807) % 2147483647) / 2147483647);
const onScreen = (view, point) => ({ x: PANE.width / 2 + (point.x - view.x) * view.scale, y: PANE.height / 2 + (point.y - view.y) * view.scale });

test("the whole picture fits, and a small one is enlarged by whole numbers only", () => {
  near(camera.fitScale(PANE, PICTURE), 467 / 2003);
  assert.equal(camera.fitScale(PANE, { width: 300, height: 200 }), 2);
  assert.equal(camera.fitScale(PANE, { width: 1, height: 1 }), camera.CLOSEST_SCALE);
});

test("a picture that nearly fits at a half, a quarter… is shown at just that, never larger than its place", () => {
  const large = { width: 4000, height: 3000 };
  assert.equal(camera.fitScale({ width: 1170, height: 774 }, large), 1 / 4);
  assert.equal(camera.fitScale({ width: 1170, height: 750 }, large), 1 / 4);
  near(camera.fitScale({ width: 1170, height: 830 }, large), 830 / 3000);
  near(camera.fitScale({ width: 1170, height: 749 }, large), 749 / 3000);
  const draw = random(5);
  for (let n = 0; n < 300; n++) {
    const pane = { width: 300 + draw() * 2000, height: 300 + draw() * 2000 };
    const largest = Math.min(pane.width / large.width, pane.height / large.height, 1);
    const scale = camera.fitScale(pane, large);
    assert.ok(scale <= largest && scale >= largest * 0.9, `${scale} of ${largest}`);
  }
});

test("tiles that a whole picture needs: of the finest level with pixels wider than half a device pixel", () => {
  const trial = { width: 4000, height: 3000, tile: 512, levels: 3 };
  assert.equal(camera.tilesNeeded(1, trial), 8 * 6);
  assert.equal(camera.tilesNeeded(0.6, trial), 8 * 6);
  assert.equal(camera.tilesNeeded(1 / 2, trial), 4 * 3);
  assert.equal(camera.tilesNeeded(1 / 4, trial), 2 * 2);
  assert.equal(camera.tilesNeeded(0.24, trial), 2 * 2);
  assert.equal(camera.tilesNeeded(0.26, trial), 4 * 3);
  assert.equal(camera.tilesNeeded(0.01, trial), 1);
  assert.equal(camera.tilesNeeded(3, { width: 400, height: 300, tile: 512, levels: 0 }), 1);
});

test("the point under the pointer stays there", () => {
  const from = { scale: 0.5, x: 1500, y: 1000 };
  const point = { x: 600, y: 100 };
  const to = camera.zoomAbout(from, 1.3, point, PANE, PICTURE);
  const held = { x: from.x + (point.x - PANE.width / 2) / from.scale, y: from.y + (point.y - PANE.height / 2) / from.scale };
  near(onScreen(to, held).x, point.x);
  near(onScreen(to, held).y, point.y);
  near(to.scale, 0.65);
});

test("zooming past 1:1 stops there, either way", () => {
  const point = { x: 300, y: 200 };
  assert.equal(camera.zoomAbout({ scale: 0.9, x: 1500, y: 1000 }, 1.4, point, PANE, PICTURE).scale, 1);
  assert.equal(camera.zoomAbout({ scale: 1.1, x: 1500, y: 1000 }, 0.5, point, PANE, PICTURE).scale, 1);
  near(camera.zoomAbout({ scale: 1, x: 1500, y: 1000 }, 1.4, point, PANE, PICTURE).scale, 1.4);
});

test("no grey where there could be picture, wherever a random hand moves", () => {
  const draw = random(7);
  let view = camera.fit(PANE, PICTURE);
  for (let n = 0; n < 500; n++) {
    view = camera.zoomAbout(view, 2 ** (draw() * 4 - 2), { x: draw() * PANE.width, y: draw() * PANE.height }, PANE, PICTURE);
    view = camera.pan(view, draw() * 900 - 450, draw() * 900 - 450, PANE, PICTURE);
    assert.ok(view.scale >= camera.fitScale(PANE, PICTURE) - 1e-12 && view.scale <= camera.CLOSEST_SCALE);
    const halfWide = PANE.width / view.scale / 2;
    if (halfWide * 2 < PICTURE.width) assert.ok(view.x >= halfWide - 1e-6 && view.x <= PICTURE.width - halfWide + 1e-6);
    else assert.equal(view.x, PICTURE.width / 2);
  }
});

test("snapping puts the picture's corner on a device pixel and moves by half a pixel at most", () => {
  const draw = random(11);
  for (let n = 0; n < 200; n++) {
    const view = { scale: 1, x: draw() * 3000, y: draw() * 2000 };
    const snapped = camera.snap(view, PANE);
    const corner = onScreen(snapped, { x: 0, y: 0 });
    near(corner.x, Math.round(corner.x), 1e-6);
    near(corner.y, Math.round(corner.y), 1e-6);
    assert.ok(Math.abs(snapped.x - view.x) <= 0.5 + 1e-9);
  }
});

test("on the way between two cameras a point that both hold stays put, and the way ends", () => {
  const point = { x: 650, y: 50 };
  const from = { scale: 0.5, x: 1500, y: 1000 };
  const target = camera.zoomAbout(from, 1.9, point, PANE, PICTURE);
  const held = { x: from.x + (point.x - PANE.width / 2) / from.scale, y: from.y + (point.y - PANE.height / 2) / from.scale };
  let view = from;
  for (let frame = 0; frame < 60 && view !== target; frame++) {
    view = camera.ease(view, target, 16.7);
    near(onScreen(view, held).x, point.x, 1e-3);
  }
  assert.equal(view, target);
});

test("the grid step makes CSS pixels whole device pixels", () => {
  assert.deepEqual([1, 1.25, 1.5, 2, 2.625, 3, 4 / 3].map(camera.gridStep), [1, 4, 2, 1, 8, 1, 3]);
  assert.ok(camera.gridStep(1.7320508) <= 16);
});

test("what is seen is told in shares of the picture", () => {
  const seen = camera.seen({ scale: 1, x: 1500.5, y: 233.5 }, PANE, PICTURE);
  near(seen.left, 1150 / 3001);
  near(seen.right, 1851 / 3001);
  assert.equal(seen.top, 0);
  assert.deepEqual(camera.seen(camera.fit(PANE, PICTURE), PANE, PICTURE), { left: 0, top: 0, right: 1, bottom: 1 });
});

test("OpenSeadragon's zoom and centre say the same", () => {
  const { zoom, x, y } = camera.asViewport({ scale: 2, x: 1000, y: 500 }, PANE, PICTURE);
  near((1 / zoom) * PICTURE.width * 2, PANE.width);
  near(x * PICTURE.width, 1000);
  near(y * PICTURE.width, 500);
});

test("a picture is whole where there is nowhere to move to", () => {
  const whole = camera.fit(PANE, PICTURE);
  assert.ok(camera.isWhole(whole, PANE, PICTURE));
  assert.ok(camera.isWhole(camera.snap(whole, PANE), PANE, PICTURE));
  assert.ok(camera.isWhole({ scale: 2 }, PANE, { width: 300, height: 200 }), "a small one that is enlarged");
  assert.ok(!camera.isWhole(camera.zoomAbout(whole, Math.SQRT2, { x: 350, y: 233 }, PANE, PICTURE), PANE, PICTURE));
  assert.ok(!camera.isWhole({ scale: 1 }, PANE, { width: 100, height: 500 }), "one way is enough");
});
