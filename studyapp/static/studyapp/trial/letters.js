/** What has to leave the page, oldest first: only the head is ever sent, and again until it has arrived. Pure. */

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30000;

export function letter(kind, id, url, body) {
  return { kind, id, url, body, attempts: 0, retryAt: 0, sending: false };
}

export const ofHead = (state, change) =>
  state.outbox.length ? { ...state, outbox: [change(state.outbox[0]), ...state.outbox.slice(1)] } : state;

export function putOff(head, at) {
  const wait = Math.min(FIRST_RETRY_MS * 2 ** head.attempts, LONGEST_RETRY_MS);
  return { ...head, sending: false, attempts: head.attempts + 1, retryAt: at + wait };
}

/** How many votes the server hasn't acknowledged. */
export function unsentVotes({ outbox }) {
  return outbox.filter((item) => item.kind === "vote").length;
}

/** Whether letters wait for a connection, not just for their turn. */
export function isHeldUp({ outbox }) {
  return (outbox[0]?.attempts ?? 0) > 0;
}

/** The letter to send now, or null. */
export function due({ outbox: [head] }, at) {
  return head && !head.sending && head.retryAt <= at ? head : null;
}

/** When to look again for a letter to send, or null. */
export function dueAt({ outbox: [head] }) {
  return head && !head.sending ? head.retryAt : null;
}
