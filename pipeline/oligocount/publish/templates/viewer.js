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
    const image = await niivue.NVImage.loadFromBase64({ base64: data.volumes[name], name: `${name}.nii.gz`, trustCalMinMax: false, ...options, label: undefined });
    image.cal_min = options.cal_min;
    image.cal_max = options.cal_max;
    if (options.label) image.setColormapLabel(options.label);
    viewer.addVolume(image);
    layers[name] = viewer.volumes.length - 1;
  };
  await add("ct", { colormap: "gray", cal_min: 0, cal_max: 255, opacity: 1 });
  await add("suv", { colormap: hasCt ? "hot" : "gray", cal_min: 0, cal_max: data.windowSuv / data.suvStep, opacity: hasCt ? 0.6 : 1 });
  const one = (red, green, blue) => ({ I: [0, 1], R: [0, red], G: [0, green], B: [0, blue], A: [0, 255], labels: ["", ""] });
  await add("stations", { cal_min: 0, cal_max: 1, opacity: 1, label: one(204, 121, 167) });
  await add("lesions", { cal_min: 0, cal_max: 1, opacity: 0.35, label: one(0, 255, 255) });
  if ("stations" in layers) viewer.setOpacity(layers.stations, 0);
  viewer.setSliceType(viewer.sliceTypeMultiplanar);

  const setWindow = () => {
    const suv = Number(find("window").value);
    find("window-value").textContent = suv.toFixed(1);
    viewer.volumes[layers.suv].cal_max = suv / data.suvStep;
    viewer.updateGLVolume();
  };
  find("window").value = data.windowSuv;
  find("window").addEventListener("input", setWindow);
  setWindow();
  find("pet").disabled = !hasCt;
  find("pet").addEventListener("input", () => viewer.setOpacity(layers.suv, Number(find("pet").value)));
  const toggle = (name, opacity) => find(name)?.addEventListener("change", (event) => viewer.setOpacity(layers[name], event.target.checked ? opacity : 0));
  toggle("lesions", 0.35);
  toggle("stations", 0.35);

  const buttons = [...document.querySelectorAll("nav button")];
  const go = (id) => {
    const point = data.points[id];
    if (!point) return;
    viewer.scene.crosshairPos = viewer.mm2frac([-point[0], -point[1], point[2]]);
    viewer.updateGLVolume();
    viewer.createOnLocationChange();
    buttons.forEach((each) => each.setAttribute("aria-current", String(each.dataset.id === id)));
    document.querySelector("nav [aria-current=true]").scrollIntoView({ block: "nearest" });
  };
  buttons.forEach((each) => each.addEventListener("click", () => { location.hash = `lesion-${each.dataset.id}`; }));
  const follow = () => go(location.hash.replace("#lesion-", ""));
  viewer.onLocationChange = (place) => {
    const suv = place.values[layers.suv].value * data.suvStep;
    const [right, front, up] = place.mm;
    find("here").textContent = `SUV ${suv.toFixed(1)} · LPS ${(-right).toFixed(0)}, ${(-front).toFixed(0)}, ${up.toFixed(0)} mm`;
  };
  addEventListener("hashchange", follow);
  follow();
  document.body.dataset.ready = "yes";
})();
