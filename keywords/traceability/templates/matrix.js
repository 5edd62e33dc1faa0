const body = document.querySelector("#forward tbody");
const lines = [...body.rows];
const search = document.querySelector("#search");
const failing = document.querySelector("#failing");
const rows = [...document.querySelectorAll("#backward tbody tr")];
const tiles = [...document.querySelectorAll(".tile")];

function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = tiles.filter((tile) => tile.ariaPressed === "true").map((tile) => tile.dataset.status);
  for (const line of lines) {
    const text = line.textContent.toLowerCase();
    const shown = words.every((word) => text.includes(word)) && (!wanted.length || wanted.includes(line.dataset.status))
      && (!failing.checked || line.dataset.status === "FAILING");
    line.hidden = !shown;
  }
  for (const row of rows) row.hidden = failing.checked && row.dataset.result !== "FAIL";
  document.querySelector("#nothing").hidden = lines.some((line) => !line.hidden);
}

search.addEventListener("input", filter);
failing.addEventListener("change", () => {
  for (const line of lines) {
    const proof = line.querySelector(".proof details");
    if (proof && line.dataset.status === "FAILING") proof.open = failing.checked;
  }
  filter();
});
for (const tile of tiles) {
  tile.addEventListener("click", () => {
    tile.ariaPressed = tile.ariaPressed === "true" ? "false" : "true";
    filter();
  });
}

const orders = {
  id: (a, b) => a.dataset.id.localeCompare(b.dataset.id),
  area: (a, b) => a.dataset.area.localeCompare(b.dataset.area) || orders.id(a, b),
  risk: (a, b) => b.dataset.risk - a.dataset.risk || orders.id(a, b),
  status: (a, b) => a.dataset.rank - b.dataset.rank || orders.risk(a, b),
};
for (const head of document.querySelectorAll("[data-sort]")) {
  head.addEventListener("click", () => body.append(...lines.sort(orders[head.dataset.sort])));
}

for (const part of document.querySelectorAll("tr details")) {
  part.addEventListener("toggle", () => {
    const line = part.closest("tr");
    line.classList.toggle("open", [...line.querySelectorAll("details")].some((one) => one.open));
  });
}

function openTarget() {
  if (location.hash.startsWith("#?q=")) {
    search.value = decodeURIComponent(location.hash.slice(4));
    filter();
    return;
  }
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (const part of target.querySelectorAll("details")) part.open = true;
  const around = target.parentElement.closest("details");
  if (around) around.open = true;
  target.hidden = false;
  target.scrollIntoView({block: "center"});
}

addEventListener("hashchange", openTarget);
openTarget();
