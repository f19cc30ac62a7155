// Shows the next thing as soon as there is one: a run that begins, a study that is ready, maps that were given up.
const PERIOD_MS = 1500;
const box = document.querySelector("#wait");

async function look() {
  const answer = await fetch(box.dataset.url, { headers: { Accept: "application/json" } });
  if (answer.ok && (await answer.json()).version.trim() !== box.dataset.version.trim()) location.reload();
}

async function follow() {
  if (!document.hidden) await look().catch(() => {});
  setTimeout(follow, PERIOD_MS);
}

setTimeout(follow, PERIOD_MS);
