/** Keeps what a page says of unfinished work fresh: asks every few seconds while some is unfinished and somebody looks. */

const EVERY_MS = 3000;
let timer = null;

async function refresh() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.redirected) return location.reload(); // logged out meanwhile: to the login
    if (answer.ok) replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch (offline) {
    if (!(offline instanceof TypeError)) throw offline; // fetch's word for a lost network: the next round asks again
  }
  wait();
}

/** Only what changed is replaced, and whoever stands in it with the keyboard goes on standing there, also where it moved. */
function replace(fresh) {
  const focused = document.activeElement;
  for (const old of document.querySelectorAll("[data-live]")) {
    const now = fresh.querySelector(`[data-live="${old.dataset.live}"]`);
    if (now && !isSame(old, now)) old.replaceWith(now);
  }
  if (!focused.isConnected) (document.getElementById(focused.id) ?? nearest(focused))?.focus({ preventScroll: true });
}

/** Forms carry another token each time; that alone is no news. */
function isSame(old, now) {
  const plain = (node) => node.outerHTML.replace(/name="csrfmiddlewaretoken" value="[^"]*"/g, "");
  return plain(old) === plain(now);
}

/** A button that is gone leaves the focus to its job. */
function nearest(element) {
  return document.getElementById(element.id.replace(/^(cancel|retry)-/, "job-"));
}

function wait() {
  clearTimeout(timer);
  timer = null;
  if (document.querySelector("[data-unfinished]") && !document.hidden) timer = setTimeout(refresh, EVERY_MS);
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return wait();
  if (timer === null && document.querySelector("[data-unfinished]")) refresh();
});

wait();
