/** What the pictures are looked at with; stored with every showing and every vote. */

export function device({ drawer, isStacked }) {
  return {
    device_pixel_ratio: devicePixelRatio,
    viewport_width_px: innerWidth,
    viewport_height_px: innerHeight,
    browser_zoom: browserZoom(),
    gamut: ["rec2020", "p3", "srgb"].find((name) => matchMedia(`(color-gamut: ${name})`).matches) ?? "unknown",
    drawer,
    stacked: isStacked,
  };
}

/** Desktop browsers shrink the inner size by their zoom and leave the outer one; phones zoom the visual viewport instead. */
function browserZoom() {
  const pageZoom = outerWidth > 0 && !matchMedia("(pointer: coarse)").matches ? outerWidth / innerWidth : 1;
  return Math.round(pageZoom * (visualViewport?.scale ?? 1) * 100) / 100;
}
