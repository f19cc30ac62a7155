// A practice example with the study's options of the trial page: pictures by time, enlarged, and how sure somebody is. Nothing is kept.

import { Exposure } from "./exposure.js";
import { Sureness } from "./sureness.js";
import { Zoom } from "./zoom.js";

const plan = JSON.parse(document.querySelector("#options").textContent);
const form = document.querySelector("form[data-next]");
const buttons = [...form.querySelectorAll("button")];
const sheet = document.querySelector("#sureness");

form.hidden = false;
const zoom = plan.zoom && new Zoom(form, document.querySelector("#zoom"));

if (document.body.classList.contains("timed")) {
  const exposure = new Exposure(plan, { cross: document.querySelector("#fixation"), again: document.querySelector("#again") });
  buttons.forEach((button) => { button.disabled = true; });
  await exposure.run(0, () => {});
  buttons.forEach((button) => { button.disabled = false; });
}

if (sheet) {
  let sender = null;
  const sureness = new Sureness(sheet, form, (confidence) => {
    const field = Object.assign(document.createElement("input"), { type: "hidden", name: "confidence", value: confidence });
    form.append(field);
    form.requestSubmit(sender);
  }, () => sender.focus());
  form.addEventListener("submit", (event) => {
    if (form.elements.confidence) return;
    event.preventDefault();
    sender = event.submitter;
    sureness.ask();
  });
  document.addEventListener("keydown", (event) => sureness.key(event.key, event.target) && event.preventDefault());
}

if (zoom) document.addEventListener("keydown", (event) => {
  if (!event.ctrlKey && !event.metaKey && !event.altKey && zoom.key(event.key, event.target)) event.preventDefault();
});
