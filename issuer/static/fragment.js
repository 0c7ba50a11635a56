// Puts the code of the link's fragment, which no server sees by itself, into the field that the form's
// data-fragment names, and sends the form.
(function () {
  "use strict";
  var form = document.querySelector("form[data-fragment]");
  var box = form && form.elements[form.dataset.fragment];
  var code = location.hash.slice(1);
  if (!box || !code) { return; }
  // The code leaves the address bar and the history before anything else happens.
  history.replaceState(null, "", location.pathname + location.search);
  box.value = code;
  document.getElementById("reading").hidden = false;
  form.submit();
}());
