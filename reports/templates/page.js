(() => {
  const form = document.getElementById("filters");
  const narrow = window.matchMedia("(max-width: 40rem)");
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const claims = all("details.claim");
  const fields = ["q", "on", "verdict", "group", "paper"];
  const told = new Map(claims.map((claim) => [claim.id,
    [claim.querySelector("summary"), ...all(".statement, .source", claim)].map((part) => part.textContent).join(" ").toLowerCase()]));

  // The address: what is open, then what is asked: #claim-x--place?q=energy&verdict=refuted
  const address = () => {
    const [at, query = ""] = location.hash.slice(1).split("?");
    return { at, asked: new URLSearchParams(query) };
  };
  const keep = (at, how) => {
    const asked = fields.map((name) => [name, form.elements[name].value.trim()]).filter(([, value]) => value !== "");
    const query = new URLSearchParams(asked).toString();
    const hash = `#${at}${query && `?${query}`}`;
    if (hash !== (location.hash || "#")) history[how](null, "", hash);
  };

  // What is packed: gzip in base64.
  const unpacked = (packed) => {
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")));
  };
  const draw = async (image) => {
    const { packed } = image.dataset;
    image.removeAttribute("data-packed");
    image.src = URL.createObjectURL(new Blob([await unpacked(packed).arrayBuffer()], { type: "image/svg+xml" }));
  };
  const drawAll = (within) => Promise.all(all("img[data-packed]", within).map(draw));

  let packedParts;
  const fill = async (claim) => {
    const empty = all(".more:empty", claim);
    if (!empty.length) return;
    packedParts ??= unpacked(document.getElementById("more").content.textContent.trim()).json();
    const parts = await packedParts;
    for (const holder of empty) holder.innerHTML = parts[holder.id || holder.parentElement.id];
  };
  const fillAll = async () => { for (const claim of claims) await fill(claim); };

  const filter = () => {
    const { q, on, verdict, group, paper } = Object.fromEntries(new FormData(form));
    const words = q.toLowerCase().split(/\s+/);
    const shown = new Set();
    for (const grid of all("section.grid")) {
      const here = (place) => on === "" || place === on || on === `kind:${grid.dataset.kind}`;
      for (const head of all("th[data-place]", grid)) head.hidden = !here(head.dataset.place);
      for (const row of all("tr[data-claim]", grid)) {
        let matches = 0;
        for (const cell of all("td[data-place]", row)) {
          cell.hidden = !here(cell.dataset.place);
          const match = !cell.hidden && Boolean(cell.dataset.verdict) && (verdict === "" || cell.dataset.verdict === verdict);
          cell.classList.toggle("dim", !match && verdict !== "");
          matches += match;
        }
        row.hidden = matches === 0 || (group !== "" && row.dataset.group !== group)
          || (paper !== "" && !row.dataset.papers.split(" ").includes(paper))
          || !words.every((word) => told.get(row.dataset.claim).includes(word));
        if (!row.hidden) shown.add(row.dataset.claim);
      }
      for (const body of all("tbody", grid)) body.hidden = !body.querySelector("tr[data-claim]:not([hidden])");
      grid.hidden = !grid.querySelector("tbody:not([hidden])");
    }
    for (const claim of claims) claim.hidden = !shown.has(claim.id);
    for (const place of all("details.place")) {
      place.classList.toggle("other", (on !== "" && !on.startsWith("kind:") && place.dataset.place !== on)
        || (verdict !== "" && place.dataset.verdict !== verdict));
    }
    for (const part of all("article[data-place]")) part.hidden = on !== "" && on !== "kind:moe" && part.dataset.place !== on;
    document.getElementById("take-away").hidden = [q.trim(), verdict, group, paper].some((asked) => asked !== "");
    document.getElementById("nothing").hidden = shown.size > 0;
    document.getElementById("said").textContent = `${shown.size} of ${claims.length} claims`;
  };

  const reveal = (at) => {
    const target = at && document.getElementById(decodeURIComponent(at));
    if (!target) return;
    if (target.closest("[hidden]")) {
      form.reset();
      pick();
      filter();
      keep(at, "replaceState");
    }
    for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    target.scrollIntoView();
    target.focus({ preventScroll: true });
  };

  // On a narrow screen one place at a time is shown.
  const pick = () => {
    const choice = form.elements.on;
    choice.options[0].hidden = choice.options[0].disabled = narrow.matches;
    if (choice.selectedIndex < 0 || (narrow.matches && choice.value === "")) choice.selectedIndex = narrow.matches ? 1 : 0;
  };
  const restore = () => {
    const { at, asked } = address();
    for (const name of fields) {
      const field = form.elements[name];
      field.value = asked.get(name) ?? "";
      if (field.selectedIndex < 0) field.value = "";
    }
    pick();
    filter();
    reveal(at);
  };
  const go = (at) => {
    keep(at, "pushState");
    reveal(at);
  };

  const back = (link) => {
    const id = link.closest("details.place").id;
    const cell = document.querySelector(`#matrix a[href="#${id}"]`);
    keep("", "pushState");
    (cell ?? document.getElementById("matrix")).scrollIntoView({ block: "center" });
    cell?.focus({ preventScroll: true });
  };

  const save = async (kind) => {
    const lines = await unpacked(document.getElementById("verdicts").content.textContent.trim()).text();
    const text = kind === "csv" ? table(lines.trim().split("\n").map((line) => JSON.parse(line))) : lines;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: kind === "csv" ? "text/csv" : "application/jsonl" }));
    link.download = `verdicts.${kind}`;
    link.click();
  };
  const table = (records) => {
    const { criteria, ...one } = records[0];
    const ofRecord = Object.keys(one);
    const ofNumber = Object.keys(records.find((record) => record.criteria.length)?.criteria[0] ?? {});
    const quoted = (value) => `"${String(value ?? "").replaceAll('"', '""')}"`;
    const rows = records.flatMap((record) => (record.criteria.length ? record.criteria : [{}]).map((number) =>
      [...ofRecord.map((name) => record[name]), ...ofNumber.map((name) => number[name])].map(quoted).join(",")));
    return `${[[...ofRecord, ...ofNumber].map(quoted).join(","), ...rows].join("\r\n")}\r\n`;
  };

  for (const fold of all("details.claim, details.place, details.paper")) fold.open = false;
  for (const claim of claims) {
    claim.addEventListener("toggle", () => {
      if (!claim.open) return;
      drawAll(claim);
      fill(claim);
      const chosen = form.elements.on.value;
      for (const place of all("details.place", claim)) if (place.dataset.place === chosen) place.open = true;
    });
  }
  form.hidden = false;
  document.getElementById("saving").hidden = false;
  document.documentElement.classList.add("js");
  const asked = (how) => {
    filter();
    keep("", how);
  };
  form.elements.q.addEventListener("input", () => asked("replaceState"));
  form.addEventListener("change", (event) => { if (event.target.name !== "q") asked("pushState"); });
  form.addEventListener("reset", () => setTimeout(() => { pick(); asked("pushState"); }));
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    const fold = event.target.closest("summary")?.parentElement;
    const { save: kind, reset } = event.target.dataset;
    if (kind) save(kind);
    if (reset !== undefined) form.reset();
    if (fold?.id) keep(fold.open ? "" : fold.id, "replaceState");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (link.closest(".back")) back(link);
    else go(link.hash.slice(1));
  });
  window.addEventListener("popstate", restore);
  window.addEventListener("hashchange", restore);
  narrow.addEventListener("change", restore);

  let folded = [];
  window.addEventListener("beforeprint", () => {
    folded = all("details:not([open])");
    for (const fold of folded) fold.open = true;
    drawAll(document);
    claims.forEach(fill);
  });
  window.addEventListener("afterprint", () => { for (const fold of folded) fold.open = false; });
  restore();
  setTimeout(fillAll, 300); // so that they are there to be found and printed
})();
