// Pictures that are loaded and decoded before anyone needs them.

const TRIES = 6, FIRST_WAIT = 500;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// An <img> that is decoded, tried several times; rejects when the last try fails.
async function load(url) {
  for (let turn = 1; ; turn += 1) {
    const image = new Image(448, 448);
    image.className = "picture";
    image.src = url;
    try {
      await image.decode();
      return image;
    } catch (error) {
      if (turn === TRIES) throw error;
      await pause(FIRST_WAIT * 2 ** (turn - 1));
    }
  }
}

export class Pictures {
  constructor() {
    this.trials = new Map();
    this.line = Promise.resolve();
  }

  // The pictures of a trial, in the order of its slots. Trials are loaded one after the other.
  of(trial) {
    if (!this.trials.has(trial.position)) {
      const loaded = this.line.then(() => Promise.all(trial.pictures.map(load)));
      this.trials.set(trial.position, loaded);
      this.line = loaded.catch(() => this.forget(trial.position));
    }
    return this.trials.get(trial.position);
  }

  // The pictures of a trial that the page came with.
  adopt(trial, images) {
    const decoded = [...images].map((image, slot) =>
      image.decode().then(() => image, () => load(trial.pictures[slot])));
    const loaded = Promise.all(decoded);
    this.trials.set(trial.position, loaded);
    this.line = loaded.catch(() => this.forget(trial.position));
  }

  forget(position) {
    this.trials.delete(position);
  }
}
