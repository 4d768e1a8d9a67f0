/** A content's page: any two of its pictures in the observers' viewer, side by side, one over the other, or subtracted. */

import { listenToArrows } from "../trial/arrows.js";
import { Keyboard } from "../trial/keys.js";
import { LOOKS, addressOf, along, fromAddress, onRaster, rasterFor, toAddress } from "./choice.js";
import { Desk } from "./stage.js";

const ADDRESS_AFTER_MS = 250;
const SCROLL_RESTS_MS = 120;

const page = document.getElementById("desk");
const at = (name) => document.getElementById(name);
const given = JSON.parse(at("state").textContent);
const keys = given.pictures.map(({ key }) => key);
const pictureOf = (key) => given.pictures.find((picture) => picture.key === key);

let choice = fromAddress(location.search, given);
let wanted = null;
let shown = null;
let addressTimer = null;

const desk = new Desk(
  { left: at("left"), right: at("right") },
  {
    painted: ({ id }) => bringForward(id),
    viewed: ({ scale }) => viewed(scale),
    broken: (reason) => say(at("stopped"), `${page.dataset.sayBroken} (${reason})`),
  },
);

// ---- what is chosen

function choose(change) {
  const before = rasterOf(choice);
  choice = { ...choice, ...change };
  choice.view = onRaster(choice.view, before, rasterOf(choice));
  prepare();
  write();
  writeAddress();
}

const rasterOf = ({ a, b }) => rasterFor(given, pictureOf(a), pictureOf(b));

/** Open the two pictures behind those shown; they come into sight when both are painted. */
function prepare() {
  const [a, b] = [pictureOf(choice.a), pictureOf(choice.b)];
  const raster = rasterOf(choice);
  const gain = choice.look === "difference" ? choice.gain : 0;
  desk.keep(choice.view);
  page.dataset.look = choice.look;
  desk.measure();
  wanted = { id: [choice.a, choice.b, gain].join(" "), ...raster, left: addressOf(a, raster), right: addressOf(b, raster), gain };
  page.dataset.ready = "false";
  say(at("stopped"), "");
  desk.prepare(wanted);
  if (desk.isPainted(wanted.id)) bringForward(wanted.id);
}

function bringForward(id) {
  if (id !== wanted?.id || !desk.isPainted(id)) return;
  if (shown !== id) desk.show(id);
  shown = id;
  page.dataset.ready = "true";
  page.dataset.shown = id;
  if (page.dataset.flipped === "true") desk.flip(true);
  write();
}

function viewed(scale) {
  say(at("zoom"), `${Math.round(scale * 100)} %`);
  page.dataset.scale = scale;
  page.dataset.closer = !desk.isWhole;
  if (wanted?.id !== shown) return;
  choice.view = desk.aimed;
  desk.keep(choice.view);
  writeAddress();
}

/** The address always leads back here; it is written once the hand rests, for browsers refuse many writes a second. */
function writeAddress() {
  clearTimeout(addressTimer);
  addressTimer = setTimeout(() => {
    const address = toAddress(choice);
    if (location.search !== address) history.replaceState(null, "", address);
    for (const link of document.querySelectorAll("[data-neighbour]")) link.search = toAddress({ ...choice, view: null });
    page.dataset.address = address;
  }, ADDRESS_AFTER_MS);
}

// ---- hands

const KEYS = {
  "+": () => desk.zoomIn(),
  "=": () => desk.zoomIn(),
  "-": () => desk.zoomOut(),
  "_": () => desk.zoomOut(),
  0: () => desk.fit(),
  1: () => desk.oneToOne(),
  a: () => desk.step(-1, 0),
  d: () => desk.step(1, 0),
  w: () => desk.step(0, -1),
  s: () => desk.step(0, 1),
  v: () => choose({ look: along(LOOKS, choice.look, 1) }),
  x: exchange,
  n: () => document.querySelector("[data-neighbour][rel=next]")?.click(),
  p: () => document.querySelector("[data-neighbour][rel=prev]")?.click(),
};
const STEPS = { ArrowLeft: -1, ArrowRight: 1 };
const FLIPPING = [" ", "f"];

const keyboard = new Keyboard();

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select, .scroll")) return;
  const onControl = event.target.closest("button, a, summary");
  const key = keyboard.keyOf(event);
  if (key === " " && onControl) return;
  if (FLIPPING.includes(key)) flip(true);
  else if (STEPS[key]) stepTo(event.shiftKey ? "a" : "b", STEPS[key]);
  else if (KEYS[key]) KEYS[key]();
  else return;
  event.preventDefault();
});

