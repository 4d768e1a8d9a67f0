/** Arrow buttons that move what is looked at, for whoever can't drag (WCAG 2.5.7); the style sheet shows them closer than the whole picture. */

const HELD_AFTER_MS = 400;
const HELD_EVERY_MS = 60;
const WAYS = { "pan-left": [-1, 0], "pan-up": [0, -1], "pan-down": [0, 1], "pan-right": [1, 0] };

const at = (name) => document.getElementById(name);

/** `move(right, down)` is called with steps: -1, 0 or 1. */
export function listenToArrows(move) {
  for (const [name, way] of Object.entries(WAYS)) actWhilePressed(at(name), () => move(...way));
}

/** A press acts once; one that is held goes on acting, as a held key does. */
function actWhilePressed(button, act) {
  let timer = null;
  let wasHeld = false;
  const goOn = () => {
    wasHeld = true;
    act();
    timer = setTimeout(goOn, HELD_EVERY_MS);
  };
  button.addEventListener("pointerdown", ({ button: which }) => {
    clearTimeout(timer);
    wasHeld = false;
    if (which === 0) timer = setTimeout(goOn, HELD_AFTER_MS);
  });
  button.addEventListener("pointerleave", () => clearTimeout(timer));
  for (const type of ["pointerup", "pointercancel", "blur"]) addEventListener(type, () => clearTimeout(timer));
  button.addEventListener("click", ({ detail }) => {
    if (!wasHeld || detail === 0) act(); // a key presses without a pointer
    wasHeld = false;
  });
  button.addEventListener("contextmenu", (event) => event.preventDefault());
}
