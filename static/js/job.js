// Keeps the page of a job up to date. Without it the page works by reload.
const PERIOD_MS = 1000;
const section = document.querySelector("#job");
const bar = document.querySelector("#job-bar");

async function look() {
  const answer = await fetch(section.dataset.url, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const job = await answer.json();
  if (job.state === "done" || job.state === "failed") {
    location.reload();
    return;
  }
  if (job.total) Object.assign(bar, { max: job.total, value: job.done });
  document.querySelector("#job-words").textContent = job.state === "pending"
    ? "Waiting for a worker."
    : job.total ? `${job.done} of ${job.total} ${section.dataset.unit || ""}`.trim() : "Under way.";
  document.querySelector("#no-worker").hidden = !job.no_worker;
  document.querySelector("#silent").hidden = !job.silent;
}

async function follow() {
  if (!document.hidden) await look().catch(() => {});
  setTimeout(follow, PERIOD_MS);
}

setTimeout(follow, PERIOD_MS / 4);
