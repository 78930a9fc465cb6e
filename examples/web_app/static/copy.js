// Optional: without it the texts are selected and copied by hand.
"use strict";
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    const said = document.getElementById("copied");
    try {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      said.textContent = button.dataset.copy === "secret" ? "The client secret is copied." : "The client ID is copied.";
    } catch {
      said.textContent = "The browser does not allow that: select the text and copy it.";
    }
  });
}
