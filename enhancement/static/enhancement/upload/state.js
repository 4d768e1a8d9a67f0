/** An upload as a value: next(state, event) says what an event makes of it. No page, no network, no clock in here. */

export const AT_ONCE = 2;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30000;
const SMALLEST_PIECE_BYTES = 64 << 10;
const RATE_MEMORY_MS = 15000;

/**
 * A file is `missing` (the server waits for it, and this page doesn't have it), `unannounced`, `queued`, `sending`,
 * `waiting` (a failure, to be tried again at `dueAt`), `sent`, or `refused` with the reason in `message`.
 */
export function begin(told = { files: [] }, pieceBytes = 4 << 20) {
  return { files: told.files.map(asKnown), pieceBytes, stopped: null, samples: [] };
}

const asKnown = (file) => ({
  path: file.path,
  bytes: file.bytes,
  id: file.id,
  offset: file.offset,
  sha256: file.sha256,
  zip: file.zip,
  status: file.state === "arriving" ? "missing" : "sent",
  held: false,
  tries: 0,
  dueAt: 0,
  message: "",
});

const EVENTS = {
  /** Files were dropped or chosen: new ones join, known ones are held from now on. */
  added: (state, { files }) => {
    const known = new Map(state.files.map((file) => [file.path, file]));
    for (const { path, bytes } of files) {
      const old = known.get(path);
      known.set(path, { ...asKnown({ path, bytes, offset: 0, sha256: "", state: "arriving" }), id: old?.id ?? null, status: "unannounced", held: true });
    }
    return { ...state, stopped: null, files: [...known.values()] };
  },
  /** What the server said of each file that was announced; of one that has begun meanwhile, by an earlier answer, it is no news. */
  announced: (state, { answers }) => {
    const told = new Map(answers.map((answer) => [answer.path, answer]));
    const answerTo = ({ path, status }) => (status === "unannounced" ? told.get(path) : undefined);
    const isPassedOver = (answer) => answer && !answer.file && !answer.problem;
    const files = state.files.filter((file) => !isPassedOver(answerTo(file))).map((file) => {
      const answer = answerTo(file);
      if (!answer) return file;
      if (!answer.file) return { ...file, status: "refused", message: answer.problem };
      const { id, offset, sha256, zip } = answer.file;
      return { ...file, id, offset, sha256, zip, status: "queued", tries: 0, dueAt: 0 };
    });
    return { ...state, files };
  },
  /** The server takes none of what was announced. */
  declined: (state, { message }) => ({
    ...state,
    files: state.files.map((file) => (file.status === "unannounced" ? { ...file, status: "refused", message } : file)),
  }),
  starting: (state, { path }) => changed(state, path, () => ({ status: "sending", message: "" })),
  /** So many bytes of a file are there, or on their way. */
  progress: (state, { path, offset, at }) => {
    const samples = [...state.samples, { at, bytes: totals(state).there }].filter((one) => at - one.at <= RATE_MEMORY_MS);
    return { ...changed(state, path, () => ({ offset, tries: 0 })), samples };
  },
  sent: (state, { path, sha256 }) => changed(state, path, (file) => ({ status: "sent", offset: file.bytes, sha256, message: "" })),
  /** No connection, or a server that is down: tried again, later and later. */
  failed: (state, { path, at, message }) =>
    changed(state, path, ({ tries }) => ({ status: "waiting", tries: tries + 1, dueAt: at + wait(tries), message })),
  /** A proxy takes no body so large. */
  "too large": (state, { path, at }) => ({
    ...changed(state, path, () => ({ status: "waiting", dueAt: at })),
    pieceBytes: Math.max(SMALLEST_PIECE_BYTES, state.pieceBytes >> 1),
  }),
  rejected: (state, { path, message }) => changed(state, path, () => ({ status: "refused", message })),
  removed: (state, { paths }) => ({ ...state, files: state.files.filter(({ path }) => !paths.includes(path)) }),
  /** Nothing can be sent until a person has done something: logged in again, made room. */
  stopped: (state, { message }) => ({
    ...state,
    stopped: message,
    files: state.files.map((file) => (file.status === "sending" ? { ...file, status: "waiting", dueAt: 0 } : file)),
  }),
  /** The network is back, or a person says so. */
  again: (state) => ({
    ...state,
    stopped: null,
    files: state.files.map((file) => (file.status === "waiting" ? { ...file, dueAt: 0, tries: 0 } : file)),
  }),
};

