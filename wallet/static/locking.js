// Warns two minutes before the wallet locks itself, lets the holder stay, and clears the screen when it is locked.
(function () {
  "use strict";
  var box = document.getElementById("locking");
  if (!box) { return; }
  var seconds = Number(box.dataset.seconds);
  var warn, lock;
  function start() {
    clearTimeout(warn);
    clearTimeout(lock);
    box.hidden = true;
    warn = setTimeout(function () { box.hidden = false; }, Math.max(1, seconds - 120) * 1000);
    lock = setTimeout(function () { location.replace(box.dataset.locked); }, (seconds + 2) * 1000);
  }
  document.getElementById("stay").addEventListener("click", function () {
    fetch(box.dataset.extend, {
      method: "POST",
      headers: { "X-CSRFToken": box.dataset.token },
      redirect: "manual"
    }).then(function (answer) {
      if (answer.status === 204) { start(); } else { location.replace(box.dataset.locked); }
    }, function () { location.replace(box.dataset.locked); });
  });
  start();
}());
