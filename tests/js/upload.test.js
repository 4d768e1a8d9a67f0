import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";

import { dropped, isWanted } from "../../enhancement/static/enhancement/upload/gather.js";
import { ask, Elsewhere, LOGGED_OUT, Refused, sendFile, Stopped, told, TooLarge, Unreachable } from "../../enhancement/static/enhancement/upload/send.js";
import { Sha256, sha256Of } from "../../enhancement/static/enhancement/upload/sha256.js";
import * as state from "../../enhancement/static/enhancement/upload/state.js";

const { begin, next } = state;
const after = (value, ...events) => events.reduce(next, value);
const add = (...paths) => ({ type: "added", files: paths.map((path) => ({ path, bytes: 1000 })) });
const row = (path, more = {}) => ({ id: path.length, path, bytes: 1000, offset: 0, sha256: "", state: "arriving", zip: false, ...more });
const announced = (...paths) => ({ type: "announced", answers: paths.map((path) => ({ path, file: row(path), problem: "" })) });
const ready = (...paths) => after(begin(), add(...paths), announced(...paths));
const statuses = (value) => Object.fromEntries(value.files.map((file) => [file.path, file.status]));

test("files are announced, then sent two at a time, in their order", () => {
  const fresh = after(begin(), add("a.jpg", "b.jpg", "c.jpg"));
  assert.equal(state.unannounced(fresh).length, 3);
  assert.deepEqual(state.due(fresh, 0), []);
  const value = after(fresh, announced("a.jpg", "b.jpg", "c.jpg"));
  assert.deepEqual(state.due(value, 0).map((file) => file.path), ["a.jpg", "b.jpg"]);
  const one = after(value, { type: "starting", path: "a.jpg" });
  assert.deepEqual(state.due(one, 0).map((file) => file.path), ["b.jpg"]);
  const both = after(one, { type: "starting", path: "b.jpg" });
  assert.deepEqual(state.due(both, 0), []);
  assert.deepEqual(state.due(after(both, { type: "sent", path: "a.jpg", sha256: "x" }), 0).map((file) => file.path), ["c.jpg"]);
});

test("a failed file is tried again after longer and longer waits of at most half a minute", () => {
  let value = ready("a.jpg");
  const waits = [];
  for (let at = 1000, n = 0; n < 8; n++) {
    value = after(value, { type: "starting", path: "a.jpg" }, { type: "failed", path: "a.jpg", at, message: "no connection" });
    waits.push(state.dueAt(value) - at);
    assert.deepEqual(state.due(value, state.dueAt(value) - 1), []);
    at = state.dueAt(value);
    assert.equal(state.due(value, at).length, 1);
  }
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  assert.equal(state.due(after(value, { type: "again" }), 0).length, 1, "the network is back");
});

test("bytes that arrive make the next failure a first one", () => {
  const value = after(ready("a.jpg"), ...[1, 2, 3].map((at) => ({ type: "failed", path: "a.jpg", at, message: "" })), { type: "progress", path: "a.jpg", offset: 5, at: 9 });
  assert.equal(state.dueAt(after(value, { type: "failed", path: "a.jpg", at: 10, message: "" })), 1010);
});

test("after a reload what is whole is sent, and what isn't waits for its file", () => {
  const value = begin({ files: [row("a.jpg", { state: "whole", offset: 1000 }), row("b.jpg", { offset: 400 })] });
  assert.deepEqual(statuses(value), { "a.jpg": "sent", "b.jpg": "missing" });
  assert.deepEqual(state.due(value, 0), []);
  assert.equal(state.isComplete(value), false);
  const again = after(value, add("b.jpg"), { type: "announced", answers: [{ path: "b.jpg", file: row("b.jpg", { offset: 400, sha256: "x" }) }] });
  assert.deepEqual([state.due(again, 0)[0].offset, state.due(again, 0)[0].sha256], [400, "x"]);
  assert.equal(state.isComplete(after(again, { type: "sent", path: "b.jpg", sha256: "x" })), true);
});

test("what a system left is passed over, what is refused says why, and both are no reason to wait", () => {
  const value = after(begin(), add("a.jpg", "Thumbs.db", "big.tif"), {
    type: "announced",
    answers: [{ path: "a.jpg", file: row("a.jpg") }, { path: "Thumbs.db", file: null, problem: "" }, { path: "big.tif", file: null, problem: "too large" }],
  });
  assert.deepEqual(statuses(value), { "a.jpg": "queued", "big.tif": "refused" });
  assert.equal(value.files.find(({ path }) => path === "big.tif").message, "too large");
  assert.equal(state.isComplete(after(value, { type: "sent", path: "a.jpg", sha256: "" })), false, "a person must take it out first");
  assert.equal(state.isComplete(after(value, { type: "sent", path: "a.jpg", sha256: "" }, { type: "removed", paths: ["big.tif"] })), true);
});

