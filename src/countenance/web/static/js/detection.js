// Follows the download of a model pack; the page is loaded anew when it is over.

const EVERY_MS = 400;
const card = document.getElementById("second-opinion");
const url = card?.dataset.progress;

async function follow() {
  let told;
  try {
    const answer = await fetch(url, { headers: { Accept: "application/json" } });
    if (!answer.ok) { location.reload(); return; }
    told = await answer.json();
  } catch {
    setTimeout(follow, 4 * EVERY_MS); // the server is away for a moment
    return;
  }
  if (told.is_over) { location.reload(); return; }
  const share = told.total_bytes ? told.received_bytes / told.total_bytes : 0;
  document.getElementById("bar").value = share;
  const words = told.stage === "opening" ? "Putting it into use" : `Fetching, ${Math.round(share * 100)} %`;
  document.getElementById("told").textContent = words;
  setTimeout(follow, EVERY_MS);
}

if (url) follow();
