/**
 * How a picture reaches the screen: tiles fetched and decoded off the main thread, and drawn without inventing pixels.
 */

const { OpenSeadragon } = globalThis;
const FIRST_RETRY_MS = 400;
const LONGEST_RETRY_MS = 8000;
export const AS_STORED = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
const NOTHING = new ImageData(1, 1);

/**
 * The tile source of one side of a trial; `address` is opaque, a tile lies at `address + level/column/row`.
 *
 * @param left    A signal that is given, with the time, when the pair has been left: what is still on its way is stopped.
 * @param isNext  Whether the pair waits behind another that is looked at, whose tiles go first.
 * @param isSeen  Whether the pair is in sight: then neither side becomes sharp before the other.
 * @param twins   Tiles of both sides that are on their way, by their place; shared by the two sources of a pair.
 */
export function tileSource(trial, address, { left, isNext = () => false, isSeen = () => false, twins = new Map() } = {}) {
  return {
    width: trial.width,
    height: trial.height,
    tileSize: trial.tile,
    tileOverlap: 0,
    minLevel: 0,
    maxLevel: trial.levels,
    getTileUrl: (level, column, row) => `${address}${level}/${column}/${row}`,
    hasTransparency: () => false,
    downloadTileStart: (job) => download(job, (signal) => alike(job, signal), left),
    downloadTileAbort: (job) => job.userData.controller.abort(),
  };

  function alike(job, signal) {
    const place = job.src.slice(address.length);
    return together(twins, place, tileAt(job.src, signal, isNext() ? "low" : "auto"), isSeen);
  }
}

/** A tile; in sight, once the other side's of the same place is here too, where that one is on its way. */
async function together(twins, place, tile, isSeen) {
  const both = twins.get(place) ?? new Set();
  twins.set(place, both.add(tile));
  try {
    const pixels = await tile;
    if (isSeen()) await Promise.allSettled(both);
    return pixels;
  } finally {
    both.delete(tile);
  }
}

/** Carry out a viewer's wish for a tile; `make` gives its pixels. Once the pair has been left, the line is for the next one. */
export async function download(job, make, left = null) {
  const controller = new AbortController();
  const startedAt = Date.now();
  const leave = () => startedAt < left.reason && controller.abort();
  job.userData.controller = controller;
  left?.addEventListener("abort", leave);
  try {
    job.finish(await make(controller.signal), null, "imageBitmap");
  } catch (error) {
    if (left?.aborted) job.finish(await createImageBitmap(NOTHING), null, "imageBitmap"); // a closed viewer drops what began before
    else if (!controller.signal.aborted) job.fail(`${job.src}: ${error.message}`, null);
  } finally {
    left?.removeEventListener("abort", leave);
  }
}

/**
 * A tile's pixels as they are stored. A lost network or a restarting server is waited for; an answer that says no is an error
 * of its own.
 */
export async function tileAt(address, signal, priority = "auto") {
  return createImageBitmap(await persist(address, { signal, priority }), AS_STORED);
}

async function persist(address, options) {
  for (let wait = FIRST_RETRY_MS; ; wait = Math.min(wait * 2, LONGEST_RETRY_MS)) {
    const file = await arrived(address, options);
    if (file) return file;
    await new Promise((resolve) => setTimeout(resolve, wait));
    options.signal.throwIfAborted();
  }
}

/**
 * The file, or null where it is worth asking again: no network, a server that restarts, a connection cut half-way,
 * another's page in the file's place. The server's own no is an error.
 */
async function arrived(address, options) {
  let response;
  try {
    response = await fetch(address, options);
    if (response.ok) return response.headers.get("Content-Type") === "image/png" ? await response.blob() : null;
  } catch (error) {
    if (options.signal.aborted) throw error;
    return null;
  }
  if (response.status < 500) throw new Error(`the server answered ${response.status}`);
  return null;
}

