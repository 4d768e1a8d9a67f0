/**
 * Votes that still lie in this browser when their sitting has ended elsewhere: each is sent once more. One that is no longer
 * counted is kept on the server as such, and the observer is told. Where there is no connection they stay for the next visit.
 */

import { Kept, post, storageOrMemory } from "./post.js";
import { plural } from "./words.js";

const late = document.getElementById("late");
const kept = new Kept(storageOrMemory(), late.dataset.sitting);

async function deliver() {
  let waiting = kept.all().map((vote) => ({ kind: "vote", ...vote }));
  let tooLate = 0;
  kept.keep(waiting);
  for (const letter of waiting) {
    const { type } = await post(letter);
    if (type === "failed") break;
    if (type !== "sent") tooLate += 1;
    waiting = waiting.filter(({ id }) => id !== letter.id);
    kept.keep(waiting);
  }
  if (tooLate) tell(tooLate);
}

function tell(n) {
  late.textContent = plural(late.dataset.sayLate, n);
  late.hidden = false;
}

deliver();
addEventListener("online", deliver);
