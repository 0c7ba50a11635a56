// Shows the button that opens the browser's print dialogue; without script the browser's own menu does.
"use strict";
const button = document.getElementById("print");
if (button) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
