"use strict";
const findings = [...document.querySelectorAll("article.finding")];
const search = document.getElementById("search");
const shown = document.getElementById("shown");

function chosen(name) {
  const boxes = [...document.querySelectorAll(`input[name="${name}"]`)];
  return boxes.length ? new Set(boxes.filter((box) => box.checked).map((box) => box.value)) : null;
}

function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const severities = chosen("severity");
  const outcomes = chosen("outcome");
  let left = 0;
  for (const finding of findings) {
    const { severity, outcome, text } = finding.dataset;
    finding.hidden = !(
      severities.has(severity) &&
      (!outcomes || outcomes.has(outcome)) &&
      words.every((word) => text.includes(word))
    );
    left += !finding.hidden;
  }
  for (const file of document.querySelectorAll("section.file")) {
    file.hidden = !file.querySelector("article.finding:not([hidden])");
  }
  shown.textContent = left === findings.length ? `All ${left} shown` : `${left} of ${findings.length} shown`;
}

// Each lesson is in the page once; it is copied to where it is opened.
function fill(details) {
  if (details.querySelector(".prose")) return;
  const lesson = document.querySelector(`#lesson-${details.dataset.lesson} > .prose`);
  if (lesson) details.append(lesson.cloneNode(true));
}

function go(step) {
  const visible = findings.filter((finding) => !finding.hidden);
  const current = visible.indexOf(document.activeElement.closest("article.finding"));
  const next = visible[Math.min(Math.max(current + step, 0), visible.length - 1)];
  if (next) {
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "start" });
  }
}

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches('input[type="search"]');
  if (typing) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.key === "/") {
    event.preventDefault();
    search.focus();
  } else if (event.key === "j") go(1);
  else if (event.key === "k") go(-1);
  else if (event.key === "l") {
    const lesson = document.activeElement.closest("article.finding")?.querySelector("details.lesson");
    if (lesson) lesson.open = !lesson.open;
  }
}

for (const details of document.querySelectorAll("details.lesson")) {
  if (document.getElementById(`lesson-${details.dataset.lesson}`)) {
    details.addEventListener("toggle", () => fill(details));
  } else details.remove();
}
// On paper nothing can be unfolded.
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll(".values, .lessons details")) details.open = true;
});
if (search) {
  search.form.addEventListener("input", filter);
  search.form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", press);
  filter();
}
