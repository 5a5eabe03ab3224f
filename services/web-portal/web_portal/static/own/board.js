// Keeps the board's numbers up to date while somebody looks at them. Without this the page shows
// the numbers as they were when it was opened, and a link to look again.

const NEWS_SECONDS = 15; // a screen reader is told of changes at most so often
const GIVE_UP_SECONDS = 20; // without a connection for so long: say that it is not live

const board = document.querySelector("[data-board]");
const numbers = board.querySelector("[data-numbers]");
const state = board.querySelector("[data-live-state]");
const news = board.querySelector("[data-news]");
let source;
let silence;

function parsed(html) {
  return new DOMParser().parseFromString(html, "text/html").body;
}

function parts(root) {
  return new Map([...root.querySelectorAll("[data-live]")].map((each) => [each.dataset.live, each]));
}

// Puts in what is different and leaves the rest alone, so that nobody loses their place.
function show(html) {
  const fresh = parsed(html);
  const before = parts(numbers);
  const after = parts(fresh);
  const sameParts = before.size === after.size && [...after.keys()].every((key) => before.has(key));
  const changed = [...after].filter(([key, part]) => before.get(key)?.outerHTML !== part.outerHTML);
  const pairs = changed.map(([key, part]) => [before.get(key), part]);
  note(pairs);
  pairs.forEach(([old, part]) => light(old, part));
  if (sameParts) pairs.forEach(([old, part]) => replace(old, part));
  else replaceAll(fresh);
}

function replace(old, part) {
  const focused = old.contains(document.activeElement) && document.activeElement.getAttribute("href");
  old.replaceWith(part);
  if (focused) part.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

function replaceAll(fresh) {
  const focused = numbers.contains(document.activeElement) && document.activeElement.getAttribute("href");
  numbers.replaceChildren(...fresh.childNodes);
  if (focused) numbers.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

// Only the lines that say something else than before are lit.
function light(old, part) {
  const lines = (root) => [...root.querySelectorAll("dd, tbody tr, li")];
  const known = new Set(old ? lines(old).map((line) => line.textContent) : []);
  for (const line of lines(part)) {
    if (known.has(line.textContent)) continue;
    line.classList.add("epep-changed");
    line.addEventListener("animationend", () => line.classList.remove("epep-changed"), { once: true });
  }
}

// The tiles' changes in words, gathered for some seconds: calm, and not one by one.
const told = new Map();
let telling;

function note(pairs) {
  for (const [old, part] of pairs) {
    const count = part.querySelector("[data-count]");
    if (!count || !old || old.querySelector("[data-count]")?.textContent === count.textContent) continue;
    told.set(count.dataset.says, count.textContent.trim());
  }
  if (told.size && !telling) {
    tell();
    telling = setTimeout(() => { telling = undefined; if (told.size) note([]); }, NEWS_SECONDS * 1000);
  }
}

function tell() {
  news.textContent = [...told].map(([label, count]) => `${label}: ${count}`).join(". ");
  told.clear();
}

function say(text, still = false) {
  state.hidden = false;
  state.classList.toggle("epep-board__live--still", still);
  if (state.textContent !== text) state.textContent = text;
}

function open() {
  source = new EventSource(board.dataset.board);
  source.addEventListener("open", () => { clearTimeout(silence); silence = undefined; say(board.dataset.whenLive); });
  source.addEventListener("board", (event) => show(event.data));
  source.addEventListener("as_of", (event) => {
    board.querySelector("[data-as-of]").replaceChildren(...parsed(event.data).childNodes);
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) say(board.dataset.whenEnded, true);
    else silence ??= setTimeout(() => say(board.dataset.whenBroken, true), GIVE_UP_SECONDS * 1000);
  });
}

// A page that nobody sees follows nothing.
function follow() {
  source?.close();
  clearTimeout(silence);
  silence = undefined;
  if (document.visibilityState === "visible") open();
}

document.addEventListener("visibilitychange", follow);
follow();
