// Uploads with a bar, and files by drag and drop. Without it the form is sent as any other.
const MIB = 2 ** 20;

function ready(form) {
  const drop = form.querySelector("[data-drop]");
  if (drop) {
    const input = drop.querySelector("input[type=file]");
    drop.querySelector("[data-drop-words]").hidden = false;
    const over = (event) => {
      event.preventDefault();
      drop.classList.toggle("over", event.type === "dragover");
    };
    drop.addEventListener("dragover", over);
    drop.addEventListener("dragleave", over);
    drop.addEventListener("drop", (event) => {
      over(event);
      if (event.dataTransfer.files.length) input.files = event.dataTransfer.files;
    });
  }
  form.addEventListener("submit", (event) => {
    const files = [...form.querySelectorAll("input[type=file]")].flatMap((input) => [...input.files]);
    if (!files.length) return;
    event.preventDefault();
    const size = files.reduce((sum, file) => sum + file.size, 0);
    const limit = Number(form.dataset.limit);
    if (limit && size > limit * MIB) {
      say(form, `This is ${Math.round(size / MIB)} MiB; one upload may have ${limit}. Split the ZIP, or resize the photos.`);
      return;
    }
    send(form);
  });
}

function say(form, words) {
  const place = form.querySelector("[data-upload-error]");
  place.textContent = words;
  place.hidden = !words;
}

function stop(form, words) {
  form.querySelector("[data-progress]").hidden = true;
  form.querySelector("button.primary").disabled = false;
  say(form, words);
}

function send(form) {
  const request = new XMLHttpRequest();
  const box = form.querySelector("[data-progress]");
  const button = form.querySelector("button.primary");
  say(form, "");
  box.hidden = false;
  button.disabled = true;
  request.upload.addEventListener("progress", (event) => {
    box.querySelector("progress").value = (100 * event.loaded) / event.total;
    box.querySelector("[data-progress-words]").textContent = event.loaded < event.total
      ? `${Math.round(event.loaded / MIB)} of ${Math.round(event.total / MIB)} MiB`
      : "Sent. A moment …";
  });
  request.addEventListener("load", () => show(form, request));
  request.addEventListener("error", () => stop(form, "The connection broke. Nothing was kept; please send it again."));
  request.open("POST", form.action);
  request.send(new FormData(form));
}

// Where the server led us; or its page with what is wrong, the files that were chosen still in place.
function show(form, request) {
  if (request.responseURL !== form.action) {
    location.assign(request.responseURL);
    return;
  }
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  const fresh = page.querySelector("[data-upload]");
  if (!fresh) {
    stop(form, `The server did not take it (${request.status}). The files are still chosen; reload the page if this stays so.`);
    return;
  }
  for (const input of form.querySelectorAll("input[type=file]")) {
    fresh.querySelector(`[name="${input.name}"]`).replaceWith(input);
  }
  form.replaceWith(fresh);
  ready(fresh);
}

document.querySelectorAll("[data-upload]").forEach(ready);
