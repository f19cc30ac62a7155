// Sends somebody back to the site that they came from after some seconds, which they see run down and can stop. Once: who comes
// back to the page has the button.

const note = document.querySelector("#return");
const [text, stop] = [note.querySelector("span"), note.querySelector("button")];
const { href } = document.querySelector("#way-back");
const key = `sent back to ${href}`;
let left = Number(note.dataset.seconds);

function tick() {
  text.textContent = text.dataset.text.replace("{seconds}", left);
  if (left > 0) return;
  clearInterval(timer);
  try {
    sessionStorage.setItem(key, "yes");
  } catch { /* storage is forbidden: they stop it by hand */ }
  location.assign(href);
}

let timer;
let sent;
try {
  sent = sessionStorage.getItem(key);
} catch { /* as above */ }
if (!sent) {
  note.hidden = false;
  timer = setInterval(() => { left -= 1; tick(); }, 1000);
  tick();
}
stop.addEventListener("click", () => {
  clearInterval(timer);
  note.hidden = true;
});
