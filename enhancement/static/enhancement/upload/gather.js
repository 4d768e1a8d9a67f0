/** From what was dropped or chosen to a flat list of files, each with its path below what was dropped. */

const LEFT_BY_SYSTEMS = new Set(["thumbs.db", "desktop.ini", "__macosx"]);

/** Everything in a drop, folders walked through; what can't be read comes without its `file`. Ask at once: the browser forgets a drop when its event is over. */
export function dropped(transfer) {
  const entries = [...transfer.items].filter(({ kind }) => kind === "file").map((item) => item.webkitGetAsEntry?.() ?? asEntry(item.getAsFile()));
  return Promise.all(entries.filter(Boolean).map((entry) => walk(entry, ""))).then((lists) => lists.flat());
}

/** What a file or folder chooser holds. */
export function chosen(input) {
  return [...input.files].map((file) => ({ path: file.webkitRelativePath || file.name, file })).filter(({ path }) => isWanted(path));
}

async function walk(entry, above) {
  const path = above ? `${above}/${entry.name}` : entry.name;
  if (!isWanted(entry.name)) return [];
  try {
    if (entry.isFile) return [{ path, file: await new Promise((resolve, reject) => entry.file(resolve, reject)) }];
    const within = await entriesOf(entry.createReader());
    return (await Promise.all(within.map((one) => walk(one, path)))).flat();
  } catch {
    return [{ path, file: null }];
  }
}

/** A reader hands out a hundred at most, so it is asked until nothing comes. */
async function entriesOf(reader) {
  const all = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return all;
    all.push(...some);
  }
}

const asEntry = (file) => file && { name: file.name, isFile: true, file: (resolve) => resolve(file) };

/** Whether a person put the file there: hidden files and systems' own aren't sent. */
export const isWanted = (path) => path.split("/").every((part) => !part.startsWith(".") && !LEFT_BY_SYSTEMS.has(part.toLowerCase()));
