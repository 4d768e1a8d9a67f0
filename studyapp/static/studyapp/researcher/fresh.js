// Parts of a page marked `data-live` take what a newer copy of the page says. Whoever stands in one with the keyboard goes on
// standing there, if what they stand on has an id; else that part waits until they have left.

export function replaceLive(fresh) {
  for (const old of document.querySelectorAll("[data-live]")) {
    const now = fresh.querySelector(`[data-live="${old.dataset.live}"]`);
    if (!now || now.isEqualNode(old)) continue;
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    if (focused && !(focused.id && now.querySelector(`#${CSS.escape(focused.id)}`))) continue;
    const scrolled = [...old.querySelectorAll("[id]")].filter((part) => part.scrollTop).map((part) => [part.id, part.scrollTop]);
    old.replaceWith(now);
    for (const [id, top] of scrolled) document.getElementById(id)?.scrollTo({ top });
    if (focused) document.getElementById(focused.id).focus({ preventScroll: true });
  }
}

/** A page or a part of one, as nodes; nothing where there was no answer to have. */
export async function fetched(address) {
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    if (answer.redirected) return location.reload(); // logged out meanwhile: to the login
    if (answer.ok) return new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch (offline) {
    if (!(offline instanceof TypeError)) throw offline; // fetch's word for a lost network: the next round asks again
  }
  return null;
}
