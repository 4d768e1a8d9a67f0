/**
 * One tab at a time: two tabs of one sitting would show one pair twice and could answer it differently.
 *
 * The tab opened last has the sitting; `onMoved` is called in the others, and `onTakenOver` in it when another gave way.
 * Works where Web Locks don't: on plain http in a laboratory's own network.
 */
export function onlyOneTab(sitting, { onMoved, onTakenOver }) {
  const since = performance.timeOrigin + performance.now() + Math.random() / 1000;
  const channel = new BroadcastChannel(`phoropter:${sitting}`);
  channel.addEventListener("message", ({ data }) => {
    if (data.gaveWay) return onTakenOver();
    if (data.since < since) return channel.postMessage({ since });
    channel.postMessage({ gaveWay: true });
    onMoved();
  });
  channel.postMessage({ since });
}
