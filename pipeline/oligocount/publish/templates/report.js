// Turns the frontal projection; everything else on the page works without scripts.
(() => {
  const data = JSON.parse(document.getElementById("frames").textContent);
  const stage = document.querySelector(".mip.turning .stage");
  const slider = document.getElementById("turn");
  if (!stage || !slider) return;
  const image = stage.querySelector("img");
  const groups = [...stage.querySelectorAll("a[data-n]")];
  const ways = [...stage.querySelectorAll("text.way")];
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
  slider.addEventListener("input", () => show(Number(slider.value)));
  let held = null;
  stage.addEventListener("pointerdown", (event) => { held = { x: event.clientX, frame: Number(slider.value) }; });
  addEventListener("pointerup", () => { held = null; });
  addEventListener("pointermove", (event) => {
    if (!held) return;
    const steps = Math.round((event.clientX - held.x) / 12);
    const count = data.pictures.length;
    slider.value = (((held.frame + steps) % count) + count) % count;
    show(Number(slider.value));
  });
  addEventListener("beforeprint", () => {
    slider.value = 0;
    show(0);
    document.querySelectorAll("details").forEach((each) => { each.open = true; });
  });
})();
