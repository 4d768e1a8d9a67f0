/** Device pixels that one CSS pixel takes now, pinching included. */
export const devicePixels = () => Math.round(devicePixelRatio * (visualViewport?.scale ?? 1) * 1000) / 1000;
