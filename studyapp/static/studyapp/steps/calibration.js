/** A card is drawn as wide as the slider says, until it is as wide as a real one. */

import { mayTurn, rangeFor, sideFor } from "./card.js";
import { devicePixels } from "./pixels.js";

const [form, slider, frame, drawn] = ["calibration", "card", "card-frame", "card-drawn"].map((id) => document.getElementById(id));
const CORNER_MM = 3.18;
const mm = { long: Number(form.dataset.longMm), short: Number(form.dataset.shortMm) };
const turn = document.getElementById("turn");
let room = frame.clientWidth;
let side = sideFor(room, mm);
let measuredRatio = null; // device pixels to the CSS pixel while the card was held against the screen

/** The card lies anew: what was measured of its other side is gone. */
function lay() {
  const { min, max, value } = rangeFor(side, room, mm);
  Object.assign(slider, { min, max, value });
  measuredRatio = null;
  slider.setCustomValidity(form.dataset.untouched);
  draw();
}

function draw() {
  const across = Number(slider.value);
  const other = side === "long" ? mm.short / mm.long : mm.long / mm.short;
  const round = (CORNER_MM / mm[side]) * across;
  Object.assign(drawn.style, { width: `${across}px`, height: `${across * other}px`, borderRadius: `${round}px` });
  drawn.dataset.side = side;
  slider.setAttribute("aria-valuetext", form.dataset.width.replace("{n}", slider.value));
}

function moved() {
  slider.setCustomValidity("");
  measuredRatio = devicePixels();
  draw();
}

function step(by) {
  slider.value = Number(slider.value) + by;
  moved();
}

slider.addEventListener("input", moved);
document.getElementById("narrower").addEventListener("click", () => step(-1));
document.getElementById("wider").addEventListener("click", () => step(1));
turn.addEventListener("click", () => {
  side = side === "long" ? "short" : "long";
  lay();
});
addEventListener("resize", () => {
  if (frame.clientWidth < mm.short) return; // no card can be drawn in such a window
  room = frame.clientWidth;
  const { max } = rangeFor(side, room, mm);
  turn.hidden = !mayTurn(room, mm);
  if (slider.validity.valid && Number(slider.value) <= max && measuredRatio === devicePixels()) {
    slider.max = max; // what was measured stays
    return;
  }
  side = sideFor(room, mm);
  lay();
});
form.addEventListener("submit", () => {
  form.elements.side.value = side;
  form.elements.device_pixel_ratio.value = measuredRatio ?? devicePixels();
});
turn.hidden = !mayTurn(room, mm);
lay();
