// The set-up with JavaScript: the estimate follows what is typed, texts show what they become, and a page with
// something unsaved asks before it goes. Without it every step works by its buttons.
const WAIT_MS = 250;

const form = document.querySelector("[data-unsaved]");
if (form) {
  let changed = Boolean(document.querySelector(".set-up [role=alert]"));
  form.addEventListener("input", () => { changed = true; });
  form.addEventListener("submit", () => { changed = false; });
  window.addEventListener("beforeunload", (event) => changed && event.preventDefault());
}

const panel = document.querySelector("[data-estimate]");
if (panel) {
  let timer;
  const names = ["people", "responses_per_item", "trials_per_participant", "repeats_per_participant"];
  const ask = async () => {
    const typed = new URLSearchParams({ items: panel.dataset.items });
    names.forEach((name) => typed.set(name, form.elements[name].value));
    if (form.elements.comparison) typed.set("comparison", form.elements.comparison.value);
    const reply = await fetch(`${panel.dataset.estimate}?${typed}`, { headers: { Accept: "application/json" } });
    if (!reply.ok) return;
    const { estimate } = await reply.json();
    panel.querySelectorAll("[data-shown]").forEach((place) => {
      place.textContent = estimate ? estimate[place.dataset.shown] : "–";
    });
    const few = panel.querySelector("[data-too-few]");
    if (few) few.hidden = !estimate || estimate.enough;
  };
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => ask().catch(() => {}), WAIT_MS);
  });
}

const facts = document.querySelector("#facts");
if (facts) {
  const values = JSON.parse(facts.textContent);
  for (const box of document.querySelectorAll("[data-becomes]")) {
    const field = document.getElementById(box.dataset.becomes);
    const show = () => {
      const text = field.value.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
      const parts = field.name === "labels" ? text.split("\n") : text.split(/\n\s*\n/);
      box.replaceChildren(...parts.filter((part) => part.trim()).map((part) => {
        const paragraph = document.createElement("p");
        paragraph.textContent = part;
        paragraph.dir = field.dir;
        return paragraph;
      }));
    };
    box.hidden = false;
    field.addEventListener("input", show);
    show();
  }
}
