// An answer that takes several presses: fields of the form say its parts, and their sum is its value. A trial type's own
// module extends this; without scripts the fields do alone. Taps on the maps and number keys are shorter ways to the same fields.

export class Parts {
  constructor(root, changed) {
    this.root = root;
    this.changed = changed;
    this.maps = [...root.closest("form").querySelectorAll("[data-map]")];
    this.letters = this.maps.map((map) => map.querySelector(".letter").textContent);
    this.told = root.querySelector(".told");
    this.clearing = root.querySelector(".clear");
    this.sealed = true;
    root.classList.add("scripted");
    this.clearing.hidden = false;
    this.clearing.addEventListener("click", () => this.clear());
    this.maps.forEach((map, place) => map.addEventListener("click", () => this.sealed || this.tap(place)));
  }

  get fields() {
    return [...this.root.closest("form").querySelectorAll("[name^=part-]")];
  }

  // A new trial: nothing is said yet, and nothing can be until it is unsealed.
  seal() {
    this.sealed = true;
    this.empty();
    this.fields.forEach((field) => { field.disabled = true; });
    this.show("");
  }

  unseal() {
    this.sealed = false;
    this.fields.forEach((field) => { field.disabled = false; });
  }

  clear() {
    if (this.sealed) return;
    this.empty();
    this.settle();
  }

  // After every change: what is said now, for those who see and those who hear.
  settle() {
    this.show(this.inWords());
    this.changed();
  }

  show(text) {
    this.clearing.disabled = this.sealed || !text;
    this.told.textContent = text;
    this.mark();
  }

  tap(place) {
    this.press(place);
  }

  // Whether a key was for the answer.
  key(key) {
    if (this.sealed) return false;
    if (key === "0") this.clear();
    else {
      const place = this.maps.findIndex((map) => map.dataset.key === key);
      if (place < 0) return false;
      this.press(place);
    }
    return true;
  }
}
