// The page that tells what each check sees in a camera or file, frame by frame.
import { Camera, CameraError } from "./camera.js";
import { FrameSource } from "./frames.js";
import { LabConnection } from "./lab_connection.js";
import { LabView } from "./lab_view.js";
import { Timeline } from "./timeline.js";
import { CAMERA_TROUBLE, HINTS } from "./words.js";

const MAX_TABLE_ROWS = 300;
const DRAW_EVERY_MS = 120;
const LINES = [
  { key: "bona_fide_score", label: "What counts", shown: true },
  { key: "whole_frame_score", label: "Whole frame", shown: true },
  { key: "tight_crop_score", label: "Face alone", shown: true },
  { key: "detector_score", label: "Both joined", shown: false },
  { key: "second_opinion_score", label: "Second opinion", shown: true },
  { key: "fused_score", label: "All fused", shown: false },
  { key: "quality", label: "Quality", shown: false },
  { key: "eye_openness", label: "Eyes open", shown: false },
];
const THRESHOLDS = { bona_fide_score: "bona_fide", whole_frame_score: "whole_frame", tight_crop_score: "tight_crop", detector_score: "detector", second_opinion_score: "second_opinion", fused_score: "fused" };
const REASONS = {
  timed_out: "the time was up before enough good frames came together", no_face: "no frame showed a face",
  poor_quality: "no frame was clear enough to be judged", several_faces: "more than one face stayed in the picture",
  presentation_attack: "the face was taken for a picture, screen or mask", face_changed: "another face took the place of the first",
  frozen: "the same picture came again and again",
};
const LOST = "The connection broke";
const LOST_DETAIL = "The server may be busy, the lab may be open in another window, or your login has ended. Reload the page.";

const part = (id) => document.getElementById(id);
const stage = part("stage");
const view = new LabView(part("view"));
const camera = new Camera(view.video);
const timeline = new Timeline(part("timeline"), LINES);

/** The frames of the last run. */
let rows = [];
/** Box and, of a camera, picture of each. @type {{box: number[]|null, image: Blob|null}[]} */
let seen = [];
let thresholds = {};
let done = null;
let file = null;
let connection = null;
let cursor = -1;
let drawnAt = 0;
let sent = [];

/** @param {string} line @param {string} detail @param {string} state */
function say(line, detail, state) {
  if (part("line").textContent !== line) part("live").textContent = `${line}. ${detail}`;
  part("line").textContent = line;
  part("detail").textContent = detail;
  stage.dataset.state = state;
}

/** @param {boolean} running */
function lock(running) {
  part("camera").hidden = running;
  part("file-button").hidden = running;
  part("file").disabled = running;
  part("stop").hidden = !running;
}

function clear() {
  [rows, seen, sent, thresholds, done, cursor] = [[], [], [], {}, null, -1];
  part("timeline-card").hidden = true;
  view.draw(null);
  tell(-1);
}

/** @param {(connection: LabConnection, ready: any) => Promise<void>} feed @param {object} wish */
function converse(wish, feed) {
  return new Promise((resolve, reject) => {
    connection = new LabConnection(stage.dataset.socket, wish, (reply) => {
      if (reply.type === "ready") feed(connection, reply).catch(reject);
      else if (reply.type === "frame") take(reply);
      else if (reply.type === "piece") part("bar").value = reply.received / file.size;
      else resolve(reply);
    }, () => resolve({ type: "error", message: LOST, remedy: LOST_DETAIL }));
  });
}

async function startCamera() {
  clear();
  lock(true);
  file = null;
  say("Allow the camera", "Your browser asks once.", "asking");
  let ended = "";
  try {
    await camera.open((kind) => { ended = kind; connection?.stop(); });
    view.showCamera();
    say("Looking", "Stop when you have seen enough.", "looking");
    const source = new FrameSource(view.video);
    conclude(await converse({ do: "try", from: "camera" }, async (open) => {
      while (open.isOpen) {
        await source.next();
        if (!open.mayWrite) continue;
        const image = await source.take();
        if (!image || !open.mayWrite) continue;
        sent.push(image);
        await open.sendFrame(image);
      }
    }));
    if (ended) say(CAMERA_TROUBLE[ended].line, CAMERA_TROUBLE[ended].detail, "trouble");
  } catch (error) {
    if (!(error instanceof CameraError)) throw error;
    say(CAMERA_TROUBLE[error.kind].line, CAMERA_TROUBLE[error.kind].detail, "trouble");
  } finally {
    camera.close();
    lock(false);
  }
}

