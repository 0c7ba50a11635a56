// Puts the code of the link's fragment, which no server sees by itself, into the form, and sends it.
(function () {
  "use strict";
  var form = document.getElementById("link-form");
  var box = form && form.elements.link;
  var code = location.hash.slice(1);
  if (!box || !code) { return; }
  // The code leaves the address bar and the history before anything else happens.
  history.replaceState(null, "", location.pathname + location.search);
  box.value = code;
  document.getElementById("reading").hidden = false;
  form.submit();
}());