export function next(state, event) {
  const change = EVENTS[event.type];
  if (!change) throw new Error(`no such event: ${event.type}`);
  return change(state, event);
}

const wait = (tries) => Math.min(FIRST_WAIT_MS * 2 ** tries, LONGEST_WAIT_MS);

function changed(state, path, change) {
  return { ...state, files: state.files.map((file) => (file.path === path ? { ...file, ...change(file) } : file)) };
}

/** The files to begin with now: a few at a time, in their order. */
export function due(state, now) {
  if (state.stopped) return [];
  const free = AT_ONCE - state.files.filter(({ status }) => status === "sending").length;
  const ready = state.files.filter((file) => file.held && (file.status === "queued" || (file.status === "waiting" && file.dueAt <= now)));
  return ready.slice(0, Math.max(free, 0));
}

/** When the next failed file is to be tried again; Infinity where none waits. */
export function dueAt(state) {
  return Math.min(...state.files.filter((file) => file.held && file.status === "waiting").map((file) => file.dueAt), Infinity);
}

export const unannounced = (state) => state.files.filter(({ status }) => status === "unannounced");

/** Counts and bytes of what is to arrive; refused files are counted apart. */
export function totals(state) {
  const wanted = state.files.filter(({ status }) => status !== "refused");
  const sum = (of) => wanted.reduce((total, file) => total + of(file), 0);
  return {
    files: wanted.length,
    sent: wanted.filter(({ status }) => status === "sent").length,
    missing: wanted.filter(({ status }) => status === "missing").length,
    refused: state.files.length - wanted.length,
    bytes: sum((file) => file.bytes),
    there: sum((file) => file.offset),
  };
}

export const isComplete = (state) => {
  const { files, sent, refused } = totals(state);
  return files > 0 && sent === files && refused === 0;
};

export const isBusy = (state) => state.files.some(({ status, held }) => held && ["unannounced", "queued", "sending", "waiting"].includes(status));

/** Seconds until all is sent, by the rate of the last moments; null while nothing can be said. */
export function secondsLeft(state, now) {
  const [first] = state.samples;
  const { bytes, there } = totals(state);
  if (!first || now - first.at < 1000 || there <= first.bytes) return null;
  return ((bytes - there) * (now - first.at)) / 1000 / (there - first.bytes);
}

export function inWords(seconds) {
  if (seconds < 10) return "a few seconds left";
  if (seconds < 95) return `about ${Math.round(seconds / 10) * 10} s left`;
  if (seconds < 5400) return `about ${Math.round(seconds / 60)} min left`;
  return `about ${Math.round(seconds / 3600)} h left`;
}

export function inBytes(count) {
  if (count < 1e6) return `${Math.max(1, Math.round(count / 1e3))} kB`;
  if (count < 1e9) return `${(count / 1e6).toFixed(count < 1e7 ? 1 : 0)} MB`;
  return `${(count / 1e9).toFixed(1)} GB`;
}

/** The folders that lie side by side among paths, once those that wrap everything are unwrapped. */
export function foldersAmong(paths, known = KNOWN_FOLDERS) {
  let split = paths.map((path) => path.split("/"));
  while (split.length && split.every((parts) => parts.length > 1 && parts[0] === split[0][0]) && !known.has(split[0][0].toLowerCase())) {
    split = split.map((parts) => parts.slice(1));
  }
  return [...new Set(split.filter((parts) => parts.length > 1).map(([first]) => first))].sort();
}

const KNOWN_FOLDERS = new Set(["input", "reference", "photos", "patches", "training_data", "test_data", "full_size_test_images"]);

/** Whether a person must say which of the folders holds which photos. */
export function mustChooseFolders(folders) {
  return folders.length > 1 && !folders.some((name) => KNOWN_FOLDERS.has(name.toLowerCase()));
}
