/** Keys, buttons and what they do: an answer, a step of the camera, a picture moved, the last answer taken back. */

import { listenToArrows } from "./arrows.js";
import { Keyboard } from "./keys.js";
import { isMoveOpen } from "./move.js";
import { isSwitchedOff } from "./shortcuts.js";

const page = document.getElementById("look");
const at = (name) => document.getElementById(name);
const KEY_ANSWERS = { ArrowLeft: "left", ArrowRight: "right", ArrowDown: "tie", "?": "not_sure" };

/** `acts` are `{answer(name, {repeat}), flip(on), takeBack(), takeApart(), bringTogether(), goOn()}`; `answers` what the study takes. */
export function listenToHands(stage, answers, acts) {
  listenToKeys(stage, answers, acts);
  listenToButtons(stage, acts);
  listenToArrows((right, down) => (stage.isApart ? stage.nudge("right", right, down) : stage.step(right, down)));
  listenToFlipper(acts);
}

function listenToKeys(stage, answers, acts) {
  const keyboard = new Keyboard();
  const moves = movesOf(stage, acts);
  const shiftedMoves = shiftedMovesOf(stage, moves);
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isMoveOpen()) return;
    const onButton = event.target instanceof HTMLButtonElement;
    if (onButton && event.repeat && event.key === "Enter" && !event.target.closest("#pan")) return event.preventDefault();
    if (isGoOnKey(event, onButton)) {
      event.preventDefault();
      return acts.goOn();
    }
    const key = keyboard.keyOf(event);
    if (isSwitchedOff(key)) return;
    if (isFlipKey(key, onButton)) {
      event.preventDefault();
      return acts.flip(true);
    }
    const move = (event.shiftKey && shiftedMoves[key]) || moves[key];
    const name = KEY_ANSWERS[key];
    if (move) move();
    else if (name && answers.includes(name)) acts.answer(name, { repeat: event.repeat });
    else return;
    event.preventDefault();
  });
  addEventListener("keyup", (event) => {
    if (isFlipKey(keyboard.keyOf(event), false)) acts.flip(false);
  });
  addEventListener("blur", () => acts.flip(false));
}

function movesOf(stage, acts) {
  return {
    "+": () => stage.zoomIn(),
    "=": () => stage.zoomIn(),
    "-": () => stage.zoomOut(),
    "_": () => stage.zoomOut(),
    0: () => stage.fit(),
    1: () => stage.oneToOne(),
    a: () => stage.step(-1, 0),
    d: () => stage.step(1, 0),
    w: () => stage.step(0, -1),
    s: () => stage.step(0, 1),
    r: acts.bringTogether,
    Backspace: acts.takeBack,
  };
}

function shiftedMovesOf(stage, moves) {
  return {
    ArrowLeft: moves.a,
    ArrowRight: moves.d,
    ArrowUp: moves.w,
    ArrowDown: moves.s,
    a: () => stage.nudge("right", -1, 0),
    d: () => stage.nudge("right", 1, 0),
    w: () => stage.nudge("right", 0, -1),
    s: () => stage.nudge("right", 0, 1),
  };
}

/** The space bar presses a button that has the focus, as everywhere; F flips always. */
const isFlipKey = (key, onButton) => key === "f" || (key === " " && !onButton);

/** At the end of the pairs the two keys that press the focused button go on also where none has the focus. */
function isGoOnKey(event, onButton) {
  return page.dataset.phase === "ended" && !onButton && !event.repeat && ["Enter", " "].includes(event.key);
}

function listenToButtons(stage, acts) {
  for (const button of page.querySelectorAll("[data-answer]")) {
    button.addEventListener("click", (event) => acts.answer(button.dataset.answer, { repeat: event.detail > 1 }));
  }
  const tools = {
    "zoom-in": () => stage.zoomIn(),
    "zoom-out": () => stage.zoomOut(),
    fit: () => stage.fit(),
    "one-to-one": () => stage.oneToOne(),
    apart: acts.takeApart,
    together: acts.bringTogether,
    "take-back": acts.takeBack,
    "change-last": acts.takeBack,
  };
  for (const [name, act] of Object.entries(tools)) at(name)?.addEventListener("click", act);
  at("go-on").addEventListener("click", (event) => event.detail <= 1 && acts.goOn());
  at("again").addEventListener("click", () => location.reload());
  at("pan-open").addEventListener("click", ({ currentTarget: fold }) => (fold.ariaPressed = String(fold.ariaPressed !== "true")));
  // A mouse leaves no focus behind, or the space bar would press the button it was last on.
  page.addEventListener("click", (event) => event.detail > 0 && event.target.closest("button")?.blur());
}

function listenToFlipper(acts) {
  const flipper = at("flip");
  flipper.addEventListener("pointerdown", () => acts.flip(true));
  flipper.addEventListener("keydown", (event) => (event.key === " " || event.key === "Enter") && acts.flip(true));
  for (const type of ["pointerup", "pointercancel", "pointerleave", "keyup"]) flipper.addEventListener(type, () => acts.flip(false));
  flipper.addEventListener("contextmenu", (event) => event.preventDefault());
}
