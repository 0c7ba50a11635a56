// Says that something is under way, and keeps a second tap from sending the form again.
(function () {
  "use strict";
  Array.prototype.forEach.call(document.querySelectorAll("form[data-busy]"), function (form) {
    form.addEventListener("submit", function () {
      var button = form.querySelector("button[type=submit], button:not([type])");
      if (!button) { return; }
      button.disabled = true;
      button.textContent = form.dataset.busy;
    });
  });
  // A page that comes back from the browser's memory is not busy any more.
  window.addEventListener("pageshow", function (event) { if (event.persisted) { location.reload(); } });
}());
