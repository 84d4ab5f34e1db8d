// The bar at the top of a page that is not the map.

import { html } from "../../vendor/lit-html-3.3.3/lit-html.js";
import { language, name, t } from "../i18n.js";

/** @param {import("../store.js").Person | null} person @param {any} act */
export function barView(person, act, title = "dead.title") {
  return html`
    <div class="brand"><span class="emblem" aria-hidden="true"></span>
      <div><strong>${t(title)}</strong><span>${t("app.title")}</span></div></div>
    <div class="side">
      <a class="plain" href="/">${t("dead.back")}</a>
      <button class="plain" data-act="language" lang=${language() === "zh" ? "en" : "zh-CN"}
        @click=${act.switchLanguage}>${t("language.other")}</button>
      <span class="person">${name(person?.name, person?.login ?? "")}</span>
      <button class="plain" data-act="logout" @click=${act.logOut}>${t("logout")}</button>
    </div>`;
}