addEventListener("keyup", (event) => {
  if (FLIPPING.includes(keyboard.keyOf(event))) flip(false);
});
addEventListener("blur", () => flip(false));

function stepTo(which, steps) {
  choose({ [which]: along(keys, choice[which], steps) });
}

function exchange() {
  choose({ a: choice.b, b: choice.a });
}

function flip(on) {
  if (page.dataset.flipped === String(on)) return;
  page.dataset.flipped = on;
  desk.flip(on);
  writeNames();
}

at("first").addEventListener("change", ({ target }) => choose({ a: target.value }));
at("second").addEventListener("change", ({ target }) => choose({ b: target.value }));
at("gain").addEventListener("change", ({ target }) => choose({ gain: Number(target.value) }));
for (const button of page.querySelectorAll("button[data-look]")) {
  button.addEventListener("click", () => choose({ look: button.dataset.look }));
}

const TOOLS = { "zoom-in": KEYS["+"], "zoom-out": KEYS["-"], fit: KEYS[0], "one-to-one": KEYS[1], exchange };
for (const [name, act] of Object.entries(TOOLS)) at(name).addEventListener("click", () => act());
listenToArrows((right, down) => desk.step(right, down));

const flipper = at("flip");
flipper.addEventListener("pointerdown", () => flip(true));
flipper.addEventListener("keydown", (event) => [" ", "Enter"].includes(event.key) && flip(true));
for (const type of ["pointerup", "pointercancel", "pointerleave", "keyup"]) flipper.addEventListener(type, () => flip(false));
flipper.addEventListener("contextmenu", (event) => event.preventDefault());

// A mouse leaves no focus behind, or the space bar would press the button it was last on; a closed list gives the keys back, too.
page.addEventListener("click", (event) => event.detail > 0 && event.target.closest("button")?.blur());
page.addEventListener("change", (event) => event.target.blur());

// The panes stand on the grid of device pixels; after scrolling they are put on it again.
let scrollTimer = null;
addEventListener("scroll", () => {
  clearTimeout(scrollTimer);
  scrollTimer = setTimeout(() => desk.measure(), SCROLL_RESTS_MS);
});

// ---- words

function write() {
  at("first").value = choice.a;
  at("second").value = choice.b;
  at("gain").value = choice.gain;
  for (const button of page.querySelectorAll("button[data-look]")) {
    button.ariaPressed = String(button.dataset.look === choice.look);
  }
  for (const row of document.querySelectorAll("[data-picture]")) mark(row);
  writeNames();
  say(at("status"), fill(page.dataset[page.dataset.ready === "true" ? SAYS[choice.look] : "sayLoading"]));
  say(at("sizes"), sizes());
}

const SAYS = { side: "saySide", one: "sayOne", difference: "sayDifference" };

function mark(row) {
  const letters = [choice.a === row.dataset.picture ? "A" : "", choice.b === row.dataset.picture ? "B" : ""].join("");
  row.classList.toggle("is-chosen", letters !== "");
  row.querySelector(".letters").textContent = letters;
}

/** What hangs in each place, also while the two are flipped. */
function writeNames() {
  const isFlipped = page.dataset.flipped === "true";
  const names = { a: `A: ${pictureOf(choice.a).name}`, b: `B: ${pictureOf(choice.b).name}` };
  const beside = isFlipped ? [names.b, names.a] : [names.a, names.b];
  const over = isFlipped ? names.a : choice.look === "one" ? names.b : `|A − B| × ${choice.gain}`;
  say(at("left-name"), choice.look === "side" ? beside[0] : names.a);
  say(at("right-name"), choice.look === "side" ? beside[1] : over);
}

function sizes() {
  const [a, b] = [pictureOf(choice.a), pictureOf(choice.b)];
  const differ = a.size.join() !== b.size.join() ? fill(page.dataset.saySizes) : "";
  const reduced = choice.look === "difference" ? page.dataset.sayReduced : "";
  return [differ, reduced].filter(Boolean).join(" ");
}

function fill(text) {
  const [a, b] = [pictureOf(choice.a), pictureOf(choice.b)];
  const raster = rasterOf(choice);
  const words = {
    a: a.name,
    b: b.name,
    gain: choice.gain,
    asize: a.size.join(" × "),
    bsize: b.size.join(" × "),
    size: `${raster.width} × ${raster.height}`,
  };
  return text.replace(/\{(\w+)\}/g, (_, name) => words[name]);
}

function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

for (const details of document.querySelectorAll("details[data-picture]")) {
  details.open = [choice.a, choice.b].includes(details.dataset.picture);
}
prepare();
write();
writeAddress();