test("of two announcements on their way the later answer changes nothing about a file that has begun", () => {
  const sending = after(ready("a.jpg", "b.jpg"), { type: "starting", path: "a.jpg" }, { type: "sent", path: "b.jpg", sha256: "x" });
  assert.deepEqual(after(sending, announced("a.jpg", "b.jpg")), sending);
  assert.deepEqual(after(sending, { type: "announced", answers: [{ path: "a.jpg", file: null, problem: "" }] }), sending);
});

test("a full disk or a lost login stops everything until a person goes on", () => {
  const value = after(ready("a.jpg", "b.jpg"), { type: "starting", path: "a.jpg" }, { type: "stopped", message: "disk full" });
  assert.deepEqual([state.due(value, 1e9), value.stopped], [[], "disk full"]);
  const on = after(value, { type: "again" });
  assert.deepEqual([state.due(on, 0).length, on.stopped], [2, null]);
});

test("a proxy that takes no large bodies gets smaller pieces", () => {
  let value = ready("a.jpg");
  for (let n = 0; n < 10; n++) value = after(value, { type: "too large", path: "a.jpg", at: 0 });
  assert.equal(value.pieceBytes, 64 << 10);
});

test("totals count what is there, and the time left comes from the last moments", () => {
  const value = after(ready("a.jpg", "b.jpg"), { type: "progress", path: "a.jpg", offset: 0, at: 0 }, { type: "progress", path: "a.jpg", offset: 500, at: 5000 });
  assert.deepEqual([state.totals(value).bytes, state.totals(value).there], [2000, 500]);
  assert.equal(state.secondsLeft(ready("a.jpg"), 9), null);
  const left = state.secondsLeft(after(value, { type: "progress", path: "a.jpg", offset: 1000, at: 10000 }), 10000);
  assert.equal(Math.round(left), 10);
  assert.deepEqual([4, 42, 130, 9000].map(state.inWords), ["a few seconds left", "about 40 s left", "about 2 min left", "about 3 h left"]);
  assert.deepEqual([900, 2500000, 52e6, 3.2e9].map(state.inBytes), ["1 kB", "2.5 MB", "52 MB", "3.2 GB"]);
});

test("folders are told apart only where a person must choose", () => {
  const of = (...paths) => state.foldersAmong(paths);
  assert.deepEqual(of("trip/a.jpg", "trip/b.jpg"), []);
  assert.deepEqual(of("mine/phone/a.jpg", "mine/dslr/a.jpg"), ["dslr", "phone"]);
  assert.deepEqual(of("mine/input/a.jpg", "mine/reference/a.jpg"), ["input", "reference"]);
  assert.equal(state.mustChooseFolders(of("mine/phone/a.jpg", "mine/dslr/a.jpg")), true);
  assert.equal(state.mustChooseFolders(of("mine/input/a.jpg", "mine/reference/a.jpg")), false);
});

test("events change nothing in place, and an unknown one is an error", () => {
  const value = ready("a.jpg", "b.jpg");
  const deepFreeze = (one) => (one && typeof one === "object" ? (Object.values(one).forEach(deepFreeze), Object.freeze(one)) : one);
  deepFreeze(value);
  for (const type of ["starting", "progress", "sent", "failed", "too large", "rejected"]) next(value, { type, path: "a.jpg", at: 0, offset: 1 });
  assert.throws(() => next(value, { type: "nonsense" }), /nonsense/);
});

// ---- hashing

test("the hash is SHA-256's, however the bytes come", async () => {
  for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000, 5000]) {
    const bytes = randomBytes(length);
    const right = createHash("sha256").update(bytes).digest("hex");
    assert.equal(new Sha256().add(bytes).end(), right);
    const cut = length >> 1;
    assert.equal(new Sha256().add(bytes.subarray(0, cut)).add(bytes.subarray(cut)).end(), right);
  }
  const file = new Blob([randomBytes(3 << 20)]);
  assert.equal(await sha256Of(file, { subtle: null }), await sha256Of(file));
});

// ---- sending

const asked = (answer) => {
  try {
    return told(answer);
  } catch (error) {
    return error;
  }
};

test("what an answer means", () => {
  const json = (status, reply) => asked({ status, isJson: true, text: JSON.stringify(reply) });
  assert.deepEqual(json(200, { offset: 5 }), { offset: 5 });
  assert.equal(json(409, { offset: 7 }) instanceof Elsewhere, true);
  assert.equal(json(507, { error: "disk" }) instanceof Stopped, true);
  assert.equal(json(400, { error: "too many" }).message, "too many");
  assert.equal(json(400, { fields: {} }) instanceof Refused, true);
  for (const status of [500, 502, 503, 429]) assert.equal(asked({ status, isJson: false, text: "" }) instanceof Unreachable, true);
  assert.equal(asked({ status: 413, isJson: false, text: "" }) instanceof TooLarge, true);
  for (const status of [0, 200, 302, 403]) assert.equal(asked({ status, isJson: false, text: "<html>" }).message, LOGGED_OUT);
});

