/** The list of files and the report of what is wrong with some, drawn from plain values. */

import { inBytes } from "./state.js";

const SHOWN_AT_MOST = 300;
const STATUS = { unannounced: "waiting", queued: "waiting", sending: "sending", waiting: "trying again", sent: "sent", missing: "missing" };

const byId = (id) => document.getElementById(id);
const rows = new Map();
let drawn = [];

/** Draw the files; those that haven't changed are left alone. */
export function paintFiles(files, locked) {
  const shown = files.slice(0, SHOWN_AT_MOST);
  const paths = new Set(shown.map(({ path }) => path));
  for (const [path, row] of rows) if (!paths.has(path)) rows.delete(path) && row.element.remove();
  for (const file of shown) {
    const row = rows.get(file.path) ?? newRow(file.path);
    if (row.file !== file || row.locked !== locked) paintFile(row, file, locked);
  }
  byId("more").hidden = files.length <= SHOWN_AT_MOST;
  byId("more").textContent = `and ${files.length - SHOWN_AT_MOST} more`;
}

function newRow(path) {
  const element = byId("file-row").content.firstElementChild.cloneNode(true);
  element.dataset.path = path;
  element.querySelector(".upload-name").textContent = path;
  element.querySelector("button").setAttribute("aria-label", `Remove ${path}`);
  byId("files").append(element);
  const row = { element };
  rows.set(path, row);
  return row;
}

function paintFile(row, file, locked) {
  Object.assign(row, { file, locked });
  row.element.className = `upload-file is-${file.status}`;
  row.element.querySelector(".upload-size").textContent = inBytes(file.bytes);
  row.element.querySelector("progress").value = file.bytes ? file.offset / file.bytes : 0;
  row.element.querySelector(".upload-status").textContent = file.message || STATUS[file.status];
  row.element.querySelector("button").disabled = locked;
}

/** Draw the report, each line with what can be done about it; lines that stay keep their elements, with the keyboard's place and an open file dialog. */
export function paintReport(report) {
  byId("report").hidden = !report.length;
  if (report === drawn) return;
  drawn = report;
  const list = byId("problems");
  const before = Map.groupBy(list.children, (row) => row.dataset.said);
  const rows = report.map((line) => before.get(JSON.stringify(line))?.shift() ?? problemRow(line));
  for (const row of [...before.values()].flat()) row.remove();
  rows.forEach((row, number) => {
    row.dataset.line = number;
    if (list.children[number] !== row) list.insertBefore(row, list.children[number] ?? null);
  });
  const mendable = report.filter((line) => line.file).length;
  byId("remove-all").hidden = mendable < 2;
  byId("remove-all").textContent = `Do without all ${mendable} of these`;
}

function problemRow(line) {
  const row = byId("problem-row").content.firstElementChild.cloneNode(true);
  row.dataset.said = JSON.stringify(line);
  row.querySelector(".upload-name").textContent = line.path ? `${line.path}:` : "";
  row.querySelector(".upload-what").textContent = [line.what, line.remedy].filter(Boolean).join("; ");
  row.querySelector("[data-do=leave-out]").hidden = !line.entry;
  row.querySelector("[data-do=remove]").hidden = !line.file || Boolean(line.entry);
  row.querySelector("label").hidden = !line.file || Boolean(line.entry);
  return row;
}
