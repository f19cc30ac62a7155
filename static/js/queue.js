// Answers on their way to the server. They are kept in the browser's storage, also across a closed tab, until the
// server's reply says that they are settled. Nothing else removes them. They are kept by the name of the person (links.py),
// so that they are found again whatever link somebody comes back by, and nobody else sends them.

const FIRST_WAIT = 1000, LONGEST_WAIT = 30000, PATIENCE = 20000;

// crypto.randomUUID exists only over HTTPS and on localhost.
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

// What a reply says; an error is final where the link leads nowhere any more.
async function content(reply) {
  if (reply.ok) return reply.json();
  throw Object.assign(new Error(reply.status), { final: reply.status === 404 || reply.status === 410 });
}

export class AnswerQueue {
  // onReply(reply) is called with every reply, onState("sending" | "waiting" | "saved" | "stopped") on every change.
  constructor({ name, url, csrf, onReply, onState }) {
    Object.assign(this, { url, csrf, onReply, onState });
    this.key = `blindsight answers ${name}`;
    this.memory = [];
    this.adopt(`blindsight ${url}`);
    this.wait = FIRST_WAIT;
    this.busy = false;
    window.addEventListener("online", () => this.send());
    // Another tab of the same participant has these answers too, and may have had them settled.
    window.addEventListener("storage", (event) => event.key === this.key && this.settledElsewhere(event));
  }

  // What is stored, and after it what storage does not have: it can be full, forbidden or cleared while the page is open.
  get waiting() {
    const { stored } = this;
    const names = new Set(stored.map(({ id }) => id));
    return [...stored, ...this.memory.filter(({ id }) => !names.has(id))];
  }

  get stored() {
    return this.read(this.key);
  }

  // Answers that can never be sent: the server refused them, or takes nothing any more.
  get unsendable() {
    return [...this.read(this.refusedKey), ...(this.stopped ? this.waiting : [])].filter(({ kind }) => kind === "answer");
  }

  get refusedKey() {
    return `${this.key} refused`;
  }

  read(key) {
    try {
      return JSON.parse(localStorage.getItem(key)) ?? [];
    } catch {
      return [];
    }
  }

  // Queues were kept by the address of one link once; what waits there is this person's, who has that link.
  adopt(key) {
    const left = this.read(key);
    try {
      if (left.length) localStorage.setItem(this.key, JSON.stringify([...left, ...this.stored]));
      localStorage.removeItem(key);
    } catch { /* it stays where it is */ }
  }

  keepRefused(operations) {
    try {
      if (operations.length) localStorage.setItem(this.refusedKey, JSON.stringify([...this.read(this.refusedKey), ...operations]));
    } catch { /* the server has them among what could not be done */ }
  }

  // All that waits is stored in the order in which it was given, so that an undo never stands before its answer.
  keep(operation) {
    this.memory.push(operation);
    try {
      localStorage.setItem(this.key, JSON.stringify(this.waiting));
    } catch { /* memory has it */ }
  }

  remove(settled) {
    const open = (operation) => !settled.has(operation.id);
    this.memory = this.memory.filter(open);
    const { stored } = this;
    if (!stored.length) return;
    const left = stored.filter(open);
    if (left.length) localStorage.setItem(this.key, JSON.stringify(left));
    else localStorage.removeItem(this.key);
  }

  // What another tab took out of storage is settled; what was cleared, with all else of the site, is not.
  settledElsewhere({ oldValue, newValue }) {
    const names = (text) => new Set(JSON.parse(text ?? "[]").map(({ id }) => id));
    const left = names(newValue);
    const settled = new Set([...names(oldValue)].filter((id) => !left.has(id)));
    this.memory = this.memory.filter(({ id }) => !settled.has(id));
    this.onState(this.state());
  }

  state() {
    return this.waiting.length ? (this.wait > FIRST_WAIT ? "waiting" : "sending") : "saved";
  }

  add(operation) {
    this.keep(operation);
    this.onState(this.state());
    this.send();
  }

  // Sends what is waiting; with nothing waiting it asks for what comes next.
  async send() {
    if (this.busy || this.stopped) return;
    this.busy = true;
    clearTimeout(this.timer);
    const operations = this.waiting;
    try {
      const reply = await this.fetch(operations);
      const settled = new Set(reply.settled);
      // A server that settles nothing of what it was sent is not to be asked again without a pause.
      if (operations.length && !operations.some(({ id }) => settled.has(id))) throw new Error("none settled");
      const refused = new Set(reply.refused);
      this.keepRefused(operations.filter(({ id }) => refused.has(id)));
      this.remove(settled);
      this.csrf = reply.csrf ?? this.csrf;
      this.wait = FIRST_WAIT;
      this.busy = false;
      this.onReply(reply);
      this.onState(this.state());
      if (this.waiting.length) this.send();
    } catch (error) {
      this.busy = false;
      if (error.final) {
        this.stopped = true;
        this.onState("stopped");
        return;
      }
      this.timer = setTimeout(() => this.send(), this.wait * (0.75 + Math.random() / 2));
      this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
      this.onState(this.state());
    }
  }

  async fetch(operations) {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), PATIENCE);
    try {
      const options = operations.length
        ? {
            method: "POST",
            headers: { "Content-Type": "application/json", "X-CSRFToken": this.csrf },
            body: JSON.stringify({ operations }),
          }
        : {};
      const reply = await fetch(this.url, { ...options, signal: abort.signal, cache: "no-store" });
      if (reply.status === 403) await this.renewToken(abort.signal);
      return await content(reply);
    } finally {
      clearTimeout(timer);
    }
  }

  // The CSRF cookie may have run out while the page was open: a plain GET brings a new one.
  async renewToken(signal) {
    const reply = await content(await fetch(this.url, { signal, cache: "no-store" }));
    this.csrf = reply.csrf ?? this.csrf;
  }
}
