/** Letters to the server, and the drawer in which unsent votes survive a reload, a crash and a lost network. */

const PATIENCE_MS = 15000;
const ARRIVED = new Set(["sent", "refused"]);
const RECEIPTS_KEPT = 4; // a page is made with two trials at most
const WORTH_RETRYING = new Set([408, 425, 429]);

/**
 * Send one letter and say what became of it, as an event for the state.
 *
 * Only the program itself may turn a vote away, and it says why in JSON. Whatever else answers (a proxy, a hotel's log-in
 * page, a server that is starting) is no answer: the same letter is sent again.
 */
export async function post(letter, fetching = fetch) {
  let response;
  let reply;
  try {
    response = await fetching(letter.url, request(letter.body));
    reply = response.status === 204 ? {} : await response.json();
  } catch (error) {
    return { type: "failed", reason: response ? `status ${response.status}` : error.message };
  }
  const isReceipt = letter.kind !== "vote" || reply.receipt !== undefined;
  if (response.ok && isReceipt) return { type: "sent", reply };
  if (response.status === 409 && reply.answer) return { type: "refused", reply };
  const isFinal = response.status >= 400 && response.status < 500 && !WORTH_RETRYING.has(response.status) && reply.error;
  return isFinal ? { type: "rejected", message: reply.error } : { type: "failed", reason: `status ${response.status}` };
}

/** `keepalive` lets a letter go out while its page is being closed. */
const request = (body) => ({
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body),
  credentials: "same-origin",
  keepalive: true,
  signal: AbortSignal.timeout(PATIENCE_MS),
});

/** Votes of one session that the server hasn't acknowledged, one entry each, so that two tabs don't overwrite one another. */
export class Kept {
  constructor(storage, session) {
    this.storage = storage;
    this.prefix = `phoropter:${session}:vote:`;
    this.receipts = `phoropter:${session}:receipted`;
    this.mine = new Set();
  }

  all() {
    const keys = Array.from({ length: this.storage.length }, (_, index) => this.storage.key(index));
    const votes = keys.filter((key) => key.startsWith(this.prefix)).map((key) => JSON.parse(this.storage.getItem(key)));
    return votes.sort((a, b) => a.order - b.order);
  }

  /**
   * Make the drawer hold exactly the votes that wait in an outbox. Returns whether they would outlast this page.
   * `type`: the event after which it does; by it is known whether what waits no longer has arrived, or was turned away.
   */
  keep(outbox, { type } = {}) {
    const votes = outbox.filter((letter) => letter.kind === "vote");
    const waiting = new Set(votes.map(({ id }) => id));
    const gone = [...this.mine].filter((id) => !waiting.has(id));
    if (ARRIVED.has(type) && gone.length) tryToStore(this.storage, this.receipts, JSON.stringify([...this.receipted(), ...gone].slice(-RECEIPTS_KEPT)));
    for (const id of gone) this.storage.removeItem(this.prefix + id);
    this.mine = waiting;
    return votes.map((vote, order) => this.put(vote, order)).every(Boolean) && this.isLasting;
  }

  /** The newest votes that have arrived, by their trials: a page that was made while they were on their way still asks for them. */
  receipted() {
    return JSON.parse(this.storage.getItem(this.receipts) ?? "[]");
  }

  /** The same, for a page that begins: whatever page is made from now on knows of them. */
  takeReceipts() {
    const receipted = this.receipted();
    this.storage.removeItem(this.receipts);
    return receipted;
  }

  get isLasting() {
    return !(this.storage instanceof MemoryStorage);
  }

  put({ id, url, body }, order) {
    return tryToStore(this.storage, this.prefix + id, JSON.stringify({ id, url, body, order }));
  }
}

/** Browsers refuse to store when the space for a site is used up: the caller must know, and go on without. */
export function tryToStore(storage, key, value) {
  try {
    storage.setItem(key, value);
    return true;
  } catch {
    return false;
  }
}

/** A storage for browsers that have none to give (some private windows): votes then last as long as the page. */
export function storageOrMemory(open = () => globalThis.localStorage) {
  try {
    const storage = open();
    storage.getItem("phoropter:probe");
    return storage;
  } catch {
    return new MemoryStorage();
  }
}

class MemoryStorage {
  entries = new Map();

  get length() {
    return this.entries.size;
  }

  key(index) {
    return [...this.entries.keys()][index] ?? null;
  }

  getItem(key) {
    return this.entries.get(key) ?? null;
  }

  setItem(key, value) {
    this.entries.set(key, value);
  }

  removeItem(key) {
    this.entries.delete(key);
  }
}
