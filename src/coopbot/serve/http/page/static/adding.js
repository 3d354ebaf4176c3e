// For administrators: adds an address or a file, and shows the progress of its job.

import { html, nothing, render } from "./lit-html.js";
import { Problem, send } from "./api.js";
import { fill, language, t } from "./words.js";

const LOOK_MS = 500;
const place = document.getElementById("adding");
const jobs = []; // {name, text, state, done, total}
let problem = "";
let onChange = () => {};

export function setUpAdding(changed) {
  onChange = changed;
  draw();
}

async function add(event) {
  event.preventDefault();
  const form = event.target;
  const data = new FormData(form);
  const [token, url, file] = [data.get("token").trim(), data.get("url").trim(), data.get("file")];
  problem = "";
  if (!url && !file?.size) problem = t.add_nothing;
  else {
    const job = { name: url || file.name, text: t.job_queued, state: "queued", done: 0, total: 0 };
    jobs.unshift(job);
    form.elements.url.value = "";
    form.elements.file.value = "";
    follow(job, token, url ? { url } : { file });
  }
  draw();
}

async function follow(job, token, { url, file }) {
  const headers = { Authorization: `Bearer ${token}` };
  try {
    let body;
    if (url) {
      headers["Content-Type"] = "application/json";
      body = JSON.stringify({ url });
    } else {
      body = new FormData();
      body.append("file", file);
    }
    let now = await (await send("/v1/articles", { method: "POST", headers, body })).json();
    while (now.state === "queued" || now.state === "running") {
      show(job, now);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      now = await (await send(`/v1/index/jobs/${now.job_id}`, { headers: { Authorization: headers.Authorization } })).json();
    }
    show(job, now);
    if (now.state === "done") onChange();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    Object.assign(job, { state: "failed", ...failure(error.status, error.message) });
    draw();
  }
}

function show(job, { state, progress, change, title, error }) {
  const texts = {
    queued: t.job_queued,
    running: progress.total ? fill(t.job_indexing, progress) : t.job_running,
    done: change ? t[`job_${change}`] : t.job_done,
  };
  const { text = texts[state], detail = "" } = state === "failed" ? failure(error?.status, error?.detail) : {};
  Object.assign(job, { state, text, detail, done: progress.done, total: progress.total, name: title || job.name });
  draw();
}

// What went wrong in the reader's language, by the kind of problem; the service's own words are in English.
function failure(status, words = "") {
  if (language === "en" && status) return { text: `${t.job_failed}${t.colon}${words}`, detail: "" };
  const kind = t[`failed_${status}`] ?? (status ? t.went_wrong : t.offline);
  return { text: `${t.job_failed}${t.colon}${kind}`, detail: words };
}

function draw() {
  render(
    html`<p class="note">${t.add_lead}</p>
      <form class="adding" @submit=${add}>
        <label>${t.token} <input name="token" type="password" required autocomplete="off"></label>
        <label>${t.url} <input name="url" type="url" maxlength="2000" placeholder="https://"></label>
        <label>${t.file} <input name="file" type="file" accept=${place.dataset.accept}></label>
        <button type="submit" class="main">${t.add}</button>
        ${problem ? html`<p class="error" role="alert">${problem}</p>` : nothing}
      </form>
      <ul class="jobs" aria-live="polite">${jobs.map((job) => html`<li class=${job.state}>
        <strong>${job.name}</strong> <span>${job.text}</span>
        ${job.detail ? html`<details class="detail"><summary>${t.failed_details}</summary><p lang="en">${job.detail}</p></details>` : nothing}
        ${job.state === "running" && job.total ? html`<progress max=${job.total} value=${job.done} aria-label=${job.name}></progress>` : nothing}
      </li>`)}</ul>`,
    place,
  );
}
