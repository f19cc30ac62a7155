// How an answer came about: when something was first picked, how often that changed, how long the page was hidden.

// Chrome, Edge and the like mark a page that they have translated; Firefox and Safari do not.
function isTranslated() {
  const { classList } = document.documentElement;
  return (
    classList.contains("translated-ltr") ||
    classList.contains("translated-rtl") ||
    document.querySelector("[_msttexthash]") !== null
  );
}

export class Watch {
  constructor() {
    this.began = performance.now();
    this.picks = [];
    this.hiddenFor = 0;
    this.hiddenSince = document.hidden ? this.began : null;
    this.onVisibility = () => {
      this.settleHidden();
      this.hiddenSince = document.hidden ? performance.now() : null;
    };
    document.addEventListener("visibilitychange", this.onVisibility);
  }

  elapsed() {
    return Math.round(performance.now() - this.began);
  }

  // A choice that is not confirmed yet: a number key, before Enter.
  picked(value) {
    if (this.picks.at(-1)?.value !== value) this.picks.push({ value, ms: this.elapsed() });
  }

  settleHidden() {
    if (this.hiddenSince !== null) this.hiddenFor += performance.now() - this.hiddenSince;
    this.hiddenSince = document.hidden ? performance.now() : null;
  }

  // To be called with the value that was confirmed.
  report(value) {
    this.picked(value);
    this.settleHidden();
    return {
      first_value: this.picks[0].value,
      first_ms: this.picks[0].ms,
      changes: this.picks.length - 1,
      hidden_ms: Math.round(this.hiddenFor),
      viewport: [innerWidth, innerHeight],
      pixel_ratio: devicePixelRatio,
      ...(isTranslated() && { translated: true }),
    };
  }

  stop() {
    document.removeEventListener("visibilitychange", this.onVisibility);
  }
}