/** @param {File} chosen */
async function startFile(chosen) {
  clear();
  lock(true);
  file = chosen;
  part("bar").hidden = false;
  part("bar").value = 0;
  if (chosen.type.startsWith("image/")) view.showImage(chosen, false);
  else view.showVideo(chosen);
  say(`Reading ${chosen.name}`, "It is deleted from the server as soon as it was looked at.", "looking");
  try {
    const wish = { do: "try", from: "file", name: chosen.name, size: chosen.size };
    conclude(await converse(wish, (open, ready) => open.sendFile(chosen, ready.piece_bytes)));
  } finally {
    part("bar").hidden = true;
    lock(false);
  }
}

/** @param {any} reply */
function take(reply) {
  Object.assign(thresholds, Object.fromEntries(Object.entries(THRESHOLDS)
    .filter(([, key]) => key in reply.thresholds).map(([line, key]) => [line, reply.thresholds[key]])));
  rows.push(reply.row);
  seen.push({ box: reply.box, image: sent.shift() ?? null });
  part("bar").removeAttribute("value");
  const now = performance.now();
  cursor = rows.length - 1;
  view.seek(reply.row.at_s);
  view.draw(reply.box, tone(reply.row));
  if (now - drawnAt < DRAW_EVERY_MS && rows.length > 1) return;
  drawnAt = now;
  draw();
  tell(cursor);
}

/** @param {any} row @returns {"good"|"bad"|"neutral"} */
const tone = (row) => (row.bona_fide === null ? "neutral" : row.bona_fide ? "good" : "bad");

function draw() {
  part("timeline-card").hidden = rows.length === 0;
  if (!rows.length) return;
  timeline.draw(rows, thresholds, cursor);
  part("axis-from").textContent = `${rows[0].at_s.toFixed(1)} s`;
  part("axis-to").textContent = `${rows.at(-1).at_s.toFixed(1)} s`;
  Object.assign(part("cursor"), { max: String(rows.length - 1), value: String(cursor) });
  part("cursor").setAttribute("aria-valuetext", `Frame ${rows[cursor].frame}, ${rows[cursor].at_s.toFixed(2)} seconds, ${verdict(rows[cursor])}`);
}

/** @param {any} row */
function verdict(row) {
  if (row.bona_fide !== null) return row.bona_fide ? "Bona fide" : "Attack";
  if (row.repeated) return "Repeated frame";
  if (row.x0 === null) return "No face";
  return `Not judged: ${(HINTS[row.hint]?.line ?? "unclear").toLowerCase()}`;
}

const number = (value, digits = 2) => (value === null || value === undefined ? "none" : value.toFixed(digits));

/** The read-outs of one frame. @param {number} index */
function tell(index) {
  const row = rows[index];
  const chip = part("verdict");
  chip.textContent = row ? verdict(row) : "Nothing yet";
  chip.className = `chip ${row && row.bona_fide !== null ? tone(row) : ""}`;
  const lines = row ? LINES.filter((line) => row[line.key] !== null || line.key === "bona_fide_score")
    .map((line) => [line.label, score(row, line.key)]) : [];
  if (row) {
    lines.push(["Turned", row.yaw_deg === null ? "none" : `${Math.abs(row.yaw_deg).toFixed(0)}° ${row.yaw_deg > 0 ? "left" : "right"}, ${Math.abs(row.pitch_deg).toFixed(0)}° ${row.pitch_deg > 0 ? "up" : "down"}`]);
    lines.push(["Box", row.x0 === null ? "none" : `${(row.x1 - row.x0).toFixed(0)} × ${(row.y1 - row.y0).toFixed(0)} px`]);
    lines.push(["Faces", String(row.faces)], ["Frame", `${row.frame}, ${row.at_s.toFixed(2)} s`]);
  } else lines.push(["Scores", "0 is surely an attack, 1 surely a person"]);
  part("readout").replaceChildren(...lines.flatMap(([name, text]) => {
    const [dt, dd] = [document.createElement("dt"), document.createElement("dd")];
    dt.textContent = name;
    dd.textContent = text;
    return [dt, dd];
  }));
}

