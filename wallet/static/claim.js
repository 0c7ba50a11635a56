// Reads the claim code out of the link's fragment, which no server ever sees, and sends it to this wallet.
(function () {
  "use strict";
  var form = document.getElementById("claim-form");
  var box = form && form.elements.given;
  if (!box) { return; }
  var code = "";
  try { code = decodeURIComponent(location.hash.slice(1)); } catch (error) { code = location.hash.slice(1); }
  if (!code) { return; }
  // The code leaves the address bar and the history before anything else happens.
  history.replaceState(null, "", location.pathname + location.search);
  box.value = code;
  document.getElementById("reading").hidden = false;
  form.submit();
}());
