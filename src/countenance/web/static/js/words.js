// Every line of the camera page, in everyday words. Codes are those of the server.

/** @typedef {{line: string, detail?: string}} Words */

/** What to mend; `ceremony.evidence.Hint`. @type {Record<string, Words>} */
export const HINTS = {
  no_face: { line: "Come into the oval", detail: "Face the camera." },
  several_faces: { line: "Only you, please", detail: "Someone else is in the picture." },
  too_small: { line: "Come a little closer", detail: "Until your face fills the oval." },
  too_large: { line: "A little further away", detail: "Until your whole face is in the oval." },
  off_centre_left: { line: "A little to the right", detail: "Into the middle of the oval." },
  off_centre_right: { line: "A little to the left", detail: "Into the middle of the oval." },
  off_centre_up: { line: "A little lower", detail: "Into the middle of the oval." },
  off_centre_down: { line: "A little higher", detail: "Into the middle of the oval." },
  turned: { line: "Look straight into the camera", detail: "Your head is turned away." },
  tilted: { line: "Hold your head upright", detail: "Your head is tilted." },
  too_dark: { line: "More light on your face", detail: "Turn on a lamp or face a window." },
  too_bright: { line: "Less light on your face", detail: "Turn away from the lamp." },
  backlit: { line: "Turn away from the window", detail: "The light behind you is too strong." },
  blurred: { line: "Hold still", detail: "The picture is blurred. Is the lens clean?" },
  hold_still: { line: "Hold still" },
};

/** What to do; `ceremony.enrolment.Prompt`. @type {Record<string, Words>} */
export const PROMPTS = {
  look_straight: { line: "Look straight into the camera" },
  turn_a_little_left: { line: "Turn your head a little to the left" },
  turn_a_little_right: { line: "Turn your head a little to the right" },
};

/** What a challenge asks for; `ceremony.challenge.Move`. @type {Record<string, Words>} */
export const MOVES = {
  turn_left: { line: "Turn your head to the left", detail: "Slowly, until the left side lights up" },
  turn_right: { line: "Turn your head to the right", detail: "Slowly, until the right side lights up" },
  move_closer: { line: "Come closer", detail: "Until the whole ring lights up" },
  move_back: { line: "Move back a little", detail: "Until the whole ring lights up" },
};

/** The side of a prompt that turns the head, seen as in a mirror. @type {Record<string, "left"|"right">} */
export const SIDES = {
  turn_a_little_left: "left",
  turn_a_little_right: "right",
  turn_left: "left",
  turn_right: "right",
};

/** While the screen changes its colour, and after. */
export const COLOURS = { line: "Look at the screen", over: "The colours are over" };
/** @param {number} done @param {number} all */
export const coloursDetail = (done, all) => `Hold still. Colour ${done + 1} of ${all}`;

/** Said when the moves begin anew, good frames first. @type {Words} */
export const ONCE_MORE = { line: "Once more", detail: "Look straight into the camera, then follow the words." };

/** Why a login was refused; `ceremony.verdict.PublicReason`. @type {Record<string, Words>} */
export const LOGIN_REFUSALS = {
  not_confirmed: {
    line: "Unauthorized",
    detail:
      "We could not confirm that it is you. Face the camera yourself, in good light, without a " +
      "phone or photo in front of it.",
  },
  too_slow: { line: "That took too long", detail: "Try again when you are ready." },
  several_faces: { line: "Unauthorized", detail: "Someone else was in the picture. Only you, please." },
  too_bright: {
    line: "The colours did not show on your face",
    detail: "Darken the room or make the screen brighter, come a little closer, then try again.",
  },
  technical: { line: "That did not work", detail: "The connection or the server broke off. Try again." },
};

