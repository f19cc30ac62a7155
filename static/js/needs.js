// Says before the consent what the study needs and this device lacks. A courtesy: the server believes none of it.

import { copies } from "./copy.js";

const needs = document.querySelector("#needs");
const invitation = document.querySelector("#invitation");
const wants = needs.dataset;
let keys = matchMedia("(any-hover: hover) and (any-pointer: fine)").matches; // a mouse: so a keyboard, too

// A phone by its own word, or a screen for fingers whose shorter side is a phone's.
const isPhone =
  "phone" in wants ||
  navigator.userAgentData?.mobile === true ||
  (matchMedia("(pointer: coarse)").matches && Math.min(screen.width, screen.height) < 500);

function show(id, lacking) {
  const line = document.getElementById(id);
  if (line) line.hidden = !lacking;
  return lacking;
}

function look() {
  const lacks = [
    show("needs-no-phone", "noPhone" in wants && isPhone),
    show("needs-width", "width" in wants && innerWidth < Number(wants.width)),
    show("needs-keyboard", "keyboard" in wants && !keys),
  ];
  needs.hidden = !lacks.includes(true);
  invitation.hidden = !needs.hidden;
}

addEventListener("resize", look);
addEventListener("keydown", () => {
  keys = true;
  look();
});
look();

const button = needs.querySelector("button");
copies(button, needs.querySelector("input"), button.dataset.done);
