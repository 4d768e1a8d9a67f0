/** The screen check: what the browser can measure is measured, said beside each point, and sent with the form. */

import { device } from "../trial/device.js";

const form = document.getElementById("screen");
const limits = form.dataset;

/** What the page of pairs can't do without. */
const isCapable = () =>
  [globalThis.BroadcastChannel, globalThis.ResizeObserver, globalThis.HTMLDialogElement, AbortSignal.timeout].every(Boolean) &&
  Boolean(document.createElement("canvas").getContext("2d"));

function measure() {
  const { drawer, stacked, ...found } = device({}); // no picture is drawn here
  const told = { capable: isCapable() ? "yes" : "", ...found };
  for (const [name, value] of Object.entries(told)) form.elements[name].value = value;
  const isLarge = innerWidth >= Number(limits.minWidth) && innerHeight >= Number(limits.minHeight);
  write("check-window", isLarge, { width: innerWidth, height: innerHeight });
  const isExact = Math.abs(found.browser_zoom - 1) <= Number(limits.zoomTolerance);
  write("check-zoom", isExact, { zoom: Math.round(found.browser_zoom * 100) });
}

function write(id, isGood, values) {
  const line = document.getElementById(id);
  const text = isGood ? line.dataset.good : line.dataset.poor;
  line.textContent = text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  line.dataset.state = isGood ? "good" : "poor";
}

measure();
addEventListener("resize", measure);
visualViewport?.addEventListener("resize", measure);
form.addEventListener("submit", measure);
