/** The personal link of a sitting, to go on with it on another device. */

const dialog = document.getElementById("move");
const link = document.getElementById("personal-link");
const copied = document.getElementById("copied");
const code = dialog.querySelector(".qr");

export const isMoveOpen = () => dialog.open;

document.getElementById("move-open").addEventListener("click", () => {
  link.value = location.href;
  copied.hidden = true;
  if (code) code.hidden = code.dataset.link !== location.origin + location.pathname; // a proxy may have called the server otherwise
  dialog.showModal();
});

/** Browsers give the clipboard to pages from https only; elsewhere the old command does. */
document.getElementById("copy-link").addEventListener("click", async () => {
  link.select();
  try {
    await navigator.clipboard.writeText(link.value);
    copied.hidden = false;
  } catch {
    copied.hidden = !document.execCommand("copy");
  }
});
