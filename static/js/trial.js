// The trial page with JavaScript: the same form as without, but the next trial is there at once, answers wait in
// the browser while the network is away, and nothing can be answered before every picture is on screen.

import { Exposure } from "./exposure.js";
import { AnswerQueue, newId } from "./queue.js";
import { Pictures } from "./pictures.js";
import { Questions } from "./questions.js";
import { Sureness } from "./sureness.js";
import { offer } from "./unsent.js";
import { View } from "./view.js";
import { Watch } from "./watch.js";
import { Zoom } from "./zoom.js";

const AHEAD = 2; // trials to load beyond the current one
const PAUSE = 400; // ms after an answer in which the second click of a double click is ignored
const LOOK_AGAIN = 120000; // ms until an idle page asks what is in hand: its trials may have gone to somebody else

const body = document.body;
const form = document.querySelector("#answer");
const undoForm = document.querySelector("#undo");
const status = document.querySelector("#status");
const options = [...document.querySelectorAll(".option")];
const base = new URL("../", location.href);
const texts = JSON.parse(document.querySelector("#texts").textContent); // in the language of the study
const composing = form.querySelector("[data-script]"); // an answer that takes several presses
const version = Number(form.version.value); // of the protocol that this page speaks
const plan = JSON.parse(document.querySelector("#options")?.textContent ?? "{}"); // the study's options of the page
const isTimed = Boolean(plan.fixation_ms || plan.photo_first_ms || plan.show_ms);
const exposure = isTimed && new Exposure(plan, { cross: document.querySelector("#fixation"), again: document.querySelector("#again") });
const zoom = plan.zoom && new Zoom(document.querySelector("#stage"), document.querySelector("#zoom"));

const pictures = new Pictures();
const view = new View(document.querySelector("#stage"));
const sureness = plan.confidence && new Sureness(document.querySelector("#sureness"), form, sure, backToTheAnswer);
const questions = new Questions(form, () => watch?.picked(true)); // those that are sent together
let block = JSON.parse(document.querySelector("#block").textContent);
let current = null; // the trial on screen
let upcoming = [];
let last = block.last && { id: block.last, trial: null }; // the answer that can be undone
let watch = null; // times the current trial, from when every picture of it is on screen
let lost = false; // whether pictures of the current trial do not come, which is said until they do
let unsure = null; // an answer of which it is not said yet how sure it is
let sealedUntil = 0; // no answer is taken before this time
const parts = composing && (await import(new URL(composing.dataset.script, location.href))).compose(composing, allow);

const queue = new AnswerQueue({
  name: block.queue,
  url: new URL("answers/", base).href,
  csrf: form.csrfmiddlewaretoken.value,
  onReply: take,
  onState: showState,
});

function answered() {
  return new Set(queue.waiting.filter((op) => op.kind === "answer" && op.link === block.link).map((op) => op.position));
}

// What the server hands out, less what has been answered here in the meantime.
function take(reply) {
  block = reply;
  const settled = answered();
  const changed = reply.version !== version; // the wording is another now: this page has to be loaded anew
  upcoming = changed ? [] : reply.trials.filter((trial) => trial.position !== current?.position && !settled.has(trial.position));
  if (!queue.waiting.length && last?.id !== reply.last) last = reply.last && { id: reply.last, trial: null };
  progress();
  if (current) {
    const again = reply.trials.find((trial) => trial.position === current.position);
    if (again) current.pictures = again.pictures; // addresses of pictures run out
    return ahead();
  }
  if (queue.waiting.length) return undefined;
  if (reply.elsewhere || changed) return location.replace(base);
  return next();
}

function next() {
  current = null;
  if (upcoming.length && !breakIsDue()) show(upcoming.shift());
  else {
    seal();
    body.classList.add("loading");
    if (!queue.waiting.length) queue.send();
  }
}

