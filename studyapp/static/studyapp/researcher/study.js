// The study's page: a button that copies the observers' link, and numbers that stay fresh while the page is looked at.

import "./copy.js";

const WHILE_WORKING_MS = 2000;
const OTHERWISE_MS = 15000;

async function refresh() {
  if (!document.hidden) {
    try {
      const answer = await fetch(location.href);
      if (answer.ok && !answer.redirected) replaceLive(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch (offline) {
      if (!(offline instanceof TypeError)) throw offline; // fetch's word for a lost network: the next round asks again
    }
  }
  wait();
}

function replaceLive(fresh) {
  for (const old of document.querySelectorAll("[data-live]")) {
    const now = fresh.querySelector(`[data-live="${old.dataset.live}"]`);
    if (now && !now.isEqualNode(old) && !old.contains(document.activeElement)) old.replaceWith(now);
  }
}

function wait() {
  setTimeout(refresh, document.querySelector("[data-again]") ? WHILE_WORKING_MS : OTHERWISE_MS);
}

wait();
