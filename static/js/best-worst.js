// Best and worst: the first map that is pressed is the best, the second the worst; pressed again, it is neither.

import { Parts } from "./parts.js";

class BestWorst extends Parts {
  constructor(root, changed) {
    super(root, changed);
    this.roles = [...root.querySelectorAll("[role=radiogroup]")].map((group) => ({
      name: group.querySelector(".role").textContent,
      radios: [...group.querySelectorAll("input")],
    }));
    this.roles.forEach((role) => role.radios.forEach((radio, place) => {
      radio.addEventListener("change", () => this.choose(role, place));
    }));
  }

  chosen(role) {
    return role.radios.findIndex((radio) => radio.checked);
  }

  choose(role, place) {
    this.free(place);
    role.radios[place].checked = true;
    this.settle();
  }

  free(place) {
    this.roles.forEach((role) => { role.radios[place].checked = false; });
  }

  press(place) {
    if (this.roles.some((role) => role.radios[place].checked)) {
      this.free(place);
      this.settle();
    } else {
      const role = this.roles.find((each) => this.chosen(each) < 0) ?? this.roles.at(-1);
      this.choose(role, place);
    }
  }

  empty() {
    this.maps.forEach((_, place) => this.free(place));
  }

  value() {
    const said = this.roles.map((role) => role.radios[this.chosen(role)]);
    return said.every(Boolean) ? said.reduce((sum, radio) => sum + Number(radio.value), 0) : null;
  }

  inWords() {
    const said = this.roles.filter((role) => this.chosen(role) >= 0);
    return said.map((role) => `${role.name}: ${this.letters[this.chosen(role)]}`).join(" · ");
  }

  mark() {
    this.maps.forEach((map, place) => {
      const role = this.roles?.findIndex((each) => each.radios[place].checked) ?? -1;
      if (role < 0) delete map.dataset.said;
      else map.dataset.said = this.roles[role].name;
    });
  }
}

export function compose(root, changed) {
  return new BestWorst(root, changed);
}
