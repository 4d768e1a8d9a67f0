/** A ring stands on whole device pixels, or its edges blur; and a word where it hasn't the size that was measured. */

import { devicePixels } from "./pixels.js";

const form = document.getElementById("rings");
const ring = form.querySelector(".ring svg");
const note = document.getElementById("changed");
const TOLERANCE = 0.01;
const NEAR = 0.02; // of a device pixel
const FARTHEST_PX = 8;

function look() {
  const now = devicePixels();
  form.elements.device_pixel_ratio.value = now;
  if (note) note.hidden = Math.abs(now / Number(form.dataset.measuredRatio) - 1) <= TOLERANCE;
  stand();
}

function stand() {
  Object.assign(ring.style, { left: "0", top: "0" });
  const { left, top } = ring.getBoundingClientRect();
  Object.assign(ring.style, { left: `${wholeNear(left) - left}px`, top: `${wholeNear(top) - top}px` });
}

/** The nearest place that is whole in CSS pixels and in the device's: browsers move what they paint onto either. */
function wholeNear(at) {
  const isWhole = (px) => Math.abs(px * devicePixelRatio - Math.round(px * devicePixelRatio)) < NEAR;
  for (let far = 0; far <= FARTHEST_PX; far += 1) {
    for (const px of [Math.round(at) - far, Math.round(at) + far]) if (isWhole(px)) return px;
  }
  return Math.round(at * devicePixelRatio) / devicePixelRatio;
}

look();
addEventListener("load", look);
addEventListener("resize", look);
visualViewport?.addEventListener("resize", look);
form.addEventListener("submit", look);
