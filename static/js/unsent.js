// Answers that can never be sent are offered as a file, so that whoever gave them has them.

export function offer(queue, place = document.querySelector("#unsent")) {
  const answers = queue.unsendable;
  place.hidden = !answers.length;
  if (!answers.length) return;
  const [words, link] = [place.querySelector("p"), place.querySelector("a")];
  words.textContent = words.dataset.text.replace("{count}", answers.length);
  const said = { study: document.querySelector(".v-study").textContent, person: place.dataset.queue, answers };
  URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(new Blob([JSON.stringify(said, null, 1)], { type: "application/json" }));
}
