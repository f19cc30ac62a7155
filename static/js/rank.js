// A ranking: the first map that is pressed is the best, the next comes after it. A map is put elsewhere, onto another's place too, by its
// selection, by dragging it onto the strip of places, by a tap on it and then on a place, or by an arrow key.

import { Parts } from "./parts.js";

const FAR = 8; // pixels from which on a press is a drag

class Rank extends Parts {
  constructor(root, changed) {
    super(root, changed);
    this.selects = this.maps.map((map) => map.parentElement.querySelector("select"));
    this.strip = root.querySelector(".strip");
    this.slots = [...root.querySelectorAll(".slot")];
    this.held = null; // the map that was pressed last: arrows and taps on the strip move it
    this.strip.hidden = false;
    this.selects.forEach((select, at) => select.addEventListener("change", () => this.put(at, select.selectedIndex)));
    this.slots.forEach((slot, index) => slot.addEventListener("click", () => {
      if (!this.sealed && this.held !== null) this.put(this.held, index + 1);
    }));
    this.maps.forEach((map, at) => {
      map.addEventListener("pointerdown", (event) => this.grip(event, at));
      map.addEventListener("dragstart", (event) => event.preventDefault()); // the browser's own, of a picture
    });
  }

  get places() {
    return this.selects.map((select) => select.selectedIndex);
  }

  put(at, place) {
    this.selects[at].selectedIndex = place;
    this.held = place ? at : null;
    this.settle();
  }

  // The place after the last that is taken, or one that is free before it.
  next() {
    const { places } = this;
    const after = Math.max(...places) + 1;
    if (after <= places.length) return after;
    return places.map((_, index) => index + 1).find((place) => !places.includes(place)) ?? places.length;
  }

  tap(at) {
    if (!this.dragged) this.press(at); // the click that ends a drag is none
  }

  press(at) {
    const isPlaced = this.selects[at].selectedIndex > 0;
    if (!isPlaced) this.put(at, this.next());
    else if (this.held === at) this.put(at, 0);
    else {
      this.held = at;
      this.mark();
    }
  }

  key(key, target) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
    if (!step) return super.key(key);
    if (this.sealed || this.held === null || target.matches("input")) return false;
    const place = this.selects[this.held].selectedIndex + step;
    if (place >= 1 && place <= this.slots.length) this.put(this.held, place);
    return true;
  }

  // Dragging a map: its letter goes along, and the place below it is marked.
  grip(event, at) {
    this.dragged = false;
    if (this.sealed || event.button !== 0) return;
    const [map, from] = [this.maps[at], event];
    const end = new AbortController();
    const { signal } = end;
    let ghost = null;
    map.setPointerCapture(from.pointerId); // a quick hand is off the map before it has moved
    const letGo = () => {
      end.abort();
      ghost?.remove();
      this.slots.forEach((slot) => slot.classList.remove("under"));
    };
    map.addEventListener("pointermove", (now) => {
      if (now.pointerId !== from.pointerId) return;
      if (!ghost && Math.hypot(now.clientX - from.clientX, now.clientY - from.clientY) < FAR) return;
      if (!ghost) {
        this.dragged = true;
        ghost = document.createElement("span");
        ghost.className = "ghost";
        ghost.textContent = this.letters[at];
        this.root.append(ghost);
      }
      ghost.style.translate = `${now.clientX}px ${now.clientY}px`;
      const under = this.slotAt(now);
      this.slots.forEach((slot) => slot.classList.toggle("under", slot === under));
    }, { signal });
    map.addEventListener("pointerup", (now) => {
      const slot = this.dragged && !this.sealed ? this.slotAt(now) : null;
      letGo();
      if (slot) this.put(at, this.slots.indexOf(slot) + 1);
    }, { signal });
    map.addEventListener("pointercancel", letGo, { signal });
  }

  slotAt({ clientX, clientY }) {
    return document.elementsFromPoint(clientX, clientY).map((each) => each.closest(".slot")).find(Boolean);
  }

  empty() {
    this.selects.forEach((select) => { select.selectedIndex = 0; });
    this.held = null;
  }

  // Places as they are counted: none is left out, whatever was said of the others.
  value() {
    const there = [...new Set(this.places)].sort((one, other) => one - other);
    if (there[0] === 0) return null;
    const values = this.selects.map((select, at) => select.options[there.indexOf(this.places[at]) + 1].value);
    return values.reduce((sum, value) => sum + Number(value), 0);
  }

  at(place) {
    return this.letters.filter((_, at) => this.places[at] === place);
  }

  inWords() {
    const said = this.slots.map((_, index) => this.at(index + 1).join(" = "));
    return said.map((letters, index) => letters && `${index + 1}: ${letters}`).filter(Boolean).join(" · ");
  }

  mark() {
    if (!this.selects) return;
    this.maps.forEach((map, at) => {
      if (this.places[at]) map.dataset.said = this.places[at];
      else delete map.dataset.said;
      map.classList.toggle("held", this.held === at);
    });
    this.slots.forEach((slot, index) => { slot.lastElementChild.textContent = this.at(index + 1).join(" "); });
  }
}

export function compose(root, changed) {
  return new Rank(root, changed);
}