test("an answer that breaks off, or is no JSON, is worth another try", async () => {
  for (const text of ["", '{"offset": 5', "<html>"]) assert.equal(asked({ status: 200, isJson: true, text }) instanceof Unreachable, true);
  assert.equal(asked({ status: 413, isJson: true, text: "" }) instanceof TooLarge, true);
  const breaksOff = new ReadableStream({ start: (body) => body.enqueue(new TextEncoder().encode("{")), pull: (body) => body.error(new TypeError("cut")) });
  const answer = new Response(breaksOff, { headers: { "Content-Type": "application/json" } });
  await assert.rejects(ask("/x", {}, async () => answer), Unreachable);
});

test("no connection is worth another try", async () => {
  await assert.rejects(ask("http://127.0.0.1:1/"), Unreachable);
});

/** A server that keeps what it is sent; `answers` are thrown first, one each time. */
function server(bytes, answers = []) {
  let kept = Buffer.alloc(0);
  return {
    calls: [],
    async put(url, blob) {
      const offset = Number(new URL(url, "http://x").searchParams.get("offset"));
      this.calls.push(offset);
      if (answers.length) throw answers.shift();
      if (offset !== kept.length) throw new Elsewhere(kept.length);
      kept = Buffer.concat([kept, Buffer.from(await blob.arrayBuffer())]);
      return { offset: kept.length, whole: kept.length === bytes.length };
    },
    keep: (start) => (kept = bytes.subarray(0, start)),
    kept: () => kept,
  };
}

async function send(bytes, one, known = {}) {
  const events = [];
  await sendFile({
    known: { path: "a.jpg", offset: 0, sha256: "", ...known }, file: new Blob([bytes]), url: "/x", token: "", pieceBytes: 300,
    tell: (event) => events.push(event), hashing: async () => "abc", put: (...told) => one.put(...told), now: () => 1,
  });
  return events;
}

test("a file goes in pieces and arrives as it was", async () => {
  const bytes = randomBytes(1000);
  const one = server(bytes);
  const events = await send(bytes, one);
  assert.deepEqual([one.calls, events.at(-1)], [[0, 300, 600, 900], { type: "sent", path: "a.jpg", sha256: "abc" }]);
  assert.deepEqual(one.kept(), bytes);
});

test("the same file goes on where the server has it, another one from the start", async () => {
  const bytes = randomBytes(1000);
  const same = server(bytes);
  same.keep(600);
  await send(bytes, same, { offset: 600, sha256: "abc" });
  assert.deepEqual(same.calls, [600, 900]);
  const other = server(bytes);
  await send(bytes, other, { offset: 600, sha256: "of another file" });
  assert.deepEqual(other.calls, [0, 300, 600, 900]);
});

test("the server's word of where to go on is taken", async () => {
  const bytes = randomBytes(1000);
  const one = server(bytes);
  one.keep(450);
  assert.equal((await send(bytes, one)).at(-1).type, "sent");
  assert.deepEqual(one.calls, [0, 450, 750]);
});

test("what stands in the way is an event", async () => {
  const bytes = randomBytes(1000);
  const last = async (error) => (await send(bytes, server(bytes, Array(9).fill(error)))).at(-1);
  assert.equal((await last(new Unreachable("gone"))).type, "failed");
  assert.equal((await last(new Elsewhere(5))).type, "failed");
  assert.equal((await last(new TooLarge())).type, "too large");
  assert.deepEqual(await last(new Stopped("disk")), { type: "stopped", message: "disk" });
  assert.deepEqual(await last(new Refused("no")), { type: "rejected", path: "a.jpg", message: "no" });
});

test("what can't be read of a drop is told, and the rest isn't lost", async () => {
  const file = (name) => ({ name, isFile: true, file: (resolve) => resolve(name) });
  const unreadable = (name) => ({ name, isFile: true, file: (_, reject) => reject(new DOMException("gone", "NotFoundError")) });
  const folder = (name, ...batches) => ({ name, createReader: () => ({ readEntries: (resolve, reject) => (batches[0] ? resolve(batches.shift()) : reject(new DOMException("gone"))) }) });
  const items = [file("a.jpg"), unreadable("b.jpg"), folder("in", [file("c.jpg"), unreadable("d.jpg")], [file("e.jpg")], []), folder("locked")];
  const found = await dropped({ items: items.map((entry) => ({ kind: "file", webkitGetAsEntry: () => entry })) });
  const paths = (wanted) => found.filter(wanted).map(({ path }) => path);
  assert.deepEqual(paths((one) => one.file), ["a.jpg", "in/c.jpg", "in/e.jpg"]);
  assert.deepEqual(paths((one) => !one.file), ["b.jpg", "in/d.jpg", "locked"]);
});

test("hidden files and systems' own aren't sent", () => {
  assert.deepEqual(["a.jpg", "in/.DS_Store", "__MACOSX/a.jpg", "in/Thumbs.db", ".git/x", "in/b.heic"].filter(isWanted), ["a.jpg", "in/b.heic"]);
});
