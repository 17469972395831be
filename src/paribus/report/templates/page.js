// Folds open when a link leads into them, when the page is printed, and by one button.
"use strict";

const folds = [...document.querySelectorAll("details")];
const unfold = document.getElementById("unfold");

function openAround(element) {
  for (let fold = element?.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
}

// A section of the appendix is opened itself, any other target where it is folded away. The browser
// scrolls to what it can see, so a link opens its target before it is followed.
function openTarget(hash) {
  const target = document.getElementById(hash.slice(1).split("?")[0]);
  openAround(target?.querySelector(":scope > details") ?? target);
}

function labelUnfold() {
  unfold.textContent = folds.every((fold) => fold.open) ? "Fold everything" : "Unfold everything, to search the page";
}

unfold.hidden = false;
unfold.addEventListener("click", () => {
  const open = folds.some((fold) => !fold.open);
  for (const fold of folds) fold.open = open;
});
for (const fold of folds) fold.addEventListener("toggle", labelUnfold);
document.addEventListener("click", (event) => {
  const hash = event.target.closest("a")?.hash ?? "";
  openTarget(hash);
  // In a notebook the page has no address of its own, and the browser would look for it in another.
  if (hash && location.protocol === "about:") {
    event.preventDefault();
    location.hash = hash;
  }
});
window.addEventListener("hashchange", () => openTarget(location.hash));

let closed = [];
window.addEventListener("beforeprint", () => {
  closed = folds.filter((fold) => !fold.open && !fold.querySelector("#explorer-app"));
  for (const fold of closed) fold.open = true;
});
window.addEventListener("afterprint", () => closed.forEach((fold) => (fold.open = false)));
openTarget(location.hash);
