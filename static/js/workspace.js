// The link of an invitation.
import { copies } from "./copy.js";

document.querySelectorAll("[data-copy]").forEach((button) => {
  copies(button, button.parentElement.querySelector("[data-copy-source]"), "Copied");
});