async function show(trial) {
  current = trial;
  seal();
  progress();
  const waiting = setTimeout(() => body.classList.add("loading"), 60);
  let images;
  try {
    images = await pictures.of(trial);
  } catch {
    lost = true;
    say(texts.picture, "waiting");
    queue.send(); // for addresses that have not run out
    setTimeout(() => current === trial && show(trial), 5000);
    return;
  } finally {
    clearTimeout(waiting);
  }
  if (current !== trial) return;
  if (lost) say("");
  lost = false;
  place(trial, images);
  ahead();
  await painted();
  if (current === trial) open(trial);
}

// Two frames on, what was placed has been painted. A hidden tab paints nothing, so it is not waited for.
function painted() {
  return Promise.race([
    new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
    new Promise((resolve) => setTimeout(resolve, 250)),
  ]);
}

function place(trial, images) {
  const old = document.querySelectorAll("#stage .picture");
  images.forEach((image, slot) => {
    image.alt = old[slot].alt;
    if (slot === 0) image.id = "photo";
    old[slot].replaceWith(image);
  });
  document.querySelector("#named").textContent = trial.title;
  document.querySelector("#question").textContent = trial.question;
  form.position.value = trial.position;
  questions.begin(trial.parts);
  view.begin(images[0]);
  if (zoom) zoom.begin();
  body.classList.remove("loading");
}

function given() {
  return block.done + answered().size - queue.waiting.filter((op) => op.kind === "undo").length;
}

// The server says where to go for a break; until it has, no trial is shown that would be taken away again.
function breakIsDue() {
  const done = given();
  return queue.waiting.length > 0 && block.break_every > 0 && done % block.break_every === 0;
}

function progress() {
  undoForm.hidden = !last || block.limited;
  if (block.limited) return; // on another device nothing is told of what was given
  const done = given();
  document.querySelector("#progress-text").textContent = filled(texts.progress, { number: Math.min(done + 1, block.total), total: block.total });
  Object.assign(document.querySelector("#progress"), { max: block.total, value: done });
}

function ahead() {
  upcoming.slice(0, AHEAD).forEach((trial) => pictures.of(trial).catch(() => {}));
}

// No option can be pressed until open().
function seal() {
  watch?.stop();
  watch = null;
  delete body.dataset.ready;
  if (exposure) exposure.reset();
  closeSheet();
  parts?.seal();
  options.forEach((option) => {
    option.disabled = true;
    option.classList.remove("picked");
  });
}

async function open(trial) {
  if (exposure && !await exposure.run(looksAt(trial), () => look(trial))) return;
  watch ??= new Watch();
  setTimeout(() => {
    if (current !== trial) return;
    parts?.unseal();
    allow();
    body.dataset.ready = trial.position;
  }, Math.max(0, sealedUntil - performance.now()));
}

// How often the maps of a trial have been shown, as far as it is known here or waits to be sent.
function looksAt(trial) {
  const waits = queue.waiting.filter((op) => op.kind === "look" && op.link === block.link && op.position === trial.position);
  return Math.max(trial.looks ?? 0, waits.length);
}

// The maps come into sight now, for the first time or again.
function look(trial) {
  watch ??= new Watch();
  if (!plan.show_ms) return;
  trial.looks = looksAt(trial) + 1;
  queue.add({ id: newId(), kind: "look", link: block.link, position: trial.position });
}

// What can be sent now: of an answer that takes several presses nothing, before it is whole.
function allow() {
  const value = parts?.value();
  options.forEach((option) => { option.disabled = value === null; });
  if (parts && value !== null) watch.picked(value);
}

// `said` is the value of an answer, or its parts by their names. Where the study asks how sure somebody is, it waits for that.
function takeUp(said, button) {
  if (!sureness) return answer({ ...said, response_ms: watch.elapsed() });
  watch.picked(said.value ?? true);
  if (button.name === "value") options.forEach((option) => option.classList.toggle("picked", option === button));
  unsure = { ...said, response_ms: watch.elapsed() };
  return sureness.ask();
}

function sure(confidence, confidence_ms) {
  const said = unsure;
  unsure = null;
  if (current && said) answer({ ...said, confidence }, { confidence_ms });
}

