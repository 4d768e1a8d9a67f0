// Light, dark, or as the system says. The choice is a cookie, so that the server writes it into the page and no page comes up
// in the wrong theme first; the admin keeps its own under another name, and the two are kept the same.

const COOKIE = "theme";
const ADMINS = "adminTheme"; // unfold's, in local storage, as JSON
const A_YEAR_S = 365 * 24 * 3600;
const THEMES = ["light", "dark", "auto"];

const inCookie = () => /(?:^|;\s*)theme=(light|dark)/.exec(document.cookie)?.[1] ?? "auto";

function inAdmin() {
  try {
    const kept = JSON.parse(localStorage.getItem(ADMINS));
    return THEMES.includes(kept) ? kept : null;
  } catch {
    return null; // no storage, or nothing that the admin wrote
  }
}

function use(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

function keep(theme) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${COOKIE}=${theme}; Path=/; Max-Age=${theme === "auto" ? 0 : A_YEAR_S}; SameSite=Lax${secure}`;
  try {
    localStorage.setItem(ADMINS, JSON.stringify(theme));
  } catch {
    // A browser without storage: the admin then follows the system.
  }
}

const chosen = inAdmin() ?? inCookie();
if (chosen !== inCookie()) keep(chosen);
use(chosen);

const switches = document.getElementById("themes");
if (switches) {
  switches.hidden = false;
  for (const input of switches.querySelectorAll("input")) input.checked = input.value === chosen;
  switches.addEventListener("change", ({ target }) => {
    use(target.value);
    keep(target.value);
  });
}
