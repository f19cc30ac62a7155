// Shows the pictures of a trial for stated times: a cross, the photo alone, the maps, and then no maps. What is on screen is said by
// data-phase of the body, which the style sheet reads: wait, cross, photo, maps, after.
//
// Time is that of animation frames: a phase that is set within a frame is painted with it, so the difference of two frames is how long
// something was there. A page that is out of sight has no frames: before the maps all begins anew once it is seen again; while they
// are shown, that is the end of it.

const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));

const median = (numbers) => numbers.sort((one, other) => one - other)[Math.floor(numbers.length / 2)];

function seen() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    const look = () => {
      if (document.hidden) return;
      document.removeEventListener("visibilitychange", look);
      resolve();
    };
    document.addEventListener("visibilitychange", look);
  });
}

export class Exposure {
  // plan: fixation_ms, photo_first_ms, show_ms, look_again. cross, again: what shows them on the page; `again` may be null.
  constructor(plan, { cross, again }) {
    Object.assign(this, { plan, cross, again });
    this.turn = 0;
    again?.querySelector("button").addEventListener("click", () => this.onAgain());
    this.reset();
  }

  // Another trial: nothing of it is on screen, and what still runs of the one before is over.
  reset() {
    this.turn += 1;
    this.told = {};
    this.set("wait");
  }

  set(phase) {
    document.body.dataset.phase = phase;
    this.cross.hidden = phase !== "cross";
    if (this.again) this.again.hidden = phase !== "after";
  }

  // Show a trial; true once it can be answered, false where it is no longer on screen. onMaps() is called before the maps are painted.
  // looks: how often its maps have been shown. Where they go again, that was it, unless the plan lets people look again.
  async run(looks, onMaps) {
    const turn = this.turn;
    this.onAgain = () => this.show(turn, onMaps);
    if (this.plan.show_ms && looks > 0) {
      this.told = this.plan.look_again ? {} : { not_seen: true };
      this.set("after");
      return true;
    }
    return await this.before(turn) && this.show(turn, onMaps);
  }

  async before(turn) {
    const phases = [["cross", this.plan.fixation_ms], ["photo", this.plan.photo_first_ms]].filter(([, ms]) => ms);
    for (let whole = false; !whole;) {
      await seen();
      let now = await frame();
      whole = true;
      for (const [phase, ms] of phases) {
        if (this.turn !== turn) return false;
        this.set(phase);
        const { end, cut } = await this.pass(now, ms);
        whole &&= !cut;
        now = end;
      }
    }
    return this.turn === turn;
  }

  async show(turn, onMaps) {
    if (this.again) this.again.hidden = true;
    await seen();
    const began = await frame();
    if (this.turn !== turn) return false;
    onMaps();
    this.set("maps");
    if (!this.plan.show_ms) return true;
    const { end, cut, frames } = await this.pass(began, this.plan.show_ms);
    if (this.turn !== turn) return false;
    this.set("after");
    this.told = { shown_ms: Math.round(10 * (end - began)) / 10, ...(cut && { cut_short: true }) };
    if (frames.length) this.told.frame_ms = Math.round(100 * median(frames)) / 100;
    return true;
  }

  // Until the frame that is nearest to so many milliseconds after another; `cut` where the page went out of sight before.
  async pass(began, ms) {
    const frames = [];
    let hide;
    const hidden = new Promise((resolve) => { hide = () => document.hidden && resolve(null); });
    document.addEventListener("visibilitychange", hide);
    hide();
    try {
      for (let last = began; ;) {
        const now = await Promise.race([hidden, frame()]);
        if (now === null) return { end: performance.now(), cut: true, frames };
        frames.push(now - last);
        last = now;
        if (now - began >= ms - median([...frames]) / 2) return { end: now, cut: false, frames };
      }
    } finally {
      document.removeEventListener("visibilitychange", hide);
    }
  }

  report() {
    return this.told;
  }
}