function score(row, key) {
  const limit = thresholds[key];
  const told = number(row[key]);
  return limit === undefined || row[key] === null ? told : `${told}, ${row[key] >= limit ? "passes" : "below"} ${limit.toFixed(2)}`;
}

/** Look at one frame of the past. @param {number} index */
function step(index) {
  cursor = index;
  draw();
  tell(index);
  const { box, image } = seen[index];
  if (image) view.showImage(image, true);
  view.seek(rows[index].at_s);
  view.draw(box, tone(rows[index]));
}

/** @param {any} last */
function conclude(last) {
  draw();
  tell(cursor);
  if (last.type === "error") { say(last.message, last.remedy ?? "", "trouble"); }
  else {
    done = last;
    const judged = `${last.frames} frames, ${last.with_face} with a face, ${last.judged} judged, ${last.bona_fide} of them bona fide`;
    const rule = last.rule_met
      ? `A passive login's rule (${last.frames_needed} good frames in a row) is met after ${last.decided_at_s.toFixed(1)} s.`
      : `A passive login's rule (${last.frames_needed} good frames in a row) is not met: ${REASONS[last.reason] ?? last.reason}.`;
    say(last.rule_met ? "The rule is met" : last.frames ? "The rule is not met" : "No frame was looked at", `${judged}. ${rule}${last.cut_off ? " Only the first 60 s were looked at." : ""}`, "done");
    part("summary").textContent = judged;
  }
  table();
  if (cursor >= 0 && seen[cursor].image) step(cursor);
  for (const label of part("legend").querySelectorAll("label")) {
    label.hidden = rows.length > 0 && rows.every((row) => row[label.dataset.key] === null);
  }
  part("line").focus({ preventScroll: true });
}

function table() {
  if (!rows.length) return;
  const columns = Object.keys(rows[0]);
  const cells = (name, values) => {
    const row = document.createElement("tr");
    row.append(...values.map((value) => Object.assign(document.createElement(name), { textContent: value === null ? "" : String(value) })));
    return row;
  };
  part("frames-head").replaceChildren(cells("th", columns));
  part("frames").replaceChildren(...rows.slice(0, MAX_TABLE_ROWS).map((row) => cells("td", columns.map((name) => row[name]))));
  part("more-rows").hidden = rows.length <= MAX_TABLE_ROWS;
  part("more-rows").textContent = `The first ${MAX_TABLE_ROWS} of ${rows.length} frames; an export has all of them.`;
}

/** @param {string} name @param {string} type @param {string} text */
function download(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function asCsv() {
  const cell = (value) => (value === null ? "" : /[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value));
  const columns = Object.keys(rows[0]);
  return [columns, ...rows.map((row) => columns.map((name) => row[name]))].map((line) => line.map(cell).join(",")).join("\n") + "\n";
}

function legend() {
  part("legend").append(...LINES.map((line) => {
    const label = document.createElement("label");
    label.dataset.key = line.key;
    const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: line.shown });
    const sample = document.createElement("span");
    sample.className = `sample ${line.key}`;
    box.addEventListener("change", () => { line.shown = box.checked; draw(); });
    label.append(box, sample, line.label);
    return label;
  }));
}

part("camera").addEventListener("click", startCamera);
part("file").addEventListener("change", () => {
  const [chosen] = part("file").files;
  if (chosen) startFile(chosen);
  part("file").value = "";
});
part("stop").addEventListener("click", () => connection?.stop());
part("cursor").addEventListener("input", () => { if (!connection?.isOpen) step(Number(part("cursor").value)); });
part("json").addEventListener("click", () => download("frames.json", "application/json", JSON.stringify({ summary: done, thresholds, frames: rows }, null, 1)));
part("csv").addEventListener("click", () => download("frames.csv", "text/csv", asCsv()));
addEventListener("pagehide", () => { connection?.close(); camera.close(); });
legend();
tell(-1);
