// Volumes are 256 levels; SUV = level x suvStep. Points come in LPS mm, the viewer's world is RAS.
(async () => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const find = (id) => document.getElementById(id);
  const hasCt = "ct" in data.volumes;
  const viewer = new niivue.Niivue({
    isRadiologicalConvention: true, sagittalNoseLeft: true, backColor: [0.06, 0.07, 0.08, 1],
    crosshairColor: [0, 1, 1, 0.6], crosshairWidth: 0.4, multiplanarShowRender: 0, logLevel: "error", dragAndDropEnabled: false,
  });
  if (!document.createElement("canvas").getContext("webgl2")) {
    find("broken").hidden = false;
    return;
  }
  await viewer.attachToCanvas(find("scan"));
  const layers = {};
  const add = async (name, options) => {
    if (!(name in data.volumes)) return;
    const image = await niivue.NVImage.loadFromBase64({ base64: data.volumes[name], name: `${name}.nii.gz`, trustCalMinMax: false, ...options });
    image.cal_min = options.cal_min;
    image.cal_max = options.cal_max;
    viewer.addVolume(image);
    layers[name] = viewer.volumes.length - 1;
  };
  // Uptake below a share of the window, as in muscle and fat, shows the anatomy alone.
  viewer.addColormap("uptake", { I: [0, 64, 128, 191, 255], R: [120, 200, 255, 255, 255], G: [0, 30, 110, 220, 255], B: [0, 0, 0, 60, 255], A: [0, 255, 255, 255, 255] });
  const transparentBelow = 1, shownFrom = 0.15;
  await add("ct", { colormap: "gray", cal_min: 0, cal_max: 255, opacity: 1 });
  await add("suv", { colormap: hasCt ? "uptake" : "gray", cal_min: 0, cal_max: data.windowSuv / data.suvStep, opacity: hasCt ? 0.7 : 1 });
  // A colour map of labels: a line at the rim, nothing inside.
  const labels = async (name, colour, opacity) => {
    const rows = Array.from({ length: 256 }, (_, n) => (n > data.rim && n < 2 * data.rim ? [...colour(n - data.rim), 255] : [0, 0, 0, 0]));
    const [R, G, B, A] = [0, 1, 2, 3].map((channel) => rows.map((row) => row[channel]));
    viewer.addColormap(name, { I: rows.map((_, n) => n), R, G, B, A });
    await add(name, { colormap: name, cal_min: 0, cal_max: 255, opacity });
  };
  const pastels = [[204, 121, 167], [86, 180, 233], [240, 228, 66], [0, 158, 115], [230, 159, 0], [170, 170, 255]];
  await labels("stations", (n) => pastels[n % pastels.length], 0);
  await labels("physiologic", () => [190, 196, 202], 0);
  await labels("lesions", () => [0, 255, 255], 1); // as in the report's pictures
  viewer.setSliceType(viewer.sliceTypeMultiplanar);
  if (self !== top) document.body.classList.add("embedded"); // beside the report, which lists the lesions

  const setWindow = () => {
    const suv = Number(find("window").value);
    find("window-value").textContent = suv.toFixed(1);
    viewer.volumes[layers.suv].cal_max = suv / data.suvStep;
    if (hasCt) {
      viewer.volumes[layers.suv].colormapType = transparentBelow;
      viewer.volumes[layers.suv].cal_min = shownFrom * viewer.volumes[layers.suv].cal_max;
    }
    viewer.updateGLVolume();
  };
  find("window").value = data.windowSuv;
  find("window").addEventListener("input", setWindow);
  setWindow();
  find("pet").disabled = !hasCt;
  find("pet").addEventListener("input", () => viewer.setOpacity(layers.suv, Number(find("pet").value)));
  const setZoom = () => {
    const zoom = Number(find("zoom").value);
    const shift = [...viewer.frac2mm(viewer.scene.crosshairPos)].slice(0, 3).map((mm) => (1 - zoom) * mm);
    viewer.setPan2Dxyzmm([...shift, zoom]);
  };
  find("zoom").addEventListener("input", setZoom);
  const toggle = (name, opacity) => find(name)?.addEventListener("change", (event) => viewer.setOpacity(layers[name], event.target.checked ? opacity : 0));
  toggle("lesions", 1);
  toggle("physiologic", 1);
  toggle("stations", 1);

  const buttons = [...document.querySelectorAll("nav button")];
  const go = (id) => {
    const point = data.points[id];
    if (!point) return;
    viewer.scene.crosshairPos = viewer.mm2frac([-point[0], -point[1], point[2]]);
    setZoom();
    viewer.updateGLVolume();
    viewer.createOnLocationChange();
    buttons.forEach((each) => each.setAttribute("aria-current", String(each.dataset.id === id)));
    document.querySelector("nav [aria-current=true]").scrollIntoView({ block: "nearest" });
  };
  buttons.forEach((each) => each.addEventListener("click", () => { location.hash = `lesion-${each.dataset.id}`; }));
  const follow = () => go(location.hash.replace("#lesion-", "") || data.first);
  viewer.onLocationChange = (place) => {
    const suv = place.values[layers.suv].value * data.suvStep;
    const [right, front, up] = place.mm;
    const station = "stations" in layers ? data.stations[place.values[layers.stations].value % data.rim] : "";
    find("here").textContent = `SUV ${suv.toFixed(1)} · LPS ${(-right).toFixed(0)}, ${(-front).toFixed(0)}, ${up.toFixed(0)} mm${station ? ` · ${station}` : ""}`;
  };
  addEventListener("hashchange", follow);
  follow();
  document.body.dataset.ready = "yes";
})();
