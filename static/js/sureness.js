// Asks after an answer how sure somebody is: in a sheet at the foot of the window, so that it is in sight whatever stands above it.

import { addSlider } from "./questions.js";

const PAUSE = 400; // ms in which the second click of a double click on the answer is ignored

export class Sureness {
  // form: what was answered, which cannot change meanwhile. onGiven(confidence, ms) is called with what was said, and how long after
  // the answer; onBack() where the answer is to be another.
  constructor(root, form, onGiven, onBack) {
    Object.assign(this, { root, form, onGiven, onBack });
    this.number = root.querySelector("input[type=number]");
    this.steps = [...root.querySelectorAll("[data-sure]")];
    if (this.number) addSlider(this.number);
    this.steps.forEach((step) => step.addEventListener("click", (event) => {
      const isSecondOfTwo = event.detail > 0 && performance.now() - this.since < PAUSE;
      if (!isSecondOfTwo) this.give(step);
    }));
    this.number?.addEventListener("keydown", (event) => event.key === "Enter" && this.give(this.steps[0]));
    root.querySelector("#sure-back").addEventListener("click", () => this.back());
  }

  get isOpen() {
    return !this.root.hidden;
  }

  ask() {
    this.since = performance.now();
    if (this.number) {
      this.number.value = "";
      this.number.dispatchEvent(new Event("input"));
    }
    this.root.hidden = false;
    this.form.inert = true;
    (this.number ?? this.steps[0]).focus({ preventScroll: true });
  }

  close() {
    this.root.hidden = true;
    this.form.inert = false;
  }

  back() {
    this.close();
    this.onBack();
  }

  give(step) {
    if (!this.isOpen) return;
    if (this.number && !this.number.reportValidity()) return;
    const said = Number(this.number ? this.number.value : step.value);
    this.close();
    this.onGiven(said, Math.round(performance.now() - this.since));
  }

  // Whether a key was for this. Numbers are the steps; Backspace and Escape lead back to the answer.
  key(key, target) {
    if (!this.isOpen) return false;
    const typing = target.matches?.("input");
    if (key === "Escape" || (key === "Backspace" && !typing)) {
      this.back();
      return true;
    }
    const step = this.number ? null : this.steps.find((each) => each.dataset.sure === key);
    if (step) this.give(step);
    return Boolean(step) || (/^\d$/.test(key) && !typing);
  }
}
