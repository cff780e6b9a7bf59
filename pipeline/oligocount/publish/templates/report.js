// Turns the frontal projection and docks the viewer; everything else works without scripts.
(() => {
  const data = JSON.parse(document.getElementById("frames").textContent);
  const stage = document.querySelector(".mip.turning .stage");
  const slider = document.getElementById("turn");
  const image = stage.querySelector("img");
  const groups = [...stage.querySelectorAll("a[data-n]")];
  const ways = [...stage.querySelectorAll("text.way")];
  const count = data.pictures.length;
  const pictures = data.pictures.map((uri) => Object.assign(new Image(), { src: uri }));
  const show = (frame) => {
    image.src = pictures[frame].src;
    const angle = data.angles[frame];
    const places = data.places[frame];
    groups.forEach((group) => {
      const [x, y, labelX, labelY] = places[group.dataset.n];
      group.querySelector("g").setAttribute("transform", `translate(${x} ${y})`);
      const label = group.querySelector("text");
      if (label) {
        label.setAttribute("x", labelX);
        label.setAttribute("y", labelY);
        group.querySelector(".lead").setAttribute("points", `${labelX < x ? labelX + 6 : labelX - 6},${labelY} ${x},${y}`);
      }
    });
    const sides = data.ways[frame];
    ways.forEach((way, n) => { way.textContent = sides[n]; });
    slider.setAttribute("aria-valuetext", `${angle}°`);
    document.getElementById("angle").textContent = `${angle}°`;
  };
  const turnTo = (frame) => {
    slider.value = ((frame % count) + count) % count;
    show(Number(slider.value));
  };
  slider.addEventListener("input", () => show(Number(slider.value)));
  let held = null;
  stage.addEventListener("pointerdown", (event) => { held = { x: event.clientX, frame: Number(slider.value) }; });
  addEventListener("pointerup", () => { held = null; });
  addEventListener("pointermove", (event) => { if (held) turnTo(held.frame + Math.round((event.clientX - held.x) / 12)); });
  addEventListener("beforeprint", () => {
    turnTo(0);
    document.querySelectorAll("details").forEach((each) => { each.open = true; });
    document.querySelectorAll("img[loading]").forEach((each) => { each.loading = "eager"; });
  });

  // A wide window shows the viewer beside the table; a narrow one opens it in a tab of its own.
  const dock = document.getElementById("dock");
  if (!dock) return;
  const frame = dock.querySelector("iframe");
  const wide = matchMedia("(min-width: 75rem)");
  const setDocked = (open) => {
    dock.hidden = !open;
    document.body.classList.toggle("docked", open);
  };
  const place = () => {
    frame.name = wide.matches ? "oligocount-viewer" : "";
    if (!wide.matches) setDocked(false);
  };
  place();
  wide.addEventListener("change", place);
  addEventListener("click", (event) => {
    const link = event.target.closest("a.open");
    if (link && wide.matches) {
      setDocked(true);
      link.closest("tr, .cards > li")?.scrollIntoView({ block: "nearest" });
    }
    const row = !event.target.closest("a") && !dock.hidden && event.target.closest("tr[id]");
    if (row) row.querySelector("a.open")?.click();
  });
  document.getElementById("dock-close").addEventListener("click", () => setDocked(false));
  addEventListener("keydown", (event) => { if (event.key === "Escape") setDocked(false); });
})();
