// Follows a batch: asks how far it is, moves the bars, and reloads the page when something else is to be shown.
"use strict";
(() => {
  const box = document.querySelector("#progress[data-follow]");
  if (!box) return;
  let state = null;
  const pause = () => (document.hidden ? 5000 : 1000);
  const show = (name, value, most) => {
    const phase = box.querySelector(`[data-phase="${name}"]`);
    const bar = phase && phase.querySelector("progress");
    if (!bar) return;
    bar.max = most;
    bar.value = value;
    phase.querySelector(".figure").textContent = `${value} / ${most}`;
  };
  const look = async () => {
    try {
      const answer = await fetch(box.dataset.url, { headers: { Accept: "application/json" } });
      // A session that ended is refused: the reload leads to the sign-in.
      if (answer.status === 403) return location.reload();
      const found = await answer.json();
      for (const name of ["signed", "anchored", "indexed"]) show(name, found[name], found.total);
      if ((state !== null && state !== found.state) || found.printable) return location.reload();
      state = found.state;
    } catch {
      // The network was away for a moment: the next look tells.
    }
    setTimeout(look, pause());
  };
  setTimeout(look, 500);
})();
