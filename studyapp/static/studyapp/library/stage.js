/** The observers' two viewers under one camera, for researchers: the view stays where it was when pictures change. */

import * as camera from "../trial/camera.js";
import { Stage } from "../trial/viewer.js";
import { differenceSource } from "./difference.js";

export class Desk extends Stage {
  /** Look there, now and at whatever comes next; null is the whole picture. */
  keep(view) {
    this.kept = view;
  }

  /** Every picture begins where the last one was looked at. */
  lookAtAll(pair) {
    super.lookAtAll(pair);
    if (!this.kept) return;
    const { scale, x, y } = this.kept;
    const place = { scale, x: x * pair.trial.width, y: y * pair.trial.height };
    pair.camera = pair.target = camera.constrain(place, this.pane, pair.trial);
    pair.view = camera.snap(pair.camera, this.pane);
  }

  sourceOf(trial, side) {
    const isDifference = side === "right" && trial.gain;
    return isDifference ? differenceSource(trial, trial.left, trial.right, trial.gain) : super.sourceOf(trial, side);
  }

  /** Two pictures are compared here pixel by pixel: neither is moved by itself. */
  pull(side, { x, y }) {
    this.drag(-x, -y);
  }

  /** This page can be scrolled, so the panes may have moved since. */
  wheel(event, side) {
    this.measure();
    super.wheel(event, side);
  }

  isPainted(id) {
    return this.pairFor(id)?.painted.size === 2;
  }

  /** Where the camera is going, as it is kept. */
  get aimed() {
    if (!this.front) return null;
    const { target, trial } = this.front;
    const isWhole = target.scale === camera.fitScale(this.pane, trial);
    return isWhole ? null : { scale: target.scale, x: target.x / trial.width, y: target.y / trial.height };
  }
}
