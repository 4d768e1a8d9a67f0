/**
 * The switch beside the names of the keys: whether keys of single characters do something (WCAG 2.1.4). This browser remembers it.
 *
 * Whoever speaks to a computer, or rests on its keys, presses letters by mistake. Arrows, Space, Enter and Backspace always work.
 */

import { isCharacter } from "./keys.js";
import { storageOrMemory, tryToStore } from "./post.js";

const PLACE = "phoropter:character-keys";

const page = document.getElementById("look");
const button = document.getElementById("character-keys");
const storage = storageOrMemory();
const named = [...page.querySelectorAll("[aria-keyshortcuts]")].map((one) => [one, one.getAttribute("aria-keyshortcuts")]);

/** Whether a key does nothing here. */
export const isSwitchedOff = (key) => isCharacter(key) && page.dataset.characterKeys === "off";

/** What no longer works isn't named either. */
function switchTo(on) {
  page.dataset.characterKeys = on ? "on" : "off";
  button.ariaChecked = String(on);
  for (const [one, keys] of named) {
    if (on || !isCharacter(keys)) one.setAttribute("aria-keyshortcuts", keys);
    else one.removeAttribute("aria-keyshortcuts");
  }
}

button.addEventListener("click", () => {
  switchTo(page.dataset.characterKeys === "off");
  tryToStore(storage, PLACE, page.dataset.characterKeys);
});
addEventListener("storage", ({ key, newValue }) => key === PLACE && switchTo(newValue !== "off"));
switchTo(storage.getItem(PLACE) !== "off");
