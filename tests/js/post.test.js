import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";

import { Kept, post, storageOrMemory } from "../../studyapp/static/studyapp/trial/post.js";

const refuse = () => {
  throw new Error("no storage in private windows");
};

async function answeredWith(status, text) {
  const server = createServer((request, response) => request.resume().on("end", () => response.writeHead(status).end(text)));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await post({ kind: "vote", url: `http://127.0.0.1:${server.address().port}/trial/x/vote/`, body: { answer: "left" } });
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

test("what became of a letter", async () => {
  assert.deepEqual(await answeredWith(200, '{"receipt": 17}'), { type: "sent", reply: { receipt: 17 } });
  assert.deepEqual(await answeredWith(409, '{"answer": "right"}'), { type: "refused", reply: { answer: "right" } });
  assert.deepEqual(await answeredWith(403, '{"error": "closed"}'), { type: "rejected", message: "closed" });
  for (const status of [500, 503, 429, 408]) assert.equal((await answeredWith(status, '{"error": "later"}')).type, "failed");
});

test("what isn't the program's own word turns no vote away and acknowledges none", async () => {
  for (const [status, text] of [[404, "<html>"], [403, "{}"], [409, "{}"], [200, "<html>log in to the hotel's network"], [200, "{}"], [204, ""], [200, '{"receipt": 1']])
    assert.equal((await answeredWith(status, text)).type, "failed", `${status} ${text}`);
});

test("no connection is a failure to try again", async () => {
  assert.equal((await post({ url: "http://127.0.0.1:1/", body: {} })).type, "failed");
});

test("unsent votes are kept in order until they have arrived, each session's by itself", () => {
  const storage = storageOrMemory(refuse);
  const letter = (kind, id) => ({ kind, id, url: `/trial/${id}/vote/`, body: { answer: "left" } });
  const page = new Kept(storage, "/look/a/");
  page.keep([letter("shown", "t9"), letter("vote", "t2"), letter("vote", "t1")]);
  const later = new Kept(storage, "/look/a/");
  assert.deepEqual(later.all().map(({ id, body }) => [id, body.answer]), [["t2", "left"], ["t1", "left"]]);
  assert.deepEqual(new Kept(storage, "/look/b/").all(), []);
  page.keep([letter("vote", "t1")]);
  assert.deepEqual(later.all().map(({ id }) => id), ["t1"]);
});

test("the newest votes that arrived are remembered", () => {
  const storage = storageOrMemory(refuse);
  const letter = (id) => ({ kind: "vote", id, url: `/trial/${id}/vote/`, body: { answer: "left" } });
  const page = new Kept(storage, "/look/a/");
  assert.deepEqual(page.receipted(), []);
  for (const id of ["t1", "t2", "t3", "t4", "t5"]) {
    page.keep([letter(id)]);
    page.keep([], { type: "sent" });
  }
  page.keep([letter("t6")]);
  page.keep([], { type: "rejected" });
  assert.deepEqual(new Kept(storage, "/look/a/").takeReceipts(), ["t2", "t3", "t4", "t5"]);
  assert.deepEqual(new Kept(storage, "/look/a/").takeReceipts(), [], "the next page knows them from the server");
  assert.deepEqual(new Kept(storage, "/look/a/").all(), []);
});

test("a page knows whether its votes would outlast it", () => {
  const vote = { kind: "vote", id: "t1", url: "/trial/t1/vote/", body: { answer: "left" } };
  const roomy = { items: {}, length: 0, setItem(key, value) { this.items[key] = value; }, removeItem(key) { delete this.items[key]; }, getItem(key) { return this.items[key] ?? null; } };
  const full = { ...roomy, setItem: refuse };
  assert.equal(new Kept(roomy, "/look/a/").keep([vote]), true);
  assert.equal(new Kept(full, "/look/a/").keep([vote]), false);
  assert.equal(new Kept(storageOrMemory(refuse), "/look/a/").keep([vote]), false);
  assert.equal(new Kept(storageOrMemory(refuse), "/look/a/").isLasting, false);
});

test("a page doesn't throw away what another tab keeps", () => {
  const storage = storageOrMemory(refuse);
  new Kept(storage, "/look/a/").keep([{ kind: "vote", id: "other", url: "", body: {} }]);
  new Kept(storage, "/look/a/").keep([]);
  assert.equal(new Kept(storage, "/look/a/").all().length, 1);
});
