(() => {
  const form = document.getElementById("filters");
  const said = document.getElementById("said");
  const claims = [...document.querySelectorAll("details.claim")];
  const rows = [...document.querySelectorAll("tr[data-claim]")];

  const filter = () => {
    const { paper, verdict, place } = Object.fromEntries(new FormData(form));
    const shown = new Set();
    for (const row of rows) {
      let matches = 0;
      for (const cell of row.querySelectorAll("td[data-place]")) {
        cell.hidden = place !== "" && cell.dataset.place !== place;
        const match = !cell.hidden && Boolean(cell.dataset.verdict) && (verdict === "" || cell.dataset.verdict === verdict);
        cell.classList.toggle("dim", !match && verdict !== "");
        matches += match;
      }
      row.hidden = matches === 0 || (paper !== "" && !row.dataset.papers.split(" ").includes(paper));
      if (!row.hidden) shown.add(row.dataset.claim);
    }
    for (const head of document.querySelectorAll("th[data-place]")) {
      head.hidden = place !== "" && head.dataset.place !== place;
    }
    for (const section of document.querySelectorAll("section.place")) {
      section.hidden = (place !== "" && section.dataset.place !== place)
        || (verdict !== "" && section.dataset.verdict !== verdict);
    }
    for (const group of document.querySelectorAll(".grid tbody, section.grid")) {
      group.hidden = !group.querySelector("tr[data-claim]:not([hidden])");
    }
    for (const claim of claims) claim.hidden = !shown.has(claim.id);
    said.textContent = `${shown.size} of ${claims.length} claims`;
  };

  const reveal = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (!target) return;
    if (target.closest("[hidden]")) { form.reset(); filter(); }
    const claim = target.closest("details.claim");
    if (claim) claim.open = true;
    target.scrollIntoView();
    target.focus({ preventScroll: true });
  };

  for (const claim of claims) claim.open = false;
  form.hidden = false;
  form.addEventListener("change", filter);
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link && link.hash === location.hash) reveal();
  });
  window.addEventListener("hashchange", reveal);
  window.addEventListener("beforeprint", () => {
    for (const folded of document.querySelectorAll("details")) folded.open = true;
  });
  filter();
  reveal();
})();
