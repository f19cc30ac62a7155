// Copy an invitation link. Without JavaScript the field can be selected and copied by hand.
document.querySelectorAll("[data-copy]").forEach((button) => {
  const field = button.parentElement.querySelector("[data-copy-source]");
  button.hidden = false;
  field.addEventListener("focus", () => field.select());
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      field.select();
      document.execCommand("copy");
    }
    button.textContent = "Copied";
  });
});
