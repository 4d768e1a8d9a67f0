/**
 * Observers without a screen: the page's own state and letters, over a bad network, until every pair has its answer.
 *
 * Asked on standard input: `{site, tokens, seed, parallel, reloads, contradictions}`, the last two as chances per pair. Each session says on a
 * line of standard output what it answered, what it said otherwise afterwards, and how often it was reloaded and had to try again.
 */

import { readFileSync } from "node:fs";

import { due, dueAt } from "../../studyapp/static/studyapp/trial/letters.js";
import { phase as phaseOf } from "../../studyapp/static/studyapp/trial/phase.js";
import { Kept, post } from "../../studyapp/static/studyapp/trial/post.js";
import * as session from "../../studyapp/static/studyapp/trial/state.js";

const HASTE = 20; // this clock runs so much faster than the wall's: observers look briefly and waits between tries are short
const asked = JSON.parse(readFileSync(0, "utf8"));
const clock = () => performance.now() * HASTE;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const fetching = (url, options) => fetch(asked.site + url, options);

/** What localStorage is to a page: it outlives every page of its session. */
class Storage {
  entries = new Map();
  get length() { return this.entries.size; }
  key(index) { return [...this.entries.keys()][index] ?? null; }
  getItem(key) { return this.entries.get(key) ?? null; }
  setItem(key, value) { this.entries.set(key, value); }
  removeItem(key) { this.entries.delete(key); }
}

/** One opening of the page: what page.js does, without document. */
class Page {
  constructor(given, kept) {
    this.kept = kept;
    this.isOpen = true;
    this.failures = 0;
    this.state = session.begin(given, { kept: kept.all(), receipted: kept.takeReceipts(), isLasting: kept.isLasting });
    this.send();
  }

  dispatch(event) {
    if (!this.isOpen) return;
    const before = this.state;
    this.state = session.next(before, event);
    if (this.state.outbox !== before.outbox) this.state = session.next(this.state, { type: "kept", isLasting: this.kept.keep(this.state.outbox, event) });
    this.send();
  }

  async send() {
    clearTimeout(this.timer);
    const letter = this.isOpen && due(this.state, clock());
    const later = this.isOpen ? dueAt(this.state) : null;
    if (!letter) {
      if (later !== null) this.timer = setTimeout(() => this.send(), Math.max(later - clock(), 0) / HASTE + 1);
      return;
    }
    this.dispatch({ type: "sending" });
    const outcome = await post(letter, fetching);
    this.failures += outcome.type === "failed";
    this.dispatch({ ...outcome, at: clock() });
  }

  /** Look at the current pair and answer it. */
  answer(said) {
    const { id } = this.state.current.trial;
    for (const side of ["left", "right"]) this.dispatch({ type: "painted", id, side, at: clock() });
    const at = clock();
    this.dispatch({ type: "shown", id, at, device: DEVICE });
    // A millisecond more: the sum is rounded, and 199.999… ms are too soon.
    this.dispatch({ type: "answer", answer: said, at: at + session.TOO_SOON_MS + 1, device: DEVICE });
    if (!this.state.closed.includes(id)) throw new Error(`the page didn't take the answer to ${id}`);
  }

  close() {
    this.isOpen = false;
    clearTimeout(this.timer);
  }
}

const DEVICE = { device_pixel_ratio: 1, viewport_width_px: 800, viewport_height_px: 600, browser_zoom: 1, gamut: "srgb", drawer: "canvas" };

/** A small generator with a seed (mulberry32), so that a run can be had again. */
function dice(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function open(token, kept) {
  for (;;) {
    try {
      const response = await fetching(`/look/${token}/`);
      const html = await response.text();
      if (response.url.endsWith("/thanks/")) return null;
      const told = /<script id="state" type="application\/json">(.*?)<\/script>/s.exec(html);
      if (response.ok && told) return new Page(JSON.parse(told[1]), kept);
    } catch {
      // no connection: open the page again
    }
    await sleep(50);
  }
}

/** Say otherwise once the first answer is stored, as from a device that was left open. */
async function contradict(vote, otherwise) {
  for (;;) {
    const { type } = await post({ ...vote, body: { ...vote.body, answer: otherwise } }, fetching);
    if (type !== "failed") return type;
    await sleep(25);
  }
}

async function observe(token, number) {
  const roll = dice(asked.seed * 1000 + number);
  const kept = new Kept(new Storage(), `/look/${token}/`);
  const told = { token, answers: {}, contradictions: {}, refused: 0, reloads: 0, failures: 0, stopped: null };
  let page = await open(token, kept);
  while (page) {
    const phase = phaseOf(page.state);
    if (phase === "finished" || phase === "stopped") {
      told.stopped ??= page.state.stopped;
      page.close();
      told.failures += page.failures;
      page = phase === "stopped" ? null : await open(token, kept);
      continue;
    }
    if (!page.state.current) {
      await sleep(10);
      continue;
    }
    const { id } = page.state.current.trial;
    told.answers[id] ??= [];
    const said = roll() < 0.5 ? "left" : "right";
    told.answers[id].push(said);
    page.answer(said);
    const vote = page.state.outbox.findLast((letter) => letter.kind === "vote");
    if (roll() < asked.reloads) {
      page.close(); // with whatever is on its way
      told.failures += page.failures;
      told.reloads += 1;
      page = await open(token, kept);
    } else if (roll() < asked.contradictions) {
      while (page.state.outbox.some((letter) => letter.id === id)) await sleep(10);
      told.contradictions[id] = said === "left" ? "right" : "left";
      told.refused += (await contradict(vote, told.contradictions[id])) === "refused";
    }
  }
  process.stdout.write(`${JSON.stringify(told)}\n`);
}

const waiting = asked.tokens.map((token, number) => () => observe(token, number));
await Promise.all(Array.from({ length: asked.parallel }, async () => {
  while (waiting.length) await waiting.shift()();
}));
