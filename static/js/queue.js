// Answers on their way to the server. They are kept in the browser's storage, also across a closed tab, until the
// server's reply says that they are settled. Nothing else removes them.

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

export class AnswerQueue {
  // onReply(reply) is called with every reply, onState("sending" | "waiting" | "saved" | "stopped") on every change.
  constructor({ url, csrf, onReply, onState }) {
    Object.assign(this, { url, csrf, onReply, onState });
    this.key = `blindsight ${url}`;
    this.memory = [];
    this.wait = FIRST_WAIT;
    this.busy = false;
    window.addEventListener("online", () => this.send());
    // Another tab of the same participant may have had these answers settled.
    window.addEventListener("storage", (event) => event.key === this.key && this.onState(this.state()));
  }

  // Storage can be full or forbidden (private windows): then memory has to do.
  get waiting() {
    try {
      return JSON.parse(localStorage.getItem(this.key)) ?? this.memory;
    } catch {
      return this.memory;
    }
  }

  set waiting(operations) {
    this.memory = operations;
    try {
      if (operations.length) localStorage.setItem(this.key, JSON.stringify(operations));
      else localStorage.removeItem(this.key);
    } catch { /* memory has them */ }
  }

  state() {
    return this.waiting.length ? (this.wait > FIRST_WAIT ? "waiting" : "sending") : "saved";
  }

  add(operation) {
    this.waiting = [...this.waiting, operation];
    this.onState(this.state());
    this.send();
  }

  // Sends what is waiting; with nothing waiting it asks for what comes next, which also renews the leases.
  async send() {
    if (this.busy || this.stopped) return;
    this.busy = true;
    clearTimeout(this.timer);
    const operations = this.waiting;
    try {
      const reply = await this.fetch(operations);
      const settled = new Set(reply.settled);
      this.waiting = this.waiting.filter((operation) => !settled.has(operation.id));
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
      if (!reply.ok) {
        throw Object.assign(new Error(reply.status), { final: reply.status === 404 || reply.status === 410 });
      }
      return await reply.json();
    } finally {
      clearTimeout(timer);
    }
  }

  // The CSRF cookie may have run out while the page was open: a plain GET brings a new one.
  async renewToken(signal) {
    const reply = await fetch(this.url, { signal, cache: "no-store" });
    if (reply.ok) this.csrf = (await reply.json()).csrf;
  }
}
