// The monitor: asks for the numbers every few seconds while somebody looks, and takes the page's parts anew where there is news.
// Screening, which reads every vote, is asked for once a minute at most; scores when their cover is lifted, and not before.

import { fetched, replaceLive } from "./fresh.js";

const EVERY_MS = 4000;
const SCREENING_EVERY_MS = 60000;
const live = document.getElementById("live");
const cover = document.getElementById("cover");
const screening = document.getElementById("screening");
let timer = null;
const screened = { at: -Infinity, stamp: "" };

async function refresh() {
  if (await isNews()) {
    const fresh = await fetched(location.href);
    if (fresh) {
      replaceLive(fresh);
      live.dataset.stamp = fresh.getElementById("live").dataset.stamp;
    }
  }
  await screen();
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

async function screen() {
  const { stamp } = live.dataset;
  if (stamp === screened.stamp || performance.now() - screened.at < SCREENING_EVERY_MS) return;
  screened.at = performance.now();
  if (await fill(screening, screening.dataset.part)) screened.stamp = stamp;
}

/** Whether the place holds the part now. */
async function fill(place, address) {
  const part = await fetched(address);
  const isFilled = Boolean(part) && !place.contains(document.activeElement);
  if (isFilled) place.replaceChildren(...part.body.childNodes);
  return isFilled;
}

function wait() {
  clearTimeout(timer);
  timer = document.hidden ? null : setTimeout(refresh, EVERY_MS);
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) wait();
  else if (timer === null) refresh();
});

cover.addEventListener("toggle", () => {
  if (cover.open) fill(document.getElementById("scores"), cover.dataset.part);
});

screen();
wait();
