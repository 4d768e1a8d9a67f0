/** Sittings as the state's tests speak of them: trials, events and replies. */

import { next } from "../../studyapp/static/studyapp/trial/state.js";

export const trial = (n) => ({ id: `t${n}`, position: n, shown_url: `/trial/t${n}/shown/`, vote_url: `/trial/t${n}/vote/` });
export const after = (state, ...events) => events.reduce(next, state);
export const paint = (id, at = 10) => [
  { type: "painted", id, side: "right", at },
  { type: "painted", id, side: "left", at: at + 5 },
];
export const show = (id, at) => ({ type: "shown", id, at, device: { drawer: "webgl" } });
export const vote = (answer, at, more = {}) => ({ type: "answer", answer, at, device: { drawer: "webgl" }, ...more });
export const reply = (answered, upcoming = null) => ({ receipt: 1, answer: "left", answered, total: 5, upcoming });
