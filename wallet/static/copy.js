// Copies the share link; without script, or where copying is not allowed, the link can be selected by hand.
(function () {
  "use strict";
  var link = document.getElementById("link");
  var button = document.getElementById("copy");
  var said = document.getElementById("copied");
  if (!link || !button) { return; }
  function done() { said.textContent = said.dataset.done; }
  button.addEventListener("click", function () {
    link.focus();
    link.select();
    if (navigator.clipboard && navigator.clipboard.writeText) {
      navigator.clipboard.writeText(link.value).then(done, function () { document.execCommand("copy"); done(); });
    } else if (document.execCommand("copy")) {
      done();
    }
  });
}());
