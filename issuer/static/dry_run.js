// Follows a dry run: asks how far it is, moves the bar, and reloads the page when it is done.
"use strict";
(() => {
  const box = document.querySelector("#follow[data-follow]");
  if (!box) return;
  const bar = box.querySelector("progress");
  const figure = box.querySelector(".figure");
  const look = async () => {
    try {
      const answer = await fetch(box.dataset.url, { headers: { Accept: "application/json" } });
      if (answer.status === 403) return location.reload();
      const found = await answer.json();
      bar.max = found.total;
      bar.value = found.examined;
      figure.textContent = `${found.examined} / ${found.total}`;
      if (found.state !== "running") return location.reload();
    } catch {
      // The network was away for a moment: the next look tells.
    }
    setTimeout(look, document.hidden ? 5000 : 1000);
  };
  setTimeout(look, 500);
})();
