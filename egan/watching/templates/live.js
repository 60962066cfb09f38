// Fetches the page again while somebody looks at it, and puts what has changed in its place.
"use strict";
const SECONDS = 3;
let shown = document.querySelector("main").innerHTML;

async function refresh() {
  if (!document.hidden) {
    try {
      const answer = await fetch(location.href);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("main").innerHTML;
      if (fresh !== shown) {
        document.querySelector("main").innerHTML = fresh;
        shown = fresh;
      }
      document.body.classList.remove("lost");
    } catch (error) {
      document.body.classList.add("lost");
    }
  }
  setTimeout(refresh, 1000 * SECONDS);
}
setTimeout(refresh, 1000 * SECONDS);
