// Photo and maps enlarged, all together and at the same place: by wheel, keys, buttons or two fingers. One finger that is held on a
// picture is a magnifier until it is lifted. Every picture keeps its frame: a part of it fills the frame, and nothing is fetched.

const STEP = 1.5, MOST = 6, MAGNIFIED = 2.5, HOLD = 350, STILL = 10; // times, times, times, ms, pixels
const MOVE = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const PERCENT = new Intl.NumberFormat(document.documentElement.lang || undefined, { style: "percent" });

const clamp = (value, least, most) => Math.min(most, Math.max(least, value));

export class Zoom {
  // stage: what holds the pictures; controls: the buttons, or null.
  constructor(stage, controls) {
    Object.assign(this, { stage, controls });
    this.shown = controls?.querySelector("output");
    if (controls) controls.hidden = false;
    controls?.querySelectorAll("[data-zoom]").forEach((button) => button.addEventListener("click", () => this.step(button.dataset.zoom)));
    stage.classList.add("zoomable");
    stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    stage.addEventListener("pointermove", (event) => event.pointerType === "mouse" && this.follow(event));
    stage.addEventListener("touchstart", (event) => this.touch(event), { passive: false });
    stage.addEventListener("touchmove", (event) => this.drag(event), { passive: false });
    ["touchend", "touchcancel"].forEach((name) => stage.addEventListener(name, (event) => this.lift(event)));
    // What a held finger does else: a menu, and a click when it is lifted.
    stage.addEventListener("contextmenu", (event) => this.held !== undefined && event.preventDefault());
    stage.addEventListener("click", (event) => this.swallow(event), true);
    this.begin();
  }

  // A new trial: nothing is enlarged.
  begin() {
    clearTimeout(this.holding);
    this.zooms = this.zoomMs = this.magnifier = this.magnifierMs = 0;
    this.most = 1;
    this.since = this.pinch = this.held = undefined;
    this.at = [0.5, 0.5];
    this.set(1);
  }

  // Enlarge so many times, about the place `at` (shares of a picture's sides) that comes to the middle as far as the frame lets it.
  set(times, at = this.at) {
    const next = clamp(times, 1, MOST);
    if (next > 1 && this.since === undefined) {
      this.since = performance.now();
      if (this.held === undefined) this.zooms += 1;
    }
    if (next === 1) this.settle();
    this.times = next;
    if (this.held === undefined) this.most = Math.max(this.most, next);
    const half = 0.5 / next;
    this.at = at.map((share) => clamp(share, half, 1 - half));
    const [left, top] = this.at.map((share) => share - half);
    const { style } = this.stage;
    style.setProperty("--zoom", next);
    style.setProperty("--zoom-x", `${-100 * left}%`);
    style.setProperty("--zoom-y", `${-100 * top}%`);
    style.setProperty("--zoom-clip", `${100 * top}% ${100 * (1 - left - 2 * half)}% ${100 * (1 - top - 2 * half)}% ${100 * left}%`);
    this.stage.classList.toggle("zoomed", next > 1);
    if (this.shown) this.shown.value = PERCENT.format(next);
    if (this.controls) {
      this.controls.querySelector("[data-zoom='-']").disabled = next === 1;
      this.controls.querySelector("[data-zoom='+']").disabled = next === MOST;
    }
  }

  step(sign, at) {
    const next = sign === "+" ? this.times * STEP : this.times / STEP;
    this.set(next < 1.05 ? 1 : next, at);
  }

  settle() {
    if (this.since === undefined) return;
    const ms = performance.now() - this.since;
    if (this.held === undefined) this.zoomMs += ms;
    else this.magnifierMs += ms;
    this.since = this.times > 1 ? performance.now() : undefined;
  }

  // Where on its picture a point is: shares of the sides of its frame; null beside every picture.
  placeOf({ clientX, clientY }) {
    for (const frame of this.stage.querySelectorAll(".sight, .map")) {
      const picture = frame.querySelector(".picture");
      if (!picture) continue;
      const box = this.frameOf(picture);
      const [x, y] = [(clientX - box.left) / box.width, (clientY - box.top) / box.height];
      if (x >= 0 && x <= 1 && y >= 0 && y <= 1) return [x, y];
    }
    return null;
  }

  // What a picture takes up on the page, however it is enlarged.
  frameOf(picture) {
    const box = picture.getBoundingClientRect();
    if (this.times === 1) return box;
    const [left, top] = this.at.map((share) => share - 0.5 / this.times);
    const [width, height] = [box.width / this.times, box.height / this.times];
    return { left: box.left + left * box.width, top: box.top + top * box.height, width, height };
  }

