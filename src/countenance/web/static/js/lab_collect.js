// The page that collects presentations: form, count-down, camera or files, what became of them.
import { Camera, CameraError } from "./camera.js";
import { countdown } from "./countdown.js";
import { FrameSource } from "./frames.js";
import { LabConnection } from "./lab_connection.js";
import { LabView } from "./lab_view.js";
import { Ring } from "./ring.js";
import { CAMERA_TROUBLE } from "./words.js";

const COUNT_S = 3;
const SEGMENTS = 20;
const LOST = { line: "The connection broke", detail: "What was kept stays. The server may be busy, the lab may be open in another window, or your login has ended." };
const FATES = { kept: "Kept", near_duplicate: "Nothing new: move a little", no_face: "No face in the picture" };

const form = /** @type {HTMLFormElement} */ (document.getElementById("collect"));
const stage = document.getElementById("stage");
const part = (id) => document.getElementById(id);
const view = new LabView(part("view"));
const camera = new Camera(view.video);
const ring = new Ring(part("ring"), SEGMENTS);

/** The take that runs; null when none does. @type {{connection: LabConnection|null, cancelled: boolean}|null} */
let take = null;
let stopCount = () => {};
/** The last frame that was sent: shown when the camera is shut. @type {Blob|null} */
let lastImage = null;

const value = (name) => new FormData(form).get(name);
const isFile = () => value("from") === "file";

/** Show only the fields that count. */
function arrange() {
  const isAttack = value("label") === "attack";
  part("species-field").hidden = !isAttack;
  part("camera-fields").hidden = isFile();
  part("file-field").hidden = !isFile();
  part("files").required = isFile();
}

/** @param {string} line @param {string} detail @param {string} state */
function say(line, detail, state = stage.dataset.state) {
  stage.dataset.state = state;
  if (part("line").textContent !== line) part("live").textContent = `${line}. ${detail}`;
  part("line").textContent = line;
  part("detail").textContent = detail;
}

function wish(extra) {
  return {
    do: "collect", dataset: form.dataset.dataset, label: value("label"), species: value("species"),
    subject: value("subject").trim(), source: value("source").trim(), note: value("note"),
    agreed: part("agreed").checked, seconds: Number(value("seconds")), pictures: Number(value("pictures")), ...extra,
  };
}

/** @param {boolean} running */
function lock(running) {
  for (const field of form.elements) field.disabled = running;
  part("stop").hidden = !running;
  if (running) part("review").hidden = true;
}

async function start() {
  take = { connection: null, cancelled: false };
  const mine = take;
  const wanted = isFile() ? [...part("files").files].map((file) => [file, wish({ from: "file", name: file.name, size: file.size })]) : null;
  const cameraWish = wish({ from: "camera" });
  lock(true);
  try {
    if (wanted) await collectFiles(mine, wanted);
    else await collectCamera(mine, cameraWish);
  } catch (error) {
    if (!(error instanceof CameraError)) throw error;
    say(CAMERA_TROUBLE[error.kind].line, CAMERA_TROUBLE[error.kind].detail, "trouble");
  } finally {
    if (camera.stream && lastImage) view.showImage(lastImage, true);
    camera.close();
    take = null;
    lock(false);
    arrange();
    part("go").textContent = "Start another take";
  }
}

/** @param {NonNullable<typeof take>} mine @param {object} wanted */
async function collectCamera(mine, wanted) {
  say("Allow the camera", "Your browser asks once.", "asking");
  stage.scrollIntoView({ block: "nearest" });
  lastImage = null;
  await camera.open((kind) => { mine.cameraEnded = kind; mine.connection?.stop(); });
  view.showCamera();
  ring.show(0, SEGMENTS);
  await count(mine);
  if (mine.cancelled) { say("Stopped", "Nothing was kept.", "idle"); return; }
  const frames = new FrameSource(view.video);
  const last = await converse(mine, wanted, async (connection) => {
    while (connection.isOpen) {
      await frames.next();
      if (!connection.mayWrite) continue;
      const image = await frames.take();
      if (!image || !connection.mayWrite) continue;
      lastImage = image;
      await connection.sendFrame(image);
    }
  }, (reply) => showFrame(reply, wanted));
  if (mine.cameraEnded) say(CAMERA_TROUBLE[mine.cameraEnded].line, `${CAMERA_TROUBLE[mine.cameraEnded].detail} ${kept(last)}`, "trouble");
  else conclude(last);
}

/** Three, two, one. @param {NonNullable<typeof take>} mine @returns {Promise<void>} */
function count(mine) {
  say("Get ready", "Move a little while the ring fills: turn, talk, come closer.", "counting");
  part("count").hidden = false;
  return new Promise((resolve) => {
    const end = () => { part("count").hidden = true; resolve(); };
    stopCount = countdown(COUNT_S, (left) => {
      part("count").textContent = String(left);
      if (left === 0) end();
    });
    mine.cancelCount = () => { stopCount(); end(); };
  });
}

