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
