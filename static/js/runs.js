// Keeps the page of a run up to date. Without it the page works by reload.
const PERIOD_MS = 2000;
const section = document.querySelector("#state");

async function update() {
  const answer = await fetch(section.dataset.url, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const state = await answer.json();
  // What needs other parts of the page than the figures: let the server draw it again.
  if (state.finished || state.failures !== Number(section.dataset.failures)) {
    location.reload();
    return;
  }
  const bar = section.querySelector("progress");
  bar.max = state.photos || 1;
  bar.value = state.photos_done;
  document.querySelector("#idle").hidden = !state.idle;
  for (const place of document.querySelectorAll("[data-shown]")) {
    place.textContent = state.shown[place.dataset.shown];
  }
}

async function follow() {
  try {
    if (!document.hidden) await update();
  } catch {
    // The server is away for a moment: the next round will tell.
  }
  setTimeout(follow, PERIOD_MS);
}

setTimeout(follow, PERIOD_MS);
