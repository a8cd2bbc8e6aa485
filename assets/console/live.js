// Keeps a page true while it is looked at. Without it every page works: it only asks for the page again and puts in what is new.
"use strict";
(() => {
  const { body } = document, at = () => document.getElementById("at"), cut = document.getElementById("cut");
  // Nothing is heard: since when; so long it may be silent before that shows, in milliseconds.
  let skew = body.dataset.now - Date.now(), heard = Date.now(), lost = 0, busy = false, again = false, down = false, stream;
  const LOST = 10000, SILENT = 40000, HIDDEN = 30000;
  const known = new Map(), edited = new Set(), toast = document.getElementById("toast");
  // Answers that came since somebody last saw how many.
  let came = 0, fades;

  // Time that is left, as the server writes it.
  const span = s => s < 100 ? s + " s" : s < 6000 ? Math.floor(s / 60) + " min"
    : Math.floor(s / 3600) + " h" + (Math.floor(s / 60) % 60 ? " " + Math.floor(s / 60) % 60 + " min" : "");
  const tick = () => {
    const now = Date.now() + skew;
    for (const e of document.querySelectorAll("time[data-due]")) {
      const s = Math.floor(Math.abs(e.dataset.due - now) / 1000), late = now > e.dataset.due;
      const text = span(s) + " " + (late ? body.dataset.late : body.dataset.left);
      if (e.textContent !== text) e.textContent = text;
      e.classList.toggle("late", late);
    }
    if (document.hidden) return;
    if (Date.now() - heard > SILENT) lost ||= heard;
    if (lost && Date.now() - lost > LOST && cut.dataset.why !== "out") say(body.dataset.cut.replace("{}", at()?.textContent ?? ""), "cut");
  };
  const say = (text, why) => { if (cut.hidden || cut.textContent !== text) cut.textContent = text; cut.hidden = false; cut.dataset.why = why; };
  const alive = () => {
    const was = lost;
    heard = Date.now();
    lost = 0;
    cut.hidden = true;
    cut.dataset.why = "";
    return was;
  };

  const tell = n => {
    came += n;
    toast.textContent = came === 1 ? body.dataset.new1 : body.dataset.new.replace("{}", came);
    gone();
  };
  // It goes when it was seen for a while; nobody sees it in a page that is hidden.
  const gone = () => { clearTimeout(fades); if (!document.hidden) fades = setTimeout(() => { toast.textContent = ""; came = 0; }, 8000); };

  // Somebody is in it: then it waits.
  const taken = e => down || edited.has(e.id) || (e.contains(document.activeElement) && document.activeElement.matches("input:not([type=hidden]),select,textarea"));
  document.addEventListener("input", e => { const s = e.target.closest("[data-live]"); if (s) edited.add(s.id); });
  // Nothing moves under a finger.
  addEventListener("pointerdown", () => { down = true; });
  for (const up of ["pointerup", "pointercancel"]) addEventListener(up, () => { down = false; if (again) load(); });

  // What an element is called within its section, to find it again.
  const trail = (e, top) => {
    if (!e || e === top || !top.contains(e)) return null;
    if (e.id) return "#" + CSS.escape(e.id);
    const href = e.getAttribute("href"), value = e.getAttribute("value");
    return e.localName + (href ? `[href="${CSS.escape(href)}"]` : value ? `[value="${CSS.escape(value)}"]` : "");
  };
  const swap = (old, fresh) => {
    const focus = old.contains(document.activeElement) && trail(document.activeElement, old);
    const open = [...old.querySelectorAll("details")].map(d => d.open);
    old.replaceWith(fresh);
    fresh.querySelectorAll("details").forEach((d, n) => { d.open = open[n] ?? d.open; });
    if (focus) fresh.querySelector(focus)?.focus({ preventScroll: true });
  };

  const load = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const got = await fetch(location.href, { headers: { accept: "text/html", "x-live": "1" }, signal: AbortSignal.timeout(15000) });
      if (got.redirected || got.status === 401) { say(body.dataset.out, "out"); stream?.close(); return; }
      if (got.ok) {
        alive();
        const page = new DOMParser().parseFromString(await got.text(), "text/html");
        skew = page.body.dataset.now - Date.now();
        document.title = page.title;
        const { scrollX, scrollY } = window;
        for (const fresh of page.querySelectorAll("[data-live][id]")) {
          const old = document.getElementById(fresh.id), html = fresh.outerHTML;
          if (!old || known.get(fresh.id) === html) continue;
          if (taken(old)) { again ||= down; continue; }
          const said = fresh.dataset.said;
          if (said && said !== old.dataset.said) document.getElementById("said").textContent = said;
          const more = fresh.dataset.answers - old.dataset.answers;
          if (more > 0) tell(more);
          known.set(fresh.id, html);
          swap(old, document.importNode(fresh, true));
        }
        scrollTo(scrollX, scrollY);
        tick();
      }
    } catch { lost ||= Date.now(); } finally {
      busy = false;
      if (again && !down) { again = false; setTimeout(load, 1000); }
    }
  };

  const listen = () => {
    stream?.close();
    stream = new EventSource("/events");
    stream.onopen = () => { if (alive()) load(); };
    stream.addEventListener("beat", alive);
    stream.addEventListener("change", () => { alive(); load(); });
    stream.onerror = () => {
      lost ||= Date.now();
      // One that was refused is not opened again by the browser.
      if (stream.readyState === 2) { load(); setTimeout(listen, 5000 + 5000 * Math.random()); }
    };
  };
  // A browser has few connections for each server: a page that nobody sees holds none, and asks now and then.
  let poll;
  const seen = () => {
    clearInterval(poll);
    gone();
    if (document.hidden) { stream?.close(); poll = setInterval(load, HIDDEN); } else { listen(); load(); }
  };

  for (const e of document.querySelectorAll("[data-live][id]")) known.set(e.id, e.outerHTML);
  tick();
  setInterval(tick, 1000);
  if (!document.hidden) listen();
  addEventListener("pagehide", () => stream?.close());
  addEventListener("pageshow", e => { if (e.persisted) seen(); });
  document.addEventListener("visibilitychange", seen);
})();
