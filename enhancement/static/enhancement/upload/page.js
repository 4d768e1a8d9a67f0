/** The page that photos come in by: wires the state to the files, the network and the elements; decides nothing itself. */

import { chosen, dropped } from "./gather.js";
import { paintFiles, paintReport } from "./rows.js";
import { ask, Refused, sendFile, Stopped, Unreachable } from "./send.js";
import { sha256Of } from "./sha256.js";
import * as upload from "./state.js";

const FOLLOW_EVERY_MS = 1000;
const ASK_AGAIN_MS = 3000;
const UNDER_WAY = ["queued", "running"];

const byId = (id) => document.getElementById(id);
const root = byId("upload");
const token = root.querySelector("[name=csrfmiddlewaretoken]").value;
const form = byId("make");
const held = new Map(); // the browser's files, by path
let address = root.dataset.page ?? "";
let state = upload.begin(undefined, Number(root.dataset.pieceBytes));
let report = [];
let zippedFolders = [];
let room = Number(root.dataset.roomBytes);
let job = null;
let timer = 0;
let isFollowing = false;
let followTimer = 0;

function tell(event) {
  state = upload.next(state, event);
  paint();
  pump();
}

// ---- files in

async function add(found) {
  const files = found.filter(({ file }) => file);
  sayUnread(found.length - files.length);
  if (!files.length) return;
  proposeName(files[0].path);
  for (const { path, file } of files) held.set(path, file);
  tell({ type: "added", files: files.map(({ path, file }) => ({ path, bytes: file.size })) });
  await announce();
}

function sayUnread(count) {
  byId("unread").hidden = !count;
  byId("unread").textContent = `${count} file${count > 1 ? "s or folders" : " or folder"} could not be read and ${count > 1 ? "were" : "was"} left out. Choose ${count > 1 ? "them" : "it"} again, or look whether this computer lets you open ${count > 1 ? "them" : "it"}.`;
}

async function announce() {
  try {
    await begun();
    for (;;) {
      const some = upload.unannounced(state).slice(0, Number(root.dataset.announcedAtOnce));
      if (!some.length) return;
      const { files } = await ask(`${address}files/`, { body: { files: some.map(({ path, bytes }) => ({ path, bytes })) }, token });
      tell({ type: "announced", answers: files });
    }
  } catch (error) {
    if (error instanceof Unreachable) setTimeout(announce, ASK_AGAIN_MS);
    else if (error instanceof Stopped) tell({ type: "stopped", message: error.message });
    else if (error instanceof Refused) tell({ type: "declined", message: error.message });
    else throw error;
  }
}

let beginning = null;

/** The upload's own address, asked for with the first file; a reload then leads back to it. */
async function begun() {
  if (address) return;
  beginning ??= ask(root.dataset.begin, { body: {}, token }).finally(() => (beginning = null));
  ({ page: address } = await beginning);
  history.replaceState(null, "", address);
  byId("cancel").action = `${address}cancel/`;
  byId("cancel").hidden = false;
}

function pump() {
  for (const known of upload.due(state, Date.now())) {
    state = upload.next(state, { type: "starting", path: known.path });
    sendFile({ known, file: held.get(known.path), url: `${address}files/${known.id}/`, token, pieceBytes: state.pieceBytes, tell: told, hashing: sha256Of });
  }
  clearTimeout(timer);
  const at = upload.dueAt(state);
  if (at < Infinity && !state.stopped) timer = setTimeout(pump, Math.max(at - Date.now(), 50));
}

/** What becomes of a file that is being sent; of one that was removed meanwhile, nothing. */
function told(event) {
  if (event.path && !state.files.some(({ path }) => path === event.path)) return;
  tell(event);
}

/** Take files out: here once they are out there, lest the page forget what the server still has. */
async function remove(paths, ids) {
  if (ids.length && !(await attempt(() => ask(`${address}remove/`, { body: { files: ids }, token })))) return false;
  for (const path of paths) held.delete(path);
  report = report.filter((line) => !ids.includes(line.file));
  tell({ type: "removed", paths });
  return true;
}

/** Do what a person asked for; where it can't be done, say why on the page. */
async function attempt(work) {
  byId("make-problem").hidden = true;
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || error instanceof TypeError) throw error;
    const unreachable = error instanceof Unreachable ? "The server can't be reached at the moment; try again." : error.message;
    byId("make-problem").textContent = unreachable;
    byId("make-problem").hidden = false;
    return null;
  }
}

// ---- the page

