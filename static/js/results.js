// Keeps the results up to date while answers come in. Without JavaScript, reload the page.
const EVERY = 10_000;
let live = document.getElementById("live");
let counted = live.dataset.counted;
const note = document.getElementById("live-note");

async function look() {
  if (document.hidden || document.querySelector("details[open], .narrow-down :focus")) return;
  const reply = await fetch(live.dataset.url, { headers: { Accept: "application/json" } });
  if (!reply.ok) return;
  const now = String((await reply.json())[live.dataset.key || "counted"]);
  if (now === counted) return;
  const page = await fetch(location.href);
  if (!page.ok) return;
  const fresh = new DOMParser().parseFromString(await page.text(), "text/html").getElementById("live");
  if (!fresh) return location.reload();
  counted = fresh.dataset.counted;
  live.replaceWith(fresh);
  live = fresh;
  note.textContent = `Updated at ${new Date().toLocaleTimeString()}.`;
}

setInterval(() => look().catch(() => {}), EVERY);
