// An answer of several parts: questions that are answered one by one, and sent together by one button.

export class Questions {
  // onChange() is called with every answer to a question.
  constructor(form, onChange) {
    this.fields = [...form.querySelectorAll("[data-part]")];
    this.send = form.querySelector(".send");
    this.changes = 0; // how often a question was answered anew
    this.given = {};
    form.querySelectorAll("input[type=number]").forEach(addSlider);
    this.fields.forEach((field) => field.addEventListener("change", () => {
      const { part } = field.dataset;
      if (this.given[part]) this.changes += 1;
      this.given[part] = true;
      onChange();
    }));
  }

  get any() {
    return this.fields.length > 0;
  }

  // A new trial: nothing is answered, and the questions stand in its own order where it has one.
  begin(order) {
    this.changes = 0;
    this.given = {};
    this.fields.forEach((field) => {
      field.querySelectorAll("input[type=radio]").forEach((radio) => { radio.checked = false; });
      field.querySelectorAll("input[type=number]").forEach((number) => {
        number.value = "";
        number.dispatchEvent(new Event("input"));
      });
    });
    (order ?? []).forEach((part) => this.send.before(this.fields.find((field) => field.dataset.part === part)));
    if (this.any) this.toTheTop();
  }

  // What was sent was the last question; keys go to the first one from here, and not into a number that is still in hand.
  toTheTop() {
    window.scrollTo(0, 0);
    document.activeElement.blur();
    document.querySelector("[data-part]").querySelector("input[type=radio]")?.focus({ preventScroll: true });
  }

  values() {
    const values = {};
    this.fields.forEach((field) => {
      values[field.dataset.part] = field.querySelector("input[type=radio]:checked, input[type=number]")?.value ?? "";
    });
    return values;
  }

  // Whether a key was an answer to the question in hand: the one with the focus, or else the first that has none.
  key(key) {
    const field = document.activeElement.closest("[data-part]") ?? this.next();
    const radio = field?.querySelector(`input[data-key="${CSS.escape(key)}"]`);
    if (!radio) return false;
    radio.click();
    (this.next()?.querySelector("input") ?? this.send).focus();
    return true;
  }

  // The first question on screen that is not answered.
  next() {
    const values = this.values();
    return [...document.querySelectorAll("[data-part]")].find((field) => values[field.dataset.part] === "");
  }
}

// Numbers are typed, as without scripts, or set by a slider that has no place until then.
export function addSlider(number) {
  const slider = document.createElement("input");
  Object.assign(slider, { type: "range", min: number.min, max: number.max, step: 1, tabIndex: -1, className: "untouched" });
  slider.setAttribute("aria-hidden", "true");
  number.before(slider);
  const set = () => {
    number.value = slider.value;
    slider.classList.remove("untouched");
  };
  slider.addEventListener("input", set);
  slider.addEventListener("pointerup", set); // also where it stood already: in the middle
  number.addEventListener("input", () => {
    slider.value = number.value;
    slider.classList.toggle("untouched", number.value === "");
  });
  number.dispatchEvent(new Event("input"));
}
