/** Talking to the server, each answer turned into an event for the state. */

const PATIENCE_MS = 60000;
const WORTH_RETRYING = new Set([408, 425, 429, 502, 503, 504]);
export const LOGGED_OUT = "You are no longer logged in. Log in again in another tab, then press “Go on”.";

/** Ask with JSON or a form. Throws `Unreachable` where trying again may help, `Refused` with the server's words where not. */
export async function ask(url, { body, form, token, method = body || form ? "POST" : "GET" } = {}, fetching = fetch) {
  const headers = { Accept: "application/json", ...(token && { "X-CSRFToken": token }), ...(body && { "Content-Type": "application/json" }) };
  let response;
  try {
    response = await fetching(url, { method, headers, body: body ? JSON.stringify(body) : form, credentials: "same-origin", redirect: "manual", signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch (error) {
    throw new Unreachable(error.message);
  }
  if (response.status === 204) return {};
  return told({ status: response.status, isJson: isJson(response.headers.get("Content-Type")), text: await response.text().catch(() => "") });
}

/** Send a piece, telling how much of it is on its way. */
export function sendPiece(url, blob, token, onProgress, Request = globalThis.XMLHttpRequest) {
  return new Promise((resolve, reject) => {
    const request = new Request();
    request.open("PUT", url);
    request.setRequestHeader("X-CSRFToken", token);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    let watch = setTimeout(() => request.abort(), PATIENCE_MS);
    request.upload.onprogress = ({ loaded }) => {
      clearTimeout(watch);
      watch = setTimeout(() => request.abort(), PATIENCE_MS); // as long as bytes go out, a slow line is no dead one
      onProgress(loaded);
    };
    request.onerror = request.onabort = () => reject(new Unreachable("no connection"));
    request.onloadend = () => clearTimeout(watch);
    request.onload = () => {
      try {
        resolve(told({ status: request.status, isJson: isJson(request.getResponseHeader("Content-Type")), text: request.responseText }));
      } catch (error) {
        reject(error);
      }
    };
    request.send(blob);
  });
}

const isJson = (kind) => (kind ?? "").includes("json");

/** An answer's JSON, or the error that it means. */
export function told({ status, isJson, text }) {
  if (status === 413) throw new TooLarge();
  const reply = isJson ? parsed(text) : {};
  if (status === 409 && isJson) throw new Elsewhere(reply.offset);
  if (status === 507) throw new Stopped(reply.error ?? "The server's disk is full.");
  if (status >= 200 && status < 300 && isJson) return reply;
  if (status === 0 || (status >= 200 && status < 400)) throw new Stopped(LOGGED_OUT); // the log-in page, or the way to it
  if (status === 403) throw new Stopped(LOGGED_OUT);
  if (status >= 500 || WORTH_RETRYING.has(status)) throw new Unreachable(`the server answered ${status}`);
  if (status === 404) throw new Refused("It is no longer on the server: it was removed, here or in another tab.");
  throw new Refused(reply.error ?? `The server answered ${status}.`, reply);
}

/** An answer cut off on its way is a lost network's, too. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Unreachable(error.message);
  }
}

export class Unreachable extends Error {}
export class TooLarge extends Error {}
export class Stopped extends Error {}

export class Elsewhere extends Error {
  constructor(offset) {
    super(`go on at ${offset}`);
    this.offset = offset;
  }
}

export class Refused extends Error {
  constructor(message, reply = {}) {
    super(message);
    this.reply = reply;
  }
}

/**
 * Send a file from where the server has it, piece by piece. Calls `tell` with events; ends with `sent`, or with the event of
 * what stands in the way.
 */
export async function sendFile({ known, file, url, token, pieceBytes, tell, hashing, put = sendPiece, now = Date.now }) {
  const { path } = known;
  try {
    const sha256 = await hashing(file);
    let offset = known.sha256 === sha256 ? known.offset : 0;
    for (let again = 0; ; ) {
      tell({ type: "progress", path, offset, at: now() });
      const start = offset;
      const onProgress = (loaded) => tell({ type: "progress", path, offset: Math.min(start + loaded, file.size), at: now() });
      try {
        const reply = await put(`${url}?sha256=${sha256}&offset=${offset}`, file.slice(offset, offset + pieceBytes), token, onProgress);
        offset = reply.offset;
        if (reply.whole) return tell({ type: "sent", path, sha256 });
      } catch (error) {
        if (!(error instanceof Elsewhere) || ++again > 5) throw error;
        offset = error.offset;
      }
    }
  } catch (error) {
    tell(asEvent(error, path, now()));
  }
}

function asEvent(error, path, at) {
  if (error instanceof TooLarge) return { type: "too large", path, at };
  if (error instanceof Stopped) return { type: "stopped", message: error.message };
  if (error instanceof Unreachable || error instanceof Elsewhere) return { type: "failed", path, at, message: "No connection. Trying again by itself." };
  if (error instanceof Refused) return { type: "rejected", path, message: error.message };
  if (error instanceof DOMException) return { type: "rejected", path, message: "This browser can no longer read it: it was moved or changed. Add it again." };
  throw error;
}
