// A button that copies what stands in a field. Without JavaScript the field can be selected and copied by hand.
export function copies(button, field, done) {
  button.hidden = false;
  field.addEventListener("focus", () => field.select());
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      field.select();
      document.execCommand("copy");
    }
    button.textContent = done;
  });
}
