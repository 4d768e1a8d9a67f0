// The plan's form: with hundreds of observers the answer takes seconds. Until it comes the button says so, and is pressed once.

const form = document.querySelector("form.suppose");
const button = form.querySelector("button");
const status = form.querySelector("[role=status]");

function show(working) {
  button.disabled = working;
  form.setAttribute("aria-busy", String(working));
  status.textContent = working ? status.dataset.working : "";
}

form.addEventListener("submit", () => show(true));
addEventListener("pageshow", () => show(false)); // also on the way back, when the browser kept the page as it was left