/** Why an enrolment was refused; `ceremony.verdict.Reason`. @type {Record<string, Words>} */
export const ENROLMENT_REFUSALS = {
  timed_out: { line: "That took too long", detail: "Too few clear frames came together. Try again when you are ready." },
  no_face: { line: "No face was in the picture", detail: "Sit before the camera, in the middle of the oval." },
  poor_quality: { line: "No frame was clear enough", detail: "More light, a little closer, and hold still." },
  several_faces: { line: "Only you, please", detail: "Someone else stayed in the picture." },
  not_matched: {
    line: "This is not the enrolled face",
    detail: "New samples have to be of the same face. If yours has changed much, ask an administrator to enrol you.",
  },
  presentation_attack: {
    line: "This did not look like a person",
    detail: "Face the camera yourself, in good light, without a phone or photo in front of it.",
  },
  face_changed: { line: "The face changed", detail: "All frames have to be of one person. Stay in the picture." },
  challenge_unanswered: { line: "That took too long", detail: "The move was not made in time. Try again when you are ready." },
  challenge_wrong: { line: "Another move was asked for", detail: "Wait for each move, then make it. Try again when you are ready." },
  flat_picture: {
    line: "This did not look like a person",
    detail: "Face the camera yourself, in good light, without a phone or photo in front of it.",
  },
  shallow_turn: {
    line: "The turn was hard to see",
    detail: "Sit in good light, a little nearer, and turn your head further, slowly.",
  },
  colour_ignored: {
    line: "This did not look like a person",
    detail: "Face the camera yourself, in good light, without a phone or photo in front of it.",
  },
  colour_unseen: {
    line: "The colours did not show on your face",
    detail: "Darken the room or make the screen brighter, then try again.",
  },
  frozen: { line: "The picture does not move", detail: "The camera sends one picture again and again. Close other programs that use it, or take another camera." },
  replayed: { line: "These pictures were sent before", detail: "Stand before the camera yourself. A recording cannot be enrolled." },
  virtual_camera: { line: "A real camera, please", detail: "The browser uses a virtual camera. Choose another one in its settings, then try again." },
  impossible_timing: { line: "That did not work", detail: "The pictures came at times that cannot be. Reload the page and try again." },
  looped: { line: "The picture comes round again", detail: "The camera plays a clip in a loop. Close other programs that use it, or take another camera." },
  not_enrolled: { line: "No face is enrolled", detail: "Begin the enrolment again." },
  other_pack: { line: "The enrolled face is of another model", detail: "Begin the enrolment again." },
  protocol: { line: "That did not work", detail: "Reload the page and try again." },
  interrupted: { line: "The connection broke", detail: "Nothing was stored. Try again." },
  engine_failed: { line: "That did not work", detail: "Face recognition failed on the server. Try again; if it stays, tell whoever runs it." },
};

/** What is wrong with the camera. @type {Record<string, Words>} */
export const CAMERA_TROUBLE = {
  denied: {
    line: "No camera to use",
    detail: "This site may not use the camera. Click the camera or lock sign beside the address, allow it, then try again.",
  },
  none: { line: "No camera to use", detail: "Plug one in, then try again." },
  busy: { line: "No camera to use", detail: "Another program uses it. Close that program, then try again." },
  insecure: {
    line: "No camera to use",
    detail: "Browsers open a camera only on https:// or on this computer itself. Ask whoever runs this server for its https address.",
  },
  unplugged: { line: "No camera to use", detail: "The camera was unplugged. Plug it in again, then try again." },
};

/** Trouble with the connection. @type {Record<string, Words>} */
export const CONNECTION_TROUBLE = {
  lost: { line: "The connection broke", detail: "Nothing was granted. Try again." },
  paused: { line: "The page was in the background", detail: "The camera stopped meanwhile. Try again when you are ready." },
  expired: { line: "The password step has expired", detail: "Enter your password again." },
  server: { line: "The server cannot look at faces now", detail: "Try again. If it stays, tell whoever runs it, or use another way." },
};

/** On the page of another app. */
export const VERIFICATION = {
  start: { line: "Show your face", detail: "Your browser will ask for the camera.", button: "Start the camera" },
  note: (host) => `Frames go to ${host} only, which keeps none of them.`,
  granted: { line: "Confirmed", detail: "You can go on." },
  expired: { line: "The time for this has passed", detail: "Begin again on the page that asked for it." },
  setup: { line: "This page is not ready", detail: "Its verification and client secret are missing. Tell whoever runs the page." },
  tries: (left) => (left === 1 ? "1 try is left." : left === 0 ? "No try is left." : `${left} tries are left.`),
};

export const ASKING = { line: "Allow the camera", detail: "Your browser asks once. Nothing is recorded." };
export const BUSY = { line: "Many people are logging in", detail: (s) => `You are next in about ${s} s.` };
export const SHUT = { line: "Your face cannot be used now", detail: "Too many tries in a row were refused. Use another way; after that your face works again." };
export const WAIT = { line: (s) => `Please wait ${s} s`, detail: "Too many tries in a row were refused. Then try again, or use another way." };

/** The detail below a line while frames are counted. @param {number} done @param {number} all */
export const progressDetail = (done, all) => `${done} of ${all} clear frames`;

/** What is shown below while the head rests between moves. @param {number} done @param {number} all */
export const movesDetail = (done, all) => {
  if (done === 0) return `${all} small moves follow, one at a time`;
  return done === all ? "All moves are made" : `${done} of ${all} moves made`;
};

/** How many tries are left, below a refusal. @param {number} left */
export const triesDetail = (left) => {
  const tries = left === 1 ? "1 try" : left === 0 ? "No try" : `${left} tries`;
  return `${tries} left with this password. The owner of this account is told of refused attempts.`;
};