/** One after the other. @param {NonNullable<typeof take>} mine @param {[File, object][]} wanted */
async function collectFiles(mine, wanted) {
  const told = [];
  part("bar").hidden = false;
  for (const [index, [file, hope]] of wanted.entries()) {
    if (mine.cancelled) break;
    say(`Reading ${file.name}`, `File ${index + 1} of ${wanted.length}`, "looking");
    if (file.type.startsWith("image/")) view.showImage(file, false);
    else if (file.type.startsWith("video/")) view.showVideo(file);
    const last = await converse(mine, hope, (connection, reply) => connection.sendFile(file, reply.piece_bytes), (reply) => {
      if (reply.type === "piece") part("bar").value = reply.received / file.size;
      if (reply.type !== "frame") return;
      part("bar").removeAttribute("value");
      view.seek(reply.at_s);
      view.draw(reply.box, reply.fate === "kept" ? "good" : "neutral");
      part("detail").textContent = `File ${index + 1} of ${wanted.length}: ${reply.kept} kept of ${reply.looked} looked at`;
    });
    told.push([file.name, last]);
  }
  part("bar").hidden = true;
  const wrong = told.filter(([, last]) => last.type === "error");
  if (wanted.length === 1) { conclude(told[0]?.[1] ?? { type: "done" }); return; }
  const total = told.reduce((sum, [, last]) => sum + (last.kept ?? last.so_far?.kept ?? 0), 0);
  const words = wrong.map(([name, last]) => `${name}: ${last.message}`).join(" ");
  say(`${total} kept of ${told.length} files`, words || "All files were read.", wrong.length ? "trouble" : "done");
  part("review").hidden = false;
}

/**
 * Hold one conversation.
 * @param {NonNullable<typeof take>} mine
 * @param {object} wanted
 * @param {(connection: LabConnection, ready: any) => Promise<void>} feed called when the server is ready
 * @param {(reply: any) => void} follow
 * @returns {Promise<any>} the last reply
 */
function converse(mine, wanted, feed, follow) {
  return new Promise((resolve, reject) => {
    mine.connection = new LabConnection(form.dataset.socket, wanted, (reply) => {
      if (reply.type === "ready") feed(mine.connection, reply).catch(reject);
      else if (reply.type === "done" || reply.type === "error") resolve(reply);
      else follow(reply);
    }, () => resolve({ type: "error", message: LOST.line, remedy: LOST.detail }));
  });
}

/** @param {any} reply @param {any} wanted */
function showFrame(reply, wanted) {
  const share = Math.max(reply.at_s / wanted.seconds, reply.kept / wanted.pictures);
  ring.show(Math.min(SEGMENTS, Math.round(share * SEGMENTS)), SEGMENTS);
  view.draw(reply.box, reply.fate === "kept" ? "good" : "neutral");
  const left = Math.max(0, Math.ceil(wanted.seconds - reply.at_s));
  if (reply.fate) say(FATES[reply.fate] ?? "Looking", "", "looking");
  part("detail").textContent = `${reply.kept} kept, ${left} s left`;
}

/** How many, in words. @param {any} last */
function kept(last) {
  const told = last.type === "error" ? last.so_far ?? {} : last;
  const words = [`${told.kept ?? 0} kept of ${told.looked ?? 0} looked at`];
  if (told.near_duplicates) words.push(`${told.near_duplicates} like the one before`);
  if (told.no_face) words.push(`${told.no_face} without a face`);
  if (told.already_there) words.push(`${told.already_there} collected before`);
  if (told.bystanders) words.push(`${told.bystanders} kept with a bystander`);
  return `${words.join(", ")}.`;
}

/** @param {any} last */
function conclude(last) {
  view.draw(null);
  const some = (last.kept ?? last.so_far?.kept ?? 0) > 0;
  if (last.type === "error") say(last.message, `${last.remedy ?? ""} ${last.so_far?.looked ? kept(last) : ""}`.trim(), "trouble");
  else if (!some && last.already_there) say("This file was collected before", kept(last), "done");
  else if (!some) say("Nothing was kept", `${kept(last)} Check that the face is large enough and well lit.`, "trouble");
  else say(last.kept === 1 ? "1 presentation is kept" : `${last.kept} presentations are kept`, kept(last), "done");
  part("review").hidden = !some;
  part("line").focus({ preventScroll: true });
}

form.addEventListener("change", arrange);
form.addEventListener("submit", (event) => { event.preventDefault(); if (!take) start(); });
part("stop").addEventListener("click", () => {
  if (!take) return;
  take.cancelled = true;
  take.cancelCount?.();
  take.connection?.stop();
});
addEventListener("pagehide", () => { take?.connection?.stop(); camera.close(); });
arrange();
