/* What a page gains from scripts; it works without them. */
(() => {
  "use strict";

  // An answer that never came leaves no trace in the page: say so, until one comes.
  const offline = document.getElementById("offline");
  const tell = (hidden) => { if (offline) offline.hidden = hidden; };
  document.body.addEventListener("htmx:sendError", () => tell(false));
  document.body.addEventListener("htmx:timeout", () => tell(false));
  document.body.addEventListener("htmx:beforeOnLoad", () => tell(true));

  // The hint for the key is shown only where the key is bound.
  const search = document.getElementById("top-search");
  const hint = document.querySelector("[data-key='k']");
  if (search && hint) {
    hint.hidden = false;
    document.addEventListener("keydown", (event) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
      event.preventDefault();
      search.focus();
      search.select();
    });
  }

  // How much of a file has gone out, where the form shows it.
  document.body.addEventListener("submit", (event) => {
    const form = event.target;
    const bar = form.matches("form[data-upload]") && form.querySelector("progress");
    if (!bar || !window.XMLHttpRequest) return;
    event.preventDefault();
    const sending = new XMLHttpRequest();
    const button = form.querySelector("button");
    sending.upload.addEventListener("progress", (part) => {
      if (part.lengthComputable) { bar.max = part.total; bar.value = part.loaded; }
    });
    sending.addEventListener("load", () => {
      tell(true);
      if (sending.status < 400 && sending.responseURL) { window.location.assign(sending.responseURL); return; }
      const said = new DOMParser().parseFromString(sending.responseText, "text/html").querySelector("#files, #problem");
      const place = form.closest("#files");
      if (said && place) place.replaceWith(document.importNode(said, true));
    });
    sending.addEventListener("error", () => { bar.hidden = true; button.disabled = false; tell(false); });
    const sent = new FormData(form);
    bar.hidden = false;
    button.disabled = true;
    sending.open("POST", form.action);
    sending.send(sent);
  });

  // A menu closes with Escape, and when one looks elsewhere.
  const menus = () => document.querySelectorAll("details.pop[open]");
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menus().forEach((menu) => { menu.open = false; menu.querySelector("summary").focus(); });
  });
  document.addEventListener("click", (event) => {
    menus().forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });
})();