function paint() {
  const totals = upload.totals(state);
  byId("sending").hidden = !state.files.length;
  byId("whole").value = totals.bytes ? totals.there / totals.bytes : 0;
  byId("counts").textContent = counts(totals);
  byId("stopped").hidden = !state.stopped;
  byId("stopped-why").textContent = state.stopped ?? "";
  byId("missing").hidden = !totals.missing;
  byId("missing").textContent = `${totals.missing} file${totals.missing > 1 ? "s are" : " is"} still missing. Drop or choose the same again, the whole folder if you like: only what is missing is sent.`;
  const tooLittle = totals.bytes - totals.there > room;
  byId("low-room").hidden = !tooLittle;
  byId("low-room").textContent = `The server has room for ${upload.inBytes(room)}, and ${upload.inBytes(totals.bytes - totals.there)} are to be sent. Send fewer photos, or ask its administrator to make room.`;
  paintFiles(state.files, isMaking());
  paintReport(report);
  paintFolders();
  paintMaking(totals);
}

function counts({ sent, files, there, bytes }) {
  const left = upload.secondsLeft(state, Date.now());
  const time = upload.isBusy(state) && left !== null ? ` · ${upload.inWords(left)}` : "";
  return `${sent} of ${files} sent · ${upload.inBytes(there)} of ${upload.inBytes(bytes)}${time}`;
}

const isMaking = () => UNDER_WAY.includes(job?.state);

function paintMaking(totals) {
  const making = isMaking();
  byId("making").hidden = !making;
  for (const id of ["drop", "make", "cancel"]) byId(id).hidden = making || (id === "cancel" && !address);
  byId("make-button").disabled = !upload.isComplete(state) || report.some(({ file }) => file);
  byId("why-not").textContent = whyNot(totals);
  if (!making) return;
  const bar = byId("made");
  if (job.total) Object.assign(bar, { max: job.total, value: job.done });
  else bar.removeAttribute("value");
  byId("made-so-far").textContent = job.total ? `${job.done} of ${job.total}${job.left ? `, ${job.left} left` : ""}` : "Waiting for a worker";
}

function whyNot(totals) {
  if (report.some(({ file }) => file)) return "First deal with the files named above.";
  if (!totals.files) return "Add photos first.";
  if (totals.refused) return "Remove the files that can't be taken.";
  return upload.isComplete(state) ? "" : "It can be made once all files are sent.";
}

function paintFolders() {
  const folders = [...new Set([...upload.foldersAmong(state.files.filter(({ zip }) => !zip).map(({ path }) => path)), ...zippedFolders])].sort();
  const choose = upload.mustChooseFolders(folders) && !state.files.some(({ path }) => /(^|\/)manifest\.csv$/i.test(path));
  byId("folders").hidden = !choose;
  fill(form.elements.inputs, choose ? folders.map((name) => [name, name]) : [["", ""]]);
  fill(form.elements.references, choose ? [["", "none"], ...folders.map((name) => [name, name])] : [["", ""]]);
}

function fill(select, choices) {
  if (JSON.stringify([...select.options].map(({ value }) => value)) === JSON.stringify(choices.map(([value]) => value))) return;
  const before = select.value;
  select.replaceChildren(...choices.map(([value, label]) => new Option(label, value)));
  if (choices.some(([value]) => value === before)) select.value = before;
}

/** A name to begin with, after what was dropped; whoever types another one keeps it. */
function proposeName(path) {
  const field = form.elements.name;
  if (field.value) return;
  const [first, ...within] = path.split("/");
  const after = within.length ? first : /\.zip$/i.test(first) ? first.slice(0, -4) : `photos-${new Date().toISOString().slice(0, 10)}`;
  field.value = after.normalize("NFKD").replace(/[^\w-]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 80);
}

// ---- making the test set

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  for (const old of form.querySelectorAll(".upload-field-problem")) old.remove();
  const button = byId("make-button");
  button.disabled = true;
  const asked = await attempt(async () => {
    try {
      return await ask(`${address}make/`, { form: new FormData(form), token });
    } catch (error) {
      if (!(error instanceof Refused) || !error.reply.fields) throw error;
      return showFieldProblems(error.reply.fields);
    }
  });
  if (asked) follow();
  else paint();
});

function showFieldProblems(fields) {
  for (const [name, said] of Object.entries(fields)) {
    const problem = Object.assign(document.createElement("p"), { className: "upload-problem upload-field-problem", textContent: said.join(" ") });
    problem.setAttribute("role", "alert");
    form.elements[name].after(problem);
  }
  form.elements[Object.keys(fields)[0]].focus();
  return null;
}

