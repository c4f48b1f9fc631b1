// A shop's page asks this server: one tag, <script src=".../widget.js" data-key="..." defer></script>.
//
// What it shows is set as text, never as markup; its style is a sheet of its own in a shadow tree, so that neither the
// page's style nor its content security policy is in the way. It keeps nothing and sends no cookies.
"use strict";
(() => {
  const SCRIPT = document.currentScript;
  const SERVER = new URL(SCRIPT.src).origin;
  const NEWEST = 100; // messages that are sent along, so that "the red one" is understood

  const ENGLISH = {
    open: "Ask about our products",
    title: "Ask about our products",
    close: "Close",
    label: "Your question",
    placeholder: "How heavy is the red kettle?",
    send: "Send",
    you: "You",
    busy: "Many are asking at the moment. Please ask again soon.",
    failed: "No answer came. Please ask again.",
  };
  const PORTUGUESE = {
    open: "Pergunte sobre nossos produtos",
    title: "Pergunte sobre nossos produtos",
    close: "Fechar",
    label: "Sua pergunta",
    placeholder: "Quanto pesa a chaleira vermelha?",
    send: "Enviar",
    you: "Você",
    busy: "Há muitas perguntas agora. Pergunte de novo em breve.",
    failed: "Nenhuma resposta chegou. Pergunte de novo.",
  };
  const LANGUAGE = SCRIPT.lang || document.documentElement.lang || navigator.language;
  const IS_PORTUGUESE = LANGUAGE.toLowerCase().startsWith("pt");
  const TEXTS = IS_PORTUGUESE ? PORTUGUESE : ENGLISH;

  const STYLE = `
    :host { all: initial; position: fixed; inset: auto 1rem 1rem auto; z-index: 2147483000; color-scheme: light dark;
      font: 1rem/1.5 system-ui, sans-serif; --ink: #1c1c1c; --paper: #fff; --tint: #f0f0ee; --accent: #0b5a52; }
    @media (prefers-color-scheme: dark) {
      :host { --ink: #eee; --paper: #1d1f20; --tint: #2b2e2f; --accent: #7fd6c8; }
    }
    * { box-sizing: border-box; }
    button { font: inherit; cursor: pointer; border: 0; border-radius: 1.5rem; padding: 0.5rem 1rem;
      background: var(--accent); color: var(--paper); }
    button:focus-visible, input:focus-visible, .log:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
    [hidden] { display: none !important; }
    .panel { display: flex; flex-direction: column; width: min(24rem, calc(100vw - 2rem)); height: min(32rem, 80vh);
      background: var(--paper); color: var(--ink); border: 1px solid #8888; border-radius: 1rem; overflow: hidden;
      box-shadow: 0 0.5rem 2rem #0004; }
    header { display: flex; align-items: center; justify-content: space-between; padding: 0.5rem 0.5rem 0.5rem 1rem; }
    h2 { font-size: 1rem; margin: 0; }
    header button { background: none; color: var(--ink); padding: 0.25rem 0.75rem; }
    .log { flex: 1; overflow-y: auto; padding: 0.5rem 1rem; overflow-wrap: anywhere; }
    .turn { margin: 0 0 0.75rem; padding: 0.5rem 0.75rem; border-radius: 0.75rem; background: var(--tint); }
    .turn.asked { margin-left: 2rem; background: none; border: 1px solid #8888; }
    .turn p { margin: 0; white-space: pre-wrap; }
    blockquote { margin: 0.5rem 0 0; padding-left: 0.75rem; border-left: 3px solid var(--accent); }
    cite { display: block; font-size: 0.85rem; font-style: normal; }
    form { display: flex; gap: 0.5rem; padding: 0.75rem; border-top: 1px solid #8888; }
    input { font: inherit; flex: 1; min-width: 0; padding: 0.5rem 0.75rem; border: 1px solid #888; border-radius: 1.5rem;
      background: var(--paper); color: var(--ink); }
    .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
  `;

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children); // strings become text
    return made;
  }

  const log = element("div", { class: "log", role: "log", "aria-live": "polite", tabindex: "0", "aria-label": TEXTS.title });
  const input = element("input", { id: "question", autocomplete: "off", maxlength: "4000", placeholder: TEXTS.placeholder });
  const send = element("button", { type: "submit" }, TEXTS.send);
  const label = element("label", { for: "question", class: "unseen" }, TEXTS.label);
  const form = element("form", {}, label, input, send);
  const close = element("button", { type: "button", "aria-label": TEXTS.close }, "✕");
  const heading = element("h2", { id: "title" }, TEXTS.title);
  const panel = element(
    "div",
    { class: "panel", role: "dialog", "aria-labelledby": "title", hidden: "" },
    element("header", {}, heading, close),
    log,
    form,
  );
  const opener = element("button", { type: "button", "aria-expanded": "false", "aria-haspopup": "dialog" }, TEXTS.open);

  const talk = []; // of {role, content}, as the server takes it
  let answering = null; // what stops the answer that is on its way

  function show(isOpen) {
    panel.hidden = !isOpen;
    opener.hidden = isOpen;
    opener.setAttribute("aria-expanded", String(isOpen));
    (isOpen ? input : opener).focus();
  }

  function addTurn(kind, speaker) {
    const text = element("p");
    const turn = element("div", { class: `turn ${kind}` }, text);
    if (speaker) turn.prepend(element("span", { class: "unseen" }, `${speaker}: `));
    log.append(turn);
    return { turn, text };
  }

  function keepBottom() {
    log.scrollTop = log.scrollHeight;
  }

  // Yields the deltas of a streamed reply. A line may come in pieces.
  async function* deltas(response) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      const lines = (rest + read.value).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        if (!line.startsWith("data: {")) continue;
        const part = JSON.parse(line.slice("data: ".length));
        if (part.error) throw new Error(part.error.code);
        for (const choice of part.choices) yield choice.delta;
      }
    }
  }

  async function ask(signal) {
    const body = { model: "titlewise", stream: true, messages: talk.slice(-NEWEST) };
    if (SCRIPT.dataset.product) body.titlewise = { product: SCRIPT.dataset.product };
    const response = await fetch(`${SERVER}/v1/chat/completions`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${SCRIPT.dataset.key}` },
      body: JSON.stringify(body),
      credentials: "omit",
      signal,
    });
    if (!response.ok) throw new Error(response.status === 429 || response.status === 503 ? "busy" : "failed");
    return response;
  }

  // A reply's text with its quotes below it, in place of the plain text that was streamed.
  function showReply({ turn, text }, reply) {
    const sources = [reply, ...reply.products];
    text.textContent = reply.text;
    for (const { title, quotes } of sources) {
      for (const quote of quotes) turn.append(element("blockquote", {}, quote.text, element("cite", {}, title)));
    }
  }

  async function answer(question) {
    talk.push({ role: "user", content: question });
    addTurn("asked", TEXTS.you).text.textContent = question;
    const turn = addTurn("answered", "");
    let content = "";
    let reply = null;
    answering = new AbortController();
    log.setAttribute("aria-busy", "true"); // so that it is read out once, when it is whole
    try {
      for await (const delta of deltas(await ask(answering.signal))) {
        reply = delta.titlewise ?? reply;
        content += delta.content ?? "";
        turn.text.textContent = content.slice(0, reply?.text.length);
        keepBottom();
      }
      if (!reply) throw new Error("failed");
      showReply(turn, reply);
      talk.push({ role: "assistant", content });
    } catch (error) {
      talk.pop(); // the question may be asked again
      turn.text.textContent = error.message === "busy" || error.message === "line_full" ? TEXTS.busy : TEXTS.failed;
    } finally {
      answering = null;
      log.setAttribute("aria-busy", "false");
      keepBottom();
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const question = input.value.trim();
    if (!question || answering) return;
    input.value = "";
    answer(question);
  });
  opener.addEventListener("click", () => show(true));
  close.addEventListener("click", () => show(false));
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape") show(false);
  });
  addEventListener("pagehide", () => answering?.abort());

  const host = element("titlewise-widget", { lang: IS_PORTUGUESE ? "pt" : "en" });
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];
  root.append(opener, panel);
  document.body.append(host);
})();
