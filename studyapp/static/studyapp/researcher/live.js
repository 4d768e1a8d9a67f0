// The monitor: asks for the numbers every few seconds while somebody looks, and takes the page's parts anew where there is news.
// Scores are fetched when their cover is lifted, and not before.

import { fetched, replaceLive } from "./fresh.js";

const EVERY_MS = 4000;
const live = document.getElementById("live");
const cover = document.getElementById("cover");
let timer = null;

async function refresh() {
  if (await isNews()) {
    const fresh = await fetched(location.href);
    if (fresh) {
      replaceLive(fresh);
      live.dataset.stamp = fresh.getElementById("live").dataset.stamp;
    }
  }
  wait();
}

async function isNews() {
  try {
    const answer = await fetch(live.dataset.numbers, { headers: { Accept: "application/json" } });
    if (answer.redirected) return location.reload(); // logged out meanwhile: to the login
    return answer.ok && (await answer.json()).stamp !== live.dataset.stamp;
  } catch (offline) {
    if (!(offline instanceof TypeError)) throw offline; // fetch's word for a lost network: the next round asks again
    return false;
  }
}

function wait() {
  clearTimeout(timer);
  timer = document.hidden ? null : setTimeout(refresh, EVERY_MS);
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) wait();
  else if (timer === null) refresh();
});

cover.addEventListener("toggle", async () => {
  if (!cover.open) return;
  const part = await fetched(cover.dataset.scores);
  if (part) document.getElementById("scores").replaceChildren(...part.body.childNodes);
});

wait();
