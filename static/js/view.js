// Map or photo: the photo can be laid over all maps at once, wholly or in part, to see what lies beneath. It is the
// photo that is on the page already, so nothing is fetched, and every map is treated alike.

const STEP = 10;
const PERCENT = new Intl.NumberFormat(document.documentElement.lang || undefined, { style: "percent" });

export class View {
  constructor(root) {
    this.maps = root.querySelector(".maps");
    this.toggle = root.querySelector("#view-photo");
    this.slider = root.querySelector("#view-strength");
    this.layers = [...this.maps.querySelectorAll(".map .picture")].map((picture) => {
      const layer = document.createElement("canvas");
      layer.setAttribute("aria-hidden", "true");
      [layer.width, layer.height] = [448, 448];
      picture.after(layer);
      return layer;
    });
    this.toggle.addEventListener("click", () => this.showPhoto(!this.photoShown));
    this.slider.addEventListener("input", () => this.fade(Number(this.slider.value)));
    root.querySelector("#view").hidden = false;
    this.strength = 100;
    this.begin(null);
  }

  // A new trial begins with the maps; how strong they are stays as it was set.
  begin(photo) {
    this.toggles = this.fades = this.photoMs = 0;
    this.photoSince = null;
    this.photoShown = false;
    if (photo) this.layers.forEach((layer) => this.lay(photo, layer.getContext("2d")));
    this.update();
  }

  // The photo over each of the maps that stand side by side in a picture; over all of it where that is one.
  lay(photo, context) {
    const { tiles = 1, columns = 1 } = this.maps.dataset;
    const [width, height] = [448 / columns, 448 / Math.ceil(tiles / columns)];
    for (let tile = 0; tile < tiles; tile += 1) {
      context.drawImage(photo, (tile % columns) * width, Math.floor(tile / columns) * height, width, height);
    }
  }

  showPhoto(shown) {
    this.settle();
    this.photoShown = shown;
    this.photoSince = shown ? performance.now() : null;
    this.toggles += 1;
    this.update();
  }

  fade(strength) {
    const next = Math.min(100, Math.max(0, strength));
    if (next === this.strength) return;
    this.strength = next;
    this.fades += 1;
    this.update();
  }

  // Whether a key was for the view.
  key(key) {
    if (key === "p" || key === "P") this.showPhoto(!this.photoShown);
    else if (key === "-") this.fade(this.strength - STEP);
    else if (key === "+" || key === "=") this.fade(this.strength + STEP);
    else return false;
    return true;
  }

  update() {
    this.toggle.setAttribute("aria-pressed", String(this.photoShown));
    this.slider.value = this.strength;
    this.slider.setAttribute("aria-valuetext", PERCENT.format(this.strength / 100));
    this.maps.style.setProperty("--photo-over", this.photoShown ? 1 : 1 - this.strength / 100);
  }

  settle() {
    if (this.photoSince !== null) this.photoMs += performance.now() - this.photoSince;
    this.photoSince = this.photoShown ? performance.now() : null;
  }

  report() {
    this.settle();
    return {
      view: this.photoShown ? "photo" : "maps",
      view_changes: this.toggles,
      photo_ms: Math.round(this.photoMs),
      opacity: this.strength,
      opacity_changes: this.fades,
    };
  }
}