/**
 * OpenSeadragon's WebGL drawer with another filter in its shader.
 *
 * From 1:1 upwards a picture pixel is fetched as it is; below it, the area under a screen pixel is averaged over nine
 * taps, because plain bilinear sampling between two levels lets fine noise alias in bands. The choice falls in the
 * shader from the footprint itself, so that crossing 1:1 uploads nothing again. Needs WebGL 2; elsewhere the canvas drawer takes over.
 */
export class ExactDrawer extends OpenSeadragon.WebGLDrawer {
  /** Asked once for all viewers: the answer takes a trial drawing, and doesn't change. */
  static isSupported(options) {
    this.supported ??= Boolean(document.createElement("canvas").getContext("webgl2")) && super.isSupported(options);
    return this.supported;
  }

  static initShaderProgram(gl, vertexSource, fragmentSource) {
    const isTilePass = fragmentSource.includes("u_images");
    return isTilePass
      ? super.initShaderProgram(gl, TILE_VERTEX_SOURCE, TILE_FRAGMENT_SOURCE)
      : super.initShaderProgram(gl, vertexSource, fragmentSource);
  }

  getSupportedDataFormats() {
    return ["imageBitmap", "context2d", "image"];
  }

  /** What nobody can see isn't drawn: a pair comes into sight when all its tiles are here, and until then tiles only arrive. */
  draw(tiledImages, isRetry) {
    this.isReady ||= tiledImages.length > 0 && tiledImages.every((image) => image.getFullyLoaded());
    if (this.isReady) super.draw(tiledImages, isRetry);
  }

  /** A new picture: nothing of it is here yet. */
  startAfresh() {
    this.isReady = false;
  }

  _setupCanvases() {
    withoutMultisampling(() => super._setupCanvases());
  }

  /** One tile a draw call: a choice among many textures costs a renderer without a graphics card all of them. */
  _setupRenderer() {
    super._setupRenderer();
    this._glContext.getMaxTextures = () => 1;
  }
}

/** Tiles meet on shared edges, so four samples a pixel give the same picture for four times the work; OpenSeadragon has no option for it. */
function withoutMultisampling(make) {
  const { getContext } = HTMLCanvasElement.prototype;
  HTMLCanvasElement.prototype.getContext = function (kind, attributes) {
    return getContext.call(this, kind, kind === "webgl2" ? { ...attributes, antialias: false } : attributes);
  };
  try {
    make();
  } finally {
    HTMLCanvasElement.prototype.getContext = getContext;
  }
}

const TILE_VERTEX_SOURCE = `#version 300 es
  precision highp float;
  in vec2 a_output_position;
  in vec2 a_texture_position;
  in float a_index;
  uniform mat3 u_matrix_0;
  uniform float u_opacities[1];
  out vec2 place;
  flat out float opacity;

  void main() {
    gl_Position = vec4(u_matrix_0 * vec3(a_output_position, 1), 1);
    place = a_texture_position;
    opacity = u_opacities[int(a_index)];
  }
`;

const TILE_FRAGMENT_SOURCE = `#version 300 es
  precision highp float;
  uniform sampler2D u_images[1];
  in vec2 place;
  flat in float opacity;
  out vec4 colour;

  void main() {
    vec2 footprint = vec2(dFdx(place.x), dFdy(place.y));
    vec2 size = vec2(textureSize(u_images[0], 0));
    vec2 texels = abs(footprint) * size;
    if (max(texels.x, texels.y) < 1.001) {
      colour = texelFetch(u_images[0], ivec2(min(place * size, size - 1.0)), 0) * opacity;
      return;
    }
    vec4 sum = vec4(0);
    for (int row = -1; row <= 1; ++row)
      for (int column = -1; column <= 1; ++column)
        sum += textureLod(u_images[0], place + vec2(column, row) * footprint / 3.0, 0.0);
    colour = sum / 9.0 * opacity;
  }
`;

/** OpenSeadragon adds a style element unless it finds its own; the page's policy forbids inline styles, so it finds one that does nothing. */
export function forestallInlineStyle() {
  const inert = document.createElementNS("urn:phoropter", "style");
  inert.setAttribute("data-openseadragon-mobile-css", "true");
  document.head.append(inert);
}