  // What lies at a place of the frame, in shares of the whole picture.
  beneath([x, y]) {
    const half = 0.5 / this.times;
    return [this.at[0] - half + 2 * half * x, this.at[1] - half + 2 * half * y];
  }

  // The middle that keeps what lies beneath a place of the frame there, when it is enlarged so many times.
  about(place, times) {
    const [x, y] = this.beneath(place);
    const half = 0.5 / times;
    return [x + half - 2 * half * place[0], y + half - 2 * half * place[1]];
  }

  // Over a picture, where the page itself has nothing to scroll or Ctrl is held.
  wheel(event) {
    const place = this.placeOf(event);
    const scrolls = document.documentElement.scrollHeight > innerHeight + 1;
    if (!place || (scrolls && !event.ctrlKey)) return;
    event.preventDefault();
    const next = clamp(this.times * Math.exp(-event.deltaY / 400), 1, MOST);
    this.set(next < 1.05 ? 1 : next, this.about(place, next));
  }

  // The mouse over an enlarged picture moves what is seen of all of them.
  follow(event) {
    if (this.times === 1 || this.held !== undefined) return;
    const place = this.placeOf(event);
    if (place) this.set(this.times, place);
  }

  touch(event) {
    clearTimeout(this.holding);
    const [first, second] = event.touches;
    const place = first && this.placeOf(first);
    if (!place) return;
    if (second) {
      if (this.held !== undefined) this.release();
      event.preventDefault();
      this.pinch = { apart: apart(first, second), times: this.times, from: this.beneath(middle(this, first, second) ?? place) };
    } else if (this.times === 1) {
      this.from = [first.clientX, first.clientY];
      const { target } = event;
      this.holding = setTimeout(() => this.hold(place, target), HOLD);
    }
  }

  drag(event) {
    const [first, second] = event.touches;
    if (this.pinch && second) {
      event.preventDefault();
      const next = clamp((this.pinch.times * apart(first, second)) / this.pinch.apart, 1, MOST);
      const place = middle(this, first, second) ?? [0.5, 0.5];
      const half = 0.5 / next;
      this.set(next < 1.05 ? 1 : next, this.pinch.from.map((share, axis) => share + half - 2 * half * place[axis]));
    } else if (this.held !== undefined) {
      event.preventDefault();
      const place = this.placeOf(first);
      if (place) this.set(MAGNIFIED, place);
    } else if (this.from && Math.hypot(first.clientX - this.from[0], first.clientY - this.from[1]) > STILL) clearTimeout(this.holding);
  }

  // Whatever else follows the finger, as a drag does, lets go of it.
  hold(place, target) {
    target.dispatchEvent(new PointerEvent("pointercancel", { bubbles: true }));
    this.held = performance.now();
    this.magnifier += 1;
    this.set(MAGNIFIED, place);
  }

  release() {
    this.settle();
    this.times = 1;
    this.since = undefined;
    this.set(1, [0.5, 0.5]);
    this.held = undefined;
  }

  lift(event) {
    clearTimeout(this.holding);
    if (event.touches.length < 2) this.pinch = undefined;
    if (this.held === undefined || event.touches.length) return;
    this.release();
    this.lifted = performance.now();
    if (event.cancelable) event.preventDefault(); // or it would be a click, and so an answer
  }

  swallow(event) {
    if (this.held === undefined && !(performance.now() - this.lifted < HOLD)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  // Whether a key was for this: Z enlarges, X makes smaller, and arrows move what is enlarged.
  key(key, target) {
    if (key === "z" || key === "Z") this.step("+");
    else if (key === "x" || key === "X") this.step("-");
    else if (this.times > 1 && MOVE[key] && !target.matches?.("input, select")) {
      const far = 0.25 / this.times;
      this.set(this.times, this.at.map((share, axis) => share + far * MOVE[key][axis]));
    } else return false;
    return true;
  }

  report() {
    this.settle();
    return {
      zooms: this.zooms,
      zoom_ms: Math.round(this.zoomMs),
      zoom_most: Math.round(100 * this.most),
      magnifier: this.magnifier,
      magnifier_ms: Math.round(this.magnifierMs),
    };
  }
}

const apart = (one, other) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;

const middle = (zoom, one, other) =>
  zoom.placeOf({ clientX: (one.clientX + other.clientX) / 2, clientY: (one.clientY + other.clientY) / 2 });
