// The login page.

import { html, nothing, render } from "../vendor/lit-html-3.3.3/lit-html.js";
import { ApiProblem, tell } from "./api.js";
import { language, setLanguage, t } from "./i18n.js";
import { part, switchLanguage } from "./sheet.js";

let problem = "";
let busy = false;

/** @param {SubmitEvent} event */
async function logIn(event) {
  event.preventDefault();
  const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
  [busy, problem] = [true, ""];
  draw();
  try {
    await tell("/api/session", { login: form.get("login"), password: form.get("password") });
    location.assign("/");
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    problem = PROBLEMS[error.status] ?? "login.away";
  }
  busy = false;
  draw();
}

/** @type {Record<number, string>} */
const PROBLEMS = { 401: "login.wrong", 422: "login.wrong", 429: "login.slow" };

function draw() {
  document.title = `${t("login.title")} · ${t("app.title")}`;
  const page = html`
    <form @submit=${logIn}>
      <span class="emblem" aria-hidden="true"></span>
      <h1>${t("app.title")}</h1>
      <label>${t("login.login")}<input name="login" autocomplete="username" required maxlength="64" autofocus></label>
      <label>${t("login.password")}<input name="password" type="password" autocomplete="current-password" required></label>
      ${problem ? html`<p class="problem" role="alert">${t(problem)}</p>` : nothing}
      <button class="primary" ?disabled=${busy}>${t("login.enter")}</button>
      <p class="quiet">${t("login.note")}</p>
      <button type="button" class="link" lang=${language() === "zh" ? "en" : "zh-CN"} @click=${() => switchLanguage(draw)}>
        ${t("language.other")}</button>
    </form>`;
  render(page, part("main"));
}

setLanguage(language());
draw();