function backToTheAnswer() {
  unsure = null;
  (options.find((option) => option.classList.contains("picked")) ?? options[0]).focus();
}

function closeSheet() {
  unsure = null;
  if (sureness) sureness.close();
}

function answer(said, told) {
  const trial = current;
  const id = newId();
  sealedUntil = performance.now() + PAUSE;
  const operation = {
    id, kind: "answer", link: block.link, position: trial.position, ...said, version,
    telemetry: {
      ...watch.report(said.value ?? true), ...(questions.any && { changes: questions.changes }), ...view.report(),
      ...(exposure && exposure.report()), ...(zoom && zoom.report()), ...told,
    },
  };
  if (last?.trial) pictures.forget(last.trial.position);
  last = { id, trial };
  current = null;
  queue.add(operation);
  next();
}

function undo() {
  if (!last || block.limited) return;
  const { id, trial } = last;
  last = null;
  if (current) upcoming.unshift(current);
  current = null;
  sealedUntil = performance.now() + PAUSE;
  queue.add({ id: newId(), kind: "undo", link: block.link, answer_id: id });
  undoForm.hidden = true;
  if (trial) show(trial);
  else seal(); // given before this page was loaded: the server's reply brings it back
}

function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name]);
}

function say(text, kind = "") {
  status.textContent = text;
  status.className = kind;
}

let patience;
function showState(state) {
  clearTimeout(patience);
  offer(queue);
  if (state === "saved" && lost) say(texts.picture, "waiting");
  else if (state === "saved") say(block.done ? texts.saved : "");
  // Most answers are saved before anyone could read that they are being sent.
  else if (state === "sending") {
    say("");
    patience = setTimeout(() => say(texts.saving), 500);
  }
  else if (state === "waiting") say(filled(texts.kept, { count: queue.waiting.length }), "waiting");
  else say(queue.unsendable.length ? "" : texts.stale, "waiting");
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const button = event.submitter;
  if (!current || !button || button.disabled) return;
  if (parts) takeUp({ value: parts.value() }, button);
  else takeUp(button.name === "value" ? { value: Number(button.value) } : { parts: questions.values() }, button);
});

undoForm.addEventListener("submit", (event) => {
  event.preventDefault();
  undo();
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (sureness && sureness.key(event.key, event.target)) return event.preventDefault();
  if (event.target.matches?.("input[type=number]")) return; // whoever types a number
  if (event.repeat && (event.key === "Enter" || event.key === " ")) return event.preventDefault();
  if (event.key === "Backspace") {
    event.preventDefault();
    return undo();
  }
  if (!plan.show_ms && view.key(event.key)) return event.preventDefault();
  if (parts && !event.target.matches("select") && parts.key(event.key, event.target)) {
    event.preventDefault();
    return parts.value() === null ? undefined : options[0].focus();
  }
  if (questions.any && watch && questions.key(event.key)) return event.preventDefault();
  if (zoom && zoom.key(event.key, event.target)) return event.preventDefault();
  const option = options.find((candidate) => candidate.dataset.key === event.key);
  if (!option || option.disabled) return undefined;
  options.forEach((other) => other.classList.toggle("picked", other === option));
  watch.picked(Number(option.value));
  return option.focus();
});

window.addEventListener("beforeunload", (event) => queue.waiting.length && event.preventDefault());
setInterval(() => document.visibilityState === "visible" && queue.send(), LOOK_AGAIN);

form.hidden = false; // without scripts nothing is asked where pictures come and go by time
if (plan.show_ms) document.querySelector("#view").hidden = true; // the photo over the maps would change how long they are seen
seal();
offer(queue);
if (queue.waiting.length) {
  // A closed tab left answers behind: send them first, and see then what comes next.
  body.classList.add("loading");
  showState(queue.state());
  queue.send();
} else {
  const [first, ...rest] = block.trials;
  upcoming = rest;
  pictures.adopt(first, document.querySelectorAll("#stage .picture"));
  show(first);
}
