// Reads the claim code out of the link's fragment, which no server ever sees, and sends it to this wallet.
(function () {
  "use strict";
  var form = document.getElementById("claim-form");
  var box = form && form.elements.given;
  if (!box) { return; }
  function read() {
    var code = location.hash.slice(1);
    if (!code) { return; }
    try { code = decodeURIComponent(code); } catch (error) { /* taken as it stands */ }
    // The code leaves the address bar and the history before anything else happens.
    history.replaceState(null, "", location.pathname + location.search);
    box.value = code;
    document.getElementById("reading").hidden = false;
    form.submit();
  }
  // Opening a second link in the same tab only changes the fragment.
  window.addEventListener("hashchange", read);
  read();
}());
