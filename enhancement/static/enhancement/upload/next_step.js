/** What comes next, kept fresh while workers are at it. */

const EVERY_MS = 2000;

async function refresh() {
  const old = document.getElementById("next-step");
  try {
    const answer = document.hidden ? null : await fetch(location.href);
    const fresh = answer?.ok && !answer.redirected && new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("next-step");
    if (fresh && !fresh.isEqualNode(old)) old.replaceWith(document.adoptNode(fresh));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // fetch's word for a lost network: the next round asks again
  }
  wait();
}

function wait() {
  if (document.querySelector("#next-step[data-again]")) setTimeout(refresh, EVERY_MS);
}

wait();
