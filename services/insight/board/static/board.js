// The board in the browser: parts that change by themselves, countdowns, the slider of time, pages without reload.
// Everything works without it, too, except that nothing then changes by itself.

let ahead = 0; // how far the server's clock is ahead of this one, in milliseconds
let source = null;

const now = () => Date.now() + ahead;
const two = (number) => String(number).padStart(2, "0");

function countdown(due, late) {
  const left = Math.trunc((due - now()) / 1000);
  const [seconds, day] = [Math.abs(left), document.body.dataset.day];
  const days = Math.floor(seconds / 86400);
  const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(":");
  return `${left < 0 && !late ? "−" : ""}${days ? `${days} ${day} ` : ""}${clock}`;
}

function tick() {
  if (new URLSearchParams(location.search).get("as_of")) return;
  for (const one of document.querySelectorAll("[data-due]")) {
    one.textContent = countdown(Number(one.dataset.due), "late" in one.dataset);
    one.classList.toggle("late", Number(one.dataset.due) < now());
  }
}

// Put new content in the place of old, and the focus back to where it was.
function swap(place, html) {
  const focused = place.contains(document.activeElement) ? document.activeElement.id : "";
  place.innerHTML = html;
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

function follow() {
  source?.close();
  source = null;
  const sign = document.getElementById("live");
  if (!sign) return;
  const live = sign.textContent;
  source = new EventSource(sign.dataset.live);
  const say = (text) => {
    if (sign.textContent !== text) sign.textContent = text;
    sign.classList.toggle("lost", text !== live);
  };
  source.onmessage = (event) => {
    const said = JSON.parse(event.data);
    ahead = said.now - Date.now();
    for (const [name, html] of Object.entries(said.parts)) {
      const place = document.getElementById(name);
      if (place) swap(place, html);
    }
    say(live);
    tick();
  };
  source.addEventListener("away", () => say(sign.dataset.lost));
  source.addEventListener("end", () => location.reload());
  source.onerror = () => {
    say(sign.dataset.lost);
    // Refused, the browser does not try again by itself: the session is over, or the server is being restarted.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 5000);
  };
}

async function go(address, remember = true) {
  const answer = await fetch(address, { headers: { accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (remember) history.pushState(null, "", answer.url);
  document.title = page.title;
  ahead = Number(page.body.dataset.now) - Date.now();
  for (const place of ["header", "main"]) swap(document.querySelector(place), page.querySelector(place).innerHTML);
  begin();
}

function address(form) {
  const asked = [...new FormData(form)].filter(([, value]) => value !== "");
  const query = new URLSearchParams(asked).toString();
  const path = form.getAttribute("action");
  return query ? `${path}?${query}` : path;
}

function local(minutes) {
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat("en-GB", {
      timeZone: document.body.dataset.zone, hourCycle: "h23",
      year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
    }).formatToParts(new Date(minutes * 60000)).map(({ type, value }) => [type, value]),
  );
  return `${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}`;
}

function begin() {
  follow();
  tick();
  const slider = document.getElementById("slider");
  if (!slider) return;
  const moment = document.getElementById("as_of");
  const say = () => {
    const live = Number(slider.value) >= Number(slider.max);
    moment.value = live ? "" : local(Number(slider.value));
    slider.setAttribute("aria-valuetext", live ? slider.dataset.live : moment.value.replace("T", " "));
  };
  slider.setAttribute("aria-valuetext", moment.value.replace("T", " ") || slider.dataset.live);
  slider.addEventListener("input", say);
  slider.addEventListener("change", () => go(address(slider.form)));
  for (const choice of slider.form.querySelectorAll("select")) {
    choice.addEventListener("change", () => go(address(choice.form)));
  }
  slider.form.addEventListener("submit", (event) => {
    event.preventDefault();
    go(address(event.target));
  });
}

ahead = Number(document.body.dataset.now) - Date.now();
addEventListener("popstate", () => go(location.href, false));
setInterval(tick, 1000);
begin();