/** Look how the job stands until it has ended; then go to the test set, or show what is wrong. A lost login, or an upload that is gone, stops that until a person goes on. */
async function follow() {
  let fresh;
  isFollowing = true;
  try {
    fresh = await ask(`${address}state.json`);
  } catch (error) {
    if (error instanceof Unreachable) return followIn(ASK_AGAIN_MS);
    if (error instanceof Stopped || error instanceof Refused) return tell({ type: "stopped", message: error.message });
    throw error;
  }
  if (fresh.made) return location.assign(fresh.made);
  const ended = isMaking() && !UNDER_WAY.includes(fresh.job?.state);
  take(fresh);
  isFollowing = isMaking();
  if (isFollowing) return followIn(FOLLOW_EVERY_MS);
  if (ended && report.length) byId("report").focus();
  return null;
}

function followIn(ms) {
  clearTimeout(followTimer);
  followTimer = setTimeout(follow, ms);
}

/** What the server knows, where this page knows nothing better. */
function take(fresh) {
  ({ job } = fresh);
  report = isMaking() ? [] : fresh.report; // it is written a moment before the job has ended, and until then nothing can be mended
  zippedFolders = fresh.out_of_zips ? fresh.folders : [];
  room = fresh.room_bytes;
  if (!upload.isBusy(state)) state = upload.begin(fresh, state.pieceBytes);
  const failed = job?.state === "failed" && !report.length && !fresh.made;
  byId("make-problem").hidden = !failed;
  if (failed) byId("make-problem").textContent = job.error;
  paint();
}

// ---- what a person does

const drop = byId("drop");
for (const kind of ["dragenter", "dragover"]) {
  addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("is-over");
  });
}
addEventListener("dragleave", (event) => event.relatedTarget === null && drop.classList.remove("is-over"));
addEventListener("drop", async (event) => {
  event.preventDefault();
  drop.classList.remove("is-over");
  if (!isMaking()) await add(await dropped(event.dataTransfer));
});

// Caught on the way down: the admin's own script takes every file field for one of its widgets.
root.addEventListener(
  "change",
  async (event) => {
    const { target } = event;
    if (target.type !== "file") return;
    event.stopPropagation();
    const files = chosen(target);
    const line = lineOf(target);
    target.value = "";
    await (line ? replace(line, files[0]) : add(files));
  },
  true,
);

async function replace(line, chosenFile) {
  if (!chosenFile) return;
  const path = line.path.replace(/[^/]*$/, chosenFile.path);
  if (path !== line.path && !(await remove(pathsOf([line]), [line.file]))) return;
  report = report.filter((one) => one.file !== line.file);
  await add([{ path, file: chosenFile.file }]);
}

byId("files").addEventListener("click", ({ target }) => {
  const path = target.closest("[data-do=remove]") && target.closest("li").dataset.path;
  const file = path && state.files.find((one) => one.path === path);
  if (file) remove([file.path], file.id ? [file.id] : []);
});

byId("problems").addEventListener("click", async ({ target }) => {
  const line = lineOf(target);
  if (!line) return;
  if (target.dataset.do === "remove") await remove(pathsOf([line]), [line.file]);
  if (target.dataset.do === "leave-out") {
    const done = await attempt(() => ask(`${address}leave-out/`, { body: { file: line.file, entries: [line.entry] }, token }));
    if (done) report = report.filter((one) => one.file !== line.file || one.entry !== line.entry);
    paint();
  }
});

byId("remove-all").addEventListener("click", async () => {
  const files = report.filter((line) => line.file && !line.entry);
  const zips = Map.groupBy(report.filter((line) => line.entry), (line) => line.file);
  for (const [file, lines] of zips) {
    const entries = lines.map(({ entry }) => entry);
    if (await attempt(() => ask(`${address}leave-out/`, { body: { file, entries }, token }))) report = report.filter((line) => !lines.includes(line));
  }
  await remove(pathsOf(files), [...new Set(files.map(({ file }) => file))]);
});

const lineOf = (element) => report[Number(element.closest("li")?.dataset.line)];
const pathsOf = (lines) => state.files.filter(({ id }) => lines.some(({ file }) => file === id)).map(({ path }) => path);

/** The network is back, or a person says so: whatever was left unfinished goes on. */
function goOn() {
  tell({ type: "again" });
  if (upload.unannounced(state).length) announce();
  if (isFollowing) follow();
}

byId("again").addEventListener("click", goOn);
byId("stop").addEventListener("click", () => attempt(() => ask(`${address}stop/`, { body: {}, token })));
addEventListener("online", goOn);
addEventListener("beforeunload", (event) => upload.isBusy(state) && !state.stopped && event.preventDefault());

paint();
if (address) follow();
