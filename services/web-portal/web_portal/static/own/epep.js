// What the pages do more of with JavaScript; every page works without it.
import { initAll } from "/static/vendor/govuk-frontend.min.js";

const WARN_SECONDS = 5 * 60;
const words = document.body.dataset; // in the page's language

// Text that was typed and not saved: ask before the page is left.
function warnOfUnsavedChanges(form) {
  const first = fingerprint(form);
  let leaving = form.dataset.warnUnsaved === "now";
  const changed = () => leaving || fingerprint(form) !== first;
  let submitting = false;
  form.addEventListener("submit", () => { submitting = true; });
  window.addEventListener("beforeunload", (event) => {
    if (!submitting && changed()) event.preventDefault();
  });
  window.addEventListener("pageshow", () => { submitting = false; });
}

function fingerprint(form) {
  return JSON.stringify([...new FormData(form)].filter(([, value]) => typeof value === "string"));
}

// The detail of a yes/no question is hidden while the answer does not ask for it.
function showWithAnswer(detail) {
  const { shownFor, shownWith } = detail.dataset;
  const answers = document.querySelectorAll(`input[name="${CSS.escape(shownFor)}"]`);
  const follow = () => {
    const chosen = [...answers].find((each) => each.checked);
    detail.hidden = !chosen || chosen.value !== shownWith;
  };
  answers.forEach((each) => each.addEventListener("change", follow));
  follow();
}

// While an import runs: look again every few seconds.
function lookAgain(element) {
  const seconds = Number(element.dataset.lookAgain);
  setTimeout(() => window.location.reload(), seconds * 1000);
}

// The side navigation of a plan is open where there is room for it.
function openWhereThereIsRoom(details) {
  const wide = window.matchMedia("(min-width: 48.0625rem)");
  const follow = () => { details.open = wide.matches; };
  wide.addEventListener("change", follow);
  follow();
}

// Shortly before the session ends: a dialog that lets the person stay.
function warnBeforeSessionEnds(idleSeconds) {
  let timer;
  const start = () => {
    clearTimeout(timer);
    timer = setTimeout(() => offerToStay(start), (idleSeconds - WARN_SECONDS) * 1000);
  };
  start();
}

function offerToStay(again) {
  const dialog = document.createElement("dialog");
  dialog.className = "epep-dialog";
  dialog.setAttribute("aria-labelledby", "stay-title");
  const title = element("h2", words.stayTitle, "govuk-heading-m");
  title.id = "stay-title";
  const text = element("p", words.stayText, "govuk-body");
  const stay = element("button", words.stayButton, "govuk-button");
  stay.type = "button";
  stay.addEventListener("click", async () => {
    const token = document.querySelector("input[name=csrf_token]").value;
    const answer = await fetch("/session/stay", { method: "POST", headers: { "X-CSRF-Token": token } }).catch(() => null);
    if (!answer || !answer.ok) {
      title.textContent = answer ? words.endedTitle : words.silentTitle;
      text.textContent = words.endedText;
      stay.replaceWith(closing(dialog));
      return;
    }
    dialog.close();
    again();
  });
  dialog.addEventListener("close", () => dialog.remove());
  dialog.append(title, text, stay);
  document.body.append(dialog);
  dialog.showModal();
}

function closing(dialog) {
  const close = element("button", words.closeButton, "govuk-button");
  close.type = "button";
  close.addEventListener("click", () => dialog.close());
  return close;
}

function element(name, text, className) {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = className;
  return made;
}

initAll();
document.querySelectorAll("form[data-warn-unsaved]").forEach(warnOfUnsavedChanges);
document.querySelectorAll("[data-shown-with]").forEach(showWithAnswer);
document.querySelectorAll("[data-look-again]").forEach(lookAgain);
document.querySelectorAll("details.epep-sections").forEach(openWhereThereIsRoom);
const passkeys = document.querySelectorAll("form[data-passkey]");
if (passkeys.length) import("/static/own/passkey.js").then(({ usePasskey }) => passkeys.forEach(usePasskey));
if (document.querySelector("[data-board]")) import("/static/own/board.js");
const idle = Number(document.body.dataset.idleSeconds || 0);
if (idle > WARN_SECONDS) warnBeforeSessionEnds(idle);
